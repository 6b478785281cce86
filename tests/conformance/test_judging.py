"""Properties of the judge: it is pure, and it explains concurrent calls."""

import itertools
import json
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from klarna_conformance.judge.server import judge
from klarna_conformance.mock.deviation import IdKind
from klarna_conformance.mock.server import Mock
from klarna_conformance.wrong.examples.orders import FULL, NONE, PART
from klarna_reports.record.record import Finding, Played, TargetFacts
from klarna_specs.calls import Call
from klarna_specs.exchange import Failure, Payload, Request, Response
from klarna_specs.json_value import as_array
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Key, Scenario, Step, Together
from klarna_strategies.steps import (
    capture,
    extend,
    get_captures,
    get_options,
    get_order,
    get_refund,
    offered,
    refund,
    release,
)

from .mutant_servers import deviations, found, played, spec

FACTS = TargetFacts(name="mock", base_url="http://mock", kind="mock")
KEYED = refund(4_000, key=Key("first"))
OTHER = refund(4_000, key=Key("second"))
BROAD = (KEYED, KEYED, refund(10_001), Together((KEYED, OTHER, refund(5_000))), get_order())


def _judged(came: Played) -> tuple[Finding, ...]:
    return judge(spec(), FACTS, came.orders, came.exchanges)


def _with_group_in_order(came: Played, positions: tuple[int, ...]) -> Played:
    """The same exchanges, those of the concurrent group in another order."""
    members = [each for each in came.exchanges if each.group is not None]
    start = came.exchanges.index(members[0])
    after = came.exchanges[start + len(members) :]
    shuffled = (*came.exchanges[:start], *(members[n] for n in positions), *after)
    return msgspec.structs.replace(came, exchanges=shuffled)


def test_odd_status_of_every_release_is_no_repeat_of_one_elsewhere() -> None:
    keyed = release(key=Key("second"))
    elsewhere = msgspec.structs.replace(keyed, order="other")
    steps = (elsewhere, refund(1_000), keyed, get_order())

    assert deviations("release-answered-200", PART, *steps, other=PART) == {
        "release.status": "FAIL"
    }


@pytest.mark.parametrize("server", [Mock, "keys-ignored", "refuses-every-refund"])
def test_judging_recorded_exchanges_gives_the_same_findings(server: str | type[Mock]) -> None:
    came = played(server, FULL, *BROAD)
    recorded = msgspec.json.decode(msgspec.json.encode(came), type=Played)

    assert _judged(came) == _judged(recorded) == came.findings


def test_judging_does_not_depend_on_earlier_judgements() -> None:
    wrong, right = played("keys-ignored", FULL, *BROAD), played(Mock, FULL, *BROAD)

    assert [_judged(each) for each in (right, wrong, right)] == [
        right.findings,
        wrong.findings,
        right.findings,
    ]


def test_later_exchanges_do_not_change_findings_of_earlier_ones() -> None:
    came = played("keys-ignored", FULL, KEYED, KEYED, refund(10_001), get_order())
    for count in range(len(came.exchanges)):
        beginning = judge(spec(), FACTS, came.orders, came.exchanges[:count])

        assert beginning == came.findings[: len(beginning)]


@pytest.mark.parametrize("positions", list(itertools.permutations(range(3))), ids=str)
@pytest.mark.parametrize(
    ("plan", "calls"),
    [
        pytest.param(FULL, (refund(6_000), refund(4_000), refund(6_000)), id="independent"),
        pytest.param(PART, (refund(10_000), capture(4_000), release()), id="dependent"),
        pytest.param(FULL, (KEYED, KEYED, KEYED), id="one key"),
    ],
)
def test_concurrent_calls_are_explained_in_any_order(
    plan: OrderPlan, calls: tuple[Step, ...], positions: tuple[int, ...]
) -> None:
    came = _with_group_in_order(played(Mock, plan, Together(calls)), positions)

    assert [f for f in _judged(came) if f.verdict in ("FAIL", "WARN")] == []


@pytest.mark.parametrize(
    ("server", "calls", "failed"),
    [
        (
            "bound-dropped",
            (refund(6_000, key=Key("first")), refund(6_000, key=Key("second"))),
            {"refund.within-captured-amount"},
        ),
        ("refuses-every-refund", (refund(6_000), refund(6_000)), {"refund.accepted"}),
        (
            "keys-ignored",
            (KEYED, KEYED),
            {"refund.replay-answered-alike", "refund.replay-booked-once"},
        ),
    ],
)
def test_a_concurrent_group_without_an_explanation_fails(
    server: str, calls: tuple[Step, ...], failed: set[str]
) -> None:
    assert deviations(server, FULL, Together(calls)) == dict.fromkeys(failed, "FAIL")


def test_a_wrong_response_does_not_affect_the_next_verdict() -> None:
    name = "bound-not-verified-above-twice-the-order"
    came = played(name, FULL, refund(1_000), refund(20_001), get_order(), refund(1))
    of_the_bound = [
        f.verdict for f in came.findings if f.requirement == "refund.within-captured-amount"
    ]

    assert of_the_bound == ["PASS", "FAIL", "PASS"]


def test_a_resource_that_the_order_does_not_list_is_reported_once() -> None:
    keyed = refund(1_000, key=Key("first"))
    came = played("refund-id-not-the-refunds-own", PART, keyed, keyed, capture(1_000), release())
    shown = [f.requirement for f in came.findings if f.verdict == "FAIL" and f.differences]

    assert shown == ["refund.books-amount"]


