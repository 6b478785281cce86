"""What a plan covers is seen on every server that does as documented, whatever it leaves open."""

import asyncio
from collections import Counter
from functools import cache
from typing import Any

import msgspec
import pytest

from klarna_conformance.http.retrying import Agrees
from klarna_conformance.mock.deviation import AS_DOCUMENTED, Deviation, IdKind
from klarna_conformance.mock.server import Mock
from klarna_conformance.plan.dry_run import MockTarget, goals_served
from klarna_conformance.plan.planning import Plan, make_plan
from klarna_conformance.plan.planning_cache import PlanningCache
from klarna_conformance.play.discovery import discover_interpretations
from klarna_conformance.play.engine import run_plan
from klarna_conformance.wrong.catalogue import harmless_variants
from klarna_conformance.wrong.making import make_mutant
from klarna_reports.record.record import Finding
from klarna_specs.calls import Call
from klarna_specs.exchange import Exchange, Request, Response
from klarna_specs.goals import Scope

from ..conformance.mutant_servers import spec

_BUDGET = 1_187
"""A tenth of the requests of the default plan."""
_VARIANTS = {variant.id: variant for variant in harmless_variants()}
_COMBINATIONS = (
    ("tolerant", "options-many"),
    ("strict",),
    ("terse",),
    ("options-one-only", "keys-within-the-server", "refunded-is-closed"),
    ("options-two-only", "conflict-when-overtaken"),
    ("options-one-only", "tolerant", "everything-refused-with-403"),
    ("options-many", "keys-within-the-path"),
    ("options-other-after-extension", "keys-within-the-path"),
    ("options-used-up", "keys-within-the-server"),
    ("options-of-zero-days",),
    ("order-with-null-for-none",),
    ("options-by-market", "tolerant"),
)


class _OtherWay(MockTarget):
    """A server without a clock to move, on which what is sent together arrives the other way."""

    def __init__(self, mock: Mock) -> None:
        super().__init__(mock)
        self._turns = 0

    async def send(
        self, request: Request, *, chunked: bool = False, agrees: Agrees | None = None
    ) -> Exchange:
        """The later a request is sent within a group, the sooner it arrives."""
        self._turns += 1
        mine = self._turns
        await asyncio.sleep(0)
        for _ in range(8 - (mine % 8)):
            await asyncio.sleep(0)
        return await super().send(request, chunked=chunked, agrees=agrees)

    async def advance(self, seconds: int) -> bool:
        """There is no clock."""
        return False


class _Counting(Mock):
    """A mock whose captures and refunds count from 1 in each order, those provisioned too."""

    def __init__(self) -> None:
        super().__init__(spec())
        self._order_id = ""
        self._counts: Counter[tuple[str, str]] = Counter()

    def answer(self, call: Call, base_url: str) -> Response:
        """Answers a call."""
        self._order_id = call.order_id
        return super().answer(call, base_url)

    def new_id(self, kind: IdKind = "correlation") -> str:
        """The next number of the order, or a UUID for what belongs to none."""
        made = super().new_id(kind)
        if kind == "order":
            self._order_id = made
        if kind not in ("capture", "refund"):
            return made
        self._counts[self._order_id, kind] += 1
        return str(self._counts[self._order_id, kind])


def _combined(names: tuple[str, ...]) -> Mock:
    """A mock with the choices of several harmless variants, of which no two share a seam."""
    ways: dict[str, Any] = {}
    for name in names:
        deviation = make_mutant(spec(), _VARIANTS[name])._deviation
        for seam, way in deviation._asdict().items():
            if way is not getattr(AS_DOCUMENTED, seam):
                assert seam not in ways
                ways[seam] = way
    return Mock(spec(), deviation=Deviation(**ways))


@cache
def _budgeted() -> Plan:
    cache = PlanningCache.of_user()
    return make_plan(spec(), scope=Scope(), seed=1, examples=0, max_requests=_BUDGET, cache=cache)


async def _findings(target: MockTarget, plan: Plan) -> list[Finding]:
    interpretations, _ = await discover_interpretations(
        spec(), target, "interpretations", plan.probes
    )
    target.facts = msgspec.structs.replace(target.facts, interpretations=interpretations)
    numbered = [(f"s{number:04}", each) for number, each in enumerate(plan.scenarios)]
    found: list[Finding] = []
    async for played in run_plan(spec(), target, numbered, concurrency=1, nonce="n"):
        assert not played.error
        found += played.findings
    return found


@pytest.mark.parametrize("names", _COMBINATIONS, ids="+".join)
def test_a_budgeted_plan_sees_every_must_on_any_honest_server(names: tuple[str, ...]) -> None:
    plan = _budgeted()
    binding = {goal for goal in plan.goals if spec().requirement(goal.requirement).level == "MUST"}

    found = asyncio.run(_findings(_OtherWay(_combined(names)), plan))

    failed = {f.requirement for f in found if f.verdict == "FAIL"}
    assert (failed, binding - goals_served(found)) == (set(), set())


def test_a_budgeted_plan_sees_every_must_where_ids_count_in_each_order() -> None:
    plan = _budgeted()
    binding = {goal for goal in plan.goals if spec().requirement(goal.requirement).level == "MUST"}

    found = asyncio.run(_findings(_OtherWay(_Counting()), plan))

    failed = {f.requirement for f in found if f.verdict == "FAIL"}
    assert (failed, binding - goals_served(found)) == (set(), set())


def test_a_budget_that_covers_every_goal_leaves_none_of_a_must_unserved() -> None:
    plan = _budgeted()

    assert [g for g in plan.unserved if spec().requirement(g.requirement).level == "MUST"] == []
