"""Requests to the mock and its responses."""

import asyncio
import base64
import binascii
import secrets
from collections.abc import Iterable
from functools import lru_cache

from klarna_conformance.mock.server import Mock
from klarna_specs.exchange import Payload, Request, Response
from klarna_specs.scenario import Credentials

__all__ = ["answer", "credentials_of", "request_of"]

_TOGETHER_S = 0.05
"""Requests to a racing mock that arrive within this many seconds are concurrent."""


def request_of(
    method: str,
    raw_path: bytes,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    *,
    credentials: Credentials,
) -> Request:
    """A request with the kind of its credentials in place of the credentials themselves."""
    return Request(
        method=method,
        path=raw_path.decode("latin-1").split("?")[0],
        headers=tuple(each for each in headers if each[0].lower() != "authorization"),
        body=Payload.of(body),
        credentials=credentials,
    )


async def answer(mock: Mock, request: Request, base_url: str) -> Response:
    """The response of the mock; a racing mock first waits for concurrent requests."""
    if mock.races:
        mock.arrive(request)
        await asyncio.sleep(_TOGETHER_S)
    return mock.respond(request, base_url)


@lru_cache(maxsize=64)
def credentials_of(header: str | None, username: str, password: str) -> Credentials:
    """The kind of credentials in an Authorization header; several, joined by commas, are none."""
    if not header:
        return "none"
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "basic":
        return "other_scheme"
    try:
        given = base64.b64decode(token.strip(), validate=True)
    except (binascii.Error, ValueError):
        return "not_base64"
    user, _, word = given.partition(b":")
    if not secrets.compare_digest(user, username.encode()):
        return "wrong_username"
    return "valid" if secrets.compare_digest(word, password.encode()) else "wrong_password"
