"""From what a command line says of a run to the events of the run."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path

import msgspec

from klarna_conformance import defaults
from klarna_conformance.errors import PlanningTimeoutError, UsageError
from klarna_conformance.executors.workers import Workers
from klarna_conformance.limits import Limits
from klarna_conformance.plan.planning import Plan, make_plan
from klarna_conformance.plan.planning_cache import PlanningCache
from klarna_conformance.play.preflight import preflight
from klarna_conformance.run.deviations_file import read_deviations
from klarna_conformance.run.events import Consumer, Event, Planning
from klarna_conformance.run.keeping import Keeper, keep
from klarna_conformance.run.portions import Senders
from klarna_conformance.run.resuming import recorded_plan
from klarna_conformance.run.running import RunOptions, run
from klarna_conformance.sharding import Shard
from klarna_conformance.target.opening import open_target
from klarna_conformance.target.target import OpenTarget
from klarna_reports.record.record import Record
from klarna_reports.record.results import Summary
from klarna_specs.goals import Scope
from klarna_specs.spec import Spec

__all__ = ["Wanted", "check_target", "judge_server", "plan_for", "start_run"]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a run, as on the command line; `command` is the command line itself.

    Limits that are None are those of the target; `workers` send, by default a process per core if
    the target is the mock, and else this process alone. The time limit includes the
    planning and counts from `began_s` (monotonic clock), by default from when the run is started.
    """

    target: str
    scope: Scope = Scope()
    seed: int = defaults.SEED
    examples: int = defaults.EXAMPLES
    no_cache: bool = False
    mutant: str | None = None
    max_requests: int | None = None
    max_time_s: float | None = None
    rate_per_s: float | None = None
    concurrency: int | None = None
    strict: bool = False
    shrink: bool = True
    deviations: Path | None = None
    shard: Shard | None = None
    workers: Workers | None = Workers()
    command: str = ""
    began_s: float | None = None

    def open(self, spec: Spec) -> OpenTarget:
        """The target; raises UsageError."""
        opened = open_target(
            self.target, spec, seed=self.seed, mutant=self.mutant, rate_per_s=self.rate_per_s
        )
        if self.shard and opened.pool is not None:
            raise UsageError("--shard cannot be used with a pool: the parts would share its orders")
        if self.workers not in (None, Workers()) and opened.pool is not None:
            raise UsageError("--workers cannot be used with a pool: they would share its orders")
        return opened

    def senders(self, opened: OpenTarget, plan: Plan) -> Senders | None:
        """The processes that send the scenarios; None if this one does."""
        instant = opened.abilities.is_instant
        limited = msgspec.structs.replace(self, rate_per_s=opened.limits.rate_per_s)
        senders = Senders(
            workers=self.workers or (Workers.one_per_core() if instant else Workers()),
            opened=partial(_opened, limited),
            repeatable=instant,
        )
        return senders if senders.pay_off(plan.scenarios) else None

    def options(self, spec: Spec, limits: Limits) -> RunOptions:
        """The options of the run, within the limits of the target; raises UsageError."""
        return RunOptions(
            seed=self.seed,
            scope=self.scope,
            limits=msgspec.structs.replace(
                limits,
                requests=min(filter(None, (limits.requests, self.max_requests)), default=None),
                time_s=min(filter(None, (limits.time_s, self.max_time_s)), default=None),
                concurrency=self.concurrency or limits.concurrency,
            ),
            strict=self.strict,
            shrink=self.shrink,
            command=self.command,
            deviations=read_deviations(self.deviations, spec) if self.deviations else (),
            shard=self.shard,
            began_s=time.monotonic() if self.began_s is None else self.began_s,
        )


def _opened(wanted: Wanted, spec: Spec, portion: int, sharing: int) -> OpenTarget:
    """The target in another process, with its share of the rate.

    The ids of a mock are other ones in each portion.
    """
    rate_per_s = wanted.rate_per_s and wanted.rate_per_s / sharing
    seed = wanted.seed + portion + 1
    return msgspec.structs.replace(wanted, seed=seed, rate_per_s=rate_per_s).open(spec)


async def check_target(spec: Spec, wanted: Wanted) -> None:
    """Opens the target and sends one request; raises PreflightError where that does not work."""
    async with wanted.open(spec) as target:
        await preflight(target)


def judge_server(
    spec: Spec, wanted: Wanted, keeper: Keeper, follow: Consumer, *, resume: bool = False
) -> Summary:
    """Checks the target, runs, and writes the report; raises UsageError and PreflightError.

    To `resume` without an interrupted run starts a new one; the keeper has a note about that.
    """
    wanted.open(spec)
    (wanted.workers or Workers()).check()
    earlier = keeper.prepare(resume=resume)
    asyncio.run(check_target(spec, wanted))
    return keep(lambda: start_run(spec, wanted, earlier, follow), keeper, follow)


def start_run(
    spec: Spec,
    wanted: Wanted,
    earlier: Record | None = None,
    planning: Consumer = lambda _: None,
    *,
    plan: Plan | None = None,
) -> AsyncGenerator[Event]:
    """Plans the run now, of which `planning` gets events; its events follow, and open the target.

    With an `earlier` record the run resumes it; raises UsageError where that does not fit. Another
    `plan` replaces its own. Raises PlanningTimeoutError if planning takes longer than the run may.
    """
    opened = wanted.open(spec)
    options = wanted.options(spec, opened.limits)
    if earlier is None:
        plan = plan or plan_for(spec, [(wanted, opened)], planning)
    else:
        plan = recorded_plan(
            spec,
            earlier,
            facts=opened.facts,
            seed=options.seed,
            scope=options.scope,
            strict=options.strict,
            shard=str(options.shard or ""),
        )
    return _events(spec, opened, plan, options, earlier, wanted.senders(opened, plan))


def plan_for(spec: Spec, targets: Sequence[tuple[Wanted, OpenTarget]], planning: Consumer) -> Plan:
    """One plan for targets with the same options; the smallest of their budgets limits it.

    Raises PlanningTimeoutError.
    """
    wanted, opened = targets[0]
    each = [wanted.options(spec, opened.limits) for wanted, opened in targets]
    budgets = [o.limits.requests for o in each if o.limits.requests is not None]
    timed = [o for o in each if o.limits.time_s is not None]
    soonest = min(timed, key=lambda o: o.limits.time_s or 0.0, default=each[0])
    return make_plan(
        spec,
        scope=each[0].scope,
        seed=each[0].seed,
        examples=wanted.examples,
        max_requests=min(budgets, default=None),
        pool=opened.pool,
        dry_run=bool(timed) or not all(o.abilities.is_instant for _, o in targets),
        cache=PlanningCache.of_user(
            disabled=wanted.no_cache, follow=_within_time(soonest, planning)
        ),
    )


def _within_time(options: RunOptions, planning: Consumer) -> Callable[[int], None]:
    limit_s, began_s = options.limits.time_s, options.began_s or 0.0

    def follow(steps: int) -> None:
        planning(Planning(steps))
        if limit_s is not None and time.monotonic() > began_s + limit_s:
            raise PlanningTimeoutError(
                f"the time limit of {limit_s:g} s was exceeded while the run was planned: no "
                "scenario was sent, so nothing is verified; use a longer --max-time"
            )

    return follow


async def _events(
    spec: Spec,
    target: OpenTarget,
    plan: Plan,
    options: RunOptions,
    earlier: Record | None,
    senders: Senders | None,
) -> AsyncGenerator[Event]:
    async with target, aclosing(run(spec, target, plan, options, earlier, senders)) as events:
        async for event in events:
            yield event
