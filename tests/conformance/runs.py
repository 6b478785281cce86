"""Runs of a few hand-written scenarios on a server behind HTTP."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from klarna_conformance import defaults
from klarna_conformance.http.rate_limit import RateLimiter
from klarna_conformance.http.wire import Wire
from klarna_conformance.limits import Limits
from klarna_conformance.plan.planning import Plan
from klarna_conformance.run.keeping import Keeper, consume
from klarna_conformance.run.running import RunOptions, run
from klarna_conformance.target.http_target import HttpTarget
from klarna_conformance.target.provisioners import HttpProvisioner
from klarna_reports.record.journal import read_journal
from klarna_reports.record.record import TargetFacts
from klarna_reports.summary.summary import Summary
from klarna_specs.goals import Scope, goals
from klarna_specs.scenario import Scenario

from .mutant_servers import spec

__all__ = ["findings_in", "run_on"]


def findings_in(folder: Path) -> dict[str, Counter[tuple[str, str]]]:
    """How often each scenario of a record has a verdict of a requirement, without shrunk ones."""
    return {
        each.id: Counter((found.requirement, found.verdict) for found in each.findings)
        for each in read_journal(folder / "journal.ndjson").played
        if not each.shrunk_from
    }


def run_on(
    base_url: str,
    output: Path,
    scenarios: Iterable[Scenario],
    *,
    timeout_s: float = 20.0,
    scope: Scope | None = None,
    limiter: RateLimiter | None = None,
    settle_s: float = 0.0,
    wire: Callable[[], Wire] | None = None,
    **options: Any,
) -> Summary:
    """Plays the scenarios at the same time, and writes the record; orders come from the server.

    The `options` are those of the target.
    """
    make_wire = wire or (lambda: Wire(timeout_s=timeout_s))
    own_wire, orders_wire = make_wire(), make_wire()
    own_wire.limiter = orders_wire.limiter = limiter or RateLimiter()
    target = HttpTarget(
        facts=TargetFacts(name="a server", base_url=base_url, kind="http"),
        wire=own_wire,
        provisioner=HttpProvisioner(f"{base_url}/_control/orders", orders_wire),
        clock_url=f"{base_url}/_control/clock",
        limits=Limits(settle_s=settle_s),
        **{"username": defaults.USERNAME, "password": defaults.PASSWORD, **options},
    )
    scope = scope or Scope()
    plan = Plan(scenarios=tuple(scenarios), goals=goals(spec(), scope))
    run_options = RunOptions(seed=1, scope=scope, shrink=False)

    keeper = Keeper(spec(), output)

    async def go() -> None:
        async with target:
            await consume(run(spec(), target, plan, run_options), keeper)

    asyncio.run(go())
    return keeper.report()
