"""Clients are judged by traffic without commands, as far as it is conclusive."""

import uuid
from collections.abc import Mapping

import pytest

from klarna_conformance.judge.client.traffic import judge_traffic
from klarna_specs.calls import KEY_HEADER
from klarna_specs.client.faults import Cut, Errored, Fault, Twice
from klarna_specs.client.play import Mark
from klarna_specs.exchange import Exchange, Failure, Payload, Request, Response
from klarna_specs.loader import load
from klarna_specs.scenario import Credentials

SPEC = load()
ORDERS = "/ordermanagement/v1/orders"
KEY, OTHER_KEY = str(uuid.UUID(int=1, version=4)), str(uuid.UUID(int=2, version=4))
LOST = Failure(kind="closed", message="")
REFUSED = Response(status=403)


def _booked(refund_id: str) -> Response:
    return Response(status=201, headers=(("Refund-Id", refund_id),))


def _sent(
    outcome: Response | Failure,
    *,
    key: str | None = KEY,
    method: str = "POST",
    path: str = "/o1/refunds",
    body: str = '{"refunded_amount": 100}',
    at_s: float = 0.0,
    credentials: Credentials = "valid",
    content_type: str = "application/json",
) -> Exchange:
    headers = (("Content-Type", content_type),) + (((KEY_HEADER, key),) if key else ())
    request = Request(
        method=method,
        path=ORDERS + path,
        headers=headers,
        body=Payload(body),
        credentials=credentials,
    )
    return Exchange(request=request, outcome=outcome, started_s=at_s)


def _verdicts(*exchanges: Exchange, marks: tuple[Mark, ...] = ()) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for finding in judge_traffic(SPEC, exchanges, marks).findings:
        found.setdefault(finding.requirement.removeprefix("client."), set()).add(finding.verdict)
    return found


def _met(fault: Fault, *served: Response) -> Mark:
    return Mark(fault=fault, served=served)


@pytest.mark.parametrize(
    ("key", "refund_id", "verdict"), [(OTHER_KEY, "r2", {"FAIL"}), (KEY, "r1", {"PASS"})]
)
def test_a_retry_with_its_key_is_one_refund_and_with_another_two(
    key: str, refund_id: str, verdict: set[str]
) -> None:
    lost, again = _sent(LOST), _sent(_booked(refund_id), key=key, at_s=1)
    marks = (_met(Cut("after"), _booked("r1")), _met_nothing(refund_id))
    found = _verdicts(lost, again, marks=marks)

    assert (found["once"], found["key-kept"]) == (verdict, verdict)


def _met_nothing(refund_id: str) -> Mark:
    return Mark(served=(_booked(refund_id),))


def test_a_retry_without_a_key_fails_for_any_outcome() -> None:
    lost, again = _sent(LOST, key=None), _sent(_booked("r1"), key=None, at_s=1)
    found = _verdicts(lost, again, marks=(_met(Cut("before")), _met_nothing("r1")))

    assert (found["once"], found["key-kept"], found["key-sent"]) == ({"PASS"}, {"FAIL"}, {"WARN"})


def test_the_outcome_of_a_lost_call_in_a_recording_is_unknown() -> None:
    found = _verdicts(_sent(LOST), _sent(_booked("r1"), at_s=1))

    assert ("once" in found, found["key-kept"]) == (False, {"PASS"})


def test_two_different_ids_in_a_recording_are_two_refunds() -> None:
    found = _verdicts(
        _sent(LOST), _sent(Response(status=500, headers=_booked("r1").headers), at_s=1)
    )
    twice = _verdicts(_sent(LOST), _sent(_booked("r1"), at_s=1), _sent(_booked("r2"), at_s=2))

    assert ("once" in found, twice["once"]) == (False, {"FAIL"})


def test_a_single_success_is_no_evidence_of_single_booking() -> None:
    found = _verdicts(_sent(_booked("r1")), marks=(_met_nothing("r1"),))

    assert "once" not in found


def test_a_duplicate_by_the_network_is_not_the_clients_violation() -> None:
    found = _verdicts(
        _sent(LOST, key=None),
        _sent(_booked("r2"), key=None, at_s=1),
        marks=(_met(Cut("before")), _met(Twice(), _booked("r2"), _booked("r3"))),
    )

    assert found["once"] == {"PASS"}


