"""What an interrupted run has done, and whether this run can resume it."""

from collections.abc import Sequence

import msgspec

from klarna_conformance.errors import UsageError
from klarna_conformance.limits import Limits
from klarna_conformance.plan.planning import Plan
from klarna_conformance.sharding import Shard
from klarna_reports.record.record import Header, Played, Record, TargetFacts
from klarna_specs.goals import Scope, goals
from klarna_specs.scenario import Scenario
from klarna_specs.spec import Spec

__all__ = ["EarlierPart", "recorded_plan"]


class EarlierPart:
    """What the record of an interrupted run says was done (nothing, without a record)."""

    def __init__(self, earlier: Record | None) -> None:
        played = earlier.played if earlier else ()
        self._done = {each.id for each in played}
        self.header: Header | None = earlier.header if earlier else None
        self.failing = [
            each for each in played if any(found.verdict == "FAIL" for found in each.findings)
        ]
        exchanges = [exchange for each in played for exchange in each.exchanges]
        self.requests_sent = sum(exchange.requests for exchange in exchanges)
        self.refunded_amount = sum(
            exchange.request.refunds for exchange in exchanges if exchange.outcome.is_success
        )
        self.wall_s = earlier.footer.wall_s if earlier and earlier.footer else 0.0

    @property
    def shrunk(self) -> tuple[Played, ...]:
        """The counterexamples that are recorded already."""
        return tuple(each for each in self.failing if each.shrunk_from)

    def numbered(self, plan: Plan, shard: Shard | None) -> list[tuple[str, Scenario]]:
        """The scenarios of a part (or all) that are not recorded yet, with their ids."""
        numbered = [(f"s{n:04}", scenario) for n, scenario in enumerate(plan.scenarios, 1)]
        mine = shard.of(numbered) if shard else numbered
        return [each for each in mine if each[0] not in self._done]

    def left_of(self, limits: Limits) -> Limits:
        """What is left of the limits of the whole run; its time counts anew."""
        requests, money = limits.requests, limits.refunded_amount
        return msgspec.structs.replace(
            limits,
            requests=None if requests is None else max(0, requests - self.requests_sent),
            refunded_amount=None if money is None else max(0, money - self.refunded_amount),
        )


def recorded_plan(
    spec: Spec,
    record: Record,
    *,
    facts: TargetFacts,
    seed: int,
    scope: Scope,
    strict: bool,
    shard: str,
) -> Plan:
    """The plan of an interrupted run; raises UsageError if its options were different.

    The recorded plan is used: another installation generates other scenarios from the same seed.
    """
    header = record.header
    differing: Sequence[tuple[str, object, object]] = (
        ("the target", (header.target.kind, header.target.base_url), (facts.kind, facts.base_url)),
        ("the seed", header.seed, seed),
        ("the scope", header.scope, scope),
        ("--strict", header.strict, strict),
        ("--shard", header.shard, shard),
        ("the profile", header.profile.name, spec.profile.name),
        ("the specs", header.specs, spec.fingerprint),
    )
    for what, before, now in differing:
        if before != now:
            raise UsageError(
                f"the run cannot be resumed: {what} was {before} and is {now}; "
                "use the same options, or choose another --output"
            )
    if record.plan is None:
        raise UsageError(
            "the run cannot be resumed: it was interrupted before its plan was written"
        )
    return Plan(
        scenarios=record.plan.scenarios,
        goals=goals(spec, scope),
        requests=header.planned_requests,
    )
