"""A plan serves as many goals as possible with few requests and orders, and lists the others."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from klarna_conformance.defaults import EXAMPLES, SEED
from klarna_conformance.plan.coverage_selection import Resources, cover, select
from klarna_conformance.plan.dry_run import DryRun, dry_run
from klarna_conformance.plan.order_matching import OrderPool
from klarna_conformance.plan.planning import make_plan
from klarna_conformance.plan.planning_cache import PlanningCache
from klarna_conformance.target.provisioners import PoolOrder
from klarna_conformance.wrong.examples.orders import FEE_REFUND, FULL, TWO_CAPTURES
from klarna_specs.goals import Goal, Scope
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Scenario, Step, steps_of
from klarna_strategies.lines import fee, goods
from klarna_strategies.steps import extend, get_order, offered, refund

from .conftest import FEW, Cli, Served
from .mutant_servers import spec

TargetFile = Callable[..., Path]
GOALS = [Goal("refund.accepted", str(number)) for number in range(6)]
RULE = FEW[1]


def _dry_run(serves: frozenset[Goal], requests: int, number: int = 0) -> DryRun:
    scenario = Scenario(plan=FULL, steps=(refund(number + 1),))
    return DryRun(scenario=scenario, goals=serves, requests=requests)


CANDIDATES = st.lists(
    st.builds(_dry_run, st.frozensets(st.sampled_from(GOALS)), st.integers(1, 9)), max_size=12
)


@given(CANDIDATES)
def test_cover_serves_every_possible_goal_without_redundancy(
    candidates: list[DryRun],
) -> None:
    chosen = cover(candidates, GOALS)
    possible = frozenset[Goal]().union(*(each.goals for each in candidates))

    assert frozenset[Goal]().union(*(each.goals for each in chosen)) == possible
    for scenario in chosen:
        others = [each.goals for each in chosen if each is not scenario]
        assert frozenset[Goal]().union(*others) != possible


@given(CANDIDATES, st.integers(0, 30))
def test_selection_stays_in_budget_and_has_no_duplicates(
    candidates: list[DryRun], budget: int
) -> None:
    chosen = select(spec(), candidates, [GOALS[:3], GOALS], Resources(budget, None))

    assert sum(each.requests for each in chosen) <= budget
    assert len(set(map(id, chosen))) == len(chosen)


@given(CANDIDATES)
def test_no_scenario_is_left_out_without_a_budget(candidates: list[DryRun]) -> None:
    chosen = select(spec(), candidates, [GOALS], Resources(None, None))
    assert set(map(id, chosen)) == set(map(id, candidates))


def test_goals_of_an_earlier_stage_come_first() -> None:
    binding, many = _dry_run(frozenset(GOALS[:1]), 5), _dry_run(frozenset(GOALS[1:]), 5)
    assert select(spec(), [many, binding], [GOALS[:1], GOALS], Resources(5, None)) == [binding]


def test_tenth_of_the_requests_covers_every_binding_goal() -> None:
    planned = partial(
        make_plan, spec(), scope=Scope(), seed=1, examples=0, cache=PlanningCache.of_user()
    )
    whole = planned()
    assert whole.requests is not None
    small = planned(max_requests=whole.requests // 10)
    levels = {spec().requirement(goal.requirement).level for goal in small.unserved}
    assert levels <= {"INFO"}
    assert (small.requests or 0) <= whole.requests // 10


def test_tenth_extends_card_orders_and_by_the_last_option_in_each_market() -> None:
    planned = partial(make_plan, spec(), scope=Scope(), seed=SEED, examples=EXAMPLES)
    small = planned(max_requests=1_187, cache=PlanningCache.of_user())
    calls = [(s.plan, step) for s in small.scenarios if s.plan for step in steps_of(s)]
    extending = [(plan, step) for plan, step in calls if step.operation == "extendDueDate"]
    by_card = {plan.market for plan, _ in extending if plan.payment_method == "card"}
    by_last = {plan.market for plan, step in extending if step.body == extend(offered(-1)).body}
    markets = set(spec().market_groups["extension"])
    assert by_card >= markets
    assert by_last >= markets


def test_remaining_budget_goes_to_distinctive_scenarios() -> None:
    plain = [_dry_run(frozenset(GOALS[:1]), 2)] + [_dry_run(frozenset(), 2)] * 4
    nearly = msgspec.structs.replace(get_order(), credentials="other_scheme")
    odd = DryRun(scenario=Scenario(plan=FULL, steps=(nearly,)), goals=frozenset(), requests=2)
    assert odd in select(spec(), [*plain, odd], [GOALS[:1]], Resources(4, None))


def _order(number: int, amount: int, market: str = "SE", **more: object) -> PoolOrder:
    facts = {"order_id": f"o{number}", "market": market, "order_amount": amount, **more}
    return msgspec.convert({"currency": spec().markets[market].currency, **facts}, PoolOrder)


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
def test_matched_scenario_serves_the_same_musts_on_another_amount(
    plan: OrderPlan, steps: tuple[Step, ...], amount: int
) -> None:
    (original,) = dry_run(spec(), [Scenario(plan=plan, steps=steps)])
    pool = OrderPool(spec(), [_order(1, amount)])
    matched = pool.matched(original, original.goals)

    assert matched.scenario.plan.order_amount == amount
    must = {g for g in original.goals if spec().requirement(g.requirement).level == "MUST"}
    assert matched.goals >= must
    assert pool.matched(original, original.goals) is None, "the order is used up"


def test_existing_captures_of_an_order_replace_the_planned_ones() -> None:
    (original,) = dry_run(spec(), [Scenario(plan=TWO_CAPTURES, steps=(refund(10_001),))])
    order = _order(1, 9_000, captures=[{"capture_id": "c", "captured_amount": 2_000}])
    matched = OrderPool(spec(), [order]).matched(original, original.goals)

    assert matched.scenario.plan.captures == (2_000, 7_000)


def test_order_with_another_payment_method_does_not_match() -> None:
    (original,) = dry_run(spec(), [Scenario(plan=FULL, steps=(FEE_REFUND,))])
    pool = OrderPool(spec(), [_order(1, 10_000, payment_method="card")])
    assert pool.matched(original, original.goals) is None


def test_plan_for_a_pool_uses_each_order_once_and_lists_missing_ones() -> None:
    pool = [_order(number, 3_000 + number) for number in range(4)]
    plan = make_plan(
        spec(),
        scope=Scope(requirements=(RULE,), markets=("SE",)),
        max_requests=60,
        seed=1,
        examples=0,
        pool=pool,
    )
    matched = plan.scenarios[len(plan.lacking) :]
    amounts = [p.order_amount for each in matched for p in (each.plan, each.other) if p]

    assert amounts
    assert sorted(amounts) == sorted(set(amounts))
    assert set(amounts) <= {order.order_amount for order in pool}
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


def test_run_with_a_pool_of_odd_amounts_is_conformant(
    cli: Cli, target_file: TargetFile, served: Served, tmp_path: Path
) -> None:
    file = _pooled(target_file, served, tmp_path, [700 + 13 * number for number in range(20)])
    finished = cli("run", file, *FEW[:-2], "--output", tmp_path / "report")
    assert (finished.code, finished.err) == (0, "")


def test_small_pool_leaves_not_run_and_names_the_missing_order(
    cli: Cli, target_file: TargetFile, served: Served, tmp_path: Path
) -> None:
    file = _pooled(target_file, served, tmp_path, [700])
    planned = json.loads(cli("plan", file, *FEW, "--format", "json").out)
    finished = cli("run", file, *FEW, "--output", tmp_path / "report")
    summary = json.loads((tmp_path / "report" / "run.json").read_text())
    (requirement,) = [r for r in summary["requirements"] if r["id"] == RULE]

    assert finished.code == 3
    assert requirement["verdict"] == "NOT_RUN"
    assert "the pool has no unused order" in requirement["reason"]
    assert [each["requirement"] for each in planned["unserved"]] == [RULE]
    assert sum(each["count"] for each in planned["missing_orders"]) > 0


def test_doctor_reads_a_pool_and_uses_no_order(
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
    finished = cli("plan", *FEW, "--orders")
    assert (finished.code, " x SE 10000 SEK pay_later" in finished.out) == (0, True)
