import pytest

from klarna_specs.goals import Goal, Scope, cells, goals
from klarna_specs.loader import load
from klarna_specs.plan import LAYOUTS

SPEC = load()
FEE_MARKETS = SPEC.market_groups["return_fee"]


def _aspects(requirement: str, scope: Scope | None = None) -> list[str]:
    return [goal.aspect for goal in goals(SPEC, scope) if goal.requirement == requirement]


# Decision tables


def test_table_over_all_markets_has_a_cell_for_each() -> None:
    assert list(cells(SPEC, {"market": "all"})) == [("market", market) for market in SPEC.markets]


def test_table_over_all_layouts_has_a_cell_for_each() -> None:
    assert list(cells(SPEC, {"layout": "all"})) == [("layout", layout) for layout in LAYOUTS]


def test_table_over_a_group_has_its_members() -> None:
    assert list(cells(SPEC, {"market": "return_fee"})) == [("market", m) for m in FEE_MARKETS]


def test_captured_layouts_are_those_with_a_capture() -> None:
    found = [layout for _, layout in cells(SPEC, {"layout": "captured"})]
    assert found == [layout for layout in LAYOUTS if not layout.startswith("none")]


def test_table_over_two_dimensions_lists_one_after_the_other() -> None:
    found = list(cells(SPEC, {"layout": ("one-full",), "market": ("SE", "NO")}))
    assert found == [("layout", "one-full"), ("market", "SE"), ("market", "NO")]


# Goals


def test_rule_has_the_goals_kept_and_broken() -> None:
    assert _aspects("refund.amount-not-negative") == ["kept", "broken"]


def test_check_has_the_goal_seen() -> None:
    assert _aspects("refund.location-header") == ["seen"]


def test_every_case_is_a_goal() -> None:
    assert _aspects("options.pay-later-only") == ["kept", "broken", "pay-now", "card"]


def test_rule_has_a_table_for_keeping_and_one_for_breaking_it() -> None:
    kept = [f"market={market}" for market in FEE_MARKETS]
    broken = [f"market={market}" for market in SPEC.market_groups["no_return_fee"]]
    assert _aspects("refund.fee-market") == ["kept", *kept, "broken", *broken]


def test_every_requirement_has_a_goal() -> None:
    planned = {r.id for r in SPEC.requirements if "traffic" not in r.needs}
    assert {g.requirement for g in goals(SPEC)} == planned


def test_goals_are_unique() -> None:
    found = goals(SPEC)
    assert len(set(found)) == len(found)


def test_goal_prints_requirement_and_aspect() -> None:
    assert str(Goal("refund.zero-amount", "broken")) == "refund.zero-amount (broken)"


# Scopes


@pytest.mark.parametrize(
    ("scope", "everything"),
    [
        (Scope(), True),
        (Scope(operations=("refundOrder",)), False),
        (Scope(requirements=("refund.accepted",)), False),
        (Scope(markets=("SE",)), False),
    ],
)
def test_scope_knows_whether_it_is_everything(scope: Scope, everything: bool) -> None:
    assert scope.is_everything is everything


def test_scope_of_operations_leaves_out_the_others() -> None:
    scope = Scope(operations=("cancelOrder", "getRefund"))
    seen = {SPEC.requirement(goal.requirement).operation for goal in goals(SPEC, scope)}
    assert seen == {"cancelOrder", "getRefund"}


def test_scope_of_requirements_leaves_out_the_others() -> None:
    scope = Scope(requirements=("refund.zero-amount",))
    assert goals(SPEC, scope) == (
        Goal("refund.zero-amount", "kept"),
        Goal("refund.zero-amount", "broken"),
    )


def test_requirement_of_another_operation_is_out_of_scope() -> None:
    scope = Scope(operations=("cancelOrder",), requirements=("refund.zero-amount",))
    assert goals(SPEC, scope) == ()


def test_scope_of_markets_leaves_out_the_cells_of_the_others() -> None:
    aspects = _aspects("extension.accepted", Scope(markets=("SE", "NO", "US")))
    assert [a for a in aspects if "=" in a] == ["market=NO", "market=SE"]


def test_scope_of_markets_keeps_the_cells_of_other_dimensions() -> None:
    scope = Scope(markets=("SE",))
    assert _aspects("refund.books-amount", scope) == _aspects("refund.books-amount")


def test_rule_is_only_broken_where_no_market_in_scope_keeps_it() -> None:
    assert _aspects("refund.fee-market", Scope(markets=("US",))) == ["broken", "market=US"]


def test_rule_is_only_kept_where_no_market_in_scope_breaks_it() -> None:
    assert _aspects("refund.fee-market", Scope(markets=("SE",))) == ["kept", "market=SE"]


def test_cell_that_no_market_in_scope_allows_is_left_out() -> None:
    aspects = _aspects("refund.fee-accepted", Scope(markets=("US",)))
    assert "seen" not in aspects
