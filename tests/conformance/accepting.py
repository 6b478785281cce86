"""What all small servers share: a socket on loopback, and a thread for each connection."""

import contextlib
import socket
import ssl
import threading
from typing import Self

__all__ = ["Accepting", "read_request"]


class Accepting:
    """Listens on loopback from its start until it is closed; with a context, it speaks TLS.

    The port is a free one by default.
    """

    def __init__(self, *, context: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", port))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.base_url = f"{'https' if context else 'http'}://{self.address}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Accepts connections from now on."""
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stops listening."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # A client that disconnects, or fails the TLS handshake, ends the connection.
        with contextlib.suppress(OSError), connection:
            connection.settimeout(20)
            if self._context is None:
                self.serve(connection)
            else:
                with self._context.wrap_socket(connection, server_side=True) as greeted:
                    self.serve(greeted)

    def serve(self, connection: socket.socket) -> None:
        """Answers one connection."""
        raise NotImplementedError


def read_request(connection: socket.socket) -> bytes:
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
