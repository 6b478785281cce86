"""Clients that report wrong details of refusals, or draw wrong conclusions from reads."""

import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx

from klarna_conformance.wrong.clients.parts import ORDERS, InDoubt, Reading, harmless, wrong
from klarna_conformance.wrong.reference import Errand, ReferenceClient
from klarna_specs.client.play import Done, RefusedIt, Reported, Unknown


class _Details(ReferenceClient):
    """Changes the reported refusal; `last` is the previous one."""

    last = RefusedIt()

    def refused(self, response: httpx.Response) -> Reported:
        refusal = super().refused(response)
        assert isinstance(refusal, RefusedIt)
        self.last, before = refusal, self.last
        return self.reported(refusal, before)

    def reported(self, refusal: RefusedIt, before: RefusedIt) -> RefusedIt:
        """The refusal as it is reported."""
        del before
        return refusal


@wrong("client-error-code-made-up", "client.refusal-details-true")
class CodeMadeUp(_Details):
    """Reports the same error code for all refusals."""

    def reported(self, refusal: RefusedIt, before: RefusedIt) -> RefusedIt:
        return RefusedIt("DECLINED", refusal.error_messages, refusal.correlation_id)


@wrong("client-error-code-stale", "client.refusal-details-true")
class CodeStale(_Details):
    """Reports the error code of the previous refusal, if there was one."""

    def reported(self, refusal: RefusedIt, before: RefusedIt) -> RefusedIt:
        code = before.error_code or refusal.error_code
        return RefusedIt(code, refusal.error_messages, refusal.correlation_id)


@wrong("client-correlation-id-made-up", "client.refusal-details-true")
class CorrelationIdMadeUp(_Details):
    """Reports a random correlation id."""

    def reported(self, refusal: RefusedIt, before: RefusedIt) -> RefusedIt:
        return RefusedIt(refusal.error_code, refusal.error_messages, str(uuid.uuid4()))


@wrong("client-correlation-id-stale", "client.refusal-details-true")
class CorrelationIdStale(_Details):
    """Reports the first correlation id that it received for all refusals."""

    _first: str | None = None

    def reported(self, refusal: RefusedIt, before: RefusedIt) -> RefusedIt:
        self._first = self._first or refusal.correlation_id
        return RefusedIt(refusal.error_code, refusal.error_messages, self._first)


@wrong("client-message-in-own-words", "client.messages-told")
class MessageInOwnWords(_Details):
    """Reports its own text in place of the server's messages."""

    def reported(self, refusal: RefusedIt, before: RefusedIt) -> RefusedIt:
        return RefusedIt(refusal.error_code, ("Insufficient funds",), refusal.correlation_id)


@wrong("client-message-stale", "client.refusal-details-true")
class MessageStale(_Details):
    """Reports the messages of the previous refusal."""

    def reported(self, refusal: RefusedIt, before: RefusedIt) -> RefusedIt:
        messages = before.error_messages or refusal.error_messages
        return RefusedIt(refusal.error_code, messages, refusal.correlation_id)


class _FirstAttempt(ReferenceClient):
    """Reports details of the first error that a command met."""

    _first: httpx.Response | None = None

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        self._first = None
        return super().errand(operation, order_id, arguments)

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        response = super().send(errand, attempt)
        self._first = self._first or (response if response.is_error else None)
        return response

    def refused(self, response: httpx.Response) -> Reported:
        refusal, first = super().refused(response), super().refused(self._first or response)
        assert isinstance(refusal, RefusedIt)
        assert isinstance(first, RefusedIt)
        return self.reported(refusal, first)

    def reported(self, refusal: RefusedIt, first: RefusedIt) -> RefusedIt:
        """The refusal as it is reported."""
        raise NotImplementedError


@wrong("client-correlation-id-of-first-attempt", "client.refusal-details-true")
class CorrelationIdOfFirstAttempt(_FirstAttempt):
    """Reports the correlation id of the first attempt, which failed otherwise."""

    def reported(self, refusal: RefusedIt, first: RefusedIt) -> RefusedIt:
        return RefusedIt(refusal.error_code, refusal.error_messages, first.correlation_id)


@wrong("client-error-code-of-first-attempt", "client.refusal-details-true")
class CodeOfFirstAttempt(_FirstAttempt):
    """Reports the error code of the first attempt, which failed otherwise."""

    def reported(self, refusal: RefusedIt, first: RefusedIt) -> RefusedIt:
        return RefusedIt(first.error_code, refusal.error_messages, refusal.correlation_id)


@wrong("client-message-of-first-attempt", "client.refusal-details-true")
class MessageOfFirstAttempt(_FirstAttempt):
    """Reports the messages of the first attempt, which failed otherwise."""

    def reported(self, refusal: RefusedIt, first: RefusedIt) -> RefusedIt:
        return RefusedIt(refusal.error_code, first.error_messages, refusal.correlation_id)


