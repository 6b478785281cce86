"""Runs on several targets side by side: one plan, a folder each, and a page that compares them.

A profile that offers other operations has a plan of its own, with the same seed.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from klarna_conformance.errors import ConformanceError, UnwritableError, writable
from klarna_conformance.executors.workers import Workers
from klarna_conformance.plan.planning import Plan
from klarna_conformance.run.events import Consumer, Event, Stopped
from klarna_conformance.run.keeping import Keeper, consume, reported
from klarna_conformance.run.starting import Wanted, check_target, plan_for, start_run
from klarna_conformance.target.target import OpenTarget
from klarna_reports.record.record import Record
from klarna_reports.record.results import Summary
from klarna_reports.render import write_comparison
from klarna_reports.summary.compared_target import Source
from klarna_reports.summary.comparing import compared
from klarna_reports.summary.comparison import Comparison
from klarna_specs.spec import Spec

__all__ = ["JudgedTarget", "SeveralRuns", "judge_servers", "worst"]

_WORST_FIRST = (5, 1, 2, 4, 3, 0)
_LONGEST_NAME = 60
_INTERRUPTED = 3


@dataclass(slots=True)
class JudgedTarget:
    """A target of several: its name, the specs of its profile, its folder, and what came of it.

    `summary` is None if there was no run; then `problem` says why, with the `exit_code`.
    """

    name: str
    spec: Spec
    wanted: Wanted
    opened: OpenTarget
    keeper: Keeper
    follow: Consumer
    earlier: Record | None = None
    summary: Summary | None = None
    problem: str = ""
    exit_code: int = 0
    defect: Exception | None = None

    def failed(self, exc: BaseException) -> None:
        """Notes why it has no run, or not all of one; the other targets continue."""
        match exc:
            case UnwritableError() if self.keeper.began:  # what was recorded is reported
                self.problem = str(exc)
            case ConformanceError():
                self.problem, self.exit_code = str(exc), exc.exit_code
            case Exception():
                self.problem, self.exit_code = f"{type(exc).__name__}: {exc}", 5
                self.defect = exc
            case _:
                self.problem, self.exit_code = "interrupted", _INTERRUPTED
        if self.keeper.began:
            self.follow(Stopped(self.problem))

    def report(self) -> None:
        """Writes the report of what was recorded, if anything was."""
        if self.keeper.began:
            self.summary = reported(self.keeper, self.follow)
            self.exit_code = worst((self.exit_code, self.summary.exit_code))
        elif not self.problem:
            self.problem, self.exit_code = "interrupted before it began", _INTERRUPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralRuns:
    """The targets, their comparison, and the page that shows it."""

    targets: tuple[JudgedTarget, ...]
    comparison: Comparison
    page: Path

    @property
    def exit_code(self) -> int:
        """The worst of the runs."""
        return worst(each.exit_code for each in self.targets)


def worst(codes: Iterable[int]) -> int:
    """The worst exit code: a defect, a violation, a wrong file, no connection, not verified.

    >>> worst((0, 4, 1, 3))
    1
    """
    return min(codes, key=_WORST_FIRST.index)


def judge_servers(
    wanted: Sequence[tuple[Spec, Wanted]],
    output: Path,
    follow: Callable[[Sequence[str]], Sequence[Consumer]],
    *,
    resume: bool = False,
) -> SeveralRuns:
    """Runs on each target, by the specs of its profile; writes the reports and the comparison.

    `follow` gets the names of the targets and answers a consumer of events for each. Raises
    UsageError before anything is sent; a target that fails later does not end the others.
    """
    targets = _targets(wanted, output, follow)
    for workers in {each.workers for _, each in wanted if each.workers}:
        workers.check()
    Keeper(targets[0].spec, output).create()
    for each in targets:
        each.earlier = each.keeper.prepare(resume=resume)
    asyncio.run(_side_by_side((each, check_target(each.spec, each.wanted)) for each in targets))
    reachable = [each for each in targets if not each.problem]
    plans = _plans(reachable)
    events = [_events(each, plans.get(each.spec.fingerprint)) for each in reachable]
    try:
        asyncio.run(
            _side_by_side(
                (each, consume(run, each.keeper, each.follow))
                for each, run in zip(reachable, events, strict=True)
            )
        )
    except KeyboardInterrupt:
        if not any(each.keeper.began for each in targets):
            raise
    for each in targets:
        each.report()
    runs = _compared(targets, output)
    if defect := next((each.defect for each in targets if each.defect), None):
        raise defect
    return runs


def _targets(
    wanted: Sequence[tuple[Spec, Wanted]],
    output: Path,
    follow: Callable[[Sequence[str]], Sequence[Consumer]],
) -> list[JudgedTarget]:
    opened = [msgspec.structs.replace(each, workers=Workers()).open(spec) for spec, each in wanted]
    names = _folder_names([each.facts.name for each in opened])
    return [
        JudgedTarget(
            name=name,
            spec=spec,
            wanted=_sharing(each, target, len(wanted)),
            opened=target,
            keeper=Keeper(spec, output / name),
            follow=consumer,
        )
        for name, (spec, each), target, consumer in zip(
            names, wanted, opened, follow(names), strict=True
        )
    ]


def _sharing(wanted: Wanted, opened: OpenTarget, count: int) -> Wanted:
    """The options with this target's share of the processes; a cluster is not divided."""
    if opened.pool is not None or not (wanted.workers or opened.abilities.is_instant):
        return msgspec.structs.replace(wanted, workers=Workers())
    workers = wanted.workers or Workers.one_per_core()
    return msgspec.structs.replace(wanted, workers=workers.shared(count))


