"""The mock as an ASGI application, to serve it by another server than our own."""

from collections.abc import Awaitable, Callable
from typing import Any

from klarna_conformance import defaults
from klarna_conformance.mock.answering import credentials_of, request_of
from klarna_conformance.mock.control import Control
from klarna_conformance.mock.server import Mock

App = Callable[[Any, Any, Any], Awaitable[None]]


def asgi(mock: Mock) -> App:
    control = Control(mock)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]]
        named = dict(headers)
        credentials = credentials_of(
            named.get("authorization"), defaults.USERNAME, defaults.PASSWORD
        )
        request = request_of(
            scope["method"], scope["raw_path"], headers, body, credentials=credentials
        )
        response = await control.answer(request, f"http://{named['host']}")
        sent = [(k.lower().encode(), v.encode("latin-1")) for k, v in response.headers]
        if response.body.raw:
            sent.append((b"content-length", str(len(response.body.raw)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": sent})
        await send({"type": "http.response.body", "body": response.body.raw})

    return app
