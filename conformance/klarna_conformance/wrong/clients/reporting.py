"""Clients that report something else than what happened."""

import uuid
from collections.abc import Mapping
from typing import Any

import httpx

from klarna_conformance.wrong.clients.parts import ORDERS, Reading
from klarna_conformance.wrong.reference import Errand, ReferenceClient
from klarna_specs.client.play import Done, RefusedIt, Reported, Unknown, Unsupported


class RefusedWhenLost(ReferenceClient):
    """Reports a network error as a refusal."""

    id = "client-lost-is-refused"
    caught_by = ("client.refused-is-true",)

    attempts = 1

    def given_up(self, last: httpx.Response | None, *, unclear: bool) -> Reported:
        return RefusedIt(error_messages=("no response",)) if last is None else Unknown()


class RefusedWhenServerFails(ReferenceClient):
    """Reports a 5xx as a refusal."""

    id = "client-failed-is-refused"
    caught_by = ("client.refused-is-true",)

    def sends_again(self, response: httpx.Response) -> bool:
        return response.status_code == 429

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        self._failed = False
        outcome = super().do(operation, order_id, arguments)
        return RefusedIt() if self._failed else outcome

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        response = super().send(errand, attempt)
        self._failed = response.is_server_error
        return response


class UnsupportedWhenLost(ReferenceClient):
    """Reports a failed command as unsupported."""

    id = "client-lost-is-unsupported"
    caught_by = ("client.refused-is-true",)

    attempts = 1

    def given_up(self, last: httpx.Response | None, *, unclear: bool) -> Reported:
        return Unsupported()


class DoneWhenSent(ReferenceClient):
    """Reports done although no attempt succeeded."""

    id = "client-sent-is-done"
    caught_by = ("client.done-is-true",)

    def given_up(self, last: httpx.Response | None, *, unclear: bool) -> Reported:
        return Done()


class DoneWhateverComes(ReferenceClient):
    """Ignores the status of responses."""

    id = "client-refused-is-done"
    caught_by = ("client.done-is-true",)

    def refused(self, response: httpx.Response) -> Reported:
        return Done(refund_id=self.refund_id(response))


class SwallowsRefusals(ReferenceClient):
    """Reports a 403 as done, as if an earlier attempt had succeeded."""

    id = "client-refusals-swallowed"
    caught_by = ("client.done-is-true",)

    def refused(self, response: httpx.Response) -> Reported:
        return Done() if response.status_code == 403 else super().refused(response)


class UnknownWhenRefused(ReferenceClient):
    """Reports refusals as unknown."""

    id = "client-refused-is-unknown"
    caught_by = ("client.outcome-clear",)

    def refused(self, response: httpx.Response) -> Reported:
        return Unknown()


class KnowsNothing(ReferenceClient):
    """Reports every outcome as unknown."""

    id = "client-knows-nothing"
    caught_by = ("client.carries-out",)

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        super().do(operation, order_id, arguments)
        return Unknown()


class IdsLost(ReferenceClient):
    """Reports no refund id, because it reads only the body."""

    id = "client-id-lost"
    caught_by = ("client.refund-id",)

    def refund_id(self, response: httpx.Response) -> str | None:
        return None


class GuessesIds(ReferenceClient):
    """Reports a random refund id, because it reads only the body."""

    id = "client-id-made-up"
    caught_by = ("client.refund-id",)

    def refund_id(self, response: httpx.Response) -> str | None:
        return str(uuid.uuid4())


class MakesUpMissingIds(ReferenceClient):
    """Reports a random refund id if the header is missing."""

    id = "client-missing-id-made-up"
    caught_by = ("client.refund-id",)

    def refund_id(self, response: httpx.Response) -> str | None:
        return response.headers.get("refund-id") or str(uuid.uuid4())


class IdOfHeaderOnly(ReferenceClient):
    """Harmless: reads the refund id from the header only."""

    id = "client-id-of-header"

    def refund_id(self, response: httpx.Response) -> str | None:
        return response.headers.get("refund-id")


