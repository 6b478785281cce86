"""Clients that send something else than they were told, or send it otherwise."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import httpx

from klarna_conformance.wrong.reference import Errand, ReferenceClient
from klarna_specs.calls import KEY_HEADER
from klarna_specs.client.play import Done, Told

__all__ = [
    "AddsDefaults",
    "AmountAsText",
    "AmountInMajorUnits",
    "AmountOfLines",
    "CancelsInsteadOfReleasing",
    "CapturesFirst",
    "ChallengedFirst",
    "DaysRoundedUp",
    "DescriptionCut",
    "DropsDescription",
    "DropsLines",
    "DropsReference",
    "EmptyObject",
    "FirstCaptureAlways",
    "FollowsLocation",
    "FollowsRedirects",
    "ForeignMembers",
    "FormEncoded",
    "LineTaxLost",
    "LineTypesLost",
    "LinesBackwards",
    "LooksFirst",
    "NoContentType",
    "NoCredentials",
    "NoCredentialsWhenRetrying",
    "OtherPath",
    "ReleasesAfterRefund",
    "RememberedOrder",
    "SignOfFeeLost",
    "SortedMembers",
    "WorksOutTax",
    "WrapsBody",
    "WrongPassword",
]


class AmountInMajorUnits(ReferenceClient):
    """Cuts off what is not a whole unit of the currency: 89.89 becomes 89."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        if body and "refunded_amount" in body:
            body["refunded_amount"] = int(body["refunded_amount"] / 100) * 100
        return body


class AmountAsText(ReferenceClient):
    """Sends amounts as "1"."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        if body and "refunded_amount" in body:
            body["refunded_amount"] = str(body["refunded_amount"])
        return body


class AmountOfLines(ReferenceClient):
    """Adds up the lines itself, and leaves the fee out of the sum."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        if body and (lines := body.get("order_lines")):
            goods = [line for line in lines if line["type"] != "return_fee"]
            body["refunded_amount"] = sum(line["total_amount"] for line in goods)
        return body


class DaysRoundedUp(ReferenceClient):
    """Knows extensions of 30 days only."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        if body and "number_of_days" in body:
            body["number_of_days"] = 30
        return body


class _Lines(ReferenceClient):
    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        if body and (lines := body.get("order_lines")):
            body["order_lines"] = [self.line(dict(line)) for line in lines]
        return body

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        """The line as it is sent."""
        return line


class LineTypesLost(_Lines):
    """Knows goods only: a fee becomes one."""

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        return {**line, "type": "physical"}


class SignOfFeeLost(_Lines):
    """Sends a fee with a positive amount."""

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        if line["type"] != "return_fee":
            return line
        return {**line, "total_amount": -line["total_amount"], "unit_price": -line["unit_price"]}


class LineTaxLost(_Lines):
    """Leaves the tax rate of lines away."""

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        line.pop("tax_rate", None)
        return line


class AddsDefaults(_Lines):
    """Harmless: writes out that there is no tax and no discount."""

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        return {"total_discount_amount": 0, "total_tax_amount": 0, **line}


class WorksOutTax(_Lines):
    """Harmless: works out the tax of lines that were told with a rate only."""

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        if "tax_rate" not in line or "total_tax_amount" in line:
            return line
        tax = line["total_amount"] * line["tax_rate"] / (10_000 + line["tax_rate"])
        return {**line, "total_tax_amount": round(tax)}


class LinesBackwards(ReferenceClient):
    """Harmless: sends the order lines in another order."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        if lines := arguments.get("order_lines"):
            arguments["order_lines"] = lines[::-1]
        return super().body(operation, arguments)


class DropsLines(ReferenceClient):
    """Does not know order lines."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        arguments.pop("order_lines", None)
        return super().body(operation, arguments)


class DropsDescription(ReferenceClient):
    """Does not send the description."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        arguments.pop("description", None)
        return super().body(operation, arguments)


class DropsReference(ReferenceClient):
    """Does not send the reference."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        arguments.pop("reference", None)
        return super().body(operation, arguments)


class DescriptionCut(ReferenceClient):
    """Cuts descriptions off after ten characters."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        if "description" in arguments:
            arguments["description"] = arguments["description"][:10]
        return super().body(operation, arguments)


class ForeignMembers(ReferenceClient):
    """Sends members that nobody knows."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        return {**body, "merchant": "acme"} if body else body


class WrapsBody(ReferenceClient):
    """Puts the body into another one."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        return {"refund": body} if body and operation == "refundOrder" else body


class EmptyObject(ReferenceClient):
    """Harmless: sends an empty object where no body is needed."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        return {} if operation == "releaseRemainingAuthorization" else body


class SortedMembers(ReferenceClient):
    """Harmless: has the members of the body in another order."""

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        return {name: body[name] for name in sorted(body, reverse=True)} if body else body


class _Written(ReferenceClient):
    """Writes its request by itself."""

    def written(self, errand: Errand) -> tuple[bytes, dict[str, str]]:
        """The body's bytes, and headers that belong to it."""
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
    """Does not say that its body is JSON."""

    def written(self, errand: Errand) -> tuple[bytes, dict[str, str]]:
        return super().written(errand)[0], {}


