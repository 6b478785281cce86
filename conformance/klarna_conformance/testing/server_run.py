"""The run behind the items of a suite: it happens once, whichever process needs it first."""

import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import msgspec

from klarna_conformance import defaults
from klarna_conformance.errors import ConformanceError, UsageError
from klarna_conformance.plan.planning import Plan, make_plan
from klarna_conformance.plan.planning_cache import PlanningCache
from klarna_conformance.play.preflight import preflight
from klarna_conformance.progress import LoggedProgress
from klarna_conformance.run.deviations_file import read_deviations
from klarna_conformance.run.running import RunOptions, run
from klarna_conformance.target.opening import open_target
from klarna_conformance.target.target import OpenTarget
from klarna_conformance.testing.loop import awaited, in_thread
from klarna_reports.record.journal import FILE_NAME, Journal, read_journal
from klarna_reports.record.record import Played
from klarna_reports.record.results import Summary
from klarna_reports.render import discard_renderings, write_renderings
from klarna_specs.goals import Scope
from klarna_specs.spec import Spec

__all__ = ["Broke", "Outcome", "Ran", "ServerRun", "Wanted"]

_LONGEST_RUN_S = 3 * 3600.0
"""How long a run of another process is waited for, in seconds, where nothing bounds it."""
_REPORT_S = 600.0
"""What may be needed beyond the time limit of a run, for its plan and its report."""
_POLL_S = 0.2


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a command line says of the run; `command` is how it can be repeated."""

    target: str
    output: Path
    deviations: Path | None = None
    strict: bool = False
    command: str = ""


class Ran(msgspec.Struct, frozen=True, tag="ran"):
    """The run came to an end, or to what can be said without one."""

    summary: Summary


class Broke(msgspec.Struct, frozen=True, tag="broke"):
    """There was no run, and why."""

    problem: str


Outcome = Ran | Broke


class ServerRun:
    """Judges a target once for all processes that share a folder."""

    def __init__(self, spec: Spec, wanted: Wanted, shared: Path) -> None:
        self._spec = spec
        self._wanted = wanted
        self._file = shared / "outcome.json"
        self._lock = shared / "lock"
        self._outcome: Outcome | None = None

    def check(self) -> None:
        """Tries what was configured; raises ConformanceError where no run can start with it."""
        if self._wanted.deviations:
            read_deviations(self._wanted.deviations, self._spec)

        async def go() -> None:
            async with self._open() as target:
                await preflight(target)

        awaited(go())
        try:
            self._wanted.output.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise _unwritable(self._wanted.output, exc) from exc

    @property
    def outcome(self) -> Outcome | None:
        """What came of the run; None as long as there is nothing."""
        if self._outcome is None and self._file.exists():
            self._outcome = msgspec.json.decode(self._file.read_bytes(), type=Ran | Broke)
        return self._outcome

    def happen(self, scope: Scope, tell: Callable[[str], None]) -> Outcome:
        """What came of the run, which happens now unless it did; waits for another process.

        Where it takes long, it is told in lines how far it is.
        """
        if self.outcome is not None:
            return self.outcome
        from filelock import FileLock, Timeout

        try:
            with FileLock(self._lock, timeout=self._patience_s(), poll_interval=_POLL_S):
                if self.outcome is None:
                    self._keep(self._try(scope, tell))
                assert self.outcome is not None
                return self.outcome
        except Timeout:
            self._outcome = Broke("the process that judges the target did not end in time")
            return self._outcome

    def _patience_s(self) -> float:
        return (self._open().limits.time_s or _LONGEST_RUN_S) + _REPORT_S

    def _keep(self, outcome: Outcome) -> None:
        unfinished = self._file.with_suffix(f".{os.getpid()}")
        unfinished.write_bytes(msgspec.json.encode(outcome))
        unfinished.replace(self._file)

    def _try(self, scope: Scope, tell: Callable[[str], None]) -> Outcome:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # filters of the tests would change what happens
                return Ran(self._judged(scope, tell))
        except ConformanceError as exc:
            return Broke(str(exc))
        except Exception as exc:
            if os.environ.get("KLARNA_CONFORMANCE_DEBUG"):
                raise
            hint = "set KLARNA_CONFORMANCE_DEBUG=1 for the traceback"
            return Broke(f"a defect of klarna-conformance: {type(exc).__name__}: {exc} ({hint})")

    def _judged(self, scope: Scope, tell: Callable[[str], None]) -> Summary:
        target, wanted = self._open(), self._wanted
        deviations = wanted.deviations
        options = RunOptions(
            seed=defaults.SEED,
            scope=scope,
            limits=target.limits,
            strict=wanted.strict,
            command=wanted.command,
            deviations=read_deviations(deviations, self._spec) if deviations else (),
        )
        plan = in_thread(lambda: self._plan(target, options))
        progress = LoggedProgress(time.monotonic)
        progress.start(len(plan.scenarios))

        def played(each: Played) -> None:
            del each
            if line := progress.line("Sending", 1):
                tell(line)

        async def play(journal: Journal) -> None:
            async with target:
                await run(self._spec, target, plan, options, journal, played)

        try:
            discard_renderings(wanted.output)
            with Journal(wanted.output) as journal:
                awaited(play(journal))
            record = read_journal(wanted.output / FILE_NAME)
            return write_renderings(wanted.output, self._spec, record)
        except OSError as exc:
            raise _unwritable(wanted.output, exc) from exc

    def _plan(self, target: OpenTarget, options: RunOptions) -> Plan:
        limits = options.limits
        return make_plan(
            self._spec,
            scope=options.scope,
            seed=options.seed,
            examples=defaults.EXAMPLES,
            max_requests=limits.requests,
            stock=target.pool,
            rehearsed=not target.abilities.is_instant or limits.time_s is not None,
            cache=PlanningCache.of_user(),
        )

    def _open(self) -> OpenTarget:
        return open_target(self._wanted.target, self._spec, seed=defaults.SEED)


def _unwritable(output: Path, exc: OSError) -> UsageError:
    return UsageError(f"cannot write to {output}: {exc.strerror or exc}; choose --klarna-output")
