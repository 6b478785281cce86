"""Each step of a connection that fails is reported with what to do."""

import asyncio
import ssl
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from klarna_conformance.errors import PreflightError
from klarna_conformance.http.reaching import Connection, reach
from klarna_conformance.http.tls import Tls, tls_context

AUTHORITY = trustme.CA()
YESTERDAY = datetime.now(UTC) - timedelta(days=1)


async def _nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def _attempted(
    tmp_path: Path,
    *,
    certificate: trustme.LeafCert | None = None,
    trusted: trustme.CA = AUTHORITY,
    base_url: str = "https://127.0.0.1:{port}",
) -> list[tuple[str, str]]:
    """The steps that succeed at a server with this certificate (None: without TLS)."""
    trusted.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    serving: ssl.SSLContext | None = None
    if certificate is not None:
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(serving)

    async def go() -> list[tuple[str, str]]:
        async with AsyncExitStack() as stack:
            server = await asyncio.start_server(_nothing, "127.0.0.1", 0, ssl=serving)
            await stack.enter_async_context(server)
            port = server.sockets[0].getsockname()[1]
            connection = Connection(tls_context(Tls(ca=tmp_path / "ca.pem")), timeout_s=5)
            return [step async for step in reach(base_url.format(port=port), connection)]

    return asyncio.run(go())


def test_a_trusted_server_passes_every_step(tmp_path: Path) -> None:
    steps = dict(_attempted(tmp_path, certificate=AUTHORITY.issue_cert("127.0.0.1")))

    assert list(steps) == ["name", "connection", "tls"]
    assert "127.0.0.1" in steps["name"]
    assert "valid until" in steps["tls"]


def test_a_server_without_tls_has_no_tls_step(tmp_path: Path) -> None:
    steps = _attempted(tmp_path, base_url="http://127.0.0.1:{port}")
    assert [name for name, _ in steps] == ["name", "connection"]


@pytest.mark.parametrize(
    ("certificate", "message"),
    [
        (AUTHORITY.issue_cert("elsewhere.example"), "name the host as the certificate does"),
        (AUTHORITY.issue_cert("127.0.0.1", not_after=YESTERDAY), "renew it on the server"),
        (trustme.CA().issue_cert("127.0.0.1"), "name the CA that signed it"),
        (None, "does it speak HTTPS there"),
    ],
)
def test_a_tls_failure_names_the_remedy(
    certificate: trustme.LeafCert | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(PreflightError, match=message):
        _attempted(tmp_path, certificate=certificate)


@pytest.mark.parametrize(
    ("base_url", "message"),
    [("http://a..b:{port}", "cannot be resolved"), ("http://127.0.0.1:1", "is the server up")],
)
def test_an_unreachable_server_names_the_remedy(
    base_url: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(PreflightError, match=message):
        _attempted(tmp_path, base_url=base_url)


def test_no_connection_is_attempted_behind_a_proxy() -> None:
    connection = Connection(ssl.create_default_context(), timeout_s=1, proxied=True)

    async def go() -> list[tuple[str, str]]:
        return [step async for step in reach("https://nowhere.invalid", connection)]

    ((step, _),) = asyncio.run(go())
    assert step == "connection"