@pytest.mark.parametrize(
    "again",
    [
        _sent(_booked("r2"), key=OTHER_KEY, at_s=1000),
        _sent(_booked("r2"), key=OTHER_KEY, at_s=1, body='{"refunded_amount": 101}'),
        _sent(_booked("r2"), key=OTHER_KEY, at_s=1, path="/o2/refunds"),
        _sent(
            _booked("r2"),
            key=OTHER_KEY,
            at_s=1,
            body='{"refunded_amount": 100, "reference": "RMA-2"}',
        ),
    ],
    ids=["much later", "another amount", "another order", "another return"],
)
def test_another_call_is_not_a_retry(again: Exchange) -> None:
    found = _verdicts(_sent(LOST), again)

    assert ("once" in found, "key-kept" in found) == (False, False)


def test_an_equal_refund_after_a_success_is_a_new_one() -> None:
    found = _verdicts(_sent(_booked("r1")), _sent(_booked("r2"), key=OTHER_KEY, at_s=1))

    assert (found["key-of-its-own"], "key-kept" in found) == ({"PASS"}, False)


def test_a_key_for_two_refunds_is_found() -> None:
    found = _verdicts(
        _sent(_booked("r1")), _sent(_booked("r1"), body='{"refunded_amount": 5}', at_s=1)
    )

    assert found["key-of-its-own"] == {"PASS", "FAIL"}


def test_a_key_that_was_used_in_other_traffic_is_found() -> None:
    known = judge_traffic(SPEC, [_sent(_booked("r1"))]).keys
    judged = judge_traffic(SPEC, [_sent(_booked("r2"), path="/o2/refunds")], (), known)
    observed = [f.observed for f in judged.findings if f.requirement == "client.key-of-its-own"]

    assert observed == ["its idempotency key was used before, for refundOrder on order o1"]


def test_a_retry_with_another_description_is_a_retry() -> None:
    first = _sent(LOST, body='{"refunded_amount": 1, "description": "at 12:00"}')
    again = _sent(_booked("r1"), body='{"description": "at 12:01", "refunded_amount": 1}', at_s=1)

    assert _verdicts(first, again)["key-kept"] == {"PASS"}


def test_retry_after_is_judged_and_allows_a_new_key() -> None:
    wait = Response(status=429, headers=(("Retry-After", "2"),))
    soon = _verdicts(_sent(wait), _sent(_booked("r1"), key=OTHER_KEY, at_s=1))
    late = _verdicts(_sent(wait), _sent(_booked("r1"), key=OTHER_KEY, at_s=2))

    assert (soon["waits-as-asked"], late["waits-as-asked"]) == ({"WARN"}, {"PASS"})
    assert "key-kept" not in soon


@pytest.mark.parametrize(("count", "verdict"), [(2, None), (3, {"PASS"}), (31, {"FAIL"})])
def test_the_number_of_retries_is_judged_from_the_second(
    count: int, verdict: set[str] | None
) -> None:
    found = _verdicts(*(_sent(LOST, at_s=n) for n in range(count)))

    assert found.get("sends-no-more-than-enough") == verdict


def test_a_retry_of_a_refusal_with_its_key_is_found() -> None:
    same, other = _sent(REFUSED, at_s=1), _sent(REFUSED, key=OTHER_KEY, at_s=1)

    assert _verdicts(_sent(REFUSED), same)["no-retry-after-refusal"] == {"WARN"}
    assert _verdicts(_sent(REFUSED), other)["no-retry-after-refusal"] == {"PASS"}


@pytest.mark.parametrize(
    ("method", "path", "verdict"),
    [
        ("POST", "/o1/release_remaining_authorization", {"FAIL"}),
        ("GET", "/o1/refunds", {"WARN"}),
        ("POST", "/o1/acknowledge", {"PASS"}),
        ("PATCH", "/o1/captures/c1/customer-details", {"PASS"}),
        ("POST", "/o1/cancel", {"PASS"}),
        ("POST", "/../../../payments/v1/sessions", {"FAIL"}),
    ],
)
def test_paths_below_orders_are_judged(method: str, path: str, verdict: set[str]) -> None:
    found = _verdicts(_sent(REFUSED, method=method, path=path, body="", key=None))

    assert found.get("documented-paths") == verdict


