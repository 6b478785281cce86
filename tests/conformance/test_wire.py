"""The wire: whom it sends credentials, whom it trusts, what it reads, and how it fails."""

import asyncio
import base64
import gzip
import ssl
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trustme

from klarna_conformance.errors import UsageError
from klarna_conformance.http import wire
from klarna_conformance.http.wire import MAX_BODY_BYTES, Tls, Wire
from klarna_conformance.target.http_target import HttpTarget
from klarna_conformance.target.provisioners import HttpProvisioner
from klarna_reports.record.record import TargetFacts
from klarna_specs.exchange import Failure, Request, Response
from klarna_specs.plan import OrderPlan

from .listeners import Listener, Tunnel, response

PLAN = OrderPlan(market="SE", currency="SEK", order_amount=1)
AUTHORIZATION = base64.b64encode(b"merchant-1:s3cret-1")


def outcome_of(url: str, *, method: str = "GET", content: Any = b"", **options: Any) -> Any:
    async def go() -> Response | Failure:
        sender = Wire(**options)
        try:
            return await sender.send(method, url, content=content)
        finally:
            await sender.aclose()

    return asyncio.run(go())


def target(base_url: str, **options: Any) -> HttpTarget:
    return HttpTarget(
        **{
            "facts": TargetFacts(name="t", base_url=base_url, kind="http"),
            "username": "merchant-1",
            "password": "s3cret-1",
            "wire": Wire(),
            **options,
        }
    )


def outcomes_of(base_url: str, *requests: Request, **options: Any) -> list[Any]:
    """What comes of these requests to a target with credentials."""

    async def go() -> list[Any]:
        async with target(base_url, **options) as opened:
            return [(await opened.send(request)).outcome for request in requests]

    return asyncio.run(go())


def get(path: str = "/") -> Request:
    return Request(method="GET", path=path)


# Credentials


def test_a_redirect_to_another_server_is_not_followed() -> None:
    with Listener(lambda *_: response("200 OK")) as other:
        to = f"Location: {other.base_url}/steal"
        with Listener(lambda *_: response("307 Temporary Redirect", b"", to)) as first:
            (outcome,) = outcomes_of(first.base_url, Request(method="POST", path="/a"))
    assert (outcome.status, other.requests) == (307, [])


@pytest.mark.parametrize("path", ["//other/a", "/\\other", "/..//other", "/@other", "/%2e%2e/"])
def test_credentials_go_to_the_target_with_any_path(path: str) -> None:
    with Listener(lambda *_: response("200 OK")) as server:
        outcomes_of(server.base_url, get(path))
    assert [AUTHORIZATION in request for request in server.requests] == [True]


def test_a_path_with_another_host_gets_no_credentials() -> None:
    with Listener(lambda *_: response("200 OK")) as server:
        port = server.base_url.rsplit(":", 1)[1]
        paths = (f".localhost:{port}/", f":x@127.0.0.1:{port}/")
        outcomes_of("http://localhost", *map(get, paths))
    assert [AUTHORIZATION in request for request in server.requests] == [False] * len(
        server.requests
    )


def test_provisioner_and_clock_of_another_server_get_no_credentials() -> None:
    with Listener(lambda *_: response("201 Created", b'{"order_id": "1"}')) as other:
        provisioner = HttpProvisioner(f"{other.base_url}/orders", Wire())

        async def go() -> None:
            opened = target(
                "http://127.0.0.1:9", provisioner=provisioner, clock_url=f"{other.base_url}/clock"
            )
            async with opened:
                await opened.provide(PLAN)
                await opened.advance(1)

        asyncio.run(go())
    found = [b"Basic " in request for request in other.requests]
    assert found == [False, False]


def test_no_cookie_is_sent_back() -> None:
    with Listener(lambda *_: response("200 OK", b"", "Set-Cookie: session=1")) as server:
        outcomes_of(server.base_url, get(), get())
    assert [b"ookie" in request for request in server.requests] == [False, False]


# Bodies and timeouts


def encoded(body: bytes, encoding: str) -> Any:
    said = response("200 OK", body, f"Content-Encoding: {encoding}")
    with Listener(lambda *_: said) as server:
        return outcome_of(server.base_url)


BODY = b'{"a": 1}'
GZIPPED = gzip.compress(BODY, mtime=0)  # the same for every worker


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (GZIPPED, "gzip"),
        (GZIPPED, "X-GZIP"),
        (gzip.compress(BODY[:4], mtime=0) + gzip.compress(BODY[4:], mtime=0), "gzip"),
        (zlib.compress(BODY), "deflate"),
        (zlib.compress(BODY)[2:-4], "deflate"),
        (zlib.compress(GZIPPED), "gzip, deflate"),
        (BODY, "identity"),
    ],
)
def test_a_content_encoding_is_decoded_without_a_request_for_it(body: bytes, encoding: str) -> None:
    assert encoded(body, encoding).body.text == BODY.decode()


