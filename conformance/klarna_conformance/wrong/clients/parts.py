"""Parts of the reference client that several wrong clients change."""

from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from klarna_conformance.wrong.reference import Errand, ReferenceClient

__all__ = [
    "ORDERS",
    "Amounts",
    "Descriptions",
    "InDoubt",
    "Lines",
    "Reading",
    "harmless",
    "wrong",
]

ORDERS = "/ordermanagement/v1/orders"
_Client = TypeVar("_Client", bound=type[ReferenceClient])


def wrong(name: str, *caught_by: str) -> Callable[[_Client], _Client]:
    """The id of a client, and the requirements of which at least one must detect it."""

    def named(client: _Client) -> _Client:
        client.id, client.caught_by = name, caught_by
        return client

    return named


def harmless(name: str) -> Callable[[_Client], _Client]:
    """The id of a client that no requirement may fail."""
    return wrong(name)


class Amounts(ReferenceClient):
    """Changes the amount of a refund."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        if body and "refunded_amount" in body:
            body["refunded_amount"] = self.amount(body["refunded_amount"])
        return body

    def amount(self, amount: int) -> Any:
        """The amount as it is sent."""
        return amount


class Lines(ReferenceClient):
    """Changes the order lines."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        if body and (lines := body.get("order_lines")):
            body["order_lines"] = self.lines(lines)
        return body

    def lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The lines as they are sent."""
        return [self.line(dict(line)) for line in lines]

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        """A line as it is sent."""
        return line


class Descriptions(ReferenceClient):
    """Changes the description."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        if "description" in arguments:
            arguments["description"] = self.text(arguments["description"])
        return super().body(operation, arguments)

    def text(self, text: str) -> str:
        """The description as it is sent."""
        return text


class InDoubt(ReferenceClient):
    """Records whether an earlier attempt may have succeeded."""

    unclear = False

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        self.unclear = self.unclear and attempt > 0
        try:
            response = super().send(errand, attempt)
        except httpx.TransportError:
            self.unclear = True
            raise
        self.unclear = self.unclear or response.is_server_error
        return response


class Reading(ReferenceClient):
    """Can read resources."""

    def read(self, url: str, auth: httpx.Auth | None = None) -> httpx.Response | None:
        """The response to a GET; None without a response."""
        try:
            return self.http.get(url, auth=auth or self.auth(0))
        except httpx.TransportError:
            return None
