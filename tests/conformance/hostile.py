"""A server that misbehaves on purpose, on a real socket: one thread a connection."""

import json
import socket
import threading
import uuid
from collections.abc import Callable

from klarna_conformance.player import NOWHERE_ID

__all__ = ["BEHAVIOURS", "HostileServer"]

_HTML = b"<html><body>It works!</body></html>"
_MUCH = 10_000_000


def _html(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(_answer("200 OK", _HTML, "text/html"))


def _not_found(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(_answer("404 Not Found", b"", "text/plain"))


def _nothing(connection: socket.socket, _: threading.Event) -> None:
    """Closes after the request, without a byte."""


def _reset(connection: socket.socket, _: threading.Event) -> None:
    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def _cut_off(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")


def _cut_off_header(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")


def _huge(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(_answer("200 OK", b"[" + b" " * _MUCH, "application/json"))


def _endless(connection: socket.socket, closing: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not closing.wait(0.05):
        connection.sendall(b"1\r\n \r\n")


def _silent(connection: socket.socket, closing: threading.Event) -> None:
    closing.wait(60)


def _redirect(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(
        b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )


def _garbage(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(bytes(range(256)) * 4)


def _odd_status(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 999 \xff\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def _odd_header(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(
        b"HTTP/1.1 201 Created\r\nLocation: http://[\r\nRefund-Id: \xff\xfe/../\r\n"
        b"Content-Length: 0\r\nConnection: close\r\n\r\n"
    )


def _odd_json(connection: socket.socket, _: threading.Event) -> None:
    body = b'{"captured_amount": [null], "refunds": [1], "options": [1], "captures": {}}'
    connection.sendall(_answer("200 OK", body, "application/json"))


BEHAVIOURS: dict[str, Callable[[socket.socket, threading.Event], None]] = {
    "html": _html,
    "not-found": _not_found,
    "nothing": _nothing,
    "reset": _reset,
    "cut-off": _cut_off,
    "cut-off-header": _cut_off_header,
    "huge": _huge,
    "endless": _endless,
    "silent": _silent,
    "redirect": _redirect,
    "garbage": _garbage,
    "odd-status": _odd_status,
    "odd-header": _odd_header,
    "odd-json": _odd_json,
}
"""Every way to misbehave, by name; each answers one request, and then the connection is closed."""


class HostileServer:
    """Listens on loopback and misbehaves until closed.

    With `orders` it makes orders as it should, and answers 404 for the one that nobody has.

    `asked` is set by the first request.
    """

    def __init__(self, behaviour: str, *, orders: bool) -> None:
        self.asked = threading.Event()
        self._misbehave = BEHAVIOURS[behaviour]
        self._orders = orders
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stops listening, and ends every behaviour that goes on for long."""
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.settimeout(20)
                request = _read_request(connection)
                self.asked.set()
                if self._orders and request.startswith(b"POST /_control/orders"):
                    connection.sendall(_order(request))
                elif self._orders and NOWHERE_ID.encode() in request:
                    _not_found(connection, self._closing)
                else:
                    self._misbehave(connection, self._closing)
        except OSError:
            pass  # the client had enough


def _read_request(connection: socket.socket) -> bytes:
    """Head and body of a request with a Content-Length, or with none."""
    read = b""
    while b"\r\n\r\n" not in read:
        part = connection.recv(65_536)
        if not part:
            return read
        read += part
    head, _, body = read.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    wanted = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < wanted:
        part = connection.recv(65_536)
        if not part:
            break
        body += part
    return head + b"\r\n\r\n" + body


def _order(request: bytes) -> bytes:
    plan = json.loads(request.partition(b"\r\n\r\n")[2])
    captures = [str(uuid.uuid4()) for _ in plan["captures"]]
    made = {"order_id": str(uuid.uuid4()), "capture_ids": captures}
    return _answer("201 Created", json.dumps(made).encode(), "application/json")


def _answer(status: str, body: bytes, content_type: str) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