@pytest.mark.parametrize(
    ("body", "encoding", "why"),
    [
        (b"garbage", "gzip", "the body is not gzip"),
        (GZIPPED[:-1], "gzip", "the body is truncated gzip"),
        (GZIPPED + b"more", "gzip", "the body is not gzip"),
        (BODY, "br", "the body is encoded as 'br', which was not requested"),
        (BODY, "gzip,gzip,gzip,gzip", "the body is encoded 4 times"),
    ],
)
def test_a_body_that_cannot_be_decoded_is_a_failure(body: bytes, encoding: str, why: str) -> None:
    outcome = encoded(body, encoding)
    assert (outcome.kind, outcome.message.startswith(why)) == ("protocol", True)


@pytest.mark.parametrize("more", [0, 1])
def test_size_limit_applies_to_the_decoded_body(more: int) -> None:
    outcome = encoded(gzip.compress(bytes(MAX_BODY_BYTES + more)), "gzip")
    assert (outcome.truncated, len(outcome.body.text) > 5_000) == (bool(more), not more)


def test_timeout_applies_to_the_whole_response() -> None:
    def drip(*_: Any) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n1"

    stop = threading.Event()
    with Listener(lambda n, r: drip() if not stop.wait() else None) as server:
        outcome = outcome_of(server.base_url, timeout_s=0.1)
        stop.set()
    assert outcome.kind == "timeout"


class MovedLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock a test moves."""

    moved_s = 0.0

    def time(self) -> float:
        return super().time() + self.moved_s


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """Runs coroutines on a loop with a clock that is moved."""
    with asyncio.Runner(loop_factory=MovedLoop) as opened:
        yield opened


def test_a_blocked_process_is_no_timeout_of_the_server(
    runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = runner.get_loop()
    requested, stop = threading.Event(), threading.Event()
    monkeypatch.setattr(wire, "time", SimpleNamespace(perf_counter=loop.time))

    def silent(*_: object) -> None:
        requested.set()
        stop.wait()

    async def go() -> Response | Failure:
        sender = Wire(timeout_s=1_000)
        sending = asyncio.create_task(sender.send("GET", server.base_url))
        await asyncio.to_thread(requested.wait)
        loop.moved_s += 10_000  # as if a long judgement had held up the event loop
        try:
            return await sending
        finally:
            await sender.aclose()

    with Listener(silent) as server:
        outcome = runner.run(go())
        stop.set()

    assert isinstance(outcome, Failure)
    assert outcome.kind == "aborted"


def test_waiting_for_a_free_connection_is_no_timeout(runner: asyncio.Runner) -> None:
    loop = runner.get_loop()

    def slow(*_: object) -> bytes:
        loop.moved_s += 600
        return response("200 OK")

    async def go(base_url: str) -> list[str]:
        sender = Wire(timeout_s=1_000, concurrency=1)
        outcomes = await asyncio.gather(*(sender.send("GET", base_url) for _ in range(6)))
        await sender.aclose()
        return [type(outcome).__name__ for outcome in outcomes]

    with Listener(slow) as server:
        assert runner.run(go(server.base_url)) == ["Response"] * 6


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def served_by(authority: trustme.CA, *, clients: trustme.CA | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    if clients:
        clients.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def test_a_private_ca_is_trusted_only_if_configured(authority: trustme.CA, ca: Path) -> None:
    with Listener(lambda *_: response("200 OK"), context=served_by(authority)) as server:
        outcomes = [outcome_of(server.base_url, tls=Tls(ca=ca)), outcome_of(server.base_url)]
    assert [getattr(o, "status", None) or getattr(o, "kind", None) for o in outcomes] == [
        200,
        "tls",
    ]


def test_a_configured_client_certificate_is_sent(
    authority: trustme.CA, ca: Path, tmp_path: Path
) -> None:
    mine = authority.issue_cert("client.example")
    certificate, key = tmp_path / "client.pem", tmp_path / "client.key"
    certificate.write_bytes(b"".join(blob.bytes() for blob in mine.cert_chain_pems))
    mine.private_key_pem.write_to_path(str(key))
    both = tmp_path / "both.pem"
    mine.private_key_and_cert_chain_pem.write_to_path(str(both))
    context = served_by(authority, clients=authority)
    with Listener(lambda *_: response("200 OK"), context=context) as server:
        outcomes = [
            outcome_of(server.base_url, tls=Tls(ca=ca, certificate=certificate, key=key)),
            outcome_of(server.base_url, tls=Tls(ca=ca, certificate=both)),
            outcome_of(server.base_url, tls=Tls(ca=ca)),
        ]
    assert [type(outcome).__name__ for outcome in outcomes] == ["Response", "Response", "Failure"]


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"ca": "missing.pem"}, "tls: ca missing.pem cannot be used: No such file or directory"),
        ({"ca": "empty.pem"}, "tls: ca empty.pem cannot be used"),
        ({"certificate": "empty.pem"}, "tls: certificate empty.pem cannot be used"),
        ({"key": "empty.pem"}, "tls: the key empty.pem has no certificate"),
    ],
)
def test_an_unusable_tls_file_is_named_in_the_error(
    files: dict[str, str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.pem").write_text("")
    with pytest.raises(UsageError) as raised:
        Wire(tls=Tls(**{name: Path(file) for name, file in files.items()}))
    assert str(raised.value).startswith(named)


def test_a_key_with_a_passphrase_is_refused_without_a_prompt(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    mine = trustme.CA().issue_cert("client.example")
    key = serialization.load_pem_private_key(mine.private_key_pem.bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"passphrase"),
    )
    file = tmp_path / "client.pem"
    file.write_bytes(locked + mine.cert_chain_pems[0].bytes())
    with pytest.raises(UsageError, match="passphrase"):
        Wire(tls=Tls(certificate=file))


SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"\xff" * 100, id="no frames"),
        pytest.param(response("200 OK", b"{}"), id="HTTP/1.1"),
        pytest.param(SETTINGS[:5], id="half a frame"),
        pytest.param(
            SETTINGS + b"\x00\x00\x05\x01\x05\x00\x00\x00\x01\xff\xff\xff\xff\xff", id="HPACK"
        ),
        pytest.param(SETTINGS + b"\x00\x00\x01\x01\x05\x00\x00\x00\x01\xbe", id="HPACK index"),
        pytest.param(SETTINGS + b"\x00\x00\x01\x01\x05\x00\x00\x00\x02\x88", id="a push"),
        pytest.param(SETTINGS + b"\x00\x00\x04\x03\x00\x00\x00\x00\x01" + bytes(4), id="reset"),
        pytest.param(SETTINGS + b"\x00\x00\x08\x07" + bytes(13), id="going away"),
        pytest.param(SETTINGS + b"\xff\xff\xff\x00" + bytes(5), id="a frame of 16 MB"),
        pytest.param(SETTINGS + b"\x00\x00\x01\x01\x04\x00\x00\x00\x01\x88", id="no end"),
    ],
)
def test_invalid_http_2_is_a_failure(sent: bytes, authority: trustme.CA, ca: Path) -> None:
    context = served_by(authority)
    context.set_alpn_protocols(["h2"])
    with Listener(lambda *_: sent, context=context) as server:
        outcome = outcome_of(server.base_url, tls=Tls(ca=ca), http2=True, timeout_s=2.0)
    assert isinstance(outcome, Failure)


# Proxies


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Listener]:
    with Listener(lambda *_: response("200 OK"), context=served_by(authority)) as server:
        yield server


def test_a_proxy_sees_no_credentials_of_the_target(secure: Listener, ca: Path) -> None:
    with Tunnel() as proxy:
        wire = Wire(tls=Tls(ca=ca), proxy=f"http://{proxy.address}")
        (outcome,) = outcomes_of(secure.base_url, get(), wire=wire)
    assert outcome.status == 200
    assert [AUTHORIZATION in head for head in proxy.heads] == [False]
    assert [AUTHORIZATION in request for request in secure.requests] == [True]


def test_proxy_credentials_go_to_the_proxy_only(secure: Listener, ca: Path) -> None:
    credentials = base64.b64encode(b"gate:p4ssage").decode()
    with Tunnel(wanted=credentials) as proxy:
        outcome = outcome_of(
            secure.base_url, tls=Tls(ca=ca), proxy=f"http://gate:p4ssage@{proxy.address}"
        )
    assert (outcome.status, [credentials.encode() in request for request in secure.requests]) == (
        200,
        [False],
    )


def test_a_refusal_of_the_proxy_shows_no_proxy_credentials(secure: Listener, ca: Path) -> None:
    with Tunnel(wanted="nobody") as proxy:
        wire = Wire(tls=Tls(ca=ca), proxy=f"http://gate:p4ssage@{proxy.address}")
        (outcome,) = outcomes_of(secure.base_url, Request(method="POST", path="/"), wire=wire)
    assert (outcome.kind, "407" in outcome.message) == ("unreachable", True)
    assert "p4ssage" not in repr(outcome)


def test_an_invalid_proxy_url_is_not_in_the_error() -> None:
    with pytest.raises(UsageError) as raised:
        Wire(proxy="gopher://gate:p4ssage@127.0.0.1")
    assert "p4ssage" not in str(raised.value)
