"""One run from end to end: discovery, the plan on the target, shrinking."""

import importlib.metadata
import platform
import time
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime

import msgspec

from klarna_conformance.errors import PreflightError
from klarna_conformance.limits import Limits
from klarna_conformance.plan.planning import Plan
from klarna_conformance.play.counterexamples import find_counterexamples
from klarna_conformance.play.discovery import discover_interpretations
from klarna_conformance.play.engine import run_plan
from klarna_conformance.run.circuit_breaker import CircuitBreaker
from klarna_conformance.run.events import (
    CounterexampleFound,
    Event,
    Finished,
    Planned,
    ScenarioFinished,
    Started,
    Stopped,
    ended,
)
from klarna_conformance.run.portions import Senders, Sending
from klarna_conformance.run.resuming import EarlierPart
from klarna_conformance.sharding import Shard
from klarna_conformance.target.budget import Budget, BudgetedTarget
from klarna_conformance.target.target import OpenTarget
from klarna_conformance.wrong.catalogue import mutants
from klarna_reports.record.record import (
    AcceptedDeviation,
    Footer,
    Header,
    Played,
    Record,
    TargetFacts,
)
from klarna_specs.goals import Scope
from klarna_specs.scenario import Scenario
from klarna_specs.spec import Spec

__all__ = ["RunOptions", "recorded_header", "run"]