def test_calls_of_other_apis_are_not_judged() -> None:
    request = Request(method="POST", path="/payments/v1/sessions")

    assert judge_traffic(SPEC, [Exchange(request=request, outcome=REFUSED)]).findings == ()


def test_a_retry_after_401_is_judged_only_with_its_credentials() -> None:
    denied, then = _sent(Response(status=401)), _sent(_booked("r1"), at_s=60)
    known = _verdicts(denied, then, marks=(Mark(), _met_nothing("r1")))

    assert known["no-retry-after-refusal"] == {"WARN"}
    assert "no-retry-after-refusal" not in _verdicts(denied, then)


def test_credentials_after_a_401_are_info() -> None:
    bare = _sent(Response(status=401), credentials="none")
    then = _sent(_booked("r1"), key=OTHER_KEY, at_s=1)
    challenged = _verdicts(bare, then, marks=(Mark(), _met_nothing("r1")))
    never = _verdicts(bare, marks=(Mark(),))

    assert challenged["credentials-sent"] == {"INFO", "PASS"}
    assert never["credentials-sent"] == {"FAIL"}
    assert "credentials-sent" not in _verdicts(bare)


@pytest.mark.parametrize(
    ("exchange", "requirement", "verdict"),
    [
        (_sent(REFUSED, body='{"refunded_amount": "1"}'), "well-formed", {"FAIL"}),
        (_sent(REFUSED, body='{"refunded_amount": 1, "by": "x"}'), "known-members", {"WARN"}),
        (_sent(REFUSED, content_type="text/plain"), "content-type", {"WARN"}),
        (_sent(REFUSED, key="refund-1"), "key-uuid", {"WARN"}),
        (
            _sent(REFUSED, path="/o1/release-remaining-authorization", body="{}"),
            "release-body",
            {"INFO"},
        ),
    ],
)
def test_requests_are_judged(exchange: Exchange, requirement: str, verdict: set[str]) -> None:
    assert _verdicts(exchange)[requirement] == verdict


def test_occasions_are_those_that_the_traffic_contains() -> None:
    calm = judge_traffic(SPEC, [_sent(_booked("r1"))]).occasions
    sent = [_sent(LOST), _sent(Response(status=429), key=OTHER_KEY)]
    unclear = judge_traffic(SPEC, sent).occasions

    assert calm == {"client.key-of-its-own", "client.key-uuid"}
    assert unclear - calm == {"client.key-kept", "client.waits-as-asked"}


def test_a_call_with_a_server_error_may_have_been_booked() -> None:
    failed = _sent(Response(status=500))
    again = _sent(_booked("r2"), key=OTHER_KEY, at_s=1)
    acted = _met(Errored(500, "after"), _booked("r1"))

    assert _verdicts(failed, again, marks=(acted, _met_nothing("r2")))["once"] == {"FAIL"}


def _read(refunded_amount: int, at_s: float) -> Exchange:
    order = Payload(f'{{"captured_amount": 900, "refunded_amount": {refunded_amount}}}')
    shown = Response(status=200, body=order)
    return _sent(shown, key=None, method="GET", path="/o1", body="", at_s=at_s)


def test_a_new_key_after_a_read_that_shows_no_effect_is_a_new_operation() -> None:
    exchanges = (
        _read(0, 0),
        _sent(LOST, at_s=1),
        _read(0, 2),
        _sent(_booked("b"), at_s=3, key=OTHER_KEY),
    )

    assert "FAIL" not in set().union(*_verdicts(*exchanges).values())


def test_a_new_key_after_a_read_that_shows_the_effect_is_a_second_refund() -> None:
    exchanges = (
        _read(0, 0),
        _sent(LOST, at_s=1),
        _read(100, 2),
        _sent(_booked("b"), at_s=3, key=OTHER_KEY),
    )

    assert "FAIL" in _verdicts(*exchanges)["key-kept"]
