"""The mock as a service: health, log lines, and a stop that answers what is in flight."""

import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from klarna_conformance.network.access_log import access_log
from klarna_specs.exchange import Failure, Payload, Request, Response
from klarna_specs.loader import load

from .conftest import AUTH, COMMAND, Served

ORDER = "/ordermanagement/v1/orders/0b1c3a52-5a3c-4d8e-8f0a-2f6f3c6d9b11"
Logged = Callable[..., dict[str, object]]


@pytest.fixture
def logged() -> Logged:
    """The line for a request."""

    def log(path: str, outcome: Response | Failure, method: str = "GET") -> dict[str, object]:
        lines: list[str] = []
        access_log(lines.append)(Request(method=method, path=path), outcome)
        (line,) = lines
        return json.loads(line)

    return log


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    """A mock that logs."""
    options = ("--port", "0", "--log-format", "json")
    started = subprocess.Popen(
        [COMMAND, "mock", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    yield started
    if started.poll() is None:
        started.kill()
    started.communicate()


def test_health_names_the_specs(served: Served) -> None:
    health = served.client.get("/_control/health", auth=None)

    expected = {"status": "ok", "profile": "klarna", "specs": load().fingerprint}
    assert (health.status_code, health.json()) == (200, expected)


def test_stopped_mock_exits_with_0_and_has_logged_its_requests(
    process: subprocess.Popen[str],
) -> None:
    base_url = process.stdout.readline().strip()
    with httpx.Client(base_url=base_url, auth=AUTH, trust_env=False, timeout=20) as client:
        plan = {"market": "SE", "currency": "SEK", "order_amount": 100}
        order = client.post("/_control/orders", json=plan).json()["order_id"]
        refused = client.get(f"/ordermanagement/v1/orders/{order}", auth=None)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    lines = [json.loads(line) for line in err.splitlines()]

    assert (process.returncode, out) == (0, "")
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("POST", "/_control/orders", 201),
        ("GET", f"/ordermanagement/v1/orders/{order}", 401),
    ]
    assert lines[1]["correlation_id"] == refused.headers["klarna-correlation-id"]


def test_line_has_time_duration_and_correlation_id(logged: Logged) -> None:
    headers = (("Klarna-Correlation-Id", "c-1"),)
    line = logged(
        f"{ORDER}/refunds", Response(status=201, headers=headers, elapsed_s=0.0018), "POST"
    )

    assert datetime.fromisoformat(str(line.pop("time"))).tzinfo is not None
    assert line == {
        "method": "POST",
        "path": f"{ORDER}/refunds",
        "status": 201,
        "failure": None,
        "duration_ms": 1.8,
        "correlation_id": "c-1",
    }


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (f"{ORDER}?email=jane@example.com", ORDER),
        ("/customer-token/v1/tokens/secret-1/order", "/customer-token/v1/tokens/*/order"),
        ("/customer-token/v1/tokens/secret-1", "/customer-token/v1/tokens/*"),
        ("/customers/jane@example.com/orders", "/customers/*/orders"),
        ("/customers/Jane%20Doe", "/customers/*"),
        ("/", "/"),
    ],
)
def test_path_is_logged_without_secrets_and_personal_data(
    logged: Logged, path: str, shown: str
) -> None:
    assert logged(path, Response(status=404))["path"] == shown


@pytest.mark.parametrize(
    ("body", "named"),
    [('{"correlation_id": "c-2"}', "c-2"), ('{"correlation_id": "a b"}', None), ("<html>", None)],
)
def test_correlation_id_of_an_error_is_in_its_body(
    logged: Logged, body: str, named: str | None
) -> None:
    assert logged(ORDER, Response(status=502, body=Payload(body)))["correlation_id"] == named


def test_lost_response_has_a_failure_and_no_status(logged: Logged) -> None:
    line = logged(ORDER, Failure(kind="closed", message="the connection ended"))

    assert (line["status"], line["failure"]) == (None, "closed")


def test_documented_line_has_the_members_of_a_line(logged: Logged) -> None:
    page = (Path(__file__).parents[2] / "docs" / "service.md").read_text("utf-8")
    (documented,) = re.findall(r"```json\n(.*?)\n```", page, re.DOTALL)

    assert json.loads(documented).keys() == logged(ORDER, Response(status=200)).keys()