class FormEncoded(_Written):
    """Sends a form instead of JSON."""

    def written(self, errand: Errand) -> tuple[bytes, dict[str, str]]:
        pairs = "&".join(f"{name}={value}" for name, value in (errand.body or {}).items())
        return pairs.encode(), {"Content-Type": "application/x-www-form-urlencoded"}


class NoCredentials(ReferenceClient):
    """Forgets its credentials."""

    def credentials(self, attempt: int) -> tuple[str, str] | None:
        return None


class NoCredentialsWhenRetrying(ReferenceClient):
    """Has its credentials in the first attempt only."""

    def credentials(self, attempt: int) -> tuple[str, str] | None:
        return None if attempt else super().credentials(attempt)


class WrongPassword(ReferenceClient):
    """Cuts the password off."""

    def credentials(self, attempt: int) -> tuple[str, str] | None:
        return self.hello.username, self.hello.password[:8]


class ChallengedFirst(ReferenceClient):
    """Harmless: shows its credentials when it is asked for them, as HTTP foresees."""

    _asked = False

    def credentials(self, attempt: int) -> tuple[str, str] | None:
        return super().credentials(attempt) if self._asked else None

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        self._asked = False
        first = super().send(errand, attempt)
        self._asked = True
        return super().send(errand, attempt) if first.status_code == 401 else first


class FollowsRedirects(ReferenceClient):
    """Follows wherever it is sent, with its credentials."""

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        response = super().send(errand, attempt)
        if response.status_code != 307:
            return response
        pair = f"{self.hello.username}:{self.hello.password}".encode()
        headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        there = response.headers["location"]
        return self.http.request(errand.method, there, json=errand.body, headers=headers)


class CancelsInsteadOfReleasing(ReferenceClient):
    """Cancels the order where the rest was to be released."""

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        errand = super().errand(operation, order_id, arguments)
        if operation != "releaseRemainingAuthorization":
            return errand
        path = errand.path.replace("release-remaining-authorization", "cancel")
        return errand._replace(path=path)


class OtherPath(ReferenceClient):
    """Spells the path of a release with underscores."""

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        errand = super().errand(operation, order_id, arguments)
        spelt = "release_remaining_authorization"
        return errand._replace(path=errand.path.replace("release-remaining-authorization", spelt))


class CapturesFirst(ReferenceClient):
    """Captures what is left before it refunds."""

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Told:
        if operation == "refundOrder":
            path = f"/ordermanagement/v1/orders/{order_id}/captures"
            try:
                self.http.post(path, json={"captured_amount": 1}, auth=self.auth(0))
            except httpx.TransportError:
                pass
        return super().do(operation, order_id, arguments)


class ReleasesAfterRefund(ReferenceClient):
    """Releases the rest of the order once something was refunded."""

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Told:
        told = super().do(operation, order_id, arguments)
        if operation == "refundOrder" and isinstance(told, Done):
            path = f"/ordermanagement/v1/orders/{order_id}/release-remaining-authorization"
            self.http.post(path, auth=self.auth(0))
        return told


class RememberedOrder(ReferenceClient):
    """Remembers the first order that it was told of, and sticks to it for a while."""

    _recent: tuple[str, ...] = ()

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        self._recent = (*self._recent, order_id)[-3:]
        apart = len(set(self._recent)) == 2 and self._recent[-1] == self._recent[0]
        shown = self._recent[-2] if apart else order_id
        return super().errand(operation, shown, arguments)


class FirstCaptureAlways(ReferenceClient):
    """Asks for the order, and takes its first capture whichever was told."""

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        if "capture_id" in arguments:
            try:
                shown = self.http.get(
                    f"/ordermanagement/v1/orders/{order_id}", auth=self.auth(0)
                ).json()
                arguments["capture_id"] = shown["captures"][0]["capture_id"]
            except (httpx.TransportError, ValueError, LookupError):
                pass
        return super().errand(operation, order_id, arguments)


class LooksFirst(ReferenceClient):
    """Harmless: reads the order before it does anything."""

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Told:
        try:
            self.http.get(f"/ordermanagement/v1/orders/{order_id}", auth=self.auth(0))
        except httpx.TransportError:
            pass
        return super().do(operation, order_id, arguments)


class FollowsLocation(ReferenceClient):
    """Harmless: reads the refund that it made where its Location leads to, on the same server."""

    def done(self, errand: Errand, response: httpx.Response) -> Told:
        location = response.headers.get("location")
        if location and location.startswith((self.hello.base_url, "/")):
            try:
                self.http.get(location, auth=self.auth(0))
            except httpx.TransportError:
                pass
        return super().done(errand, response)
