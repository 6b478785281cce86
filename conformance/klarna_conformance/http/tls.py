"""The TLS of a wire: trusted CAs and the client certificate."""

import ssl
from functools import lru_cache
from pathlib import Path

import httpx
import msgspec

from klarna_conformance.errors import UsageError

__all__ = ["Tls", "tls_context"]


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """Files in PEM: the CA to trust instead of the public ones, a client certificate, its key.

    The key may be in the file of the certificate.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


@lru_cache(maxsize=8)
def tls_context(tls: Tls) -> ssl.SSLContext:
    """The context of a client; raises UsageError if a file cannot be read or used.

    Reading the public CAs takes some 20 ms, so the wires of a run share one context.
    """
    context = _trusting(tls.ca) if tls.ca else httpx.create_ssl_context(trust_env=False)
    if tls.key and not tls.certificate:
        raise UsageError(f"tls: the key {tls.key} has no certificate; say `certificate:` too")
    if tls.certificate:
        _identify(context, tls.certificate, tls.key)
    return context


def _trusting(ca: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca))
    except (OSError, ssl.SSLError) as exc:
        raise _unusable("ca", ca, "CA certificates", exc) from exc


def _identify(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    def no_passphrase() -> str:
        raise ValueError("the key has a passphrase, which cannot be entered")

    try:
        context.load_cert_chain(certificate, key, password=no_passphrase)
    except (OSError, ssl.SSLError, ValueError) as exc:
        raise _unusable("certificate", certificate, "a certificate with its key", exc) from exc


def _unusable(name: str, path: Path, wanted: str, exc: Exception) -> UsageError:
    why = (exc.strerror if isinstance(exc, OSError) else None) or str(exc)
    return UsageError(f"tls: {name} {path} cannot be used: {why}; it must hold {wanted} in PEM")
