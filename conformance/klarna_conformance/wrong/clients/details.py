"""Clients that report details of a refusal which nobody gave, and what they take for read."""

import uuid
from collections.abc import Mapping
from typing import Any

import httpx

from klarna_conformance.wrong.clients.parts import ORDERS, Reading
from klarna_conformance.wrong.reference import Errand, ReferenceClient
from klarna_specs.client.play import Done, RefusedIt, Told, Unknown


class _Details(ReferenceClient):
    """Reports a refusal in another way; `last` is the one before it."""

    last = RefusedIt()

    def refused(self, response: httpx.Response) -> Told:
        told = super().refused(response)
        assert isinstance(told, RefusedIt)
        self.last, before = told, self.last
        return self.reported(told, before)

    def reported(self, told: RefusedIt, before: RefusedIt) -> RefusedIt:
        """What is reported of a refusal."""
        del before
        return told


class CodeMadeUp(_Details):
    """Has one error code for whatever is refused."""

    id = "client-error-code-made-up"
    caught_by = ("client.refusal-details-true",)

    def reported(self, told: RefusedIt, before: RefusedIt) -> RefusedIt:
        return RefusedIt("DECLINED", told.error_messages, told.correlation_id)


class CodeStale(_Details):
    """Keeps an error code until another one comes."""

    id = "client-error-code-stale"
    caught_by = ("client.refusal-details-true",)

    def reported(self, told: RefusedIt, before: RefusedIt) -> RefusedIt:
        code = before.error_code or told.error_code
        return RefusedIt(code, told.error_messages, told.correlation_id)


class CorrelationIdMadeUp(_Details):
    """Makes a correlation id of its own."""

    id = "client-correlation-id-made-up"
    caught_by = ("client.refusal-details-true",)

    def reported(self, told: RefusedIt, before: RefusedIt) -> RefusedIt:
        return RefusedIt(told.error_code, told.error_messages, str(uuid.uuid4()))


class CorrelationIdStale(_Details):
    """Reports the first correlation id that it ever got."""

    id = "client-correlation-id-stale"
    caught_by = ("client.refusal-details-true",)

    _first: str | None = None

    def reported(self, told: RefusedIt, before: RefusedIt) -> RefusedIt:
        self._first = self._first or told.correlation_id
        return RefusedIt(told.error_code, told.error_messages, self._first)


class MessageMadeUp(_Details):
    """Has a reason of its own for whatever is refused."""

    id = "client-message-made-up"
    caught_by = ("client.refusal-details-true",)

    def reported(self, told: RefusedIt, before: RefusedIt) -> RefusedIt:
        return RefusedIt(told.error_code, ("Insufficient funds",), told.correlation_id)


class MessageStale(_Details):
    """Reports the messages of the refusal before this one."""

    id = "client-message-stale"
    caught_by = ("client.refusal-details-true",)

    def reported(self, told: RefusedIt, before: RefusedIt) -> RefusedIt:
        messages = before.error_messages or told.error_messages
        return RefusedIt(told.error_code, messages, told.correlation_id)


class CodeInWords(_Details):
    """Harmless: has a code of its own where the server gave none."""

    id = "client-code-in-words"

    def reported(self, told: RefusedIt, before: RefusedIt) -> RefusedIt:
        return RefusedIt(told.error_code or "NO_CODE", told.error_messages, told.correlation_id)


class MessagesInOneText(_Details):
    """Harmless: reports the server's messages in a sentence of its own."""

    id = "client-messages-in-one-text"

    def reported(self, told: RefusedIt, before: RefusedIt) -> RefusedIt:
        text = f"Klarna refused: {'; '.join(told.error_messages) or 'no reason given'}."
        return RefusedIt(told.error_code, (text, "Please try later."), told.correlation_id)


class RefusedWhenWaitLasts(ReferenceClient):
    """Takes a wait that does not end for a refusal, also where an attempt before it was lost."""

    id = "client-lost-then-429-is-refused"
    caught_by = ("client.refused-is-true",)

    def given_up(self, last: httpx.Response | None, *, unclear: bool) -> Told:
        if last is not None and last.status_code == 429:
            return self.refused(last)
        return super().given_up(last, unclear=unclear)


class RefusedWithoutCredentials(ReferenceClient):
    """Takes a 401 for a refusal, also where an attempt before it was lost."""

    id = "client-lost-then-401-is-refused"
    caught_by = ("client.refused-is-true",)

    _denied: httpx.Response | None = None

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Told:
        self._denied = None
        told = super().do(operation, order_id, arguments)
        return self.refused(self._denied) if self._denied else told

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        response = super().send(errand, attempt)
        self._denied = response if response.status_code == 401 else None
        return response


class NotFoundIsDone(ReferenceClient):
    """Takes what is not found for done."""

    id = "client-404-is-done"
    caught_by = ("client.done-is-true",)

    def refused(self, response: httpx.Response) -> Told:
        return Done() if response.status_code == 404 else super().refused(response)


class RefusedWhenReadFails(Reading):
    """Reads the order where an answer is missing, and takes what it cannot read for refused."""

    id = "client-unread-is-refused"
    caught_by = ("client.refused-is-true",)

    attempts = 1

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Told:
        told = super().do(operation, order_id, arguments)
        if operation != "refundOrder" or not isinstance(told, Unknown):
            return told
        shown = self.read(f"{ORDERS}/{order_id}")
        return told if shown is None or shown.is_success else RefusedIt()


class ReadsBackAndRefuses(Reading):
    """Reads the refund back after it was made, and takes what it cannot read for refused."""

    id = "client-not-read-back-is-refused"
    caught_by = ("client.refused-is-true",)

    def done(self, errand: Errand, response: httpx.Response) -> Told:
        told = super().done(errand, response)
        if not isinstance(told, Done) or not told.refund_id:
            return told
        shown = self.read(f"{errand.path}/{told.refund_id}")
        return told if shown is None or shown.is_success else self.refused(shown)


class FollowsForeignLocation(Reading):
    """Reads the refund where its Location leads to, with its credentials, wherever that is."""

    id = "client-location-anywhere"
    caught_by = ("client.credentials-kept",)

    def done(self, errand: Errand, response: httpx.Response) -> Told:
        if location := response.headers.get("location"):
            self.read(location, self.location_auth(location))
        return super().done(errand, response)

    def location_auth(self, location: str) -> httpx.Auth:
        """How the client says who it is where a Location leads to."""
        del location
        return self.auth(0)


class FollowsLocationBare(FollowsForeignLocation):
    """Harmless: reads the refund at its Location, and shows its credentials to its server only."""

    id = "client-location-without-credentials"

    def location_auth(self, location: str) -> httpx.Auth:
        at_home = location.startswith((self.hello.base_url, "/"))
        return self.auth(0) if at_home else httpx.Auth()
