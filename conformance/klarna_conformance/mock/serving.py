"""Serves an ASGI application on a socket, and tells its base URL once it accepts requests."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

__all__ = ["serve"]


def serve(app: Any, *, host: str, port: int, latency_s: float, tell: Callable[[str], None]) -> None:
    """Serves until interrupted. Raises OSError where the address cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches off Nagle's algorithm, which costs 40 ms a request.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    shown = f"[{host}]" if ":" in host else host
    # The socket listens already: a request that comes before the server's loop waits for it.
    tell(f"http://{shown}:{listener.getsockname()[1]}")
    config = uvicorn.Config(
        _delayed(app, latency_s) if latency_s else app,
        log_level="warning",
        lifespan="off",
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _delayed(app: Any, latency_s: float) -> Any:
    async def delayed(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(latency_s)
        await app(scope, receive, send)

    return delayed
