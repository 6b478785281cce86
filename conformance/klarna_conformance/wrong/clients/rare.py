"""Clients that cannot do with what is legal and rare: amounts, lines, texts, equal commands."""

import struct
from collections.abc import Mapping
from typing import Any

import httpx

from klarna_conformance.wrong.reference import Errand, ReferenceClient
from klarna_specs.client.play import Done, Told

__all__ = [
    "AmountAsFloat",
    "AmountBySinglePrecision",
    "AmountByText",
    "AmountCutOff",
    "BreaksDownAtNothing",
    "BreaksDownAtSecondDiscount",
    "BreaksDownWithoutDescription",
    "BreaksDownWithoutLatin",
    "DropsLinesOfNothing",
    "DropsZero",
    "EqualRefundsOnce",
    "FeesMerged",
    "LineOfEachReference",
    "NullsForNone",
    "OneShippingLine",
    "ReleaseIsNotSent",
    "ReleasesAnAmount",
    "RepeatsConflictInDoubt",
    "TextsInLatin",
]


class _Amounts(ReferenceClient):
    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        if body and "refunded_amount" in body:
            body["refunded_amount"] = self.amount(body["refunded_amount"])
        return body

    def amount(self, amount: int) -> Any:
        """The amount as it is sent."""
        return amount


class AmountCutOff(_Amounts):
    """Reckons in the major unit, and cuts off: 0.29 becomes 28."""

    def amount(self, amount: int) -> Any:
        return int(amount / 100 * 100)


class AmountBySinglePrecision(_Amounts):
    """Keeps amounts in single precision: 16777217 becomes 16777216."""

    def amount(self, amount: int) -> Any:
        return int(struct.unpack("f", struct.pack("f", amount))[0])


class AmountByText(_Amounts):
    """Takes the point out of the amount in the major unit: 12.5 becomes 125."""

    def amount(self, amount: int) -> Any:
        return int(str(amount / 100).replace(".", ""))


class AmountAsFloat(_Amounts):
    """Harmless: sends amounts as 1.0, which a server may read as 1 or not."""

    def amount(self, amount: int) -> Any:
        return float(amount)


class DropsZero(ReferenceClient):
    """Leaves members away that are zero or empty, also the amount."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        return {name: value for name, value in body.items() if value} if body else body


class NullsForNone(ReferenceClient):
    """Harmless: sends null for what it was not told, which a server may read as none or not."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        none = {"description": None, "reference": None} if operation == "refundOrder" else {}
        return {**none, **body} if body is not None else None


class _Lines(ReferenceClient):
    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        if body and (lines := body.get("order_lines")):
            body["order_lines"] = self.lines(lines)
        return body

    def lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The lines as they are sent."""
        return lines


class LineOfEachReference(_Lines):
    """Keeps one line for each reference, the last one."""

    def lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        named = {line.get("reference", number): line for number, line in enumerate(lines)}
        return list(named.values())


class OneShippingLine(_Lines):
    """Sends one shipping line, whatever there is."""

    def lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        shipping = [line for line in lines if line["type"] == "shipping_fee"]
        return [line for line in lines if line not in shipping[1:]]


class FeesMerged(_Lines):
    """Makes one return fee of several."""

    def lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        fees = [line for line in lines if line["type"] == "return_fee"]
        if len(fees) < 2:
            return lines
        total = sum(line["total_amount"] for line in fees)
        merged = {**fees[0], "total_amount": total, "unit_price": total}
        return [*(line for line in lines if line not in fees), merged]


class DropsLinesOfNothing(_Lines):
    """Leaves lines away that cost nothing."""

    def lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [line for line in lines if line["total_amount"]]


class BreaksDownAtNothing(_Lines):
    """Works out what a piece costs, also of a line without pieces."""

    def lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [line for line in lines if line["total_amount"] // line["quantity"] is not None]


class BreaksDownAtSecondDiscount(_Lines):
    """Knows one discount for each refund."""

    def lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if sum(line["type"] == "discount" for line in lines) > 1:
            raise ValueError("more than one discount")
        return lines


class BreaksDownWithoutDescription(ReferenceClient):
    """Needs a description."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        if operation == "refundOrder":
            arguments["description"] = str(arguments["description"])
        return super().body(operation, arguments)


class _Described(ReferenceClient):
    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        if "description" in arguments:
            arguments["description"] = self.text(arguments["description"])
        return super().body(operation, arguments)

    def text(self, text: str) -> str:
        """The description as it is sent."""
        return text


class BreaksDownWithoutLatin(_Described):
    """Knows the letters of Western Europe only."""

    def text(self, text: str) -> str:
        return text.encode("latin-1").decode("latin-1")


class TextsInLatin(_Described):
    """Has question marks for letters that it does not know."""

    def text(self, text: str) -> str:
        return text.encode("latin-1", errors="replace").decode("latin-1")


class EqualRefundsOnce(ReferenceClient):
    """Takes a refund that equals an earlier one of the order for the same."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._known: dict[str, Told] = {}

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Told:
        if operation != "refundOrder":
            return super().do(operation, order_id, arguments)
        name = f"{order_id} {dict(arguments)}"
        if name not in self._known:
            told = super().do(operation, order_id, arguments)
            if not isinstance(told, Done):
                return told
            self._known[name] = told
        return self._known[name]


class ReleaseIsNotSent(ReferenceClient):
    """Reports a release as done, and sends nothing."""

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Told:
        if operation == "releaseRemainingAuthorization":
            return Done()
        return super().do(operation, order_id, arguments)


class ReleasesAnAmount(ReferenceClient):
    """Sends an amount with a release, as if a part could be released."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        release = operation == "releaseRemainingAuthorization"
        return {"amount": 100} if release else super().body(operation, arguments)


class RepeatsConflictInDoubt(ReferenceClient):
    """Harmless: sends again after 409 under the same key, where an attempt before had no answer."""

    _unclear = False

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        self._unclear = self._unclear and attempt > 0
        try:
            response = super().send(errand, attempt)
        except httpx.TransportError:
            self._unclear = True
            raise
        self._unclear = self._unclear or response.is_server_error
        return response

    def sends_again(self, response: httpx.Response) -> bool:
        in_doubt = response.status_code == 409 and self._unclear
        return in_doubt or super().sends_again(response)
