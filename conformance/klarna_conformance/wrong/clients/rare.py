"""Clients that fail on valid but rare amounts, lines, texts and equal commands."""

import ctypes
import struct
from collections.abc import Mapping
from typing import Any

import httpx

from klarna_conformance.wrong.clients.parts import (
    ORDERS,
    Amounts,
    Descriptions,
    InDoubt,
    Lines,
    Reading,
    harmless,
    wrong,
)
from klarna_conformance.wrong.reference import ReferenceClient
from klarna_specs.client.play import Done, RefusedIt, Reported


@wrong("client-amount-cut-off", "client.amounts-as-told")
class AmountCutOff(Amounts):
    """Calculates in major units and truncates: 0.29 becomes 28."""

    def amount(self, amount: int) -> Any:
        return int(amount / 100 * 100)


@wrong("client-amount-in-single-precision", "client.amounts-as-told")
class AmountBySinglePrecision(Amounts):
    """Stores amounts in single precision: 16777217 becomes 16777216."""

    def amount(self, amount: int) -> Any:
        return int(struct.unpack("f", struct.pack("f", amount))[0])


@wrong("client-amount-in-32-bits", "client.amounts-as-told")
class AmountIn32Bits(Amounts):
    """Calculates hundredths of minor units in 32 bits: amounts above 21474836 overflow."""

    def amount(self, amount: int) -> Any:
        return ctypes.c_int32(amount * 100).value // 100


@wrong("client-amount-by-text", "client.amounts-as-told")
class AmountByText(Amounts):
    """Removes the decimal point of the amount in major units: 12.5 becomes 125."""

    def amount(self, amount: int) -> Any:
        return int(str(amount / 100).replace(".", ""))


@harmless("client-amount-as-float")
class AmountAsFloat(Amounts):
    """Harmless: sends amounts as 1.0, which a server may accept or not."""

    def amount(self, amount: int) -> Any:
        return float(amount)


@wrong("client-zero-dropped", "client.amounts-as-told")
class DropsZero(ReferenceClient):
    """Omits members that are zero or empty, including the amount."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        return {name: value for name, value in body.items() if value} if body else body


@harmless("client-nulls-for-none")
class NullsForNone(ReferenceClient):
    """Harmless: sends null for missing arguments, which a server may accept or not."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        none = {"description": None, "reference": None} if operation == "refundOrder" else {}
        return {**none, **body} if body is not None else None


@wrong("client-nulls-and-refused-after-timeout", "client.refused-is-true")
class NullsAndRefusedAfterTimeout(NullsForNone):
    """Sends null for missing arguments, and reports everything without an answer as refused."""

    def last_outcome(self, last: httpx.Response | None, *, unclear: bool) -> Reported:
        del last, unclear
        return RefusedIt()


@wrong("client-line-of-each-reference", "client.amounts-as-told")
class LineOfEachReference(Lines):
    """Sends only the last line of each reference."""

    def lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        named = {line.get("reference", number): line for number, line in enumerate(lines)}
        return list(named.values())


@wrong("client-one-shipping-line", "client.amounts-as-told")
class OneShippingLine(Lines):
    """Sends only the first shipping line."""

    def lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        shipping = [line for line in lines if line["type"] == "shipping_fee"]
        return [line for line in lines if line not in shipping[1:]]


@wrong("client-fees-merged", "client.amounts-as-told")
class FeesMerged(Lines):
    """Merges several return fees into one."""

    def lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        fees = [line for line in lines if line["type"] == "return_fee"]
        if len(fees) < 2:
            return lines
        total = sum(line["total_amount"] for line in fees)
        merged = {**fees[0], "total_amount": total, "unit_price": total}
        return [*(line for line in lines if line not in fees), merged]


@wrong("client-fees-in-few-markets", "client.carries-out")
class FeesInFewMarkets(Reading):
    """Refuses return fees outside of five markets without a request."""

    _markets = ("DE", "DK", "FI", "NO", "SE")

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        if any(line["type"] == "return_fee" for line in arguments.get("order_lines", ())):
            order = self.read(f"{ORDERS}/{order_id}")
            if order and order.json()["purchase_country"] not in self._markets:
                return RefusedIt(error_messages=("no return fees in this market",))
        return super().do(operation, order_id, arguments)


@wrong("client-lines-of-nothing-dropped", "client.amounts-as-told")
class DropsLinesOfNothing(Lines):
    """Omits lines with a total of zero."""

    def lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [line for line in lines if line["total_amount"]]


@wrong("client-breaks-down-at-quantity-0", "client.answers")
class BreaksDownAtNothing(Lines):
    """Fails on a quantity of zero, because it divides by the quantity."""

    def lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [line for line in lines if line["total_amount"] // line["quantity"] is not None]


@wrong("client-breaks-down-at-second-discount", "client.answers")
class BreaksDownAtSecondDiscount(Lines):
    """Fails on a second discount."""

    def lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if sum(line["type"] == "discount" for line in lines) > 1:
            raise ValueError("more than one discount")
        return lines


@wrong("client-breaks-down-without-description", "client.answers")
class BreaksDownWithoutDescription(ReferenceClient):
    """Fails on a refund without a description."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        if operation == "refundOrder":
            arguments["description"] = str(arguments["description"])
        return super().body(operation, arguments)


@wrong("client-breaks-down-without-latin", "client.answers")
class BreaksDownWithoutLatin(Descriptions):
    """Fails on characters beyond Latin-1."""

    def text(self, text: str) -> str:
        return text.encode("latin-1").decode("latin-1")


@wrong("client-none-as-text", "client.texts-as-told")
class NoneAsText(ReferenceClient):
    """Sends "None" as the description of a refund without one."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        if operation == "refundOrder":
            arguments["description"] = str(arguments.get("description"))
        return super().body(operation, arguments)


@wrong("client-texts-in-latin", "client.texts-as-told")
class TextsInLatin(Descriptions):
    """Replaces characters beyond Latin-1 with question marks."""

    def text(self, text: str) -> str:
        return text.encode("latin-1", errors="replace").decode("latin-1")


@wrong("client-equal-refunds-once", "client.done-is-true")
class EqualRefundsOnce(ReferenceClient):
    """Treats a refund that equals an earlier one as the same refund."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._known: dict[str, Reported] = {}

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        if operation != "refundOrder":
            return super().do(operation, order_id, arguments)
        name = f"{order_id} {dict(arguments)}"
        if name not in self._known:
            outcome = super().do(operation, order_id, arguments)
            if not isinstance(outcome, Done):
                return outcome
            self._known[name] = outcome
        return self._known[name]


@wrong("client-release-is-not-sent", "client.done-is-true")
class ReleaseIsNotSent(ReferenceClient):
    """Reports a release as done without a request."""

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        if operation == "releaseRemainingAuthorization":
            return Done()
        return super().do(operation, order_id, arguments)


@wrong("client-releases-an-amount", "client.amounts-as-told")
class ReleasesAnAmount(ReferenceClient):
    """Sends an amount with a release, as for a partial release."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        release = operation == "releaseRemainingAuthorization"
        return {"amount": 100} if release else super().body(operation, arguments)


@harmless("client-repeats-conflict-in-doubt")
class RepeatsConflictInDoubt(InDoubt):
    """Harmless: retries after 409 with the same key if an earlier attempt had no response."""

    def retries_after(self, response: httpx.Response) -> bool:
        in_doubt = response.status_code == 409 and self.unclear
        return in_doubt or super().retries_after(response)
