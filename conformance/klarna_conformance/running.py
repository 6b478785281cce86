"""One run from end to end: discovery, the plan on the target, shrinking, the journal."""

import asyncio
import importlib.metadata
import platform
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

import msgspec

from klarna_conformance.counterexamples import find_counterexamples
from klarna_conformance.discovery import discover_readings
from klarna_conformance.engine import run_plan
from klarna_conformance.http_target import HttpTarget
from klarna_conformance.mutants.catalogue import mutants
from klarna_conformance.planning import Plan
from klarna_reports.journal import Journal
from klarna_reports.record import Footer, Header, Played
from klarna_specs.goals import Scope
from klarna_specs.spec import Spec

__all__ = ["RunOptions", "run"]

_DEPENDENCIES = ("klarna-conformance", "hypothesis", "schemathesis", "jsonschema", "httpx")


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a run goes; `command` is the command line that it can be repeated with."""

    seed: int
    scope: Scope
    concurrency: int
    strict: bool = False
    shrink: bool = True
    command: str = ""


async def run(
    spec: Spec,
    target: HttpTarget,
    plan: Plan,
    options: RunOptions,
    journal: Journal,
    tell: Callable[[Played], None],
) -> None:
    """Sends the plan and writes the journal as it happens, its footer also when interrupted."""
    started = time.perf_counter()
    # A target in this process is new each time, so its keys may be the same in every run.
    run_id = str(uuid.uuid4())
    nonce = str(options.seed) if target.facts.kind == "mock" else run_id
    readings, probed = await discover_readings(spec, target, nonce)
    target.facts = msgspec.structs.replace(target.facts, readings=readings)
    journal.write(_header(target, spec, plan, options, run_id))
    sent, stopped = 0, ""
    failing: list[Played] = []
    try:
        async for played in _all_played(spec, target, plan, options, nonce, probed):
            sent += len(played.exchanges)
            journal.write(played)
            tell(played)
            if any(finding.verdict == "FAIL" for finding in played.findings):
                failing.append(played)
        if options.shrink:
            found = find_counterexamples(spec, target, failing, nonce=nonce)
            async for played, counterexample in found:
                sent += len(played.exchanges)
                journal.write(played)
                counterexample.save(journal.path.parent / "counterexamples")
    except asyncio.CancelledError:
        stopped = "interrupted"
        raise
    finally:
        wall_s = round(time.perf_counter() - started, 3)
        journal.write(Footer(wall_s=wall_s, requests_sent=sent, stopped=stopped))


async def _all_played(
    spec: Spec,
    target: HttpTarget,
    plan: Plan,
    options: RunOptions,
    nonce: str,
    probed: Sequence[Played],
) -> AsyncIterator[Played]:
    for played in probed:
        yield played
    concurrency = options.concurrency
    async for played in run_plan(spec, target, plan, concurrency=concurrency, nonce=nonce):
        yield played


def _header(target: HttpTarget, spec: Spec, plan: Plan, options: RunOptions, run_id: str) -> Header:
    versions = {name: importlib.metadata.version(name) for name in _DEPENDENCIES}
    return Header(
        run_id=run_id,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=options.seed,
        target=target.facts,
        versions={**versions, "python": platform.python_version()},
        specs=spec.fingerprint,
        scope=options.scope,
        strict=options.strict,
        planned_scenarios=len(plan.scenarios),
        planned_requests=plan.requests or 0,
        command=options.command,
        proofs=Counter(name for mutant in mutants() for name in mutant.caught_by),
    )
