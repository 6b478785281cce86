"""The served mock: its responses, and its control API."""

import re
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args
from urllib.parse import urlsplit

import httpx
import pytest

from klarna_conformance import defaults
from klarna_conformance.mock.resources import order_resource
from klarna_specs.ledger import Ledger
from klarna_specs.plan import PaymentMethod

from .conftest import COMMAND, Serve, Served

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
REFUND = {"refunded_amount": 1_000}


def test_the_mock_prints_its_base_url_when_it_accepts_requests(served: Served) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", served.base_url)


def test_a_refund_is_answered_with_its_location_and_uuids(served: Served) -> None:
    order = served.order()
    response = served.post(order, "/refunds", json=REFUND)
    refund_id = response.headers["Refund-Id"]
    assert re.fullmatch(UUID, refund_id)
    assert re.fullmatch(UUID, response.headers["Klarna-Correlation-Id"])
    path = served.path(order, f"/refunds/{refund_id}")

    assert (response.status_code, response.content, dict(response.headers)) == (
        201,
        b"",
        {
            "content-length": "0",
            "date": response.headers["date"],
            "refund-id": refund_id,
            "location": served.base_url + path,
            "klarna-correlation-id": response.headers["Klarna-Correlation-Id"],
        },
    )


def test_a_location_has_the_host_of_the_request(served: Served) -> None:
    port = urlsplit(served.base_url).port
    made = served.post(
        served.order(), "/refunds", json=REFUND, headers={"Host": f"localhost:{port}"}
    )
    shown = served.client.get(made.headers["Location"]).json()

    assert (made.headers["Location"].startswith(f"http://localhost:{port}/"), shown) == (
        True,
        {**shown, "refund_id": made.headers["Refund-Id"], **REFUND},
    )


def test_a_capture_is_answered_with_its_location(served: Served) -> None:
    order = served.order(captures=[])
    response = served.post(order, "/captures", json={"captured_amount": 10_000})
    path = served.path(order, f"/captures/{response.headers['Capture-Id']}")

    assert (response.status_code, response.content, response.headers["Location"]) == (
        201,
        b"",
        served.base_url + path,
    )


def test_a_release_is_answered_with_204_and_no_body(served: Served) -> None:
    order = served.order(captures=[6_000])
    response = served.post(order, "/release-remaining-authorization")

    assert (response.status_code, response.content, "content-length" in response.headers) == (
        204,
        b"",
        False,
    )


def test_a_refused_refund_has_the_documented_error(served: Served) -> None:
    response = served.post(served.order(), "/refunds", json={"refunded_amount": 10_001})
    error = response.json()

    assert (response.status_code, response.headers["Content-Type"], error) == (
        403,
        "application/json",
        {
            "error_code": "REFUND_NOT_ALLOWED",
            "error_messages": ["Over refund is not allowed."],
            "correlation_id": response.headers["Klarna-Correlation-Id"],
        },
    )


def test_a_body_in_chunks_is_accepted(served: Served) -> None:
    chunks = iter([b'{"refunded', b'_amount": 1', b"000}"])
    response = served.post(
        served.order(), "/refunds", content=chunks, headers={"Content-Type": "application/json"}
    )

    assert response.status_code == 201


@pytest.mark.parametrize(
    ("plan", "suffix"),
    [({"captures": [6_000]}, "/release-remaining-authorization"), ({"captures": []}, "/cancel")],
)
@pytest.mark.parametrize("content", [b"{}", b""])
def test_a_call_without_a_body_may_be_sent_with_an_empty_object(
    served: Served, plan: dict[str, Any], suffix: str, content: bytes
) -> None:
    response = served.post(served.order(**plan), suffix, content=content)

    assert response.status_code == 204


@pytest.mark.parametrize("suffix", ["extend-due-date", "extend-due-date-options"])
def test_the_due_date_is_extended_at_both_paths(served: Served, suffix: str) -> None:
    order = served.order()
    path = served.path(order, f"/captures/{order['capture_ids'][0]}/{suffix}")

    assert served.client.patch(path, json={"number_of_days": 30}).status_code == 204


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({}, id="none"),
        pytest.param({"auth": (defaults.USERNAME, "wrong")}, id="wrong password"),
        pytest.param({"auth": ("wrong", defaults.PASSWORD)}, id="wrong username"),
        pytest.param({"auth": ("", "")}, id="empty"),
        pytest.param({"auth": ("ä", "ö")}, id="beyond ASCII"),
        *(
            pytest.param({"headers": {"Authorization": header}}, id=header[:20])
            for header in ("Basic", "Basic !!!", "Bearer abc", "Basic dXNlcg==", "x" * 99)
        ),
    ],
)
def test_wrong_credentials_are_answered_with_401(served: Served, sent: dict[str, Any]) -> None:
    url = served.base_url + served.path(served.order())
    response = httpx.get(url, trust_env=False, **sent)

    assert (response.status_code, response.headers["WWW-Authenticate"]) == (
        401,
        'Basic realm="mock"',
    )


