"""A plan serves what it can with few requests and few orders, and says what is left out."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from klarna_conformance.plan.economy import Supply, choose, covered
from klarna_conformance.plan.fitting import Stock
from klarna_conformance.plan.planning import make_plan
from klarna_conformance.plan.planning_cache import PlanningCache
from klarna_conformance.plan.rehearsal import Rehearsed, rehearse
from klarna_conformance.target.provisioners import PoolOrder
from klarna_specs.goals import Goal, Scope
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Scenario, Step
from klarna_strategies.lines import fee, goods
from klarna_strategies.steps import get_order, refund

from .conftest import Finished, Served
from .museum import FEE_REFUND, FULL, TWO_CAPTURES, spec

Cli = Callable[..., Finished]
TargetFile = Callable[..., Path]
GOALS = [Goal("refund.accepted", str(number)) for number in range(6)]
FEW = Scope(requirements=("release.fully-captured-refused",), markets=("SE",))
FEW_OPTIONS = ("--requirement", FEW.requirements[0], "--market", "SE", "--examples", 0)


def _rehearsed(serves: frozenset[Goal], requests: int, number: int = 0) -> Rehearsed:
    scenario = Scenario(plan=FULL, steps=(refund(number + 1),))
    return Rehearsed(scenario=scenario, goals=serves, requests=requests)


CANDIDATES = st.lists(
    st.builds(_rehearsed, st.frozensets(st.sampled_from(GOALS)), st.integers(1, 9)), max_size=12
)


@given(CANDIDATES)
def test_a_cover_serves_all_that_can_be_served_and_nothing_in_it_is_idle(
    candidates: list[Rehearsed],
) -> None:
    chosen = covered(candidates, GOALS)
    possible = frozenset[Goal]().union(*(each.goals for each in candidates))

    assert frozenset[Goal]().union(*(each.goals for each in chosen)) == possible
    for idle in chosen:
        others = [each.goals for each in chosen if each is not idle]
        assert frozenset[Goal]().union(*others) != possible


@given(CANDIDATES, st.integers(0, 30))
def test_a_choice_keeps_to_its_budget_and_uses_nothing_twice(
    candidates: list[Rehearsed], budget: int
) -> None:
    chosen = choose(spec(), candidates, [GOALS[:3], GOALS], Supply(budget, None))

    assert sum(each.requests for each in chosen) <= budget
    assert len(set(map(id, chosen))) == len(chosen)


@given(CANDIDATES)
def test_without_a_budget_nothing_is_left_out(candidates: list[Rehearsed]) -> None:
    chosen = choose(spec(), candidates, [GOALS], Supply(None, None))
    assert set(map(id, chosen)) == set(map(id, candidates))


def test_goals_of_an_earlier_stage_come_first() -> None:
    binding, many = _rehearsed(frozenset(GOALS[:1]), 5), _rehearsed(frozenset(GOALS[1:]), 5)
    assert choose(spec(), [many, binding], [GOALS[:1], GOALS], Supply(5, None)) == [binding]


def test_a_tenth_of_the_requests_covers_every_goal_that_can_fail_or_warn() -> None:
    planned = partial(
        make_plan, spec(), scope=Scope(), seed=1, examples=0, cache=PlanningCache.of_user()
    )
    whole = planned()
    assert whole.requests is not None
    small = planned(max_requests=whole.requests // 10)
    levels = {spec().requirement(goal.requirement).level for goal in small.unserved}
    assert levels <= {"INFO"}
    assert (small.requests or 0) <= whole.requests // 10


def test_a_budget_goes_to_what_is_particular_beside_the_goals() -> None:
    plain = [_rehearsed(frozenset(GOALS[:1]), 2)] + [_rehearsed(frozenset(), 2)] * 4
    nearly = msgspec.structs.replace(get_order(), credentials="other_scheme")
    odd = Rehearsed(scenario=Scenario(plan=FULL, steps=(nearly,)), goals=frozenset(), requests=2)
    assert odd in choose(spec(), [*plain, odd], [GOALS[:1]], Supply(4, None))


def _order(number: int, amount: int, market: str = "SE", **more: object) -> PoolOrder:
    told = {"order_id": f"o{number}", "market": market, "order_amount": amount, **more}
    return msgspec.convert({"currency": spec().markets[market].currency, **told}, PoolOrder)


@pytest.mark.parametrize(
    ("plan", "steps"),
    [
        (FULL, (refund(3_000), refund(7_001))),
        (FULL, (refund(10_000), refund(1))),
        (TWO_CAPTURES, (refund(6_000), refund(4_000), refund(1))),
        (OrderPlan(market="SE", currency="SEK", order_amount=10_000, captures=(5_000, 5_000)),
         (refund(10_001), refund(10_000))),
        (FULL, (FEE_REFUND,)),
        (FULL, (refund(9_501, order_lines=[goods(10_000), fee(500)]),)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("amount", [777, 10_000, 25_001])
def test_a_scenario_shows_the_same_on_an_order_of_another_amount(
    plan: OrderPlan, steps: tuple[Step, ...], amount: int
) -> None:
    (original,) = rehearse(spec(), [Scenario(plan=plan, steps=steps)])
    stock = Stock(spec(), [_order(1, amount)])
    fitted = stock.fitted(original, original.goals)

    assert fitted is not None
    assert fitted.scenario.plan is not None
    assert fitted.scenario.plan.order_amount == amount
    must = {g for g in original.goals if spec().requirement(g.requirement).level == "MUST"}
    assert fitted.goals >= must
    assert stock.fitted(original, original.goals) is None, "the order is used up"


def test_captures_that_an_order_has_already_are_taken_for_those_of_the_scenario() -> None:
    (original,) = rehearse(spec(), [Scenario(plan=TWO_CAPTURES, steps=(refund(10_001),))])
    order = _order(1, 9_000, captures=[{"capture_id": "c", "captured_amount": 2_000}])
    fitted = Stock(spec(), [order]).fitted(original, original.goals)

    assert fitted is not None
    assert fitted.scenario.plan is not None
    assert fitted.scenario.plan.captures == (2_000, 7_000)


def test_an_order_of_another_payment_method_is_not_used() -> None:
    (original,) = rehearse(spec(), [Scenario(plan=FULL, steps=(FEE_REFUND,))])
    stock = Stock(spec(), [_order(1, 10_000, payment_method="card")])
    assert stock.fitted(original, original.goals) is None


def test_a_plan_for_a_stock_uses_no_order_twice_and_tells_what_is_missing() -> None:
    stock = [_order(number, 3_000 + number) for number in range(4)]
    plan = make_plan(spec(), scope=FEW, seed=1, examples=0, stock=stock)
    had = plan.scenarios[len(plan.lacking) :]
    amounts = [p.order_amount for each in had for p in (each.plan, each.other) if p]

    assert amounts
    assert sorted(amounts) == sorted(set(amounts))
    assert set(amounts) <= {order.order_amount for order in stock}
    assert plan.unserved
    assert plan.lacking


def _pooled(target_file: TargetFile, served: Served, folder: Path, amounts: list[int]) -> Path:
    made = [served.order(captures=[], order_amount=amount) for amount in amounts]
    pool = [
        {"order_id": order["order_id"], "market": "SE", "order_amount": amount}
        for order, amount in zip(made, amounts, strict=True)
    ]
    (folder / "orders.yaml").write_text(json.dumps({"orders": pool}))
    return target_file(orders={"provisioner": "pool", "file": "orders.yaml"})


def test_a_run_is_conformant_with_a_pool_of_whatever_amounts(
    cli: Cli, target_file: TargetFile, served: Served, tmp_path: Path
) -> None:
    file = _pooled(target_file, served, tmp_path, [700 + 13 * number for number in range(40)])
    finished = cli("run", file, *FEW_OPTIONS, "--output", tmp_path / "report")
    assert (finished.code, finished.err) == (0, "")


def test_what_a_small_pool_cannot_show_is_not_run_and_says_which_order_is_missing(
    cli: Cli, target_file: TargetFile, served: Served, tmp_path: Path
) -> None:
    file = _pooled(target_file, served, tmp_path, [700])
    planned = json.loads(cli("plan", file, *FEW_OPTIONS, "--format", "json").out)
    finished = cli("run", file, *FEW_OPTIONS, "--output", tmp_path / "report")
    summary = json.loads((tmp_path / "report" / "run.json").read_text())
    (requirement,) = [r for r in summary["requirements"] if r["id"] == FEW.requirements[0]]

    assert finished.code == 3
    assert requirement["verdict"] == "NOT_RUN"
    assert "the pool has no unused order" in requirement["reason"]
    assert [each["requirement"] for each in planned["unserved"]] == [FEW.requirements[0]]
    assert sum(each["count"] for each in planned["missing_orders"]) > 0


def test_doctor_looks_at_a_pool_and_uses_nothing_of_it(
    cli: Cli, target_file: TargetFile, served: Served, tmp_path: Path
) -> None:
    file = _pooled(target_file, served, tmp_path, [700, 900])
    finished = cli("doctor", file)

    assert (finished.code, "2 unused in the pool" in finished.out) == (0, True)
    assert (
        not (tmp_path / "orders.yaml.used").exists()
        or not (tmp_path / "orders.yaml.used").read_text()
    )


def test_plan_lists_the_orders_to_create(cli: Cli) -> None:
    finished = cli("plan", *FEW_OPTIONS, "--orders")
    assert (finished.code, " x SE 10000 SEK pay_later" in finished.out) == (0, True)
