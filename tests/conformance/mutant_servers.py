"""Mutants and other variants of the mock: made, sent steps, and judged."""

import asyncio
from functools import cache
from typing import Any

import msgspec

from klarna_conformance.judge.server import judge
from klarna_conformance.mock.server import Mock
from klarna_conformance.plan.dry_run import MockTarget
from klarna_conformance.play.player import play
from klarna_conformance.wrong.catalogue import Mutant, ResponseChange
from klarna_conformance.wrong.making import make_mutant, named_mock
from klarna_reports.record.record import Played
from klarna_specs.loader import load
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Action, Scenario
from klarna_specs.spec import Spec

__all__ = [
    "answering",
    "deviations",
    "found",
    "judged_on",
    "made",
    "played",
    "spec",
]

Server = str | Mutant | type[Mock]


@cache
def spec() -> Spec:
    return load()


def made(server: Server) -> Mock:
    """A new server: by its id in the catalogue, of another mutant, or of a class."""
    match server:
        case str():
            return named_mock(spec(), server)
        case Mutant():
            return make_mutant(spec(), server)
        case _:
            return server(spec())


def answering(operation: str, *, where: str = "any", **change: Any) -> Mutant:
    """A server whose responses to an operation are changed; see `ResponseChange`."""
    changes = (ResponseChange(of=(operation,), where=where, **change),)
    return Mutant(id="answering", description="", responses=changes)


def played(
    server: Server, plan: OrderPlan, *steps: Action, other: OrderPlan | None = None
) -> Played:
    """The exchanges with a new server, with the findings of the judge."""
    return _judged(server, Scenario(plan=plan, steps=steps, other=other))


def deviations(
    server: Server, plan: OrderPlan, *steps: Action, other: OrderPlan | None = None
) -> dict[str, str]:
    """The requirements with FAIL or WARN for the server."""
    return found(server, Scenario(plan=plan, steps=steps, other=other))


def found(server: Server, scenario: Scenario) -> dict[str, str]:
    """The same for a scenario, without `described-response`."""
    return {
        f.requirement: f.verdict
        for f in _judged(server, scenario).findings
        if f.verdict in ("FAIL", "WARN") and not f.requirement.endswith(".described-response")
    }


def _judged(server: Server, scenario: Scenario) -> Played:
    return judged_on(made(server), scenario)


def judged_on(mock: Mock, scenario: Scenario) -> Played:
    """The scenario as it was sent to a mock, and judged."""
    target = MockTarget(mock)
    came = asyncio.run(play(spec(), target, scenario, identifier="s0001"))
    findings = judge(spec(), target.facts, came.orders, came.exchanges)
    return msgspec.structs.replace(came, findings=findings)