@harmless("client-messages-of-all-attempts")
class MessagesOfAllAttempts(_FirstAttempt):
    """Harmless: reports the messages of the refusal, after those of an earlier attempt."""

    def reported(self, refusal: RefusedIt, first: RefusedIt) -> RefusedIt:
        texts = (*first.error_messages, *refusal.error_messages)
        return RefusedIt(refusal.error_code, texts, refusal.correlation_id)


@harmless("client-code-in-words")
class CodeInWords(_Details):
    """Harmless: reports NO_CODE if the server sent no code."""

    code = "NO_CODE"

    def reported(self, refusal: RefusedIt, before: RefusedIt) -> RefusedIt:
        code = refusal.error_code or self.code
        return RefusedIt(code, refusal.error_messages, refusal.correlation_id)


@wrong("client-missing-code-made-up", "client.refusal-details-true")
class MissingCodeMadeUp(CodeInWords):
    """Reports a code of its own if the server sent none."""

    code = "PROVIDER_DECLINED"


@harmless("client-messages-in-one-text")
class MessagesInOneText(_Details):
    """Harmless: reports the server's messages within its own sentence."""

    def reported(self, refusal: RefusedIt, before: RefusedIt) -> RefusedIt:
        text = f"Klarna refused: {'; '.join(refusal.error_messages) or 'no reason given'}."
        return RefusedIt(refusal.error_code, (text, "Please try later."), refusal.correlation_id)


@wrong("client-lost-then-429-is-refused", "client.refused-is-true")
class RefusedWhenWaitLasts(ReferenceClient):
    """Reports repeated 429s as a refusal, even if an earlier attempt was lost."""

    def last_outcome(self, last: httpx.Response | None, *, unclear: bool) -> Reported:
        if last is not None and last.status_code == 429:
            return self.refused(last)
        return super().last_outcome(last, unclear=unclear)


@wrong("client-lost-then-401-is-refused", "client.refused-is-true")
class RefusedWithoutCredentials(ReferenceClient):
    """Reports a 401 as a refusal, even if an earlier attempt was lost."""

    _denied: httpx.Response | None = None

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        self._denied = None
        outcome = super().do(operation, order_id, arguments)
        return self.refused(self._denied) if self._denied else outcome

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        response = super().send(errand, attempt)
        self._denied = response if response.status_code == 401 else None
        return response


@wrong("client-lost-then-409-is-done", "client.done-is-true")
class DoneAfterConflict(InDoubt):
    """Reports a 409 as done if an earlier attempt had no clear response."""

    def retries_after(self, response: httpx.Response) -> bool:
        self._done = response.status_code == 409 and self.unclear
        return super().retries_after(response)

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        self._done = False
        outcome = super().do(operation, order_id, arguments)
        return Done() if self._done else outcome


@wrong("client-404-is-done", "client.done-is-true")
class NotFoundIsDone(ReferenceClient):
    """Reports a 404 as done."""

    def refused(self, response: httpx.Response) -> Reported:
        return Done() if response.status_code == 404 else super().refused(response)


@wrong("client-unread-is-refused", "client.refused-is-true")
class RefusedWhenReadFails(Reading):
    """Reads the order after a missing response, and reports a failed read as a refusal."""

    attempts = 1

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        outcome = super().do(operation, order_id, arguments)
        if operation != "refundOrder" or not isinstance(outcome, Unknown):
            return outcome
        shown = self.read(f"{ORDERS}/{order_id}")
        return outcome if shown is None or shown.is_success else RefusedIt()


@wrong("client-not-read-back-is-refused", "client.refused-is-true")
class ReadsBackAndRefuses(Reading):
    """Reads each new refund, and reports a failed read as a refusal."""

    def done(self, errand: Errand, response: httpx.Response) -> Reported:
        outcome = super().done(errand, response)
        if not isinstance(outcome, Done) or not outcome.refund_id:
            return outcome
        shown = self.read(f"{errand.path}/{outcome.refund_id}")
        return outcome if shown is None or shown.is_success else self.refused(shown)


@wrong("client-location-anywhere", "client.credentials-kept")
class FollowsForeignLocation(Reading):
    """Follows the Location of a refund with its credentials, even to another host."""

    def done(self, errand: Errand, response: httpx.Response) -> Reported:
        if location := response.headers.get("location"):
            self.read(location, self.location_auth(location))
        return super().done(errand, response)

    def location_auth(self, location: str) -> httpx.Auth:
        """The authentication for a request to a Location."""
        del location
        return self.auth(0)


@harmless("client-location-without-credentials")
class FollowsLocationBare(FollowsForeignLocation):
    """Harmless: follows the Location of a refund, with credentials only on its own host."""

    def location_auth(self, location: str) -> httpx.Auth:
        own_host = location.startswith((self.hello.base_url, "/"))
        return self.auth(0) if own_host else httpx.Auth()


@harmless("client-head-first")
class HeadFirst(ReferenceClient):
    """Harmless: sends a HEAD of the order before a refund."""

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        if operation == "refundOrder":
            with suppress(httpx.TransportError):
                self.http.head(f"{ORDERS}/{order_id}", auth=self.auth(0))
        return super().errand(operation, order_id, arguments)
