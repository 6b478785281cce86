"""Small servers on real sockets that keep the requests that they got."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from .accepting import Accepting, read_request

__all__ = ["Forward", "Listener", "Tunnel", "response"]


def response(status: str, body: bytes = b"", *headers: str) -> bytes:
    """A response after which the connection is closed."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Listener(Accepting):
    """Answers each request by a function of its number (from 1) and its bytes; None closes."""

    def __init__(
        self,
        respond: Callable[[int, bytes], bytes | None],
        *,
        context: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        super().__init__(context=context, port=port)
        self.requests: list[bytes] = []
        self._respond = respond

    def serve(self, connection: socket.socket) -> None:
        if request := read_request(connection):
            self.requests.append(request)
            connection.sendall(self._respond(len(self.requests), request) or b"")


class Forward:
    """Passes requests on to a server; loses the answers to those that a function chooses."""

    def __init__(self, base_url: str, loses: Callable[[bytes], bool]) -> None:
        self._upstream = urlsplit(base_url)
        self._loses = loses

    def __call__(self, _number: int, request: bytes) -> bytes | None:
        assert self._upstream.hostname
        address = (self._upstream.hostname, self._upstream.port or 80)
        with socket.create_connection(address, 20) as upstream:
            upstream.sendall(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            parts = iter(lambda: upstream.recv(65_536), b"")
            answer = b"".join(parts)
        return None if self._loses(request) else answer


class Tunnel(Accepting):
    """A proxy that answers CONNECT and then passes bytes on, or refuses without credentials."""

    def __init__(self, wanted: str = "") -> None:
        super().__init__()
        self.heads: list[bytes] = []
        self._wanted = wanted.encode()

    def serve(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65_536)
        self.heads.append(head)
        if self._wanted not in head:
            connection.sendall(
                response("407 Proxy Authentication Required", b"", "X-Echo: " + head.hex())
            )
            return
        host, _, port = head.split()[1].decode().partition(":")
        with socket.create_connection((host, int(port)), 20) as upstream:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pass_on, args=(upstream, connection))
            back.start()
            _pass_on(connection, upstream)
            back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        for part in iter(lambda: source.recv(65_536), b""):
            sink.sendall(part)
        sink.shutdown(socket.SHUT_WR)