class IdOfCorrelation(ReferenceClient):
    """Reports the correlation id as the refund id."""

    id = "client-id-of-correlation"
    caught_by = ("client.refund-id",)

    def refund_id(self, response: httpx.Response) -> str | None:
        return response.headers.get("klarna-correlation-id")


class LocationWhole(ReferenceClient):
    """Reports the whole Location as the refund id."""

    id = "client-location-as-id"
    caught_by = ("client.refund-id",)

    def refund_id(self, response: httpx.Response) -> str | None:
        return response.headers.get("location")


class CaseSensitiveHeaders(ReferenceClient):
    """Compares header names with case."""

    id = "client-headers-by-case"
    caught_by = ("client.refund-id",)

    def refund_id(self, response: httpx.Response) -> str | None:
        names = {name.decode(): value.decode() for name, value in response.headers.raw}
        return names.get("Refund-Id")


class IdOfLocationOnly(ReferenceClient):
    """Harmless: reads the refund id from the Location only."""

    id = "client-id-of-location"

    def refund_id(self, response: httpx.Response) -> str | None:
        return response.headers.get("location", "").rpartition("/")[2] or None


class ExpectsJson(ReferenceClient):
    """Reports unknown for successes whose body is not a JSON object."""

    id = "client-expects-object"
    caught_by = ("client.variations",)

    def done(self, errand: Errand, response: httpx.Response) -> Reported:
        outcome = super().done(errand, response)
        if response.content and not isinstance(response.json(), dict):
            return Unknown("the body is no object")
        return outcome


class ErrorCodeLost(ReferenceClient):
    """Reports no error code."""

    id = "client-error-code-lost"
    caught_by = ("client.error-code-told",)

    def error(self, response: httpx.Response) -> dict[str, Any]:
        return {k: v for k, v in super().error(response).items() if k != "error_code"}


class ErrorCodeGuessed(ReferenceClient):
    """Reports the status as the error code."""

    id = "client-error-code-guessed"
    caught_by = ("client.error-code-told",)

    def error(self, response: httpx.Response) -> dict[str, Any]:
        return {**super().error(response), "error_code": f"HTTP_{response.status_code}"}


class CorrelationIdLost(ReferenceClient):
    """Reports no correlation id."""

    id = "client-correlation-id-lost"
    caught_by = ("client.correlation-id-told",)

    def refused(self, response: httpx.Response) -> Reported:
        outcome = super().refused(response)
        assert isinstance(outcome, RefusedIt)
        return RefusedIt(outcome.error_code, outcome.error_messages)


class MessagesInPlural(ReferenceClient):
    """Reads error_messages only."""

    id = "client-messages-in-plural-only"
    caught_by = ("client.messages-told",)

    def error(self, response: httpx.Response) -> dict[str, Any]:
        return {k: v for k, v in super().error(response).items() if k != "error_message"}


class FirstMessageOnly(ReferenceClient):
    """Reads error_message only."""

    id = "client-message-in-singular-only"
    caught_by = ("client.messages-told",)

    def error(self, response: httpx.Response) -> dict[str, Any]:
        return {k: v for k, v in super().error(response).items() if k != "error_messages"}


class OptionsWithoutFees(ReferenceClient):
    """Reports options without fees."""

    id = "client-options-without-fees"
    caught_by = ("client.options-told",)

    def done(self, errand: Errand, response: httpx.Response) -> Reported:
        outcome = super().done(errand, response)
        if not isinstance(outcome, Done) or outcome.options is None:
            return outcome
        return Done(options=tuple({"number_of_days": o["number_of_days"]} for o in outcome.options))


class OptionsFreeOnly(ReferenceClient):
    """Reports only free options."""

    id = "client-options-free-only"
    caught_by = ("client.options-told",)

    def done(self, errand: Errand, response: httpx.Response) -> Reported:
        outcome = super().done(errand, response)
        if not isinstance(outcome, Done) or outcome.options is None:
            return outcome
        return Done(options=tuple(option for option in outcome.options if not option["amount"]))


