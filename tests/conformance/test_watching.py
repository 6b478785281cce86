"""Clients that nobody drives: faults for their calls, and the verdicts when the server is ended."""

import json
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from klarna_conformance.network.fault_queue import FaultQueue
from klarna_specs.calls import KEY_HEADER
from klarna_specs.client.faults import Cut, InjectedFaults, Refused, Silent
from klarna_specs.exchange import Request
from klarna_specs.loader import load

from .conftest import AUTH, COMMAND, FEW, Cli, Serve, Served

SPEC = load()
REFUND = Request(method="POST", path="/ordermanagement/v1/orders/o1/refunds")
RELEASE = Request(
    method="POST", path="/ordermanagement/v1/orders/o1/release-remaining-authorization"
)
SECRET = "s3cret-w0rd-of-a-client"


@dataclass
class Watched:
    """A command that serves until it is ended, a client of it, and in the end its verdicts."""

    base_url: str
    folder: Path
    client: httpx.Client
    code: int = -1
    out: str = ""
    verdicts: dict[str, str] = field(default_factory=dict[str, str])
    proofs: dict[str, int] = field(default_factory=dict[str, int])

    def order(self, **plan: Any) -> str:
        """The path of a new order, captured whole."""
        whole = {"market": "SE", "currency": "SEK", "order_amount": 10_000, "captures": [10_000]}
        made = self.client.post("/_control/orders", json={**whole, **plan}).json()
        return f"/ordermanagement/v1/orders/{made['order_id']}"

    def faults(self, *faults: Any, **more: Any) -> httpx.Response:
        return self.client.post("/_control/faults", json={"faults": faults, **more})

    def refund(self, order: str, amount: int = 1, key: str | None = None) -> httpx.Response:
        headers = {KEY_HEADER: key or str(uuid.uuid4())}
        return self.client.post(
            f"{order}/refunds", json={"refunded_amount": amount}, headers=headers
        )


Watch = Callable[..., Any]


@pytest.fixture
def watch(tmp_path: Path, environment: dict[str, str]) -> Watch:
    """Runs a command that serves, and ends it (by a signal) when the block is left."""

    @contextmanager
    def watching(
        *command: object, auth: tuple[str, str] = AUTH, end: int = signal.SIGTERM
    ) -> Iterator[Watched]:
        folder = tmp_path / "watched"
        process = subprocess.Popen(
            [COMMAND, *map(str, command), "--output", folder],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        base_url = process.stdout.readline().strip()
        with httpx.Client(base_url=base_url, auth=auth, trust_env=False, timeout=300) as client:
            watched = Watched(base_url, folder, client)
            yield watched
        process.send_signal(end)
        watched.out = process.communicate(timeout=600)[0]
        watched.code = process.returncode
        if (folder / "run.json").exists():
            summary = json.loads((folder / "run.json").read_text())["requirements"]
            watched.verdicts = {each["id"]: each["verdict"] for each in summary}
            watched.proofs = {each["id"]: each["proofs"] for each in summary}

    return watching


def test_mock_judge_finds_a_client_that_refunds_twice(watch: Watch) -> None:
    with watch("mock", "--judge") as watched:
        order = watched.order()
        watched.faults("lost")
        with pytest.raises(httpx.RemoteProtocolError):
            watched.refund(order)
        watched.refund(order)
        shown = watched.client.get(order).json()

    assert (shown["refunded_amount"], watched.code) == (2, 1)
    assert watched.verdicts["client.once"] == "FAIL"
    assert (
        "The client sent a second refund with a new key; the server booked it twice" in watched.out
    )


def test_traffic_alone_does_not_fully_verify_a_client(watch: Watch) -> None:
    with watch("mock", "--judge", end=signal.SIGINT) as watched:
        order, key = watched.order(), str(uuid.uuid4())
        watched.faults({"fault": "cut", "when": "after"})
        with pytest.raises(httpx.TransportError):
            watched.refund(order, key=key)
        watched.refund(order, key=key)

    assert watched.code == 3
    assert (watched.verdicts["client.once"], watched.verdicts["client.key-kept"]) == (
        "PASS",
        "PASS",
    )
    assert watched.verdicts["client.done-is-true"] == "NOT_RUN"


def test_chosen_requirements_can_be_conformant(watch: Watch) -> None:
    with watch(
        "mock", "--judge", "--requirement", "client.once", "--requirement", "client.key-kept"
    ) as watched:
        order, key = watched.order(), str(uuid.uuid4())
        watched.faults("reset-before")
        with pytest.raises(httpx.TransportError):
            watched.refund(order, key=key)
        watched.refund(order, key=key)

    assert (watched.code, set(watched.verdicts)) == (0, {"client.once", "client.key-kept"})


def test_a_mock_without_requests_verifies_nothing(watch: Watch) -> None:
    with watch("mock", "--judge") as watched:
        pass

    assert (watched.code, set(watched.verdicts.values())) == (3, {"NOT_RUN"})


def test_a_mock_without_judge_prints_no_report(watch: Watch) -> None:
    with watch("mock") as watched:
        watched.refund(watched.order())

    assert (watched.code, watched.out, watched.folder.exists()) == (0, "", False)


@pytest.mark.parametrize(
    "options",
    [
        ("--strict",),
        ("--requirement", "client.once"),
        ("--judge", "--requirement", "client.onc"),
        ("--judge", "--requirement", "refund.accepted"),
    ],
)
def test_wrong_options_are_reported(cli: Cli, options: tuple[str, ...]) -> None:
    finished = cli("mock", *options)

    assert (finished.code, finished.out) == (2, "")
    assert (
        "--judge" in finished.err
        or "did you mean" in finished.err
        or "there is no" in (finished.err)
    )


def test_queued_faults_are_counted_and_reset(served: Served) -> None:
    two = served.client.post("/_control/faults", json={"faults": ["lost", "error"]}).json()
    served.client.post("/_control/reset")
    order = served.order()

    assert two == {"waiting": 2}
    assert served.post(order, "/refunds", json={"refunded_amount": 1}).status_code == 201


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"faults": ["lst"]}, "there is no fault 'lst'"),
        ({"faults": [{"fault": "errored", "status": 200}]}, "status"),
        ({"faults": ["lost"], "operation": "refund"}, "there is no operation 'refund'"),
        ({"faults": ["refused"], "for_ever": True}, "could not be ended"),
        ({"fault": ["lost"]}, "fault"),
        (["lost"], "expected"),
    ],
)
def test_a_request_with_an_unknown_fault_is_refused(
    served: Served, content: object, why: str
) -> None:
    response = served.client.post("/_control/faults", json=content)

    assert (response.status_code, why in response.json()["error"]) == (400, True)


