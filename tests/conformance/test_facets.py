"""Distinctive facets of a scenario have names, and those that may cost money are hazards."""

from typing import Any

from klarna_conformance.plan.dry_run import dry_run
from klarna_conformance.plan.facets import features, hazards, losses
from klarna_conformance.wrong.examples.orders import FEE_REFUND, FULL, LARGE, PART
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Action, Json, Key, Raw, Scenario, Step, Together
from klarna_strategies.lines import goods
from klarna_strategies.steps import capture, get_order, refund, release

from .mutant_servers import spec

ONCE = refund(1_000, key=Key("once"))


def _named(plan: OrderPlan, *steps: Action) -> frozenset[str]:
    (played,) = dry_run(spec(), [Scenario(plan=plan, steps=steps)])
    called = spec(), played.scenario, played.outcomes
    return hazards(*called) | losses(*called)


def test_retry_is_named_by_the_calls_before_it() -> None:
    over = refund(9_000, key=Key("over"))
    named = _named(PART, ONCE, release(), over, get_order(), ONCE)
    assert {
        "refundOrder retried after releaseRemainingAuthorization",
        "refundOrder retried after refundOrder refused",
        "refundOrder retried after at most 1 keys",
    } <= named
    assert "refundOrder refused retried after at most 0 keys" in _named(PART, over, over)


def test_refund_above_the_rest_differs_from_one_above_the_captured() -> None:
    named = _named(FULL, refund(6_000), refund(6_001), refund(60_000))
    assert "refundOrder refused beyond what is left" in named
    assert "refundOrder refused beyond what was captured" in named
    assert f"refundOrder beyond what is left of {FULL.layout}" in named


def test_retry_with_the_same_key_does_not_reduce_the_rest() -> None:
    named = _named(FULL, ONCE, ONCE, refund(9_000))
    assert not any("beyond" in each for each in named)


def test_change_is_named_by_earlier_changes() -> None:
    named = _named(PART, refund(6_000), release(), refund(1))
    assert {
        "refundOrder done of all that is left",
        "releaseRemainingAuthorization after refundOrder",
        "releaseRemainingAuthorization after of all that is left",
        "refundOrder refused after releaseRemainingAuthorization",
    } <= {" ".join(each.split()) for each in named}


def test_capture_increases_the_amount_left_to_refund() -> None:
    named = _named(PART, capture(4_000), refund(10_000))
    assert not any("beyond" in each for each in named)


def test_refund_that_needs_a_later_capture_is_named() -> None:
    needs = "refundOrder of what was captured after the first one"
    assert needs in _named(PART, refund(6_000), capture(4_000), refund(4_000))
    assert needs not in _named(PART, capture(4_000), refund(6_000), refund(4_000))
    assert needs not in _named(PART, refund(5_000), capture(4_000), refund(1_000))
    assert needs not in _named(PART, ONCE, refund(9_000, key=Key("once")))


def test_refund_without_a_text_after_one_with_it_is_named() -> None:
    without = "refundOrder without a description after one with it"
    assert without in _named(FULL, refund(1_000, description="Returned"), refund(1_000))
    assert without not in _named(FULL, refund(1_000), refund(1_000, description="Returned"))


def test_refund_that_a_key_of_another_order_may_hide_is_a_loss() -> None:
    there = refund(1_000, order="other", key=Key("once"))
    (played,) = dry_run(spec(), [Scenario(plan=FULL, other=FULL, steps=(there, ONCE))])
    named = losses(spec(), played.scenario, played.outcomes)
    assert "refundOrder that a key of another order may hide" in named
    assert "refundOrder that a key of another order may hide" not in _named(FULL, ONCE, ONCE)


def test_refund_of_another_amount_with_an_earlier_reference_is_a_loss() -> None:
    alike = "refundOrder that an equal reference may hide"
    first = refund(100, reference="RMA-1")
    assert alike in _named(FULL, first, refund(200, reference="RMA-1"))
    assert alike not in _named(FULL, first, first, refund(200, reference="RMA-2"))


def test_key_of_another_order_or_operation_is_named() -> None:
    key = Key("once")
    there = refund(1_000, order="other", key=key)
    named = hazards(spec(), Scenario(plan=FULL, other=FULL, steps=(there, ONCE)))
    assert "refundOrder with a key of another order" in named
    named = _named(PART, ONCE, release(key=key))
    assert "releaseRemainingAuthorization with a key of another operation" in named
    assert not any("a key of another" in each for each in _named(FULL, ONCE, ONCE))


