"""Clients that report something else than what happened."""

import uuid
from collections.abc import Mapping
from typing import Any

import httpx

from klarna_conformance.adapter_protocol import Hello
from klarna_conformance.wrong.clients.parts import ORDERS, Reading, harmless, wrong
from klarna_conformance.wrong.reference import Errand, ReferenceClient
from klarna_specs.client.play import Done, RefusedIt, Reported, Unknown, Unsupported


@wrong("client-lost-is-refused", "client.refused-is-true")
class RefusedWhenLost(ReferenceClient):
    """Reports a network error as a refusal."""

    attempts = 1

    def last_outcome(self, last: httpx.Response | None, *, unclear: bool) -> Reported:
        return RefusedIt(error_messages=("no response",)) if last is None else Unknown()


@wrong("client-failed-is-refused", "client.refused-is-true")
class RefusedWhenServerFails(ReferenceClient):
    """Reports a 5xx as a refusal."""

    def retries_after(self, response: httpx.Response) -> bool:
        return response.status_code == 429

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        self._failed = False
        outcome = super().do(operation, order_id, arguments)
        return RefusedIt() if self._failed else outcome

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        response = super().send(errand, attempt)
        self._failed = response.is_server_error
        return response


@wrong("client-lost-is-unsupported", "client.refused-is-true")
class UnsupportedWhenLost(ReferenceClient):
    """Reports a failed command as unsupported."""

    attempts = 1

    def last_outcome(self, last: httpx.Response | None, *, unclear: bool) -> Reported:
        return Unsupported()


@wrong("client-sent-is-done", "client.done-is-true")
class DoneWhenSent(ReferenceClient):
    """Reports done although no attempt succeeded."""

    def last_outcome(self, last: httpx.Response | None, *, unclear: bool) -> Reported:
        return Done()


@wrong("client-refused-is-done", "client.done-is-true")
class DoneWhateverComes(ReferenceClient):
    """Ignores the status of responses."""

    def refused(self, response: httpx.Response) -> Reported:
        return Done(refund_id=self.refund_id(response))


@wrong("client-refusals-swallowed", "client.done-is-true")
class SwallowsRefusals(ReferenceClient):
    """Reports a 403 as done, as if an earlier attempt had succeeded."""

    def refused(self, response: httpx.Response) -> Reported:
        return Done() if response.status_code == 403 else super().refused(response)


@wrong("client-refused-is-unknown", "client.outcome-clear")
class UnknownWhenRefused(ReferenceClient):
    """Reports refusals as unknown."""

    def refused(self, response: httpx.Response) -> Reported:
        return Unknown()


@wrong("client-knows-nothing", "client.carries-out")
class KnowsNothing(ReferenceClient):
    """Reports every outcome as unknown."""

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        super().do(operation, order_id, arguments)
        return Unknown()


@wrong("client-id-lost", "client.refund-id")
class IdsLost(ReferenceClient):
    """Reports no refund id, because it reads only the body."""

    def refund_id(self, response: httpx.Response) -> str | None:
        return None


@wrong("client-id-made-up", "client.refund-id")
class GuessesIds(ReferenceClient):
    """Reports a random refund id, because it reads only the body."""

    def refund_id(self, response: httpx.Response) -> str | None:
        return str(uuid.uuid4())


@wrong("client-missing-id-made-up", "client.refund-id")
class MakesUpMissingIds(ReferenceClient):
    """Reports a random refund id if the header is missing."""

    def refund_id(self, response: httpx.Response) -> str | None:
        return response.headers.get("refund-id") or str(uuid.uuid4())


@harmless("client-id-of-header")
class IdOfHeaderOnly(ReferenceClient):
    """Harmless: reads the refund id from the header only."""

    def refund_id(self, response: httpx.Response) -> str | None:
        return response.headers.get("refund-id")


@wrong("client-id-of-last-refund", "client.refund-id")
class IdOfLastRefund(Reading):
    """Reads the order after a refund, and reports the id of its last one."""

    def done(self, errand: Errand, response: httpx.Response) -> Reported:
        done = super().done(errand, response)
        order = self.read(f"{ORDERS}/{errand.order_id}")
        if errand.operation != "refundOrder" or order is None or not order.is_success:
            return done
        return Done(refund_id=order.json()["refunds"][-1]["refund_id"])


@wrong("client-id-of-correlation", "client.refund-id")
class IdOfCorrelation(ReferenceClient):
    """Reports the correlation id as the refund id."""

    def refund_id(self, response: httpx.Response) -> str | None:
        return response.headers.get("klarna-correlation-id")


@wrong("client-location-as-id", "client.refund-id")
class LocationWhole(ReferenceClient):
    """Reports the whole Location as the refund id."""

    def refund_id(self, response: httpx.Response) -> str | None:
        return response.headers.get("location")