def test_configured_credentials_replace_the_default_ones(serve_mock: Serve) -> None:
    mock = serve_mock("--username", "merchant", "--password", "correct horse", "--no-control")
    url = f"{mock.base_url}/ordermanagement/v1/orders/1"
    answers = [
        httpx.get(url, auth=auth, trust_env=False).status_code
        for auth in (("merchant", "correct horse"), (defaults.USERNAME, defaults.PASSWORD))
    ]

    assert answers == [404, 401]


def test_a_replayed_refund_gets_the_same_response_and_is_booked_once(served: Served) -> None:
    order = served.order()
    keyed = {"Klarna-Idempotency-Key": "6ba7b810-9dad-41d1-80b4-00c04fd430c8"}
    answers = [
        served.post(order, "/refunds", json=REFUND, headers=keyed).headers["Refund-Id"]
        for _ in range(3)
    ]

    assert (len(set(answers)), served.shown(order)["refunded_amount"]) == (1, 1_000)


@pytest.mark.parametrize(
    ("amount", "headers", "statuses", "ids", "booked"),
    [
        pytest.param(3_000, {}, [201] * 3 + [403] * 21, 4, 9_000, id="beyond the limit"),
        pytest.param(
            1_000, {"Klarna-Idempotency-Key": "one key"}, [201] * 24, 1, 1_000, id="with one key"
        ),
    ],
)
def test_concurrent_refunds_are_booked_one_after_the_other(
    served: Served,
    amount: int,
    headers: dict[str, str],
    statuses: list[int],
    ids: int,
    booked: int,
) -> None:
    order = served.order()

    def refund(_: int) -> tuple[int, str | None]:
        response = httpx.post(
            served.base_url + served.path(order, "/refunds"),
            json={"refunded_amount": amount},
            auth=(defaults.USERNAME, defaults.PASSWORD),
            headers=headers,
            trust_env=False,
        )
        return response.status_code, response.headers.get("Refund-Id")

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(refund, range(24)))

    assert sorted(status for status, _ in answers) == statuses
    assert len({refund_id for _, refund_id in answers}) == ids
    assert served.shown(order)["refunded_amount"] == booked


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_an_undocumented_method_is_answered_with_an_error_in_json(
    served: Served, method: str
) -> None:
    response = served.client.request(method, served.path(served.order(), "/refunds"))

    assert (response.status_code, response.json()["error_code"]) == (404, "NOT_FOUND")


def test_a_body_of_more_than_ten_megabytes_is_answered_with_413(served: Served) -> None:
    response = served.post(served.order(), "/refunds", content=b" " * 10_000_001)

    assert response.status_code == 413


@pytest.mark.parametrize("raw", [b"GET / HTTP/1.1\r\n\r\n", b"\x00\xff garbage\r\n\r\n", b"\r\n"])
def test_the_mock_survives_invalid_requests(served: Served, raw: bytes) -> None:
    parts = urlsplit(served.base_url)
    with socket.create_connection(
        (parts.hostname or "", parts.port or 0), timeout=300
    ) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4_096):
            pass

    assert served.shown(served.order())["captured_amount"] == 10_000


@pytest.mark.parametrize(
    ("plan", "shown"),
    [
        ({"captures": []}, ("AUTHORIZED", 0, 10_000)),
        ({"captures": [6_000]}, ("PART_CAPTURED", 6_000, 4_000)),
        ({"captures": [6_000, 4_000]}, ("CAPTURED", 10_000, 0)),
        ({"captures": [6_000], "authorization": "released"}, ("CAPTURED", 6_000, 0)),
        ({"captures": [], "authorization": "cancelled"}, ("CANCELLED", 0, 0)),
    ],
)
def test_an_order_is_made_as_planned(served: Served, plan: dict[str, Any], shown: Any) -> None:
    order = served.shown(served.order(**plan))
    names = ("status", "captured_amount", "remaining_authorized_amount")

    assert tuple(order[name] for name in names) == shown


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Input data was truncated"),
        (b"{", "truncated"),
        (b"[]", "Expected `object`"),
        (b"{}", "missing required field `market`"),
        (b'{"market": "SE", "currency": "SEK", "order_amount": "1"}', "$.order_amount"),
        (b'{"market": "SE", "currency": "SEK", "order_amount": 1, "x": 1}', "unknown field `x`"),
        (b'{"market": "SE", "currency": "SEK", "order_amount": -1}', "order_amount"),
        (b'{"market": "SE", "currency": "SEK", "order_amount": 1, "captures": [2]}', "captures"),
        (b"\xff\xfe", "no order plan"),
    ],
)
def test_an_invalid_order_plan_is_answered_with_400(
    served: Served, content: bytes, message: str
) -> None:
    response = served.client.post("/_control/orders", content=content)

    assert (response.status_code, message in response.json()["unavailable"]) == (400, True)


