"""No secret is recorded, however it is written."""

import asyncio
import base64
import html
import json
from urllib.parse import quote

import httpx
import pytest

from klarna_conformance.http_target import HttpTarget
from klarna_conformance.provisioners import HttpProvisioner
from klarna_conformance.redaction import REDACTED, Redactor
from klarna_conformance.wire import Wire
from klarna_reports.record import TargetFacts
from klarna_specs.exchange import Request, Response
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Credentials

SECRET = 's3cr"et/pässword&'


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(SECRET, id="as it is"),
        pytest.param(quote(SECRET, safe=""), id="in a URL"),
        pytest.param(json.dumps(SECRET)[1:-1], id="in JSON"),
        pytest.param(json.dumps(SECRET, ensure_ascii=False)[1:-1], id="in JSON beyond ASCII"),
        pytest.param(html.escape(SECRET), id="in HTML"),
    ],
)
def test_a_secret_is_taken_out_however_it_is_written(written: str) -> None:
    assert Redactor((SECRET,)).text(f"before {written} after") == f"before {REDACTED} after"


@pytest.mark.parametrize("credentials", ["valid", "wrong_password", "wrong_username"])
def test_what_a_server_echoes_of_any_credentials_is_not_recorded(credentials: Credentials) -> None:
    async def echo(request: httpx.Request) -> httpx.Response:
        told = f"you sent {request.headers['authorization']}"
        return httpx.Response(401, stream=httpx.ByteStream(told.encode()))

    async def send() -> Response:
        target = HttpTarget(
            facts=TargetFacts(name="echo", base_url="http://echo", kind="http"),
            username="merchant-77",
            password="s3cret-pass-99",
            wire=Wire(transport=httpx.MockTransport(echo)),
        )
        async with target:
            asked = Request(method="GET", path="/", credentials=credentials)
            outcome = (await target.send(asked)).outcome
        assert isinstance(outcome, Response)
        return outcome

    recorded = asyncio.run(send()).body.text
    assert recorded == f"you sent Basic {REDACTED}"


def test_credentials_that_are_part_of_a_member_name_do_not_hide_an_order() -> None:
    async def provide(_: httpx.Request) -> httpx.Response:
        return httpx.Response(201, stream=httpx.ByteStream(b'{"order_id": "o-1"}'))

    async def made() -> object:
        transport = httpx.MockTransport(provide)
        target = HttpTarget(
            facts=TargetFacts(name="odd", base_url="http://odd", kind="http"),
            username="order",
            password="capture",
            wire=Wire(transport=transport),
            provisioner=HttpProvisioner("http://odd/orders", Wire(transport=transport)),
        )
        async with target:
            return await target.provide(OrderPlan(market="SE", currency="SEK", order_amount=1))

    assert getattr(asyncio.run(made()), "order_id", None) == "o-1"


def test_the_wrong_credentials_are_wrong_by_little() -> None:
    sent: list[str] = []

    async def listen(request: httpx.Request) -> httpx.Response:
        sent.append(base64.b64decode(request.headers["authorization"].split()[1]).decode())
        return httpx.Response(401, stream=httpx.ByteStream(b""))

    async def send() -> None:
        target = HttpTarget(
            facts=TargetFacts(name="listener", base_url="http://listener", kind="http"),
            username="user",
            password="password",
            wire=Wire(transport=httpx.MockTransport(listen)),
        )
        async with target:
            for credentials in ("wrong_password", "wrong_username"):
                await target.send(Request(method="GET", path="/", credentials=credentials))

    asyncio.run(send())
    assert sent == ["user:passwor", "userx:password"]
