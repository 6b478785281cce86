"""Any sequence of calls, however odd, is assessed."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klarna_specs.effects import moved_on
from klarna_specs.ledger import DAY_S, Answer
from klarna_specs.loader import load
from klarna_specs.oracle import Assessment, assess

from .situations import (
    FEE,
    NO_FEE,
    SOCKS,
    kinds,
    make_call,
    open_order,
)

SPEC = load()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_MEMBERS = st.sampled_from(
    ["refunded_amount", "captured_amount", "number_of_days", "order_lines", "reference"]
)
_LINES = st.lists(st.sampled_from([SOCKS, FEE, NO_FEE]) | _JSON, max_size=3)
_BODIES = (
    st.just(b"")
    | st.binary(max_size=20)
    | st.one_of(
        _JSON,
        st.dictionaries(_MEMBERS, st.integers(-1, 12000) | _LINES | _JSON, max_size=4),
        st.integers(-1, 12000).map(
            lambda n: {"refunded_amount": n, "captured_amount": n, "number_of_days": n}
        ),
    ).map(lambda value: json.dumps(value).encode())
)
_SILENT = -1
_CALLS = st.fixed_dictionaries(
    {
        "operation": st.sampled_from(sorted(SPEC.operations)),
        "raw": _BODIES,
        "order_id": st.sampled_from(["order-1", "order-1", "order-1", "order-2", "order-3"]),
        "capture_id": st.sampled_from(["capture-1", "capture-2", "capture-1-of-order-2"]),
        "refund_id": st.sampled_from(["x-0", "x-1", "r"]),
        "key": st.sampled_from([None, None, "k-1", "k-2", ""]),
        "credentials": st.sampled_from(["valid", "valid", "valid", "none", "wrong_password"]),
    }
)
_SEQUENCES = st.lists(
    st.tuples(_CALLS, st.sampled_from([0, 60, DAY_S]), st.integers(0, 3) | st.just(_SILENT)),
    max_size=8,
)
_PLANS = st.fixed_dictionaries(
    {
        "market": st.sampled_from(["SE", "US", "FI"]),
        "captures": st.sampled_from([(), (6000,), (10000,), (6000, 4000)]),
        "authorization": st.sampled_from(["open", "released", "cancelled"]),
        "payment_method": st.sampled_from(["pay_later", "card"]),
    }
)


@pytest.fixture(scope="session")
def assessed() -> Callable[..., list[Assessment]]:
    """The assessments of a sequence of calls, each answered in an allowed way or not at all."""

    def play(plan: dict[str, Any], sequence: Any) -> list[Assessment]:
        ledgers = {
            "order-1": open_order(**plan),
            "order-2": open_order(order_id="order-2"),
        }
        found: list[Assessment] = []
        for number, (drawn, wait_s, choice) in enumerate(sequence):
            ledgers = {name: ledger.at(ledger.now_s + wait_s) for name, ledger in ledgers.items()}
            call = make_call(
                drawn["operation"], **{k: v for k, v in drawn.items() if k != "operation"}
            )
            others = [ledger for name, ledger in ledgers.items() if name != call.order_id]
            assessment = assess(SPEC, ledgers.get(call.order_id), call, others)
            found.append(assessment)
            if choice == _SILENT:
                if assessment.ledger is not None:
                    ledgers[call.order_id] = assessment.ledger.after_silence(call)
                continue
            outcome = assessment.outcomes[choice % len(assessment.outcomes)]
            answer = Answer(
                success=outcome.kind != "refusal", status=200, resource_id=f"x-{number}"
            )
            if assessment.ledger is not None:
                effect = outcome.kind == "success"
                ledgers[call.order_id] = moved_on(assessment.ledger, call, answer, effect=effect)
        return found

    return play


@pytest.mark.parametrize(
    "raw",
    [
        b'{"refunded_amount": 1, "description": "\\ud800"}',
        b'{"refunded_amount": 1, "new": %s%s}' % (b"[" * 900, b"]" * 900),
        b'{"refunded_amount": 1, "order_lines": %s%s}' % (b"[" * 900, b"]" * 900),
        b'{"refunded_amount": 1, "order_lines": [{"total_amount": 9223372036854775808}]}',
        b'{"refunded_amount": 1%s}' % (b"0" * 400),
    ],
    ids=["half a surrogate pair", "nested deeply", "nested lines", "64 bits", "400 digits"],
)
def test_odd_json_is_assessed_like_any_other(raw: bytes) -> None:
    assert assess(SPEC, open_order(), make_call("refundOrder", raw=raw)).outcomes != ()


Assessed = Callable[..., list[Assessment]]


@given(_PLANS, _SEQUENCES)
def test_every_call_of_every_sequence_has_outcomes_of_its_operation(
    assessed: Assessed, plan: dict[str, Any], sequence: Any
) -> None:
    found = assessed(plan, sequence)
    assert [bool(assessment.outcomes) for assessment in found] == [True] * len(sequence)
    for assessment in found:
        for outcome in assessment.outcomes:
            named = {assessment.call.operation.responses[r].kind for r in outcome.responses}
            assert named == (set() if outcome.kind == "replay" else {outcome.kind})


@given(_PLANS, _SEQUENCES)
def test_outcome_is_demanded_exactly_where_one_fresh_one_is_allowed(
    assessed: Assessed, plan: dict[str, Any], sequence: Any
) -> None:
    for assessment in assessed(plan, sequence):
        fresh = [kind for kind in kinds(assessment) if kind != "replay"]
        assert bool(assessment.demanded_by) is (len(fresh) == 1)


@given(_PLANS, _SEQUENCES)
def test_only_a_repeat_of_a_success_with_its_body_may_not_be_refused(
    assessed: Assessed, plan: dict[str, Any], sequence: Any
) -> None:
    for assessment in assessed(plan, sequence):
        if assessment.replay:
            assert ("refusal" in kinds(assessment)) is (assessment.replay != "replay")
        if assessment.call.key is None:
            assert "replay" not in kinds(assessment)


@given(_PLANS, _SEQUENCES)
def test_broken_must_allows_no_new_success_unless_the_key_got_no_response(
    assessed: Assessed, plan: dict[str, Any], sequence: Any
) -> None:
    for assessment in assessed(plan, sequence):
        unknown = assessment.replay == "replay_of_silence"
        if any(rule.level == "MUST" for rule in assessment.broken) and not unknown:
            assert "success" not in kinds(assessment)