@wrong("client-headers-by-case", "client.refund-id")
class CaseSensitiveHeaders(ReferenceClient):
    """Compares header names with case."""

    def refund_id(self, response: httpx.Response) -> str | None:
        names = {name.decode(): value.decode() for name, value in response.headers.raw}
        return names.get("Refund-Id")


@harmless("client-id-of-location")
class IdOfLocationOnly(ReferenceClient):
    """Harmless: reads the refund id from the Location only."""

    def refund_id(self, response: httpx.Response) -> str | None:
        return response.headers.get("location", "").rpartition("/")[2] or None


@wrong("client-expects-object", "client.variations")
class ExpectsJson(ReferenceClient):
    """Reports unknown for successes whose body is not a JSON object."""

    def done(self, errand: Errand, response: httpx.Response) -> Reported:
        outcome = super().done(errand, response)
        if response.content and not isinstance(response.json(), dict):
            return Unknown("the body is no object")
        return outcome


@wrong("client-error-code-lost", "client.error-code-told")
class ErrorCodeLost(ReferenceClient):
    """Reports no error code."""

    def error(self, response: httpx.Response) -> dict[str, Any]:
        return {k: v for k, v in super().error(response).items() if k != "error_code"}


@wrong("client-error-code-guessed", "client.error-code-told")
class ErrorCodeGuessed(ReferenceClient):
    """Reports the status as the error code."""

    def error(self, response: httpx.Response) -> dict[str, Any]:
        return {**super().error(response), "error_code": f"HTTP_{response.status_code}"}


@wrong("client-missing-code-from-status", "client.error-code-told")
class MissingCodeFromStatus(ReferenceClient):
    """Reports the status as the error code if the server sent none."""

    def error(self, response: httpx.Response) -> dict[str, Any]:
        return {"error_code": f"HTTP_{response.status_code}", **super().error(response)}


@wrong("client-correlation-id-lost", "client.correlation-id-told")
class CorrelationIdLost(ReferenceClient):
    """Reports no correlation id."""

    def refused(self, response: httpx.Response) -> Reported:
        outcome = super().refused(response)
        assert isinstance(outcome, RefusedIt)
        return RefusedIt(outcome.error_code, outcome.error_messages)


@wrong("client-messages-in-plural-only", "client.messages-told")
class MessagesInPlural(ReferenceClient):
    """Reads error_messages only."""

    def error(self, response: httpx.Response) -> dict[str, Any]:
        return {k: v for k, v in super().error(response).items() if k != "error_message"}


@wrong("client-message-in-singular-only", "client.messages-told")
class FirstMessageOnly(ReferenceClient):
    """Reads error_message only."""

    def error(self, response: httpx.Response) -> dict[str, Any]:
        return {k: v for k, v in super().error(response).items() if k != "error_messages"}


@wrong("client-options-without-fees", "client.options-told")
class OptionsWithoutFees(ReferenceClient):
    """Reports options without fees."""

    def done(self, errand: Errand, response: httpx.Response) -> Reported:
        outcome = super().done(errand, response)
        if not isinstance(outcome, Done) or outcome.options is None:
            return outcome
        return Done(options=tuple({"number_of_days": o["number_of_days"]} for o in outcome.options))


@wrong("client-options-free-only", "client.options-told")
class OptionsFreeOnly(ReferenceClient):
    """Reports only free options."""

    def done(self, errand: Errand, response: httpx.Response) -> Reported:
        outcome = super().done(errand, response)
        if not isinstance(outcome, Done) or outcome.options is None:
            return outcome
        return Done(options=tuple(option for option in outcome.options if not option["amount"]))


@wrong("client-options-strict", "client.answers")
class OptionsStrict(ReferenceClient):
    """Fails on unknown members."""

    def done(self, errand: Errand, response: httpx.Response) -> Reported:
        outcome = super().done(errand, response)
        if errand.method == "GET" and set(response.json()) != {"currency", "options"}:
            raise ValueError("unknown member")
        return outcome


@wrong("client-breaks-down-on-html", "client.answers")
class BreaksDownOnHtml(ReferenceClient):
    """Fails on errors in HTML, because it parses them as JSON."""

    def retries_after(self, response: httpx.Response) -> bool:
        if response.headers.get("content-type", "").startswith("text/html"):
            response.json()
        return super().retries_after(response)


@wrong("client-breaks-down-on-malformed", "client.answers")
class BreaksDownOnMalformed(ReferenceClient):
    """Fails on malformed JSON."""

    def retries_after(self, response: httpx.Response) -> bool:
        if response.headers.get("content-type") == "application/json":
            response.json()
        return super().retries_after(response)


@wrong("client-breaks-down-on-null", "client.answers")
class BreaksDownOnNull(ReferenceClient):
    """Fails on refusals whose body is JSON, but no object."""

    def refused(self, response: httpx.Response) -> Reported:
        if response.headers.get("content-type") == "application/json":
            response.json()["error_code"]
        return super().refused(response)