def test_missing_amount_is_named_by_what_the_body_has_instead() -> None:
    def of(body: dict[str, Any]) -> set[str]:
        call = Step(operation="refundOrder", body=Json(body))
        named = features(spec(), Scenario(plan=FULL, steps=(call,)))
        return {each for each in named if "in place of its amount" in each}

    assert of({}) == {"refundOrder with nothing in place of its amount"}
    assert of({"reference": "RMA-1"}) == {"refundOrder with reference in place of its amount"}
    assert of({"amount": 100}) == {"refundOrder with other members in place of its amount"}
    assert of({"refunded_amount": 100}) == set()


def test_malformed_order_id_is_a_feature() -> None:
    steps = (get_order(order="malformed"), get_order(order="unknown"))
    first, second = (features(spec(), Scenario(plan=None, steps=(step,))) for step in steps)
    assert first - second == {"getOrder of an id that is no UUID"}


def test_parameter_of_a_media_type_is_a_feature() -> None:
    body = Raw(text='{"refunded_amount": 100}', content_type="application/json; charset=utf-8")
    call = Step(operation="refundOrder", body=body)
    named = features(spec(), Scenario(plan=FULL, steps=(call,)))
    assert "refundOrder with a parameter of its media type" in named


def test_large_refund_is_named() -> None:
    large = {"refundOrder of 100000000", "refundOrder of many lines"}
    lines = [goods(10_000_000, name=f"Line {n}") for n in range(11)]
    assert large <= _named(LARGE, refund(100_000_000, order_lines=lines))
    assert not large & _named(LARGE, refund(99_999_999, order_lines=lines[:10]))


def test_retry_is_named_by_the_form_of_its_key() -> None:
    lower = refund(1_000, key=Key("once", "lower"))
    assert "refundOrder retried with a key lower" in _named(FULL, lower, lower)


def _sent_together(*steps: Step) -> frozenset[str]:
    named = losses(spec(), Scenario(plan=FULL, steps=(Together(steps),)))
    return frozenset(each for each in named if each.startswith("together"))


def test_concurrent_refunds_differ_by_key_and_bound() -> None:
    pair = "together on one order: refundOrder, refundOrder"
    assert _sent_together(refund(5_000), refund(5_000)) == {pair}
    assert _sent_together(refund(5_001), refund(5_000)) == {f"{pair} beyond the bound"}
    assert _sent_together(ONCE, ONCE) == {f"{pair} under one key"}
    other = refund(2_000, key=Key("once"))
    assert _sent_together(ONCE, other) == {f"{pair} under one key, with other bodies"}
    assert _sent_together(ONCE, get_order()) == frozenset()


def test_concurrent_repeats_count_only_where_a_double_booking_would_show() -> None:
    whole = refund(10_000, key=Key("once"))
    assert _sent_together(whole, whole) == frozenset()


def test_concurrent_changes_differ_by_a_refusal_and_fees() -> None:
    (played,) = dry_run(spec(), [Scenario(plan=FULL, steps=(Together((ONCE, release())),))])
    refused = losses(spec(), played.scenario, played.outcomes)
    assert (
        "together on one order: refundOrder, releaseRemainingAuthorization, one refused" in refused
    )
    fees = "together on one order: refundOrder, refundOrder beyond the bound, with fees"
    assert fees in _sent_together(FEE_REFUND, FEE_REFUND)


def test_refund_above_the_rest_is_named_by_the_order_of_the_captures() -> None:
    falling = OrderPlan(market="SE", currency="SEK", order_amount=10_000, captures=(4_000, 3_000))
    name = f"refundOrder beyond what is left of {falling.layout}, the last capture smaller"
    assert name in _named(falling, refund(1), refund(7_000))


def test_what_is_left_exactly_is_named_by_layout_and_in_parts() -> None:
    assert f"refundOrder of all that is left of {FULL.layout}" in _named(FULL, refund(10_000))
    in_parts = _named(FULL, refund(4_000), refund(6_000))
    assert f"refundOrder of all that is left of {FULL.layout} in parts" in in_parts


def test_fee_on_one_capture_of_nearly_all_is_a_loss() -> None:
    nearly = OrderPlan(market="SE", currency="SEK", order_amount=10_000, captures=(9_999,))
    assert "fee refused of nearly all" in _named(nearly, FEE_REFUND)
    assert "fee refused of nearly all" not in _named(PART, FEE_REFUND)


def test_refused_fee_is_a_hazard_and_odd_line_a_feature() -> None:
    crossing = f"fee refused in {PART.market}, one-partial"
    assert crossing in _named(PART, FEE_REFUND)
    line = goods(1_000, quantity=0, unit_price=1_000)
    named = features(spec(), Scenario(plan=FULL, steps=(refund(1_000, order_lines=[line]),)))
    assert {"quantity zero", "nothing of something"} <= named