def test_a_fault_applies_to_its_operation_only(served: Served) -> None:
    order = served.order(captures=[4_000])
    served.client.post(
        "/_control/faults", json={"faults": ["error"], "operation": "releaseRemainingAuthorization"}
    )
    statuses = [
        served.client.get(served.path(order)).status_code,
        served.post(order, "/refunds", json={"refunded_amount": 1}).status_code,
        served.post(order, "/release-remaining-authorization").status_code,
        served.post(order, "/release-remaining-authorization").status_code,
    ]

    assert statuses == [200, 201, 503, 204]


def test_connections_are_refused_for_a_while(served: Served) -> None:
    order = served.order()
    served.client.post("/_control/faults", json={"faults": [{"fault": "refused", "for_s": 0.3}]})
    with pytest.raises(httpx.ConnectError):
        httpx.get(served.base_url, trust_env=False)
    with httpx.Client(
        base_url=served.base_url,
        auth=AUTH,
        trust_env=False,
        transport=httpx.HTTPTransport(retries=8),
    ) as retrying:
        assert retrying.get(served.path(order)).status_code == 200


def test_faults_apply_in_order_and_the_last_may_last() -> None:
    queue = FaultQueue(SPEC)
    queue.add_all(InjectedFaults(faults=("lost", Silent()), for_ever=True))
    met = [queue.meet(REFUND) for _ in range(4)]

    assert met == [Cut("after", reset=False), Silent(), Silent(), Silent()]


def test_faults_are_for_documented_calls_only() -> None:
    queue = FaultQueue(SPEC)
    queue.add("lost", times=2)

    assert queue.meet(Request(method="GET", path="/")) is None
    assert [queue.meet(RELEASE), queue.meet(REFUND), queue.meet(REFUND)] == [
        Cut("after", reset=False),
        Cut("after", reset=False),
        None,
    ]


def test_a_refused_connection_applies_once() -> None:
    queue = FaultQueue(SPEC)
    queue.add("refused")
    queue.add("lost")
    refused = queue.next_refused()
    queue.was_refused()

    assert (refused, queue.next_refused()) == (Refused(), None)
    assert queue.meet(REFUND) == Cut("after", reset=False)


def test_a_proxy_judges_both_sides(watch: Watch, serve_mock: Serve, tmp_path: Path) -> None:
    served = serve_mock("--mutant", "replay-booked-again")
    with watch("proxy", served.base_url) as watched:
        order, key = watched.order(), str(uuid.uuid4())
        first = watched.refund(order, key=key)
        watched.refund(order, key=key)
        followed = watched.client.get(first.headers["Location"])

    failed = {name for name, verdict in watched.verdicts.items() if verdict == "FAIL"}
    assert (watched.code, followed.status_code) == (1, 200)
    assert first.headers["Location"].startswith(watched.base_url)
    assert any(name.startswith("refund.") for name in failed)
    assert watched.verdicts["client.key-of-its-own"] == "PASS"


