"""Connects to a server step by step, to find out which step fails: name, port or TLS."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import IntEnum
from urllib.parse import urlsplit

from klarna_conformance.errors import PreflightError

__all__ = ["Connection", "reach"]

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Connection:
    """How to connect to a server; `context` is for TLS."""

    context: ssl.SSLContext
    timeout_s: float
    proxied: bool = False


async def reach(base_url: str, connection: Connection) -> AsyncIterator[tuple[str, str]]:
    """Yields each step with its result; raises PreflightError, with what to do, if one fails.

    Nothing is attempted behind a proxy: only the proxy knows.
    """
    if connection.proxied:
        yield "connection", "through the proxy, which connects to the server itself"
        return
    parts = urlsplit(base_url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    yield "name", await _resolved(host, port)
    writer = await _connected(host, port, connection.timeout_s)
    writer.close()
    yield "connection", f"port {port} accepts connections"
    if parts.scheme == "https":
        yield "tls", await _handshake(host, port, connection)


async def _resolved(host: str, port: int) -> str:
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise PreflightError(
            f"{host} cannot be resolved ({exc}); check base_url, the DNS, the VPN, "
            "or name a `proxy`"
        ) from exc
    return f"{host} is {', '.join(sorted({str(each[4][0]) for each in found}))}"


async def _connected(host: str, port: int, timeout_s: float) -> asyncio.StreamWriter:
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError as exc:
        raise PreflightError(
            f"{host} cannot be reached: port {port} does not answer within {timeout_s:g} s; a "
            "firewall may drop packets: check the network, or name a `proxy`"
        ) from exc
    except OSError as exc:
        raise PreflightError(
            f"{host} cannot be reached: port {port}: {exc.strerror or exc}; is the server up, and "
            "the port right?"
        ) from exc
    return writer


async def _handshake(host: str, port: int, connection: Connection) -> str:
    try:
        async with asyncio.timeout(connection.timeout_s):
            _, writer = await asyncio.open_connection(
                host, port, ssl=connection.context, server_hostname=host
            )
    except ssl.SSLCertVerificationError as exc:
        raise PreflightError(
            f"the certificate of {host} is not trusted: {exc.verify_message}; {_remedy(exc)}"
        ) from exc
    except (OSError, TimeoutError) as exc:
        raise PreflightError(
            f"{host} cannot be reached: TLS failed on port {port}: {exc}; does it speak HTTPS "
            "there, and does it require a client certificate (`tls: certificate`)?"
        ) from exc
    session: ssl.SSLObject = writer.get_extra_info("ssl_object")
    result = f"{session.version()}, certificate valid until {_expiry(session)}"
    writer.close()
    return result


class _Problem(IntEnum):
    """The reasons of OpenSSL why a certificate is not trusted."""

    EXPIRED = 10
    HOSTNAME_MISMATCH = 62
    ADDRESS_MISMATCH = 64


def _remedy(exc: ssl.SSLCertVerificationError) -> str:
    match exc.verify_code:
        case _Problem.HOSTNAME_MISMATCH | _Problem.ADDRESS_MISMATCH:
            return "base_url must name the host as the certificate does"
        case _Problem.EXPIRED:
            return "renew it on the server, or correct the clock of this machine"
        case _:
            return "name the CA that signed it: `tls: {ca: FILE}` in the target file"


def _expiry(session: ssl.SSLObject) -> str:
    certificate = session.getpeercert() or {}
    return str(certificate.get("notAfter", "an unknown date"))
