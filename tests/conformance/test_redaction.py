"""No secret is recorded, however it is written."""

import asyncio
import base64
import html
import json
from urllib.parse import quote

import httpx
import pytest

from klarna_conformance.http.wire import Wire
from klarna_conformance.record.redaction import REDACTED, Redactor
from klarna_conformance.target.http_target import HttpTarget
from klarna_conformance.target.provisioners import HttpProvisioner
from klarna_reports.record.record import TargetFacts
from klarna_specs.exchange import Request
from klarna_specs.plan import OrderPlan

SECRET = 's3cr"et/pässword&'


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


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
def test_a_secret_is_redacted_in_its_usual_encodings(written: str) -> None:
    assert Redactor((SECRET,)).text(f"before {written} after") == f"before {REDACTED} after"


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(f"Basic {_base64(f'merchant:{SECRET}')}", id="Base64 of user and password"),
        pytest.param(_base64(f"x{SECRET}"), id="Base64 after one byte"),
        pytest.param(_base64(f"xy{SECRET}!"), id="Base64 after two bytes"),
        pytest.param(base64.urlsafe_b64encode(SECRET.encode()).decode(), id="Base64 of URLs"),
        pytest.param(SECRET.encode().hex(), id="hexadecimal"),
        pytest.param(quote(SECRET, safe="").lower(), id="in a URL in lower case"),
        pytest.param(quote(quote(SECRET, safe=""), safe=""), id="in a URL in a URL"),
        pytest.param("".join(f"%{byte:02x}" for byte in SECRET.encode()), id="all percent"),
        pytest.param("".join(f"&#{ord(c)};" for c in SECRET), id="in HTML by numbers"),
        pytest.param("".join(f"&#x{ord(c):X};" for c in SECRET), id="in HTML in hexadecimal"),
        pytest.param("".join(f"\\u{ord(c):04X}" for c in SECRET), id="in JSON by numbers"),
        pytest.param(json.dumps(json.dumps(SECRET)), id="in JSON in JSON"),
        pytest.param(SECRET.encode().decode("latin-1"), id="bytes not read as UTF-8"),
        pytest.param(SECRET.encode("utf-16-le").decode("latin-1"), id="UTF-16"),
    ],
)
def test_no_part_of_a_secret_is_left_in_other_encodings(written: str) -> None:
    redacted = Redactor((SECRET,)).text(f"before {written} after")
    assert (written[4:-4] in redacted, REDACTED in redacted) == (False, True)


@pytest.mark.parametrize("secret", ["order", "CAPTURED", "orders", "10000", "SEK", "json", "true"])
def test_a_secret_like_a_word_is_redacted_as_a_whole_word(secret: str) -> None:
    redactor = Redactor((secret,))
    text = f"x{secret} {secret}s _{secret}"
    assert redactor.text(text) == text
    wanted = REDACTED if len(secret) > 3 else secret
    assert redactor.text(f"it is {secret}, you know") == f"it is {wanted}, you know"


def test_judged_texts_keep_words_that_are_secrets_too() -> None:
    redactor = Redactor(("orders", "http-secret-1"), public="http://api.example")
    location = "http://api.example/ordermanagement/v1/orders/1?http-secret-1"
    assert redactor.judged(location) == location.replace("http-secret-1", REDACTED)


def test_credentials_within_a_member_name_do_not_hide_an_order() -> None:
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


def test_wrong_credentials_differ_by_one_character() -> None:
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
