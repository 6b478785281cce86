"""One run from end to end: discovery, the plan on the target, shrinking, the journal."""

import importlib.metadata
import platform
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import msgspec

from klarna_conformance.limits import Limits
from klarna_conformance.plan.planning import Plan
from klarna_conformance.play.counterexamples import find_counterexamples
from klarna_conformance.play.discovery import discover_readings
from klarna_conformance.play.engine import run_plan
from klarna_conformance.run.patience import Patience
from klarna_conformance.run.resuming import Progress
from klarna_conformance.sharding import Shard
from klarna_conformance.target.budget import BudgetedTarget
from klarna_conformance.target.target import OpenTarget
from klarna_conformance.wrong.catalogue import mutants
from klarna_reports.record.journal import Journal
from klarna_reports.record.record import (
    AcceptedDeviation,
    Footer,
    Header,
    Planned,
    Played,
    Record,
    TargetFacts,
)
from klarna_specs.goals import Scope
from klarna_specs.spec import Spec

__all__ = ["RunOptions", "recorded_header", "run"]

_DEPENDENCIES = ("klarna-conformance", "hypothesis", "schemathesis", "jsonschema", "httpx")


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a run goes; `command` is the command line that it can be repeated with."""

    seed: int
    scope: Scope
    limits: Limits = Limits()
    strict: bool = False
    shrink: bool = True
    command: str = ""
    deviations: tuple[AcceptedDeviation, ...] = ()
    shard: Shard | None = None


async def run(
    spec: Spec,
    target: OpenTarget,
    plan: Plan,
    options: RunOptions,
    journal: Journal,
    tell: Callable[[Played], None],
    earlier: Record | None = None,
) -> None:
    """Sends the plan and writes the journal as it happens, its footer also when interrupted.

    With the record of an `earlier` part of the same run it goes on where that was cut short.
    """
    running = _Running(spec, target, options, earlier)
    stopped = "interrupted"
    try:
        async for played in running.everything(plan, journal):
            journal.write(played)
            tell(played)
        stopped = running.stopped if running.left_out else running.beyond_budget(plan)
    finally:
        journal.write(running.footer(stopped))


class _Running:
    """A run under way: what it may still use, what failed so far, and how much was sent."""

    def __init__(
        self, spec: Spec, target: OpenTarget, options: RunOptions, earlier: Record | None
    ) -> None:
        self._spec = spec
        self._options = options
        self._progress = Progress(earlier)
        self._began_s = time.perf_counter()
        self._run_id = earlier.header.run_id if earlier else str(uuid.uuid4())
        self._nonce = str(options.seed) if target.abilities.keys_may_repeat else self._run_id
        self._unbounded = target
        self._target = BudgetedTarget(target, self._progress.left_of(options.limits))
        self._patience = Patience()
        self._sent = self._progress.requests_sent
        self._failing = self._progress.failing
        self._unstarted = 0

    @property
    def stopped(self) -> str:
        """Why no other scenario is started; empty where nothing is in the way."""
        return self._target.spent or self._patience.lost

    @property
    def left_out(self) -> bool:
        """Whether something was not sent, or not shrunk, that would have been."""
        unshrunk = self._options.shrink and bool(self._failing)
        return bool(self._unstarted or self._target.refused) or unshrunk

    def beyond_budget(self, plan: Plan) -> str:
        """Why a budget leaves requirements of the plan unseen; empty where it does not."""
        levels = {self._spec.requirement(goal.requirement).level for goal in plan.unserved}
        scarce = self._options.limits.requests is not None and "MUST" in levels
        return "the budget of requests is too small to see every requirement" if scarce else ""

    def footer(self, stopped: str) -> Footer:
        wall_s = round(time.perf_counter() - self._began_s + self._progress.wall_s, 3)
        return Footer(wall_s=wall_s, requests_sent=self._sent, stopped=stopped)

    async def everything(self, plan: Plan, journal: Journal) -> AsyncIterator[Played]:
        """Every scenario of the run that is not in the journal yet, as it is played."""
        if self._progress.header is None:
            readings, probed = await discover_readings(
                self._spec, self._target, self._nonce, plan.probes
            )
            self._unbounded.follow(readings)
            journal.write(self._header(plan))
            journal.write(Planned(scenarios=plan.scenarios))
            for played in probed:
                yield self._noted(played)
        else:
            self._unbounded.follow(self._progress.header.target.readings)
        numbered = self._progress.numbered(plan, self._options.shard)
        self._unstarted = len(numbered)
        async for played in run_plan(
            self._spec,
            self._target,
            numbered,
            concurrency=self._options.limits.concurrency,
            nonce=self._nonce,
            go_on=lambda: not self.stopped,
        ):
            self._unstarted -= 1
            yield self._noted(played)
        if self._options.shrink:
            async for played in self._shrunk(journal):
                yield self._noted(played)

    async def _shrunk(self, journal: Journal) -> AsyncIterator[Played]:
        failing = [each for each in self._failing if not each.shrunk_from]
        found = find_counterexamples(
            self._spec,
            self._target,
            failing,
            nonce=self._nonce,
            known=self._progress.shrunk,
            go_on=lambda: not self.stopped,
        )
        async for played, counterexample in found:
            counterexample.save(journal.path.parent / "counterexamples")
            yield played

    def _noted(self, played: Played) -> Played:
        self._sent += sum(exchange.requests for exchange in played.exchanges)
        self._patience.note(played)
        if any(finding.verdict == "FAIL" for finding in played.findings):
            self._failing.append(played)
        return played

    def _header(self, plan: Plan) -> Header:
        options = self._options
        return Header(
            run_id=self._run_id,
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=options.seed,
            target=self._target.facts,
            versions=_versions(),
            specs=self._spec.fingerprint,
            scope=options.scope,
            strict=options.strict,
            planned_scenarios=len(plan.scenarios),
            planned_requests=plan.requests or 0,
            command=options.command,
            proofs=_proofs(),
            deviations=options.deviations,
            shard=str(options.shard or ""),
        )


def recorded_header(spec: Spec, facts: TargetFacts, *, command: str, strict: bool) -> Header:
    """The header of a record of traffic that no run of ours sent."""
    return Header(
        run_id=str(uuid.uuid4()),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=0,
        target=facts,
        versions=_versions(),
        specs=spec.fingerprint,
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