_DEPENDENCIES = ("klarna-conformance", "hypothesis", "schemathesis", "jsonschema", "httpx")


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a run; `command` is the command line that repeats it.

    The time limit counts from `began_s` (monotonic clock), by default from the first event.
    """

    seed: int
    scope: Scope
    limits: Limits = Limits()
    strict: bool = False
    shrink: bool = True
    command: str = ""
    deviations: tuple[AcceptedDeviation, ...] = ()
    shard: Shard | None = None
    began_s: float | None = None


def run(
    spec: Spec,
    target: OpenTarget,
    plan: Plan,
    options: RunOptions,
    earlier: Record | None = None,
    senders: Senders | None = None,
) -> AsyncGenerator[Event]:
    """Sends the plan to an open target, and judges every response.

    With the record of an `earlier` part of the same run it sends only the rest of the plan. The
    `senders` send it if there are any. Raises PreflightError if the provisioner fails for each
    scenario.
    """
    running = _Running(spec, target, options, earlier, senders)
    return _begun(ended(running.events(plan), running.footer), running.breaker)


async def _begun(events: AsyncGenerator[Event], breaker: CircuitBreaker) -> AsyncGenerator[Event]:
    """The events, held back as long as the provisioner failed for each scenario.

    Raises PreflightError if it failed for all.
    """
    held: list[Event] = []
    async with aclosing(events):
        async for event in events:
            held.append(event)
            if isinstance(event, Finished) and breaker.never_provided:
                raise PreflightError(f"no order can be provisioned: {breaker.never_provided}")
            if breaker.begun or isinstance(event, Finished):
                for each in held:
                    yield each
                held.clear()


class _Running:
    """A run in progress: its budget, its failures so far, and how much was sent."""

    def __init__(
        self,
        spec: Spec,
        target: OpenTarget,
        options: RunOptions,
        earlier: Record | None,
        senders: Senders | None,
    ) -> None:
        self._spec = spec
        self._options = options
        self._earlier = EarlierPart(earlier)
        self._began_s = time.perf_counter()
        self._run_id = earlier.header.run_id if earlier else str(uuid.uuid4())
        self._nonce = str(options.seed) if target.abilities.keys_may_repeat else self._run_id
        self._unbounded = target
        self._senders = senders
        limits = self._earlier.left_of(options.limits)
        self._budget = Budget(limits, began_s=options.began_s)
        self._target = BudgetedTarget(target, self._budget)
        self.breaker = CircuitBreaker()
        self._failing = self._earlier.failing
        self._unstarted = 0

    @property
    def _stopped(self) -> str:
        """Why no other scenario is started; empty where nothing is in the way."""
        return self._budget.spent or self.breaker.reason

    def _reason(self, plan: Plan) -> str:
        """Why something of the plan was not sent, not shrunk or not in the plan; else empty."""
        unshrunk = self._options.shrink and bool(self._failing)
        if self._unstarted or self._budget.refused or unshrunk:
            return self._stopped
        levels = {self._spec.requirement(goal.requirement).level for goal in plan.unserved}
        scarce = self._options.limits.requests is not None and "MUST" in levels
        return "the budget of requests is too small to see every requirement" if scarce else ""

    def footer(self, stopped: str) -> Footer:
        wall_s = round(time.perf_counter() - self._began_s + self._earlier.wall_s, 3)
        sent = self._earlier.requests_sent + self._budget.sent
        return Footer(wall_s=wall_s, requests_sent=sent, stopped=stopped)

    async def events(self, plan: Plan) -> AsyncGenerator[Event]:
        """Everything but the end."""
        header = self._earlier.header
        probed: Sequence[Played] = ()
        if header is None:
            probes = () if self._stopped else plan.probes
            interpretations, probed = await discover_interpretations(
                self._spec, self._target, self._nonce, probes
            )
            self._unbounded.follow(interpretations)
            yield Started(self._header(plan))
            yield Planned(len(plan.scenarios), plan.scenarios)
        else:
            self._unbounded.follow(header.target.interpretations)
            yield Started(header, resumed=True)
            yield Planned(len(plan.scenarios))
        for played in probed:
            yield ScenarioFinished(self._noted(played), "preparing")
        numbered = self._earlier.numbered(plan, self._options.shard)
        self._unstarted = len(numbered)
        async for played in self._played(numbered):
            self._unstarted -= 1
            yield ScenarioFinished(self._noted(played))
        if self._options.shrink:
            async for found in self._counterexamples():
                yield found
        if reason := self._reason(plan):
            yield Stopped(reason)

    def _played(self, numbered: Sequence[tuple[str, Scenario]]) -> AsyncIterator[Played]:
        """Plays and judges scenarios, in this process or by the senders."""
        concurrency = self._options.limits.concurrency
        if self._senders is None:
            return run_plan(
                self._spec,
                self._target,
                numbered,
                concurrency=concurrency,
                nonce=self._nonce,
                proceed=lambda: not self._stopped,
            )
        sending = Sending(
            spec=self._spec,
            interpretations=self._target.facts.interpretations,
            nonce=self._nonce,
            concurrency=concurrency,
        )
        return self._senders.run_plan(
            sending, self._budget, numbered, proceed=lambda: not self._stopped
        )

    async def _counterexamples(self) -> AsyncIterator[CounterexampleFound]:
        # By id, because the order in which scenarios end differs between runs.
        failing = sorted(
            (each for each in self._failing if not each.shrunk_from), key=lambda each: each.id
        )
        async for played, counterexample in find_counterexamples(
            self._spec,
            self._target,
            failing,
            nonce=self._nonce,
            scope=self._options.scope,
            known=self._earlier.shrunk,
            proceed=lambda: not self._stopped,
        ):
            yield CounterexampleFound(self._noted(played), counterexample)

    def _noted(self, played: Played) -> Played:
        self.breaker.note(played)
        if any(finding.verdict == "FAIL" for finding in played.findings):
            self._failing.append(played)
        return played

    def _header(self, plan: Plan) -> Header:
        options = self._options
        header = recorded_header(
            self._spec, self._target.facts, command=options.command, strict=options.strict
        )
        return msgspec.structs.replace(
            header,
            run_id=self._run_id,
            seed=options.seed,
            scope=options.scope,
            planned_scenarios=len(plan.scenarios),
            planned_requests=plan.requests or 0,
            deviations=options.deviations,
            shard=str(options.shard or ""),
        )


def recorded_header(spec: Spec, facts: TargetFacts, *, command: str, strict: bool) -> Header:
    """The header that every record begins with; nothing is planned."""
    return Header(
        run_id=str(uuid.uuid4()),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=0,
        target=facts,
        versions=_versions(),
        specs=spec.fingerprint,
        profile=spec.profile,
        scope=Scope(),
        strict=strict,
        planned_scenarios=0,
        planned_requests=0,
        command=command,
        proofs=_proofs(),
    )


def _versions() -> dict[str, str]:
    versions = {name: importlib.metadata.version(name) for name in _DEPENDENCIES}
    return {**versions, "python": platform.python_version()}


def _proofs() -> dict[str, int]:
    return Counter(name for mutant in mutants() for name in mutant.caught_by)
