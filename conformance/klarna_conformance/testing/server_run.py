"""The run behind the items of a suite: once, in the first process that needs it."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import msgspec

from klarna_conformance.errors import ConformanceError
from klarna_conformance.limits import Limits
from klarna_conformance.run.events import CounterexampleFound, Event, ScenarioFinished
from klarna_conformance.run.keeping import Keeper, consume
from klarna_conformance.run.progress import Progress
from klarna_conformance.run.starting import Wanted, check_target, start_run
from klarna_conformance.testing.loop import awaited, in_thread
from klarna_reports.record.results import Summary
from klarna_specs.goals import Scope
from klarna_specs.spec import Spec

__all__ = ["Broke", "Outcome", "Ran", "ServerRun"]

_LONGEST_RUN_S = 3 * 3600.0
"""Timeout for the run of another process, in seconds, if the run has no time limit."""
_REPORT_S = 600.0
"""Time for the plan and the report, in addition to the time limit of a run."""
_POLL_S = 0.2


class Ran(msgspec.Struct, frozen=True, tag="ran"):
    """The run has a summary."""

    summary: Summary


class Broke(msgspec.Struct, frozen=True, tag="broke"):
    """There was no run, and why."""

    problem: str


Outcome = Ran | Broke


class ServerRun:
    """Tests a target once for all processes that share a folder."""

    def __init__(self, spec: Spec, wanted: Wanted, output: Path, shared: Path) -> None:
        self._spec = spec
        self._wanted = wanted
        self._keeper = Keeper(spec, output, option="--klarna-output")
        self._file = shared / "outcome.json"
        self._lock = shared / "lock"
        self._outcome: Outcome | None = None

    def check(self) -> None:
        """Checks the configuration; raises ConformanceError if no run can start with it."""
        self._wanted.options(self._spec, Limits())
        awaited(check_target(self._spec, self._wanted))
        self._keeper.create()

    @property
    def outcome(self) -> Outcome | None:
        """The outcome of the run; None until there is one."""
        if self._outcome is None and self._file.exists():
            self._outcome = msgspec.json.decode(self._file.read_bytes(), type=Ran | Broke)
        return self._outcome

    def happen(self, scope: Scope, log: Callable[[str], None]) -> Outcome:
        """The outcome of the run, which runs now unless it did; waits for another process.

        `log` gets lines about the progress of a long run.
        """
        if self.outcome is not None:
            return self.outcome
        from filelock import FileLock, Timeout

        try:
            with FileLock(self._lock, timeout=self._longest_s(), poll_interval=_POLL_S):
                if self.outcome is None:
                    self._keep(self._try(scope, log))
                assert self.outcome is not None
                return self.outcome
        except Timeout:
            self._outcome = Broke("the process that tests the target did not finish in time")
            return self._outcome

    def _longest_s(self) -> float:
        return (self._wanted.open(self._spec).limits.time_s or _LONGEST_RUN_S) + _REPORT_S

    def _keep(self, outcome: Outcome) -> None:
        unfinished = self._file.with_suffix(f".{os.getpid()}")
        unfinished.write_bytes(msgspec.json.encode(outcome))
        unfinished.replace(self._file)

    def _try(self, scope: Scope, log: Callable[[str], None]) -> Outcome:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # filters of the tests would change what happens
                return Ran(self._judged(scope, log))
        except ConformanceError as exc:
            return Broke(str(exc))
        except Exception as exc:
            if os.environ.get("KLARNA_CONFORMANCE_DEBUG"):
                raise
            hint = "set KLARNA_CONFORMANCE_DEBUG=1 for the traceback"
            return Broke(f"a defect of klarna-conformance: {type(exc).__name__}: {exc} ({hint})")

    def _judged(self, scope: Scope, log: Callable[[str], None]) -> Summary:
        progress = Progress()

        def follow(event: Event) -> None:
            progress(event)
            finished = isinstance(event, ScenarioFinished | CounterexampleFound)
            if finished and (line := progress.line()):
                log(line)

        wanted = msgspec.structs.replace(self._wanted, scope=scope)
        events = in_thread(lambda: start_run(self._spec, wanted))
        awaited(consume(events, self._keeper, follow))
        return self._keeper.report()