@wrong("client-breaks-down-on-date", "client.answers")
class BreaksDownOnDate(ReferenceClient):
    """Fails on a Retry-After with a date, because it expects seconds."""

    def delay_s(self, attempt: int, last: httpx.Response | None) -> float:
        if last is not None and (wait := last.headers.get("retry-after")):
            return float(wait)
        return super().delay_s(attempt, last)


@wrong("client-breaks-down-on-network", "client.answers")
class BreaksDownOnNetwork(ReferenceClient):
    """Fails on network errors."""

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        try:
            return super().send(errand, attempt)
        except httpx.TransportError as exc:
            raise RuntimeError(f"the request failed: {exc}") from exc


@wrong("client-no-fees", "client.carries-out")
class FeesNowhere(ReferenceClient):
    """Refuses every return fee without a request, even valid ones."""

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        lines = arguments.get("order_lines", [])
        if any(line["type"] == "return_fee" for line in lines):
            return RefusedIt(error_messages=("return fees are not supported",))
        return super().do(operation, order_id, arguments)


@wrong("client-no-large-refunds", "client.carries-out")
class NoLargeRefunds(ReferenceClient):
    """Refuses amounts above 50000.00 without a request."""

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        if arguments.get("refunded_amount", 0) > 5_000_000:
            return RefusedIt(error_messages=("too much",))
        return super().do(operation, order_id, arguments)


@wrong("client-stops-for-good", "client.carries-out")
class RefusesAfterRefusal(ReferenceClient):
    """Refuses every command after a refused refund."""

    _refused = False

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        if self._refused:
            return RefusedIt()
        outcome = super().do(operation, order_id, arguments)
        self._refused = operation == "refundOrder" and isinstance(outcome, RefusedIt)
        return outcome


@harmless("client-checks-fees")
class FeesByItself(ReferenceClient):
    """Harmless: refuses a fee whose lines do not add up without a request."""

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        lines = arguments.get("order_lines", [])
        total = sum(line["total_amount"] for line in lines)
        fee = any(line["type"] == "return_fee" for line in lines)
        if fee and total != arguments["refunded_amount"]:
            return RefusedIt(error_messages=("the lines do not add up",))
        return super().do(operation, order_id, arguments)


@wrong("client-remembers-the-order", "client.carries-out")
class RemembersTheOrder(Reading):
    """Refuses refunds above the captured amount that it read before the first command."""

    def __init__(self, hello: Hello, *, backoff_s: float = 0.1) -> None:
        super().__init__(hello, backoff_s=backoff_s)
        self._left: dict[str, int] = {}

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        order = None if order_id in self._left else self.read(f"{ORDERS}/{order_id}")
        if order is not None and order.is_success:
            self._left[order_id] = order.json()["captured_amount"]
        left, amount = self._left.get(order_id), arguments.get("refunded_amount", 0)
        if left is not None and amount > left:
            return RefusedIt()
        reported = super().do(operation, order_id, arguments)
        if left is not None and isinstance(reported, Done):
            self._left[order_id] = left - amount
        return reported


@harmless("client-reads-the-order")
class ReadsTheOrder(Reading):
    """Harmless: never retries, but reads the order to find out whether a refund was made."""

    attempts = 1

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        known = self._refunds(order_id)
        outcome = super().do(operation, order_id, arguments)
        if operation != "refundOrder" or not isinstance(outcome, Unknown) or known is None:
            return outcome
        now = self._refunds(order_id)
        new = sorted(now - known) if now is not None else []
        return Done(refund_id=new[0]) if len(new) == 1 else outcome

    def _refunds(self, order_id: str) -> set[str] | None:
        shown = self.read(f"{ORDERS}/{order_id}")
        try:
            return {refund["refund_id"] for refund in shown.json()["refunds"]} if shown else None
        except (ValueError, KeyError):
            return None


@wrong("client-recovers-last-refund", "client.refund-id")
class RecoversLastRefund(ReadsTheOrder):
    """Reports the last refund of the order after a missing response, if there is a new one."""

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        known = self._refunds(order_id)
        outcome = super().do(operation, order_id, arguments)
        if operation != "refundOrder" or not isinstance(outcome, Unknown) or known is None:
            return outcome
        order = self.read(f"{ORDERS}/{order_id}")
        if order is None or not order.is_success or self._refunds(order_id) == known:
            return outcome
        return Done(refund_id=order.json()["refunds"][-1]["refund_id"])


@wrong("client-not-found-is-refused", "client.refused-is-true")
class NotFoundIsRefused(ReadsTheOrder):
    """Reports a refund without a response as refused if the order does not show it yet."""

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        outcome = super().do(operation, order_id, arguments)
        if operation != "refundOrder" or not isinstance(outcome, Unknown):
            return outcome
        return outcome if self._refunds(order_id) is None else RefusedIt()
