"""Clients that send something else than they were commanded, or in another form."""

import base64
import json
from collections.abc import Mapping
from typing import Any, ClassVar

import httpx

from klarna_conformance.wrong.clients.parts import (
    ORDERS,
    Amounts,
    Descriptions,
    Lines,
    Reading,
    harmless,
    wrong,
)
from klarna_conformance.wrong.reference import Errand, ReferenceClient
from klarna_specs.calls import KEY_HEADER
from klarna_specs.client.play import Done, Reported


@wrong("client-amount-rounded", "client.amounts-as-told")
class AmountInMajorUnits(Amounts):
    """Truncates amounts to major units: 89.89 becomes 89."""

    def amount(self, amount: int) -> Any:
        return int(amount / 100) * 100


@wrong("client-amount-capped", "client.amounts-as-told")
class AmountCapped(Amounts):
    """Sends no amount above 100000000, the limit of earlier API descriptions."""

    def amount(self, amount: int) -> Any:
        return min(amount, 100_000_000)


@wrong("client-amount-as-text", "client.well-formed")
class AmountAsText(Amounts):
    """Sends amounts as strings."""

    def amount(self, amount: int) -> Any:
        return str(amount)


@wrong("client-amount-of-lines", "client.amounts-as-told")
class AmountOfLines(ReferenceClient):
    """Sends the sum of the lines without the fee as the amount."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        if body and (lines := body.get("order_lines")):
            goods = [line for line in lines if line["type"] != "return_fee"]
            body["refunded_amount"] = sum(line["total_amount"] for line in goods)
        return body


@wrong("client-days-fixed", "client.amounts-as-told")
class DaysRoundedUp(ReferenceClient):
    """Always extends by 30 days."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        if body and "number_of_days" in body:
            body["number_of_days"] = 30
        return body


@wrong("client-line-types-lost", "client.amounts-as-told")
class LineTypesLost(Lines):
    """Sends every line as goods, including the fee."""

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        return {**line, "type": "physical"}


@wrong("client-fee-sign-lost", "client.amounts-as-told")
class SignOfFeeLost(Lines):
    """Sends a fee with a positive amount."""

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        if line["type"] != "return_fee":
            return line
        return {**line, "total_amount": -line["total_amount"], "unit_price": -line["unit_price"]}


@wrong("client-line-tax-lost", "client.amounts-as-told")
class LineTaxLost(Lines):
    """Omits the tax rate of lines."""

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        line.pop("tax_rate", None)
        return line


@harmless("client-writes-out-defaults")
class AddsDefaults(Lines):
    """Harmless: sends zero for missing taxes and discounts."""

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        return {"total_discount_amount": 0, "total_tax_amount": 0, **line}


@harmless("client-works-out-tax")
class WorksOutTax(Lines):
    """Harmless: calculates the tax of lines with only a tax rate."""

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        if "tax_rate" not in line or "total_tax_amount" in line:
            return line
        tax = line["total_amount"] * line["tax_rate"] / (10_000 + line["tax_rate"])
        return {**line, "total_tax_amount": round(tax)}


@harmless("client-lines-in-another-order")
class LinesBackwards(Lines):
    """Harmless: sends the order lines in another order."""

    def lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return lines[::-1]


class _Drops(ReferenceClient):
    member: ClassVar[str]

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        arguments.pop(self.member, None)
        return super().body(operation, arguments)


@wrong("client-lines-dropped", "client.amounts-as-told")
class DropsLines(_Drops):
    """Omits the order lines."""

    member = "order_lines"


@wrong("client-description-dropped", "client.texts-as-told")
class DropsDescription(_Drops):
    """Omits the description."""

    member = "description"


@wrong("client-reference-dropped", "client.texts-as-told")
class DropsReference(_Drops):
    """Omits the reference."""

    member = "reference"


@wrong("client-description-cut", "client.texts-as-told")
class DescriptionCut(Descriptions):
    """Truncates descriptions to ten characters."""

    def text(self, text: str) -> str:
        return text[:10]


@wrong("client-foreign-members", "client.known-members")
class ForeignMembers(ReferenceClient):
    """Sends an undocumented member."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        return {**body, "merchant": "acme"} if body else body


@wrong("client-body-wrapped", "client.well-formed")
class WrapsBody(ReferenceClient):
    """Wraps the body of a refund in an object."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        return {"refund": body} if body and operation == "refundOrder" else body


@harmless("client-empty-object")
class EmptyObject(ReferenceClient):
    """Harmless: sends an empty object where no body is needed."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        return {} if operation == "releaseRemainingAuthorization" else body


@harmless("client-members-sorted")
class SortedMembers(ReferenceClient):
    """Harmless: sends the members of the body in another order."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        return {name: body[name] for name in sorted(body, reverse=True)} if body else body


class _Written(ReferenceClient):
    """Encodes the body itself."""

    def written(self, errand: Errand) -> tuple[bytes, dict[str, str]]:
        """The bytes of the body, and its headers."""
        text = json.dumps(errand.body).encode() if errand.body is not None else b""
        return text, {"Content-Type": "application/json"} if text else {}

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        content, headers = self.written(errand)
        key = self.key_again(errand, attempt)
        keyed = {KEY_HEADER: key} if key else {}
        return self.http.request(
            errand.method,
            errand.path,
            content=content,
            headers={**headers, **keyed},
            auth=self.auth(attempt),
        )


