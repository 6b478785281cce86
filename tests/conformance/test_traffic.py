"""Clients are judged by traffic alone as far as that tells, and no further."""

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


def test_a_refund_that_is_sent_again_with_a_new_key_happened_twice() -> None:
    lost, again = _sent(LOST), _sent(_booked("r2"), key=OTHER_KEY, at_s=1)
    found = _verdicts(lost, again, marks=(_met(Cut("after"), _booked("r1")), _met_nothing("r2")))

    assert (found["once"], found["key-kept"]) == ({"FAIL"}, {"FAIL"})


def _met_nothing(refund_id: str) -> Mark:
    return Mark(served=(_booked(refund_id),))


def test_a_refund_that_is_sent_again_with_its_key_happened_once() -> None:
    lost, again = _sent(LOST), _sent(_booked("r1"), at_s=1)
    found = _verdicts(lost, again, marks=(_met(Cut("after"), _booked("r1")), _met_nothing("r1")))

    assert (found["once"], found["key-kept"]) == ({"PASS"}, {"PASS"})


def test_without_a_key_sending_again_is_wrong_whatever_came_of_it() -> None:
    lost, again = _sent(LOST, key=None), _sent(_booked("r1"), key=None, at_s=1)
    found = _verdicts(lost, again, marks=(_met(Cut("before")), _met_nothing("r1")))

    assert (found["once"], found["key-kept"], found["key-sent"]) == ({"PASS"}, {"FAIL"}, {"WARN"})


def test_what_became_of_a_lost_call_is_not_known_from_a_record() -> None:
    found = _verdicts(_sent(LOST), _sent(_booked("r1"), at_s=1))

    assert ("once" in found, found["key-kept"]) == (False, {"PASS"})


def test_two_different_ids_in_a_record_are_two_refunds() -> None:
    found = _verdicts(
        _sent(LOST), _sent(Response(status=500, headers=_booked("r1").headers), at_s=1)
    )
    twice = _verdicts(_sent(LOST), _sent(_booked("r1"), at_s=1), _sent(_booked("r2"), at_s=2))

    assert ("once" in found, twice["once"]) == (False, {"FAIL"})


def test_a_single_success_does_not_show_that_things_happen_once() -> None:
    found = _verdicts(_sent(_booked("r1")), marks=(_met_nothing("r1"),))

    assert "once" not in found


def test_what_the_network_delivers_twice_is_not_held_against_a_client() -> None:
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
def test_what_is_another_operation_is_not_taken_for_another_attempt(again: Exchange) -> None:
    found = _verdicts(_sent(LOST), again)

    assert ("once" in found, "key-kept" in found) == (False, False)


def test_the_same_refund_again_after_a_success_is_another_one() -> None:
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
    told = [f.observed for f in judged.findings if f.requirement == "client.key-of-its-own"]

    assert told == ["the key was used before, for refundOrder on order o1"]


def test_a_text_that_changes_does_not_make_another_refund() -> None:
    first = _sent(LOST, body='{"refunded_amount": 1, "description": "at 12:00"}')
    again = _sent(_booked("r1"), body='{"description": "at 12:01", "refunded_amount": 1}', at_s=1)

    assert _verdicts(first, again)["key-kept"] == {"PASS"}


def test_waiting_as_asked_is_judged_and_a_new_key_after_it_is_fine() -> None:
    wait = Response(status=429, headers=(("Retry-After", "2"),))
    soon = _verdicts(_sent(wait), _sent(_booked("r1"), key=OTHER_KEY, at_s=1))
    late = _verdicts(_sent(wait), _sent(_booked("r1"), key=OTHER_KEY, at_s=2))

    assert (soon["waits-as-asked"], late["waits-as-asked"]) == ({"WARN"}, {"PASS"})
    assert "key-kept" not in soon


@pytest.mark.parametrize(("count", "verdict"), [(2, None), (3, {"PASS"}), (31, {"FAIL"})])
def test_a_bound_is_told_of_what_was_sent_again_and_again(
    count: int, verdict: set[str] | None
) -> None:
    found = _verdicts(*(_sent(LOST, at_s=n) for n in range(count)))

    assert found.get("sends-no-more-than-enough") == verdict


def test_a_refusal_that_is_sent_again_with_its_key_is_found() -> None:
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
def test_paths_are_judged_where_orders_are(method: str, path: str, verdict: set[str]) -> None:
    found = _verdicts(_sent(REFUSED, method=method, path=path, body="", key=None))

    assert found.get("documented-paths") == verdict


def test_other_apis_are_none_of_our_business() -> None:
    request = Request(method="POST", path="/payments/v1/sessions")

    assert judge_traffic(SPEC, [Exchange(request=request, outcome=REFUSED)]).findings == ()


def test_credentials_that_come_when_they_are_asked_for_are_remarked_only() -> None:
    asked = Response(status=401)
    bare = _sent(asked, credentials="none")
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
def test_what_is_sent_is_judged(exchange: Exchange, requirement: str, verdict: set[str]) -> None:
    assert _verdicts(exchange)[requirement] == verdict


def test_what_a_client_had_no_occasion_for_is_not_excused() -> None:
    calm = judge_traffic(SPEC, [_sent(_booked("r1"))]).occasions
    sent = [_sent(LOST), _sent(Response(status=429), key=OTHER_KEY)]
    unclear = judge_traffic(SPEC, sent).occasions

    assert calm == {"client.key-of-its-own", "client.key-uuid"}
    assert unclear - calm == {"client.key-kept", "client.waits-as-asked"}


def test_an_error_of_a_server_leaves_open_whether_it_acted() -> None:
    failed = _sent(Response(status=500))
    again = _sent(_booked("r2"), key=OTHER_KEY, at_s=1)
    acted = _met(Errored(500, "after"), _booked("r1"))

    assert _verdicts(failed, again, marks=(acted, _met_nothing("r2")))["once"] == {"FAIL"}
