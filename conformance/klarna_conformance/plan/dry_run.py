"""A dry run: plays scenarios on an in-memory mock, to know their goals and costs before a run."""

import asyncio
from collections.abc import Iterable
from functools import cache, partial

import msgspec

from klarna_conformance.http.retrying import Agrees
from klarna_conformance.judge.server import rated_findings
from klarna_conformance.mock.server import Mock
from klarna_conformance.play.player import play
from klarna_conformance.wrong.variants.options import offers
from klarna_reports.record.record import Finding, Played, ProvidedOrder, TargetFacts
from klarna_specs.exchange import Exchange, Request
from klarna_specs.goals import Goal
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Scenario, Wait, steps_of
from klarna_specs.spec import Spec

__all__ = ["DryRun", "MockTarget", "dry_run", "goals_served"]

_BASE_URL = "http://mock"
_MANY_DAYS = (1, 5, 7, 14, 21, 28, 45, 90)
_OTHER_OFFERS = (
    partial(offers, _MANY_DAYS, after_extension=(3, 8, 20, 35)),
    partial(offers, (30,), after_extension=()),
)
"""Extension options of other targets: more and other ones, and one that is used up."""


class MockTarget:
    """A mock that is called directly, without HTTP."""

    def __init__(self, mock: Mock) -> None:
        self.mock = mock
        self.facts = TargetFacts(name="mock", base_url=_BASE_URL, kind="mock")

    async def send(
        self, request: Request, *, chunked: bool = False, agrees: Agrees | None = None
    ) -> Exchange:
        """Answers at once; the transfer of the body makes no difference here."""
        del chunked, agrees
        if self.mock.races:
            self.mock.arrive(request)
            await asyncio.sleep(0)  # concurrent requests arrive before the first is answered
        return Exchange(request=request, outcome=self.mock.respond(request, _BASE_URL))

    async def provide(self, plan: OrderPlan) -> ProvidedOrder:
        """Makes the order."""
        return self.mock.make_order(plan)

    async def advance(self, seconds: int) -> bool:
        """Moves the mock's clock."""
        self.mock.advance(seconds)
        return True

    def recorded(self, played: Played) -> Played:
        """Unchanged: there are no secrets."""
        return played


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """The goals that a scenario serves on every conformant server, and its number of requests.

    `shown` are the goals that it serves on the mock, including those that depend on a choice that
    the documentation leaves open; `outcomes` says for each of its calls whether it is refused.
    """

    scenario: Scenario
    goals: frozenset[Goal]
    requests: int
    shown: frozenset[Goal] = frozenset()
    outcomes: tuple[str, ...] = ()


def dry_run(spec: Spec, scenarios: Iterable[Scenario]) -> list[DryRun]:
    """Plays each scenario on a fresh mock, and judges it."""
    return asyncio.run(_dry_run_all(spec, scenarios))


async def _dry_run_all(spec: Spec, scenarios: Iterable[Scenario]) -> list[DryRun]:
    return [await _dry_run(spec, scenario) for scenario in scenarios]


async def _dry_run(spec: Spec, scenario: Scenario) -> DryRun:
    target = MockTarget(Mock(spec))
    played, rated = await _rated(spec, target, scenario)
    # A target whose clock cannot be moved does not get to what follows.
    waits = any(isinstance(action, Wait) for action in scenario.steps)
    served = goals_served(
        f for f, sure in rated if sure and (not waits or _may_need_clock(spec, f))
    )
    if any(
        spec.operations[step.operation].effect == "extend_due_date" for step in steps_of(scenario)
    ):
        # The offered days, before and after an extension, differ between targets.
        for other_offers in _OTHER_OFFERS:
            other = MockTarget(Mock(spec, deviation=other_offers()))
            _, elsewhere = await _rated(spec, other, scenario)
            there = goals_served(finding for finding, sure in elsewhere if sure)
            served = frozenset(g for g in served if g in there or _is_open(spec, g))
    return DryRun(
        scenario=scenario,
        goals=served,
        shown=goals_served(finding for finding, _ in rated),
        requests=len(played.exchanges),
        outcomes=tuple(_outcome(each) for each in played.exchanges if each.purpose == "step"),
    )


async def _rated(
    spec: Spec, target: MockTarget, scenario: Scenario
) -> tuple[Played, tuple[tuple[Finding, bool], ...]]:
    played = await play(spec, target, scenario, identifier="dry-run")
    return played, rated_findings(spec, target.facts, played.orders, played.exchanges)


def _outcome(exchange: Exchange) -> str:
    return "done" if exchange.outcome.is_success else "refused"


def _is_open(spec: Spec, goal: Goal) -> bool:
    """Whether what is seen depends on the target in any case."""
    return spec.requirement(goal.requirement).level == "INFO"


def _may_need_clock(spec: Spec, finding: Finding) -> bool:
    requirement = spec.requirement(finding.requirement)
    return "clock" in requirement.needs or requirement.level != "MUST"


def goals_served(findings: Iterable[Finding]) -> frozenset[Goal]:
    """The goals that occurred in some findings."""
    return frozenset(_goal(f.requirement, aspect) for f in findings for aspect in f.aspects)


_goal = cache(Goal)  # the same few hundred in all scenarios
