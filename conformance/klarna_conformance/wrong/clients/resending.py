"""Clients that retry when they must not, or in a wrong way."""

import contextlib
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from klarna_conformance.adapter_protocol import Hello
from klarna_conformance.wrong.clients.parts import ORDERS, Reading
from klarna_conformance.wrong.reference import Errand, GivenUp, ReferenceClient
from klarna_specs.client.play import Reported, Unknown


class NeverEnds(ReferenceClient):
    """Retries without a limit."""

    id = "client-never-ends"
    caught_by = ("client.sends-no-more-than-enough",)

    attempts = 1_000_000

    def delay_s(self, attempt: int, last: httpx.Response | None) -> float:
        return super().delay_s(1, last)


class WaitsForEver(ReferenceClient):
    """Retries without a limit, with exponential backoff."""

    id = "client-waits-for-ever"
    caught_by = ("client.answers",)

    attempts = 1_000_000

    def delay_s(self, attempt: int, last: httpx.Response | None) -> float:
        return super().delay_s(min(attempt, 8), last)


class RetriesRefusals(ReferenceClient):
    """Retries after every response that is not a success."""

    id = "client-retries-refusals"
    caught_by = ("client.no-retry-after-refusal",)

    def sends_again(self, response: httpx.Response) -> bool:
        return True


class RetriesUnauthorized(ReferenceClient):
    """Retries after 401."""

    id = "client-retries-unauthorized"
    caught_by = ("client.no-retry-after-refusal",)

    def sends_again(self, response: httpx.Response) -> bool:
        return response.status_code == 401 or super().sends_again(response)


class RepeatsConflicts(ReferenceClient):
    """Retries after 409 and 422."""

    id = "client-retries-conflicts"
    caught_by = ("client.no-retry-after-refusal",)

    def sends_again(self, response: httpx.Response) -> bool:
        return response.status_code in (409, 422) or super().sends_again(response)


class HurriesAfter429(ReferenceClient):
    """Ignores Retry-After."""

    id = "client-hurries-after-429"
    caught_by = ("client.waits-as-asked",)

    def delay_s(self, attempt: int, last: httpx.Response | None) -> float:
        return super().delay_s(attempt, None)


class RepeatsSuccesses(ReferenceClient):
    """Repeats successful calls."""

    id = "client-repeats-successes"
    caught_by = ("client.stops-after-success",)

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        response = super().send(errand, attempt)
        if response.is_success and errand.method != "GET":
            return super().send(errand, attempt)
        return response


class Impatient(ReferenceClient):
    """Uses a tenth of the advised timeout."""

    id = "client-impatient"
    caught_by = ("client.patience",)

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        self.http.timeout = httpx.Timeout(self.hello.timeout_s / 10)
        return super().send(errand, attempt)


class TwoAtOnce(ReferenceClient):
    """Sends each refund twice concurrently with different keys."""

    id = "client-two-at-once"
    caught_by = ("client.once",)

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        if errand.operation != "refundOrder":
            return super().send(errand, attempt)
        send = super().send
        other = errand._replace(key=str(uuid.uuid4()))
        with ThreadPoolExecutor(2) as pool:
            sent = [pool.submit(send, each, attempt) for each in (errand, other)]
        return sent[0].result()


class GoesOnBehind(ReferenceClient):
    """Reports unknown, and retries later in the background with a new key."""

    id = "client-goes-on-behind"
    caught_by = ("client.as-told-only", "client.once")

    attempts = 1

    def given_up(self, last: httpx.Response | None, *, unclear: bool) -> Reported:
        if self._errand.operation == "refundOrder" and unclear:
            threading.Thread(target=self._again, args=(self._errand,), daemon=True).start()
        return super().given_up(last, unclear=unclear)

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        self._errand = super().errand(operation, order_id, arguments)
        return self._errand

    def _again(self, errand: Errand) -> None:
        with contextlib.suppress(GivenUp, httpx.HTTPError, RuntimeError):
            self.pause(self.backoff_s)
            self.send(errand._replace(key=str(uuid.uuid4())), 1)


class SendsLater(ReferenceClient):
    """Stores refunds without a response, and sends them before the next one with new keys."""

    id = "client-sends-later"
    caught_by = ("client.once", "client.as-told-only")

    attempts = 1

    def __init__(self, hello: Hello, *, backoff_s: float = 0.1) -> None:
        super().__init__(hello, backoff_s=backoff_s)
        self._stored: list[Errand] = []

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        self._errand = super().errand(operation, order_id, arguments)
        return self._errand

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        if operation == "refundOrder":
            stored, self._stored = self._stored, []
            for errand in stored:
                with contextlib.suppress(httpx.TransportError):
                    self.send(self.later(errand), 0)
        return super().do(operation, order_id, arguments)

    def later(self, errand: Errand) -> Errand:
        """A stored refund as it is sent later."""
        return errand._replace(key=str(uuid.uuid4()))

    def given_up(self, last: httpx.Response | None, *, unclear: bool) -> Reported:
        if self._errand.operation == "refundOrder" and unclear:
            self._stored.append(self._errand)
        return super().given_up(last, unclear=unclear)


class SendsLaterAsItWas(SendsLater):
    """Harmless: stores refunds without a response, and sends them before the next unchanged."""

    id = "client-sends-later-as-it-was"

    def later(self, errand: Errand) -> Errand:
        return errand


class AsksBeforeSendingAgain(Reading):
    """Harmless: reads the order before each retry."""

    id = "client-asks-before-sending-again"

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        if attempt:
            self.read(f"{ORDERS}/{errand.order_id}", self.auth(attempt))
        return super().send(errand, attempt)


class LongerPatience(ReferenceClient):
    """Harmless: uses twice the advised timeout."""

    id = "client-patient"

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        self.http.timeout = httpx.Timeout(self.hello.timeout_s * 2)
        return super().send(errand, attempt)


class GivesUpAtOnce(ReferenceClient):
    """Harmless: never retries, and reports unknown."""

    id = "client-gives-up-at-once"

    attempts = 1

    def given_up(self, last: httpx.Response | None, *, unclear: bool) -> Reported:
        return Unknown("one attempt was made")


class TwoAttempts(ReferenceClient):
    """Harmless: makes two attempts."""

    id = "client-two-attempts"

    attempts = 2


class OnceMore(ReferenceClient):
    """Harmless: makes ten quick attempts."""

    id = "client-ten-attempts"

    attempts = 10

    def delay_s(self, attempt: int, last: httpx.Response | None) -> float:
        return super().delay_s(1, last)

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)
