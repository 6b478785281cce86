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
)
from klarna_conformance.wrong.reference import Errand, ReferenceClient
from klarna_specs.calls import KEY_HEADER
from klarna_specs.client.play import Done, Reported


class AmountInMajorUnits(Amounts):
    """Truncates amounts to major units: 89.89 becomes 89."""

    id = "client-amount-rounded"
    caught_by = ("client.amounts-as-told",)

    def amount(self, amount: int) -> Any:
        return int(amount / 100) * 100


class AmountAsText(Amounts):
    """Sends amounts as strings."""

    id = "client-amount-as-text"
    caught_by = ("client.well-formed",)

    def amount(self, amount: int) -> Any:
        return str(amount)


class AmountOfLines(ReferenceClient):
    """Sends the sum of the lines without the fee as the amount."""

    id = "client-amount-of-lines"
    caught_by = ("client.amounts-as-told",)

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        if body and (lines := body.get("order_lines")):
            goods = [line for line in lines if line["type"] != "return_fee"]
            body["refunded_amount"] = sum(line["total_amount"] for line in goods)
        return body


class DaysRoundedUp(ReferenceClient):
    """Always extends by 30 days."""

    id = "client-days-fixed"
    caught_by = ("client.amounts-as-told",)

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        if body and "number_of_days" in body:
            body["number_of_days"] = 30
        return body


class LineTypesLost(Lines):
    """Sends every line as goods, including the fee."""

    id = "client-line-types-lost"
    caught_by = ("client.amounts-as-told",)

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        return {**line, "type": "physical"}


class SignOfFeeLost(Lines):
    """Sends a fee with a positive amount."""

    id = "client-fee-sign-lost"
    caught_by = ("client.amounts-as-told",)

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        if line["type"] != "return_fee":
            return line
        return {**line, "total_amount": -line["total_amount"], "unit_price": -line["unit_price"]}


class LineTaxLost(Lines):
    """Omits the tax rate of lines."""

    id = "client-line-tax-lost"
    caught_by = ("client.amounts-as-told",)

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        line.pop("tax_rate", None)
        return line


class AddsDefaults(Lines):
    """Harmless: sends zero for missing taxes and discounts."""

    id = "client-writes-out-defaults"

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        return {"total_discount_amount": 0, "total_tax_amount": 0, **line}


class WorksOutTax(Lines):
    """Harmless: calculates the tax of lines with only a tax rate."""

    id = "client-works-out-tax"

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        if "tax_rate" not in line or "total_tax_amount" in line:
            return line
        tax = line["total_amount"] * line["tax_rate"] / (10_000 + line["tax_rate"])
        return {**line, "total_tax_amount": round(tax)}


class LinesBackwards(Lines):
    """Harmless: sends the order lines in another order."""

    id = "client-lines-in-another-order"

    def lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return lines[::-1]


class _Drops(ReferenceClient):
    member: ClassVar[str]

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        arguments.pop(self.member, None)
        return super().body(operation, arguments)


class DropsLines(_Drops):
    """Omits the order lines."""

    id = "client-lines-dropped"
    caught_by = ("client.amounts-as-told",)
    member = "order_lines"


class DropsDescription(_Drops):
    """Omits the description."""

    id = "client-description-dropped"
    caught_by = ("client.texts-as-told",)
    member = "description"


class DropsReference(_Drops):
    """Omits the reference."""

    id = "client-reference-dropped"
    caught_by = ("client.texts-as-told",)
    member = "reference"


class DescriptionCut(Descriptions):
    """Truncates descriptions to ten characters."""

    id = "client-description-cut"
    caught_by = ("client.texts-as-told",)

    def text(self, text: str) -> str:
        return text[:10]


class ForeignMembers(ReferenceClient):
    """Sends an undocumented member."""

    id = "client-foreign-members"
    caught_by = ("client.known-members",)

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        return {**body, "merchant": "acme"} if body else body


class WrapsBody(ReferenceClient):
    """Wraps the body of a refund in an object."""

    id = "client-body-wrapped"
    caught_by = ("client.well-formed",)

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        return {"refund": body} if body and operation == "refundOrder" else body


class EmptyObject(ReferenceClient):
    """Harmless: sends an empty object where no body is needed."""

    id = "client-empty-object"

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        return {} if operation == "releaseRemainingAuthorization" else body


class SortedMembers(ReferenceClient):
    """Harmless: sends the members of the body in another order."""

    id = "client-members-sorted"

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


class NoContentType(_Written):
    """Sends JSON without a content type."""

    id = "client-no-content-type"
    caught_by = ("client.content-type",)

    def written(self, errand: Errand) -> tuple[bytes, dict[str, str]]:
        return super().written(errand)[0], {}


class FormEncoded(_Written):
    """Sends a form instead of JSON."""

    id = "client-form-encoded"
    caught_by = ("client.well-formed",)

    def written(self, errand: Errand) -> tuple[bytes, dict[str, str]]:
        pairs = "&".join(f"{name}={value}" for name, value in (errand.body or {}).items())
        return pairs.encode(), {"Content-Type": "application/x-www-form-urlencoded"}