def _folder_names(names: Iterable[str]) -> list[str]:
    """Unique names of folders, from the names of targets.

    >>> _folder_names(["mock", "Playground EU", "mock", "../.."])
    ['mock', 'playground-eu', 'mock-2', 'target']
    """
    taken: list[str] = []
    for name in names:
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower())[:_LONGEST_NAME].strip("-") or "target"
        unique, number = plain, 1
        while unique in taken:
            number += 1
            unique = f"{plain}-{number}"
        taken.append(unique)
    return taken


def _plans(targets: Sequence[JudgedTarget]) -> Mapping[str, Plan]:
    """By the fingerprint of their specs, the plans of targets without one for their own orders."""
    sharing: defaultdict[str, list[JudgedTarget]] = defaultdict(list)
    for each in targets:
        if not _has_own_plan(each):
            sharing[each.spec.fingerprint].append(each)
    return {name: _plan(together) for name, together in sharing.items()}


def _plan(targets: Sequence[JudgedTarget]) -> Plan:
    def follow(event: Event) -> None:
        for each in targets:
            each.follow(event)

    return plan_for(targets[0].spec, [(each.wanted, each.opened) for each in targets], follow)


def _has_own_plan(target: JudgedTarget) -> bool:
    """Whether its scenarios depend on a pool of orders, or on the run that it resumes."""
    return target.opened.pool is not None or target.earlier is not None


def _events(target: JudgedTarget, plan: Plan | None) -> AsyncGenerator[Event]:
    own = None if _has_own_plan(target) else plan
    return start_run(target.spec, target.wanted, target.earlier, target.follow, plan=own)


async def _side_by_side(
    work: Iterable[tuple[JudgedTarget, Coroutine[Any, Any, None]]],
) -> None:
    """Waits for all of it; what one target raises is noted, and does not end the others."""
    pairs = list(work)
    ended = await asyncio.gather(*(each for _, each in pairs), return_exceptions=True)
    for (target, _), result in zip(pairs, ended, strict=True):
        if isinstance(result, BaseException):
            target.failed(result)


def _compared(targets: Sequence[JudgedTarget], output: Path) -> SeveralRuns:
    sources = [
        Source(
            name=each.name,
            folder=str(each.keeper.folder),
            record=each.keeper.record if each.summary else None,
            spec=each.spec,
            problem=each.problem,
            exit_code=each.exit_code,
        )
        for each in targets
    ]
    comparison = compared(targets[0].spec, sources)
    with writable(output):
        write_comparison(output, comparison, ("html", "json"))
    return SeveralRuns(targets=tuple(targets), comparison=comparison, page=output / "index.html")
