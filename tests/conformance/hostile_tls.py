"""Servers with untrusted certificates."""

import datetime
import ssl
from functools import cache

import trustme

from .hostile_answers import answer

__all__ = ["TLS_ANSWERS", "authority", "server_context"]

TLS_ANSWERS: dict[str, bytes] = dict.fromkeys(
    ("self-signed", "expired-certificate", "certificate-of-another-name"),
    answer("200 OK", b"{}", "application/json"),
)
"""Responses of servers with an untrusted certificate."""


def server_context(behaviour: str) -> ssl.SSLContext | None:
    """The TLS of a server; None without a certificate."""
    return _context(behaviour) if behaviour in TLS_ANSWERS else None


@cache
def _context(behaviour: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    expires = past if behaviour == "expired-certificate" else None
    name = "elsewhere.invalid" if behaviour == "certificate-of-another-name" else "127.0.0.1"
    ca = authority()
    if behaviour == "self-signed":
        ca = trustme.CA()
    ca.issue_cert(name, not_after=expires).configure_cert(context)
    return context


@cache
def authority() -> trustme.CA:
    """The certificate authority, which clients of these tests may trust."""
    return trustme.CA()
