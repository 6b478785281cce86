"""Finds out which interpretation of a contradictory path a target follows, before judging it."""

from collections.abc import Sequence

import msgspec

from klarna_conformance.play.engine import play_and_judge
from klarna_conformance.target.target import Target
from klarna_reports.record.record import PROBE, Played
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Json, Scenario, Step, steps_of
from klarna_specs.spec import Operation, Spec

__all__ = ["discover_interpretations", "probes"]

_ORDER = OrderPlan(market="SE", currency="SEK", order_amount=10_000, captures=(10_000,))


def probes(spec: Spec) -> list[Scenario]:
    """A scenario for each path of each operation that the documentation gives several paths."""
    return [
        Scenario(plan=_ORDER, steps=(_step(operation, interpretation),))
        for operation in spec.offered.values()
        if len(operation.paths) > 1
        for interpretation in operation.paths
    ]


def _step(operation: Operation, interpretation: str) -> Step:
    body = Json({"number_of_days": {"$offered": 0}})
    return Step(
        operation=operation.operation, capture=0, body=body, path_interpretation=interpretation
    )


async def discover_interpretations(
    spec: Spec, target: Target, nonce: str, scenarios: Sequence[Scenario] | None = None
) -> tuple[dict[str, str], Sequence[Played]]:
    """The interpretation that works by operationId, and the scenarios that showed it.

    If several work, the page's is taken. `scenarios` are the probes on the orders of the target.
    """
    interpretations: dict[str, str] = {}
    record: list[Played] = []
    for number, scenario in enumerate(probes(spec) if scenarios is None else scenarios, 1):
        # Which one is right is not known yet, so only findings about the interpretation are kept.
        played = await play_and_judge(
            spec, target, scenario, identifier=f"{PROBE}{number:04}", nonce=nonce
        )
        (step,) = steps_of(scenario)
        if any(e.outcome.is_success for e in played.exchanges if e.purpose == "step"):
            interpretations.setdefault(step.operation, step.path_interpretation or "")
        observed = tuple(f for f in played.findings if f.interpretation)
        record.append(msgspec.structs.replace(played, findings=observed))
    return interpretations, record