class NoCredentials(ReferenceClient):
    """Sends no credentials."""

    id = "client-no-credentials"
    caught_by = ("client.credentials-sent",)

    def credentials(self, attempt: int) -> tuple[str, str] | None:
        return None


class NoCredentialsWhenRetrying(ReferenceClient):
    """Sends credentials with the first attempt only."""

    id = "client-no-credentials-when-retrying"
    caught_by = ("client.credentials-sent",)

    def credentials(self, attempt: int) -> tuple[str, str] | None:
        return None if attempt else super().credentials(attempt)


class WrongPassword(ReferenceClient):
    """Truncates the password."""

    id = "client-wrong-password"
    caught_by = ("client.credentials-sent",)

    def credentials(self, attempt: int) -> tuple[str, str] | None:
        return self.hello.username, self.hello.password[:8]


class ChallengedFirst(ReferenceClient):
    """Harmless: sends its credentials only after a 401, as HTTP allows."""

    id = "client-challenged-first"

    _challenged = False

    def credentials(self, attempt: int) -> tuple[str, str] | None:
        return super().credentials(attempt) if self._challenged else None

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        self._challenged = False
        first = super().send(errand, attempt)
        self._challenged = True
        return super().send(errand, attempt) if first.status_code == 401 else first


class FollowsRedirects(ReferenceClient):
    """Follows redirects with its credentials, even to another host."""

    id = "client-credentials-to-others"
    caught_by = ("client.credentials-kept",)

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        response = super().send(errand, attempt)
        if response.status_code != 307:
            return response
        pair = f"{self.hello.username}:{self.hello.password}".encode()
        headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        there = response.headers["location"]
        return self.http.request(errand.method, there, json=errand.body, headers=headers)


class CancelsInsteadOfReleasing(ReferenceClient):
    """Cancels the order instead of releasing the rest."""

    id = "client-cancels-for-release"
    caught_by = ("client.as-told-only",)

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        errand = super().errand(operation, order_id, arguments)
        if operation != "releaseRemainingAuthorization":
            return errand
        path = errand.path.replace("release-remaining-authorization", "cancel")
        return errand._replace(path=path)


class OtherPath(ReferenceClient):
    """Spells the path of a release with underscores."""

    id = "client-other-path"
    caught_by = ("client.documented-paths",)

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        errand = super().errand(operation, order_id, arguments)
        spelt = "release_remaining_authorization"
        return errand._replace(path=errand.path.replace("release-remaining-authorization", spelt))


class CapturesFirst(ReferenceClient):
    """Captures one minor unit before a refund."""

    id = "client-captures-first"
    caught_by = ("client.as-told-only",)

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        if operation == "refundOrder":
            path = f"{ORDERS}/{order_id}/captures"
            try:
                self.http.post(path, json={"captured_amount": 1}, auth=self.auth(0))
            except httpx.TransportError:
                pass
        return super().do(operation, order_id, arguments)


class ReleasesAfterRefund(ReferenceClient):
    """Releases the rest of the order after a refund."""

    id = "client-releases-after-refund"
    caught_by = ("client.as-told-only",)

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        outcome = super().do(operation, order_id, arguments)
        if operation == "refundOrder" and isinstance(outcome, Done):
            path = f"{ORDERS}/{order_id}/release-remaining-authorization"
            self.http.post(path, auth=self.auth(0))
        return outcome


class RememberedOrder(ReferenceClient):
    """Sometimes sends the request to the order of an earlier command."""

    id = "client-other-order"
    caught_by = ("client.as-told-only",)

    _recent: tuple[str, ...] = ()

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        self._recent = (*self._recent, order_id)[-3:]
        apart = len(set(self._recent)) == 2 and self._recent[-1] == self._recent[0]
        shown = self._recent[-2] if apart else order_id
        return super().errand(operation, shown, arguments)


class FirstCaptureAlways(Reading):
    """Reads the order, and always uses its first capture."""

    id = "client-first-capture-always"
    caught_by = ("client.as-told-only",)

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        if "capture_id" in arguments and (shown := self.read(f"{ORDERS}/{order_id}")):
            try:
                arguments["capture_id"] = shown.json()["captures"][0]["capture_id"]
            except (ValueError, LookupError):
                pass
        return super().errand(operation, order_id, arguments)


class LooksFirst(Reading):
    """Harmless: reads the order before each command."""

    id = "client-looks-first"

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        self.read(f"{ORDERS}/{order_id}")
        return super().do(operation, order_id, arguments)


class FollowsLocation(Reading):
    """Harmless: follows the Location of a refund on the same server."""

    id = "client-follows-location"

    def done(self, errand: Errand, response: httpx.Response) -> Reported:
        location = response.headers.get("location")
        if location and location.startswith((self.hello.base_url, "/")):
            self.read(location)
        return super().done(errand, response)
