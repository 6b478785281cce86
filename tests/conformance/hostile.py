"""A server that misbehaves on purpose, on a real socket: one thread a connection."""

import json
import socket
import threading
import uuid
from collections.abc import Callable

from klarna_conformance.play.request_builder import NOWHERE_ID

from .accepting import Accepting, read_request
from .hostile_answers import ANSWERS, answer
from .hostile_tls import TLS_ANSWERS, server_context

__all__ = ["BEHAVIOURS", "TLS_BEHAVIOURS", "UNANSWERED", "HostileServer"]

Behaviour = Callable[[socket.socket, threading.Event], None]


def _nothing(connection: socket.socket, _: threading.Event) -> None:
    """Closes after the request, without a byte."""


def _reset(connection: socket.socket, _: threading.Event) -> None:
    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def _silent(connection: socket.socket, closing: threading.Event) -> None:
    closing.wait(60)


def _endless(
    start: bytes, piece: bytes, *, pause_s: float = 0.0, times: int = 1_000_000
) -> Behaviour:
    """Sends a start, and then the same piece until the client disconnects."""

    def behave(connection: socket.socket, closing: threading.Event) -> None:
        connection.sendall(start)
        for _ in range(times):
            if closing.wait(pause_s):
                return
            connection.sendall(piece)

    return behave


def _sending(raw: bytes) -> Behaviour:
    def behave(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(raw)

    return behave


_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_PIECE = b" " * 65_536
_UNFINISHED: dict[str, Behaviour] = {
    "nothing": _nothing,
    "reset": _reset,
    "silent": _silent,
    "endless": _endless(_CHUNKED, b"1\r\n \r\n", pause_s=0.05),
    "endless-and-fast": _endless(_OK + b"\r\n", _PIECE),
    "hundred-megabytes": _endless(_OK + b"Content-Length: 104857600\r\n\r\n", _PIECE, times=1_600),
    "slow-headers": _endless(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a", pause_s=0.02),
    "slow-body": _endless(_OK + b"Content-Length: 9999\r\n\r\n", b"[", pause_s=0.02),
    "endless-headers": _endless(b"HTTP/1.1 200 OK\r\n", b"X-More: yes\r\n" * 1_000),
    "endless-header-line": _endless(b"HTTP/1.1 200 OK\r\nX-Long: ", b"a" * 65_536),
    "endless-continue": _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "endless-early-hints": _endless(
        b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", pause_s=0.01
    ),
    "endless-trailers": _endless(_CHUNKED + b"0\r\n", b"X-More: yes\r\n" * 1_000),
    "endless-chunk-size": _endless(_CHUNKED, b"0" * 65_536),
}

BEHAVIOURS: dict[str, Behaviour] = {
    **_UNFINISHED,
    **{name: _sending(raw) for name, raw in ANSWERS.items()},
}
"""All behaviours by name; each answers one request and closes the connection."""

TLS_BEHAVIOURS: dict[str, Behaviour] = {
    "plain-on-a-tls-port": _sending(answer("200 OK", b"{}", "application/json")),
    "handshake-that-never-ends": _silent,
    **{name: _sending(raw) for name, raw in TLS_ANSWERS.items()},
}
"""Behaviours of https servers; those with a certificate misbehave after the handshake."""

UNANSWERED = frozenset(_UNFINISHED)
"""Behaviours without a complete response of reasonable size."""


class HostileServer(Accepting):
    """Listens on loopback and misbehaves until closed.

    With `orders` it creates orders correctly, and answers 404 for the unknown one. `requested` is
    set by the first request, `requests` are all that were read.
    """

    def __init__(self, behaviour: str, *, orders: bool) -> None:
        tls = behaviour in TLS_BEHAVIOURS
        super().__init__(context=server_context(behaviour) if tls else None)
        self.requested = threading.Event()
        self.requests: list[bytes] = []
        self._misbehave = (TLS_BEHAVIOURS if tls else BEHAVIOURS)[behaviour]
        self._reads = not tls or self._context is not None
        self._orders = orders
        self._closing = threading.Event()
        if tls and self._context is None:
            self.base_url = f"https://{self.address}"
        self.start()

    def close(self) -> None:
        """Stops listening, and ends unfinished behaviours."""
        self._closing.set()
        super().close()

    def serve(self, connection: socket.socket) -> None:
        request = read_request(connection) if self._reads else b""
        self.requests.append(request)
        self.requested.set()
        if self._orders and request.startswith(b"POST /_control/orders"):
            connection.sendall(_order(request))
        elif self._orders and NOWHERE_ID.encode() in request:
            connection.sendall(ANSWERS["not-found"])
        else:
            self._misbehave(connection, self._closing)


def _order(request: bytes) -> bytes:
    plan = json.loads(request.partition(b"\r\n\r\n")[2])
    captures = [str(uuid.uuid4()) for _ in plan["captures"]]
    made = {"order_id": str(uuid.uuid4()), "capture_ids": captures}
    return answer("201 Created", json.dumps(made).encode(), "application/json")
