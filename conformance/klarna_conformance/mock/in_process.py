"""The mock without a socket: an HTTP client's calls go to it as they are."""

import httpx

from klarna_conformance.mock.app import answer, credentials_of, mock_app, request_of
from klarna_conformance.mock.server import Mock

__all__ = ["InProcess"]


class InProcess(httpx.AsyncBaseTransport):
    """Answers an HTTP client from a mock in the same process.

    Documented calls reach the mock itself, and only what is beside them goes through its
    application, which takes as long as the mock does.
    """

    def __init__(self, mock: Mock, *, username: str, password: str) -> None:
        self._mock = mock
        self._pair = username, password
        self._beside = httpx.ASGITransport(mock_app(mock, username=username, password=password))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, without anything that a connection would add."""
        if not request.url.raw_path.startswith(b"/ordermanagement/"):
            return await self._beside.handle_async_request(request)
        asked = request_of(
            request.method,
            request.url.raw_path,
            request.headers.items(),
            await request.aread(),
            credentials=credentials_of(request.headers.get("authorization"), *self._pair),
        )
        url = request.url
        answered = await answer(self._mock, asked, f"{url.scheme}://{url.netloc.decode()}")
        headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in answered.headers]
        return httpx.Response(
            answered.status, headers=headers, stream=httpx.ByteStream(answered.body.raw)
        )
