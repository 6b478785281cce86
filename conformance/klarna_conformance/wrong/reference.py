"""The correct client. Each wrong client differs from it in one place."""

import threading
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import httpx

from klarna_conformance.adapter_protocol import Hello
from klarna_specs.calls import KEY_HEADER
from klarna_specs.client.play import Done, RefusedIt, Reported, Unknown, Unsupported
from klarna_specs.json_value import as_object

__all__ = ["ClientClosed", "Errand", "ReferenceClient"]

_LONGEST_WAIT_S = 5.0
_ORDERS = "/ordermanagement/v1/orders"
_SUFFIXES = {
    "refundOrder": ("POST", "/refunds"),
    "releaseRemainingAuthorization": ("POST", "/release-remaining-authorization"),
    "extendDueDate": ("PATCH", "/captures/{capture_id}/extend-due-date"),
    "getOptionsForExtendDueDate": ("GET", "/captures/{capture_id}/extend-due-date-options"),
}


class ClientClosed(Exception):
    """The client was closed during a command."""


class Errand(NamedTuple):
    """The request of a command, the same for all attempts."""

    operation: str
    order_id: str
    method: str
    path: str
    body: dict[str, Any] | None
    key: str | None


class ReferenceClient:
    """Retries after unclear outcomes with the same key, and reports only what it knows."""

    id: ClassVar[str] = "client-reference"
    caught_by: ClassVar[tuple[str, ...]] = ()
    operations = tuple(_SUFFIXES)
    attempts = 4

    def __init__(self, hello: Hello, *, backoff_s: float = 0.1) -> None:
        self.hello = hello
        self.backoff_s = backoff_s
        self._closed = threading.Event()
        self.http = httpx.Client(
            base_url=hello.base_url,
            timeout=hello.timeout_s,
            trust_env=False,
        )

    def close(self) -> None:
        """Stops the running command."""
        self._closed.set()
        self.http.close()

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        """Executes a command and returns its outcome."""
        if operation not in self.operations:
            return Unsupported()
        errand = self.errand(operation, order_id, dict(arguments))
        unclear = False
        last: httpx.Response | None = None
        for attempt in range(self.attempts):
            if attempt:
                self.pause(self.delay_s(attempt, last))
            last = None
            try:
                last = self.send(errand, attempt)
            except httpx.ConnectError:
                continue
            except httpx.TransportError:
                unclear = True
                continue
            if last.is_success:
                return self.done(errand, last)
            if not self.retries_after(last):
                return self.refused(last) if last.is_client_error and not unclear else Unknown()
            unclear = unclear or last.status_code != 429
        return self.last_outcome(last, unclear=unclear)

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        """The request of a command."""
        method, suffix = _SUFFIXES[operation]
        capture_id = arguments.pop("capture_id", "")
        return Errand(
            operation=operation,
            order_id=order_id,
            method=method,
            path=f"{_ORDERS}/{order_id}{suffix.format(capture_id=capture_id)}",
            body=self.body(operation, arguments),
            key=self.key(operation, order_id, arguments) if method != "GET" else None,
        )

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        """The JSON body, if there is one."""
        return arguments if operation in ("refundOrder", "extendDueDate") else None

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        """The idempotency key of a new command."""
        del operation, order_id, arguments
        return str(uuid.uuid4())

    def key_again(self, errand: Errand, attempt: int) -> str | None:
        """The key of an attempt (from 0)."""
        del attempt
        return errand.key

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        """Makes one attempt; raises httpx.TransportError without a complete response."""
        if self._closed.is_set():
            raise ClientClosed
        key = self.key_again(errand, attempt)
        headers = {KEY_HEADER: key} if key else {}
        return self.http.request(
            errand.method,
            errand.path,
            json=errand.body,
            headers=headers,
            auth=self.auth(attempt),
        )

    def auth(self, attempt: int) -> httpx.Auth:
        """The authentication of an attempt; none without credentials."""
        known = self.credentials(attempt)
        return httpx.BasicAuth(*known) if known else httpx.Auth()

    def credentials(self, attempt: int) -> tuple[str, str] | None:
        """Username and password of an attempt."""
        del attempt
        return self.hello.username, self.hello.password

    def retries_after(self, response: httpx.Response) -> bool:
        """Whether a response that is not a success allows a retry."""
        return response.status_code == 429 or response.is_server_error

    def delay_s(self, attempt: int, last: httpx.Response | None) -> float:
        """The delay before an attempt, in seconds: Retry-After, or exponential backoff."""
        retry_after = last.headers.get("retry-after", "") if last is not None else ""
        if retry_after.isdigit():
            return min(int(retry_after), _LONGEST_WAIT_S)
        return self.backoff_s * 2 ** (attempt - 1)

    def pause(self, seconds: float) -> None:
        """Waits; raises ClientClosed if the client is closed."""
        if self._closed.wait(seconds):
            raise ClientClosed

    def done(self, errand: Errand, response: httpx.Response) -> Reported:
        """The outcome of a success."""
        if errand.operation == "refundOrder":
            return Done(refund_id=self.refund_id(response))
        if errand.operation == "getOptionsForExtendDueDate":
            try:
                return Done(options=tuple(response.json()["options"]))
            except (ValueError, KeyError, TypeError):
                return Unknown("the options cannot be read")
        return Done()

    def refund_id(self, response: httpx.Response) -> str | None:
        """The id of a new refund: from its header, or from the end of its Location."""
        headers = response.headers
        location = headers.get("location", "").rstrip("/").rsplit("/", 1)[-1]
        return headers.get("refund-id") or headers.get("refund_id") or location or None

    def refused(self, response: httpx.Response) -> Reported:
        """The outcome of a refusal."""
        error = self.error(response)
        messages = error.get("error_messages") or [error.get("error_message") or ""]
        return RefusedIt(
            error_code=error.get("error_code"),
            error_messages=tuple(str(message) for message in messages if message),
            correlation_id=error.get("correlation_id")
            or response.headers.get("klarna-correlation-id"),
        )

    def error(self, response: httpx.Response) -> dict[str, Any]:
        """The error in a response; empty if its body is not a JSON object."""
        try:
            return as_object(response.json()) or {}
        except ValueError:
            return {}

    def last_outcome(self, last: httpx.Response | None, *, unclear: bool) -> Reported:
        """The outcome after the last attempt; a server that only returned 429 did nothing."""
        if last is not None and last.status_code == 429 and not unclear:
            return self.refused(last)
        return Unknown("no clear answer came")