def test_a_proxy_reports_no_violation_of_a_right_server(watch: Watch, served: Served) -> None:
    with watch("proxy", served.base_url) as watched:
        order = watched.order(captures=[6_000])
        answered = [
            watched.refund(order, 500).status_code,
            watched.refund(order, 6_000).status_code,
            watched.client.post(
                f"{order}/release-remaining-authorization", headers={KEY_HEADER: str(uuid.uuid4())}
            ).status_code,
            watched.client.get(order).json()["refunded_amount"],
        ]

    assert answered == [201, 403, 204, 500]
    assert watched.code == 3
    assert set(watched.verdicts.values()) <= {"PASS", "INFO", "NOT_RUN", "NOT_APPLICABLE"}
    assert watched.verdicts["refund.books-amount"] == "NOT_RUN"
    assert watched.verdicts["client.well-formed"] == "PASS"
    assert min(watched.proofs["refund.accepted"], watched.proofs["client.once"]) > 0


def test_a_proxy_does_not_answer_for_its_upstream(watch: Watch) -> None:
    with watch("proxy", "http://127.0.0.1:1") as watched, pytest.raises(httpx.TransportError):
        watched.client.get("/ordermanagement/v1/orders/o1")

    assert watched.code == 3


def test_no_output_of_a_proxy_has_credentials(watch: Watch, serve_mock: Serve) -> None:
    served = serve_mock("--username", "somebody-9", "--password", SECRET)
    with watch("proxy", served.base_url, auth=("somebody-9", SECRET)) as watched:
        order = watched.order()
        watched.client.post(
            f"{order}/refunds", json={"refunded_amount": 1, "description": f"of {SECRET}"}
        )
        watched.client.get(order)
    written = b"".join(p.read_bytes() for p in watched.folder.rglob("*") if p.is_file())

    assert b"refunded_amount" in written
    assert SECRET.encode() not in written
    assert SECRET not in watched.out


def test_no_output_of_a_judging_mock_has_credentials(watch: Watch) -> None:
    own = ("--username", "somebody-9", "--password", SECRET)
    with watch("mock", "--judge", *own, auth=("somebody-9", SECRET)) as watched:
        watched.client.post(
            f"{watched.order()}/refunds", json={"refunded_amount": 1, "description": f"of {SECRET}"}
        )
    written = b"".join(p.read_bytes() for p in watched.folder.rglob("*") if p.is_file())

    assert b"refunded_amount" in written
    assert SECRET.encode() not in written
    assert SECRET not in watched.out


@pytest.mark.parametrize("upstream", ["https://api.klarna.com", "no-such-file.yaml", "ftp://x"])
def test_an_unusable_upstream_is_refused(cli: Cli, upstream: str) -> None:
    finished = cli("proxy", upstream)

    assert (finished.code, finished.out) == (2, "")
    assert finished.err.startswith("Error: ")


def test_a_recorded_client_is_judged(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "traffic.har"
    file.write_text(json.dumps({"log": {"entries": [_entry(0, status=0), _entry(1, status=201)]}}))
    finished = cli("check", file, "--side", "client", "--output", tmp_path / "checked")
    summary = json.loads((tmp_path / "checked" / "run.json").read_text())["requirements"]
    verdicts = {each["id"]: each["verdict"] for each in summary}

    assert finished.code == 1
    assert (verdicts["client.key-kept"], verdicts["client.once"]) == ("FAIL", "NOT_RUN")
    assert verdicts["client.credentials-sent"] == "NOT_RUN"


def _entry(second: int, *, status: int) -> dict[str, Any]:
    headers = [
        {"name": KEY_HEADER, "value": str(uuid.UUID(int=second, version=4))},
        {"name": "Content-Type", "value": "application/json"},
    ]
    return {
        "startedDateTime": f"2026-01-01T00:00:0{second}Z",
        "time": 10,
        "request": {
            "method": "POST",
            "url": "http://127.0.0.1/ordermanagement/v1/orders/o1/refunds",
            "headers": headers,
            "postData": {"text": '{"refunded_amount": 1}'},
        },
        "response": {"status": status, "headers": [{"name": "Refund-Id", "value": "r1"}]},
    }


def test_a_proxy_follows_the_clock_of_the_mock(watch: Watch, serve_mock: Serve) -> None:
    served = serve_mock()
    with watch("proxy", served.base_url) as watched:
        order, key = watched.order(), str(uuid.uuid4())
        watched.refund(order, key=key)
        watched.client.post("/_control/clock", json={"advance_s": 2 * 86_400})
        watched.refund(order, key=key)
        shown = watched.client.get(order).json()

    assert (shown["refunded_amount"], watched.code) == (2, 3)


def test_proxy_and_run_agree_about_the_same_traffic(watch: Watch, served: Served, cli: Cli) -> None:
    with watch("proxy", served.base_url, "--side", "server") as watched:
        ran = cli("run", watched.base_url, *FEW)

    assert (ran.code, watched.code) == (0, 3)
    assert set(watched.verdicts.values()) <= {"PASS", "INFO", "NOT_RUN"}
    assert watched.verdicts["release.fully-captured-refused"] == "PASS"
