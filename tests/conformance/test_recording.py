"""Records contain no secrets and no customer data, and give the same verdicts again."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from klarna_conformance.errors import UsageError
from klarna_conformance.judge.server import judge
from klarna_conformance.mock.server import Mock
from klarna_conformance.plan.dry_run import MockTarget
from klarna_conformance.play.player import play
from klarna_conformance.record.recording import CUSTOMER_MEMBERS, Recorder
from klarna_conformance.record.redaction import REDACTED, Redactor
from klarna_conformance.wrong.examples.orders import FULL, PART
from klarna_reports.record.journal import read_journal
from klarna_reports.record.record import Finding, Played
from klarna_specs.calls import Call
from klarna_specs.exchange import Exchange, Failure, Payload, Request, Response
from klarna_specs.scenario import Key, Scenario
from klarna_strategies.steps import extend, get_order, get_refund, offered, refund, release

from .conftest import Serve
from .listeners import Forward, Listener
from .mutant_servers import made, spec
from .pages import active_parts
from .runs import run_on

KEYED = refund(1_000, key=Key("first"), description="for order A", reference="RMA-1")
STEPS = (KEYED, KEYED, get_refund(), get_order(), refund(10_001), extend(offered(0)), release())
MANY = Scenario(plan=FULL, steps=STEPS)


class Forgetful(Mock):
    """Shows no refunds."""

    def resource(self, call: Call) -> Any:
        shown = super().resource(call)
        return {**shown, "refunded_amount": 0} if isinstance(shown, dict) else shown


def played_on(server: str | type[Mock]) -> Played:
    target = MockTarget(made(server))
    played = asyncio.run(play(spec(), target, MANY, identifier="s0001"))
    return judged(played)


def judged(played: Played) -> Played:
    facts = MockTarget(Mock(spec())).facts
    findings = judge(spec(), facts, played.orders, played.exchanges)
    return msgspec.structs.replace(played, findings=findings)


def verdicts(played: Played) -> list[tuple[str, str, int]]:
    return [(f.requirement, f.verdict, f.exchange) for f in played.findings]


@pytest.mark.parametrize(
    "secret",
    [
        *("order", "orders", "refund", "refunds", "refund_id", "capture", "CAPTURED", "SEK"),
        *("ordermanagement", "mock", "http", "10000", "1000", "application", "json", "RMA-1"),
        *("REFUND_NOT_ALLOWED", "status", "true", "null", "number_of_days", "for order A"),
        *("captured_amount", "-", "a", "for", "description", "Location", "refunded"),
    ],
)
@pytest.mark.parametrize("server", [Mock, Forgetful, "bound-dropped"])
def test_no_credential_changes_a_verdict(secret: str, server: str | type[Mock]) -> None:
    before = played_on(server)
    recorded = Recorder(Redactor((secret,), public="http://mock")).played(before)

    assert verdicts(judged(recorded)) == verdicts(before)


def test_ids_that_contain_a_secret_stay_consistent() -> None:
    before = played_on(Mock)
    order_id = before.orders[0].order_id
    recorded = Recorder(Redactor((order_id[:13], order_id[-7:]))).played(before)
    text = msgspec.json.encode(recorded).decode()

    assert (verdicts(judged(recorded)), order_id[:13] in text) == (verdicts(before), False)


def recorder(*secrets: str, members: tuple[str, ...] = ()) -> Recorder:
    return Recorder(Redactor(secrets), members=members)


def body_of(recorder: Recorder, text: str) -> str:
    return recorder.payload(Payload(text)).text


@pytest.mark.parametrize("member", CUSTOMER_MEMBERS)
def test_customer_data_is_not_recorded(member: str) -> None:
    body = f'{{"billing": {{"{member}": "Åsa", "x": 1.0}}}}'

    assert body_of(recorder(), body) == body.replace("Åsa", REDACTED)


@pytest.mark.parametrize(
    ("body", "recorded"),
    [
        pytest.param('{"Email": "a@b.c"}', f'{{"Email": "{REDACTED}"}}', id="another case"),
        pytest.param('{"givenName":"A"}', f'{{"givenName":"{REDACTED}"}}', id="in camel case"),
        pytest.param('{"phone": 123.5, "a": 1}', '{"phone": 0, "a": 1}', id="a number"),
        pytest.param('{"phone": null}', '{"phone": null}', id="nothing"),
        pytest.param(
            '{"phone": ["1", {"no": "2"}], "a": "b"}',
            f'{{"phone": ["{REDACTED}", {{"no": "{REDACTED}"}}], "a": "b"}}',
            id="all that is in it",
        ),
        pytest.param('{"\\u0065mail": "a"}', f'{{"\\u0065mail": "{REDACTED}"}}', id="escaped"),
        pytest.param('{"email": "a\\"b", ', f'{{"email": "{REDACTED}", ', id="cut off"),
        pytest.param('{"email": "a\\"b', f'{{"email": "{REDACTED}"', id="cut off within"),
        pytest.param('<p>{"email": "a"}', f'<p>{{"email": "{REDACTED}"}}', id="within a page"),
        pytest.param('["email", "a"]', '["email", "a"]', id="a value is no member"),
        pytest.param('{"a": "email"}', '{"a": "email"}', id="a value alone"),
    ],
)
def test_customer_members_are_found_in_any_form(body: str, recorded: str) -> None:
    assert body_of(recorder(), body) == recorded


def test_more_members_can_be_left_out() -> None:
    assert body_of(recorder(members=("shoe_size",)), '{"shoe_size": "44"}') == (
        f'{{"shoe_size": "{REDACTED}"}}'
    )


def test_members_that_requirements_read_cannot_be_left_out() -> None:
    with pytest.raises(UsageError, match="refundedamount"):
        recorder(members=("refunded_amount",))


def test_only_values_of_json_are_redacted() -> None:
    body = '{ "order": "my order is", "order_id":"order", "n" : 1.50, "n":2 , "x":"s3cret-1"}'
    wanted = body.replace("my order is", f"my {REDACTED} is").replace("s3cret-1", REDACTED)

    assert body_of(recorder("order", "s3cret-1"), body) == wanted


@pytest.mark.parametrize(
    "body",
    [
        '{"a": "\\u0073\\u00333cret-1"}',
        '{"a": "s3cret\\u002d1"}',
        '{"s3cret-1": 1}',
        '"s3cret-1',
        "[s3cret-1]",
        "<a href='?s3cret%2D1'>",
        '{"a": "' + base64.b64encode(b"x:s3cret-1").decode() + '"}',
    ],
)
def test_no_secret_is_left_in_a_body(body: str) -> None:
    assert REDACTED in body_of(recorder("s3cret-1", "33cret-1"), body)


def recorded_headers(*headers: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    exchange = Exchange(
        request=Request(method="GET", path="/"), outcome=Response(status=200, headers=headers)
    )
    played = Played(id="s1", scenario=MANY, exchanges=(exchange,))
    outcome = recorder("merchant-7", "s3cret-1").played(played).exchanges[0].outcome
    assert isinstance(outcome, Response)
    return outcome.headers


def test_secrets_are_found_in_headers_whole_folded_and_in_pieces() -> None:
    assert recorded_headers(
        ("X-Echo", "you are merchant-7"),
        ("X-Folded", "s3cr et-1"),
        ("X-Part", "mercha"),
        ("X-Part", "nt-7"),
        ("X-merchant-7", "1"),
        ("Set-Cookie", "session=1"),
        ("Location", "http://mock/s3cret-1/orders"),
        ("Content-Type", "text/html"),
    ) == (
        ("X-Echo", f"you are {REDACTED}"),
        ("X-Folded", REDACTED),
        ("X-Part", REDACTED),
        ("X-Part", REDACTED),
        (f"X-{REDACTED}", "1"),
        ("Set-Cookie", REDACTED),
        ("Location", f"http://mock/{REDACTED}/orders"),
        ("Content-Type", "text/html"),
    )


def test_earlier_attempts_and_messages_are_recorded_without_secrets() -> None:
    exchange = Exchange(
        request=Request(method="GET", path="/s3cret-1"),
        outcome=Failure(kind="closed", message="s3cret-1"),
        earlier=(Response(status=429, body=Payload("s3cret-1")),),
    )
    played = Played(id="s1", scenario=MANY, exchanges=(exchange,), error="s3cret-1")

    assert b"s3cret-1" not in msgspec.json.encode(recorder("s3cret-1").played(played))


def test_customer_data_quoted_in_a_finding_is_not_recorded() -> None:
    finding = Finding(
        requirement="r",
        verdict="FAIL",
        exchange=0,
        expected="a JSON body",
        observed='text/html, 19 characters: \'{"email": "a@b.c", \'',
    )
    played = Played(id="s1", scenario=MANY, findings=(finding,))

    assert "a@b.c" not in recorder().played(played).findings[0].observed


SCENARIOS = (MANY, Scenario(plan=PART, steps=(KEYED, release(), get_order())))
USERNAME, PASSWORD = "PK1234_a7f3", "Tr0ub4dor&3/+ä=secret"


def _echoing(answer: bytes) -> bytes:
    """The answer with the credentials in headers and in the body, in many ways."""
    head, _, body = answer.partition(b"\r\n\r\n")
    token = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
    secrets = [USERNAME, PASSWORD, token, "<b>" + PASSWORD, json.dumps(PASSWORD)]
    if body.startswith(b"{"):
        body = json.dumps(
            {**json.loads(body), "told": secrets, "email": "asa@example.com"}
        ).encode()
    elif not body:
        body = b"" if b" 204 " in head else f"{secrets}".encode()
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
    half = len(token) // 2
    lines += [f"X-Token: Basic {token}".encode(), b"X-User: " + USERNAME.encode()]
    lines += [f"X-A: {token[:half]}".encode(), f"X-B: {token[half:]}".encode()]
    lines += [b"Set-Cookie: p=" + PASSWORD.encode(), b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@pytest.fixture
def echoed(serve_mock: Serve, tmp_path: Path) -> Path:
    """The report folder of a run on a server that echoes the credentials."""
    mock = serve_mock("--username", USERNAME, "--password", PASSWORD)
    forward = Forward(mock.base_url, loses=lambda _: False)
    with Listener(lambda n, request: _echoing(forward(n, request) or b"")) as echo:
        run_on(echo.base_url, tmp_path, SCENARIOS, username=USERNAME, password=PASSWORD)
    return tmp_path


def test_the_record_has_no_credentials_that_a_server_echoes(echoed: Path) -> None:
    written = "".join(p.read_text() for p in echoed.rglob("*") if p.is_file())
    token = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
    secrets = (USERNAME, PASSWORD, PASSWORD[:12], "a7f3", token, token[:20], "asa@example.com")

    assert [secret for secret in secrets if secret in written] == []
    assert active_parts((echoed / "report.html").read_text()) == []


def test_the_record_of_an_echoing_server_gives_the_same_verdicts(echoed: Path) -> None:
    record = read_journal(echoed / "journal.ndjson")
    again = [
        msgspec.structs.replace(
            played, findings=judge(spec(), record.header.target, played.orders, played.exchanges)
        )
        for played in record.played
    ]
    found = [verdicts(played) for played in record.played if played.id.startswith("s")]

    assert found == [verdicts(played) for played in again if played.id.startswith("s")]