def _answered_otherwise(came: Played, step: int, **changes: Any) -> dict[str, Finding]:
    """The violations if the response to a step is another one."""
    exchanges = tuple(
        msgspec.structs.replace(each, outcome=msgspec.structs.replace(each.response, **changes))
        if each.step == step and each.purpose == "step"
        else each
        for each in came.exchanges
    )
    findings = _judged(msgspec.structs.replace(came, exchanges=exchanges))
    return {each.requirement: each for each in findings if each.verdict == "FAIL"}


def test_captures_that_are_no_list_are_a_violation() -> None:
    came = played(Mock, FULL, get_captures())
    failed = _answered_otherwise(came, 0, body=Payload('{"captures": {}}'))

    assert failed["captures.complete"].expected == "a list of captures"


def test_locations_that_contradict_each_other_are_a_violation() -> None:
    came = played(Mock, FULL, refund(100))
    created = next(each.response for each in came.exchanges if each.step == 0)
    assert created is not None
    headers = (*created.headers, ("Location", "/ordermanagement/v1/orders/other/refunds/1"))
    failed = _answered_otherwise(came, 0, headers=headers)

    assert [each.observed for each in failed.values()] == [
        "several Locations that contradict each other"
    ]


def test_a_finding_names_the_exchange_that_shows_it() -> None:
    came = played("refuses-every-refund", NONE, capture(1_000), refund(1))
    finding = next(f for f in came.findings if f.verdict == "FAIL")
    shown = came.exchanges[finding.exchange].request

    assert (shown.method, shown.path.rsplit("/", 1)[-1]) == ("POST", "refunds")


def test_a_finding_names_the_later_read_that_decides_it() -> None:
    came = played("refund-of-one-unit-not-booked", FULL, refund(1))
    finding = next(f for f in came.findings if f.requirement == "refund.books-amount")

    assert came.exchanges[finding.witness or 0].request.path == (
        f"/ordermanagement/v1/orders/{came.orders[0].order_id}"
    )


def test_a_wrong_refunded_amount_is_a_finding_on_the_refund_before() -> None:
    again = refund(1_000, key=Key("first"))
    steps = (again, again, capture(1_000), release())
    unread = Scenario(plan=PART, steps=steps, packed=True)

    assert found("replay-booked-again", unread) == {"refund.replay-booked-once": "FAIL"}


def test_a_refund_replayed_after_a_lost_response_is_booked_once() -> None:
    class LosesTheFirstResponse(Mock):
        def respond(self, request: Request, base_url: str) -> Any:
            first = not any(each.request.method == "POST" for each in self.exchanges)
            response = super().respond(request, base_url)
            if first and request.method == "POST":
                return Failure(kind="timeout", message="ReadTimeout")
            return response

    assert deviations(LosesTheFirstResponse, FULL, KEYED, KEYED) == {"refund.answers": "FAIL"}


def test_a_refund_that_goes_missing_beside_a_lost_response_is_reported() -> None:
    class LosesTheFirstRefund(Mock):
        def respond(self, request: Request, base_url: str) -> Any:
            response = super().respond(request, base_url)
            order = response.body.members or {}
            if "500" in request.body.text:
                return Failure(kind="timeout", message="ReadTimeout")
            if request.method == "GET" and len(as_array(order.get("refunds")) or ()) > 1:
                shown = {**order, "refunds": order["refunds"][1:]}
                return msgspec.structs.replace(response, body=Payload(json.dumps(shown)))
            return response

    said = deviations(LosesTheFirstRefund, FULL, refund(1_000), refund(500), refund(100))

    assert said["refund.books-amount"] == "FAIL"


@pytest.mark.parametrize("prefix", ["krn:payments:", "a b ", "ä", "a/b"])
def test_ids_with_reserved_characters_are_read_back(prefix: str) -> None:
    class HasReservedCharacters(Mock):
        def new_id(self, kind: IdKind = "correlation") -> str:
            return prefix + super().new_id(kind)

        def answer(self, call: Call, base_url: str) -> Response:
            response = super().answer(call, base_url)
            location = response.header("Location")
            if location is None:
                return response
            last = location.split("/refunds/")[-1]
            order = quote(call.order_id, safe="")
            path = f"/ordermanagement/v1/orders/{order}/refunds/{quote(last, safe='')}"
            kept = [each for each in response.headers if each[0] != "Location"]
            return msgspec.structs.replace(response, headers=(*kept, ("Location", base_url + path)))

    came = played(HasReservedCharacters, FULL, refund(1_000))
    verdicts = {f.requirement: f.verdict for f in came.findings}

    assert (verdicts.get("refund.read-back"), verdicts["refund.location-leads-to-refund"]) == (
        "PASS",
        "PASS",
    )


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
NAMES = st.sampled_from(
    [
        *("order_id", "captured_amount", "refunded_amount", "remaining_authorized_amount"),
        *("captures", "refunds", "capture_id", "refund_id", "order_amount", "status", "options"),
        *("currency", "number_of_days", "error_code", "error_messages", "correlation_id"),
        *("reference", "description", "order_lines"),
    ]
)
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=12,
)


@given(value=JSON_VALUES, status=st.sampled_from([200, 201, 204, 400, 403, 404, 500]))
@example(value={"captured_amount": [None], "refunds": [[]]}, status=200)
@settings(
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
)
def test_any_json_response_is_judged_without_an_error(value: Any, status: int) -> None:
    class AnswersAnything(Mock):
        def respond(self, request: Request, base_url: str) -> Response:
            response = super().respond(request, base_url)
            if len(self.exchanges) < 3:
                return response
            return msgspec.structs.replace(response, status=status, body=Payload(json.dumps(value)))

    steps = (KEYED, KEYED, get_order(), get_options(), extend(offered(0)), get_refund())
    came = played(AnswersAnything, FULL, *steps)

    assert len({f.exchange for f in came.findings}) > len(steps)
