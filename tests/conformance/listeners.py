"""Small servers on real sockets that keep the requests that they got."""

import socket
import ssl
import threading
from collections.abc import Callable
from typing import Self
from urllib.parse import urlsplit

from .hostile import read_request

__all__ = ["Forward", "Listener", "response"]


def response(status: str, body: bytes = b"", *headers: str) -> bytes:
    """A response after which the connection is closed."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Listener:
    """Answers each request by a function of its number (from 1) and its bytes; None closes."""

    def __init__(
        self,
        respond: Callable[[int, bytes], bytes | None],
        *,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.requests: list[bytes] = []
        self._respond = respond
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if context else "http"
        self.base_url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(20)
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                request = read_request(connection)
                if request:
                    self.requests.append(request)
                    connection.sendall(self._respond(len(self.requests), request) or b"")
        except OSError:
            connection.close()


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