@wrong("client-no-content-type", "client.content-type")
class NoContentType(_Written):
    """Sends JSON without a content type."""

    def written(self, errand: Errand) -> tuple[bytes, dict[str, str]]:
        return super().written(errand)[0], {}


@wrong("client-form-encoded", "client.well-formed")
class FormEncoded(_Written):
    """Sends a form instead of JSON."""

    def written(self, errand: Errand) -> tuple[bytes, dict[str, str]]:
        pairs = "&".join(f"{name}={value}" for name, value in (errand.body or {}).items())
        return pairs.encode(), {"Content-Type": "application/x-www-form-urlencoded"}


@wrong("client-no-credentials", "client.credentials-sent")
class NoCredentials(ReferenceClient):
    """Sends no credentials."""

    def credentials(self, attempt: int) -> tuple[str, str] | None:
        return None


@wrong("client-no-credentials-when-retrying", "client.credentials-sent")
class NoCredentialsWhenRetrying(ReferenceClient):
    """Sends credentials with the first attempt only."""

    def credentials(self, attempt: int) -> tuple[str, str] | None:
        return None if attempt else super().credentials(attempt)


@wrong("client-wrong-password", "client.credentials-sent")
class WrongPassword(ReferenceClient):
    """Truncates the password."""

    def credentials(self, attempt: int) -> tuple[str, str] | None:
        return self.hello.username, self.hello.password[:8]


@harmless("client-challenged-first")
class ChallengedFirst(ReferenceClient):
    """Harmless: sends its credentials only after a 401, as HTTP allows."""

    _challenged = False

    def credentials(self, attempt: int) -> tuple[str, str] | None:
        return super().credentials(attempt) if self._challenged else None

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        self._challenged = False
        first = super().send(errand, attempt)
        self._challenged = True
        return super().send(errand, attempt) if first.status_code == 401 else first


@wrong("client-credentials-to-others", "client.credentials-kept")
class FollowsRedirects(ReferenceClient):
    """Follows redirects with its credentials, even to another host."""

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        response = super().send(errand, attempt)
        if response.status_code != 307:
            return response
        pair = f"{self.hello.username}:{self.hello.password}".encode()
        headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        there = response.headers["location"]
        return self.http.request(errand.method, there, json=errand.body, headers=headers)


@wrong("client-stays-with-redirect", "client.credentials-kept")
class StaysWithRedirect(ReferenceClient):
    """Sends later commands to the host of a redirect, with its credentials."""

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        response = super().send(errand, attempt)
        if response.status_code == 307:
            self.http.base_url = httpx.URL(response.headers["location"]).copy_with(path="/")
        return response


@wrong("client-cancels-for-release", "client.as-told-only")
class CancelsInsteadOfReleasing(ReferenceClient):
    """Cancels the order instead of releasing the rest."""

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        errand = super().errand(operation, order_id, arguments)
        if operation != "releaseRemainingAuthorization":
            return errand
        path = errand.path.replace("release-remaining-authorization", "cancel")
        return errand._replace(path=path)


@wrong("client-other-path", "client.documented-paths")
class OtherPath(ReferenceClient):
    """Spells the path of a release with underscores."""

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        errand = super().errand(operation, order_id, arguments)
        spelt = "release_remaining_authorization"
        return errand._replace(path=errand.path.replace("release-remaining-authorization", spelt))


@wrong("client-captures-first", "client.as-told-only")
class CapturesFirst(ReferenceClient):
    """Captures one minor unit before a refund."""

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        if operation == "refundOrder":
            path = f"{ORDERS}/{order_id}/captures"
            try:
                self.http.post(path, json={"captured_amount": 1}, auth=self.auth(0))
            except httpx.TransportError:
                pass
        return super().do(operation, order_id, arguments)


@wrong("client-releases-after-refund", "client.as-told-only")
class ReleasesAfterRefund(ReferenceClient):
    """Releases the rest of the order after a refund."""

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        outcome = super().do(operation, order_id, arguments)
        if operation == "refundOrder" and isinstance(outcome, Done):
            path = f"{ORDERS}/{order_id}/release-remaining-authorization"
            self.http.post(path, auth=self.auth(0))
        return outcome


@wrong("client-other-order", "client.as-told-only")
class RememberedOrder(ReferenceClient):
    """Sometimes sends the request to the order of an earlier command."""

    _recent: tuple[str, ...] = ()

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        self._recent = (*self._recent, order_id)[-3:]
        apart = len(set(self._recent)) == 2 and self._recent[-1] == self._recent[0]
        shown = self._recent[-2] if apart else order_id
        return super().errand(operation, shown, arguments)


@wrong("client-first-capture-always", "client.as-told-only")
class FirstCaptureAlways(Reading):
    """Reads the order, and always uses its first capture."""

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        if "capture_id" in arguments and (shown := self.read(f"{ORDERS}/{order_id}")):
            try:
                arguments["capture_id"] = shown.json()["captures"][0]["capture_id"]
            except (ValueError, LookupError):
                pass
        return super().errand(operation, order_id, arguments)


@harmless("client-reads-first")
class ReadsFirst(Reading):
    """Harmless: reads the order before each command."""

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        self.read(f"{ORDERS}/{order_id}")
        return super().do(operation, order_id, arguments)


@harmless("client-follows-location")
class FollowsLocation(Reading):
    """Harmless: follows the Location of a refund on the same server."""

    def done(self, errand: Errand, response: httpx.Response) -> Reported:
        location = response.headers.get("location")
        if location and location.startswith((self.hello.base_url, "/")):
            self.read(location)
        return super().done(errand, response)