def test_the_clock_can_be_advanced(serve_mock: Serve) -> None:
    mock = serve_mock()
    mock.client.post("/_control/clock", json={"advance_s": 100})
    advanced = mock.client.post("/_control/clock", json={"advance_s": 86_400})

    assert advanced.json() == {"now_s": 86_500}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"advance_s": "1"}', b'{"advance": 1}'])
def test_an_invalid_advance_of_the_clock_is_answered_with_400(
    served: Served, content: bytes
) -> None:
    response = served.client.post("/_control/clock", content=content)

    assert (response.status_code, "advance_s" in response.json()["error"]) == (400, True)


def test_exchanges_are_recorded_without_credentials(
    serve_mock: Serve,
) -> None:
    mock = serve_mock()
    order = mock.order()
    mock.post(order, "/refunds", json=REFUND)
    [exchange] = mock.client.get("/_control/exchanges").json()
    headers = {name.lower() for name, _ in exchange["request"]["headers"]}

    assert (
        exchange["request"]["path"],
        exchange["request"]["body"]["text"],
        exchange["outcome"]["status"],
        "authorization" in headers,
    ) == (mock.path(order, "/refunds"), '{"refunded_amount":1000}', 201, False)


def test_a_reset_removes_orders_and_exchanges(serve_mock: Serve) -> None:
    mock = serve_mock()
    order = mock.order()
    reset = mock.client.post("/_control/reset").status_code

    assert (
        reset,
        mock.client.get("/_control/exchanges").json(),
        mock.client.get(mock.path(order)).status_code,
    ) == (204, [], 404)


def test_a_capture_waits_for_the_fraud_check(served: Served) -> None:
    order = served.order(captures=[])
    path, seen = f"/_control/orders/{order['order_id']}", []
    for status in ("PENDING", "ACCEPTED"):
        changed = served.client.post(path, json={"fraud_status": status})
        shown = served.shown(order)["fraud_status"]
        captured = served.post(order, "/captures", json={"captured_amount": 100})
        seen.append((changed.status_code, shown, captured.status_code))

    assert seen == [(204, "PENDING", 403), (204, "ACCEPTED", 201)]


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        ({"fraud_status": "PENDING"}, 404, "no such order"),
        ({"fraud_status": "UNSURE"}, 400, 'expected {"fraud_status": "PENDING"}: '),
    ],
)
def test_a_fraud_check_that_cannot_be_set_says_why(
    served: Served, body: dict[str, str], status: int, problem: str
) -> None:
    response = served.client.post("/_control/orders/unknown", json=body)

    assert (response.status_code, problem in response.json()["error"]) == (status, True)


def test_the_control_api_can_be_closed(serve_mock: Serve) -> None:
    client = serve_mock("--no-control").client
    posts = [client.post(f"/_control/{name}", json={}) for name in ("orders", "clock", "reset")]

    assert {r.status_code for r in (*posts, client.get("/_control/exchanges"))} == {404}


def test_a_port_in_use_is_reported_in_one_sentence(served: Served) -> None:
    port = urlsplit(served.base_url).port
    finished = subprocess.run(
        [COMMAND, "mock", "--port", str(port)], capture_output=True, text=True, timeout=300
    )

    assert (finished.returncode, finished.stderr) == (
        2,
        f"Error: cannot listen on 127.0.0.1:{port}: Address already in use\n",
    )


def test_order_of_recorded_traffic_has_a_resource_for_any_payment_method() -> None:
    """A calibrated mock compares it with what the record shows."""
    methods = get_args(PaymentMethod)
    shown = [
        order_resource(
            Ledger(
                order_id="o-1",
                market="SE",
                currency="SEK",
                payment_method=method,
                order_amount=100,
            ),
            0,
        )
        for method in methods
    ]

    assert "unknown" in methods
    assert len({each["initial_payment_method"]["type"] for each in shown}) == len(methods)