class OptionsStrict(ReferenceClient):
    """Fails on unknown members."""

    id = "client-options-strict"
    caught_by = ("client.answers",)

    def done(self, errand: Errand, response: httpx.Response) -> Reported:
        outcome = super().done(errand, response)
        if errand.method == "GET" and set(response.json()) != {"currency", "options"}:
            raise ValueError("unknown member")
        return outcome


class BreaksDownOnHtml(ReferenceClient):
    """Fails on errors in HTML, because it parses them as JSON."""

    id = "client-breaks-down-on-html"
    caught_by = ("client.answers",)

    def sends_again(self, response: httpx.Response) -> bool:
        if response.headers.get("content-type", "").startswith("text/html"):
            response.json()
        return super().sends_again(response)


class BreaksDownOnMalformed(ReferenceClient):
    """Fails on malformed JSON."""

    id = "client-breaks-down-on-malformed"
    caught_by = ("client.answers",)

    def sends_again(self, response: httpx.Response) -> bool:
        if response.headers.get("content-type") == "application/json":
            response.json()
        return super().sends_again(response)


class BreaksDownOnNetwork(ReferenceClient):
    """Fails on network errors."""

    id = "client-breaks-down-on-network"
    caught_by = ("client.answers",)

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        try:
            return super().send(errand, attempt)
        except httpx.TransportError as exc:
            raise RuntimeError(f"the request failed: {exc}") from exc


class FeesNowhere(ReferenceClient):
    """Refuses every return fee without a request, even valid ones."""

    id = "client-no-fees"
    caught_by = ("client.carries-out",)

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        lines = arguments.get("order_lines", [])
        if any(line["type"] == "return_fee" for line in lines):
            return RefusedIt(error_messages=("return fees are not supported",))
        return super().do(operation, order_id, arguments)


class NoLargeRefunds(ReferenceClient):
    """Refuses amounts above 50000.00 without a request."""

    id = "client-no-large-refunds"
    caught_by = ("client.carries-out",)

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        if arguments.get("refunded_amount", 0) > 5_000_000:
            return RefusedIt(error_messages=("too much",))
        return super().do(operation, order_id, arguments)


class RefusesAfterRefusal(ReferenceClient):
    """Refuses every command after a refused refund."""

    id = "client-stops-for-good"
    caught_by = ("client.carries-out",)

    _refused = False

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        if self._refused:
            return RefusedIt()
        outcome = super().do(operation, order_id, arguments)
        self._refused = operation == "refundOrder" and isinstance(outcome, RefusedIt)
        return outcome


class FeesByItself(ReferenceClient):
    """Harmless: refuses a fee whose lines do not add up without a request."""

    id = "client-checks-fees"

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        lines = arguments.get("order_lines", [])
        total = sum(line["total_amount"] for line in lines)
        fee = any(line["type"] == "return_fee" for line in lines)
        if fee and total != arguments["refunded_amount"]:
            return RefusedIt(error_messages=("the lines do not add up",))
        return super().do(operation, order_id, arguments)


class AsksTheOrder(Reading):
    """Harmless: never retries, but reads the order to find out whether a refund was made."""

    id = "client-asks-the-order"

    attempts = 1

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        known = self._refunds(order_id)
        outcome = super().do(operation, order_id, arguments)
        if operation != "refundOrder" or not isinstance(outcome, Unknown) or known is None:
            return outcome
        now = self._refunds(order_id)
        new = sorted(now - known) if now is not None else []
        return Done(refund_id=new[0]) if new else outcome

    def _refunds(self, order_id: str) -> set[str] | None:
        shown = self.read(f"{ORDERS}/{order_id}")
        try:
            return {refund["refund_id"] for refund in shown.json()["refunds"]} if shown else None
        except (ValueError, KeyError):
            return None
