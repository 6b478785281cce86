"""Plays scenarios on a mock in memory, to know before a run what they show and what they cost."""

import asyncio
from collections.abc import Iterable
from functools import cache

import msgspec

from klarna_conformance.judge import rated_findings
from klarna_conformance.mock.server import Mock
from klarna_conformance.player import play
from klarna_conformance.target import Exchanged
from klarna_reports.record import Finding, Played, ProvidedOrder, TargetFacts
from klarna_specs.exchange import Exchange, Request, Response
from klarna_specs.goals import Goal
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Scenario, Wait
from klarna_specs.spec import Spec

__all__ = ["MockTarget", "Rehearsed", "goals_served", "rehearse"]

_BASE_URL = "http://mock"


class MockTarget:
    """A mock that is asked directly, without HTTP."""

    settle_s = 0.0

    def __init__(self, mock: Mock) -> None:
        self.mock = mock
        self.facts = TargetFacts(name="mock", base_url=_BASE_URL, kind="mock")

    async def send(self, request: Request, *, chunked: bool = False) -> Exchanged:
        """Answers at once; how the body is transferred makes no difference here."""
        del chunked
        if self.mock.races:
            self.mock.arrive(request)
            await asyncio.sleep(0)  # what was sent together arrives before the first is answered
        return Exchanged(request=request, outcome=self.mock.respond(request, _BASE_URL))

    async def provide(self, plan: OrderPlan) -> ProvidedOrder:
        """Makes the order."""
        return self.mock.make_order(plan)

    async def advance(self, seconds: int) -> bool:
        """Moves the mock's clock."""
        self.mock.advance(seconds)
        return True

    def recorded(self, played: Played) -> Played:
        """As it is: there is nothing to hide."""
        return played


class Rehearsed(msgspec.Struct, frozen=True, kw_only=True):
    """What a scenario shows on any server that does as documented, and the requests it takes.

    `shown` are the goals that it serves on the mock, also where other honest servers give no
    occasion; `outcomes` says for each of its calls whether it is refused.
    """

    scenario: Scenario
    goals: frozenset[Goal]
    requests: int
    shown: frozenset[Goal] = frozenset()
    outcomes: tuple[str, ...] = ()


def rehearse(spec: Spec, scenarios: Iterable[Scenario]) -> list[Rehearsed]:
    """Plays each scenario on a fresh mock, and judges it."""
    return asyncio.run(_rehearse_all(spec, scenarios))


async def _rehearse_all(spec: Spec, scenarios: Iterable[Scenario]) -> list[Rehearsed]:
    return [await _rehearse(spec, scenario) for scenario in scenarios]


async def _rehearse(spec: Spec, scenario: Scenario) -> Rehearsed:
    target = MockTarget(Mock(spec))
    played = await play(spec, target, scenario, identifier="rehearsal")
    rated = rated_findings(spec, target.facts, played.orders, played.exchanges)
    # A target whose clock cannot be moved does not get to what follows.
    waits = any(isinstance(action, Wait) for action in scenario.steps)
    served = (f for f, certain in rated if certain and (not waits or _may_need_clock(spec, f)))
    return Rehearsed(
        scenario=scenario,
        goals=goals_served(served),
        shown=goals_served(finding for finding, _ in rated),
        requests=len(played.exchanges),
        outcomes=tuple(_outcome(each) for each in played.exchanges if each.purpose == "step"),
    )


def _outcome(exchange: Exchange) -> str:
    response = exchange.outcome
    return "done" if isinstance(response, Response) and response.is_success else "refused"


def _may_need_clock(spec: Spec, finding: Finding) -> bool:
    requirement = spec.requirement(finding.requirement)
    return "clock" in requirement.needs or requirement.level != "MUST"


def goals_served(findings: Iterable[Finding]) -> frozenset[Goal]:
    """The goals that were seen in some findings."""
    return frozenset(_goal(f.requirement, aspect) for f in findings for aspect in f.aspects)


_goal = cache(Goal)  # the same few hundred in all scenarios
