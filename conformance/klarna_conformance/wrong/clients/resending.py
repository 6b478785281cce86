"""Clients that retry when they must not, or in a wrong way."""

import contextlib
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import httpx

from klarna_conformance.adapter_protocol import Hello
from klarna_conformance.wrong.clients.parts import ORDERS, Reading, harmless, wrong
from klarna_conformance.wrong.reference import ClientClosed, Errand, ReferenceClient
from klarna_specs.client.play import RefusedIt, Reported, Unknown


@wrong("client-never-ends", "client.sends-no-more-than-enough")
class NeverEnds(ReferenceClient):
    """Retries without a limit."""

    attempts = 1_000_000

    def delay_s(self, attempt: int, last: httpx.Response | None) -> float:
        return super().delay_s(1, last)


@wrong("client-waits-for-ever", "client.answers")
class WaitsForEver(ReferenceClient):
    """Retries without a limit, with exponential backoff."""

    attempts = 1_000_000

    def delay_s(self, attempt: int, last: httpx.Response | None) -> float:
        return super().delay_s(min(attempt, 8), last)


@wrong("client-retries-refusals", "client.no-retry-after-refusal")
class RetriesRefusals(ReferenceClient):
    """Retries after every response that is not a success."""

    def retries_after(self, response: httpx.Response) -> bool:
        return True


@wrong("client-retries-unauthorized", "client.no-retry-after-refusal")
class RetriesUnauthorized(ReferenceClient):
    """Retries after 401."""

    def retries_after(self, response: httpx.Response) -> bool:
        return response.status_code == 401 or super().retries_after(response)


@wrong("client-retries-conflicts", "client.no-retry-after-refusal")
class RepeatsConflicts(ReferenceClient):
    """Retries after 409 and 422."""

    def retries_after(self, response: httpx.Response) -> bool:
        return response.status_code in (409, 422) or super().retries_after(response)


@wrong("client-hurries-after-429", "client.waits-as-asked")
class HurriesAfter429(ReferenceClient):
    """Ignores Retry-After."""

    def delay_s(self, attempt: int, last: httpx.Response | None) -> float:
        return super().delay_s(attempt, None)


@wrong("client-repeats-successes", "client.stops-after-success")
class RepeatsSuccesses(ReferenceClient):
    """Repeats successful calls."""

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        response = super().send(errand, attempt)
        if response.is_success and errand.method != "GET":
            return super().send(errand, attempt)
        return response


@wrong("client-times-out-early", "client.patience")
class TimesOutEarly(ReferenceClient):
    """Uses a tenth of the advised timeout."""

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        self.http.timeout = httpx.Timeout(self.hello.timeout_s / 10)
        return super().send(errand, attempt)


@wrong("client-two-at-once", "client.once")
class TwoAtOnce(ReferenceClient):
    """Sends each refund twice concurrently with different keys."""

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        if errand.operation != "refundOrder":
            return super().send(errand, attempt)
        send = super().send
        other = errand._replace(key=str(uuid.uuid4()))
        with ThreadPoolExecutor(2) as pool:
            sent = [pool.submit(send, each, attempt) for each in (errand, other)]
        return sent[0].result()


class _Losing(ReferenceClient):
    """Makes one attempt, and does something else about a refund without a response."""

    attempts = 1
    recovered: ClassVar[tuple[str, ...]] = ("refundOrder",)

    def errand(self, operation: str, order_id: str, arguments: dict[str, Any]) -> Errand:
        self._errand = super().errand(operation, order_id, arguments)
        return self._errand

    def last_outcome(self, last: httpx.Response | None, *, unclear: bool) -> Reported:
        if self._errand.operation in self.recovered and unclear:
            self.lost(self._errand)
        return super().last_outcome(last, unclear=unclear)

    def lost(self, errand: Errand) -> None:
        """What is done about the refund."""


@wrong("client-continues-behind", "client.as-told-only", "client.once")
class GoesOnBehind(_Losing):
    """Reports unknown, and retries later in the background with a new key."""

    def lost(self, errand: Errand) -> None:
        threading.Thread(target=self._again, args=(errand,), daemon=True).start()

    def _again(self, errand: Errand) -> None:
        with contextlib.suppress(ClientClosed, httpx.HTTPError, RuntimeError):
            self.pause(self.backoff_s)
            self.send(self.later(errand), 1)

    def later(self, errand: Errand) -> Errand:
        """The refund as it is sent in the background."""
        return errand._replace(key=str(uuid.uuid4()))


@harmless("client-continues-behind-with-its-key")
class GoesOnBehindWithItsKey(GoesOnBehind):
    """Harmless: reports unknown, and retries later in the background with the same key."""

    def later(self, errand: Errand) -> Errand:
        return errand


@wrong("client-continues-behind-after-refused", "client.as-told-only", "client.refused-is-true")
class GoesOnBehindAfterRefused(GoesOnBehindWithItsKey):
    """Reports refused without a response, and retries later in the background."""

    def last_outcome(self, last: httpx.Response | None, *, unclear: bool) -> Reported:
        super().last_outcome(last, unclear=unclear)
        return RefusedIt()


@wrong("client-sends-later", "client.once", "client.as-told-only")
class SendsLater(_Losing):
    """Stores refunds without a response, and sends them before the next one with new keys."""

    def __init__(self, hello: Hello, *, backoff_s: float = 0.1) -> None:
        super().__init__(hello, backoff_s=backoff_s)
        self._stored: list[Errand] = []

    def lost(self, errand: Errand) -> None:
        self._stored.append(errand)

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        if operation in self.recovered:
            stored, self._stored = self._stored, []
            for errand in stored:
                with contextlib.suppress(httpx.TransportError):
                    self.send(self.later(errand), 0)
        return super().do(operation, order_id, arguments)

    def later(self, errand: Errand) -> Errand:
        """A stored refund as it is sent later."""
        return errand._replace(key=str(uuid.uuid4()))


@harmless("client-sends-later-as-it-was")
class SendsLaterAsItWas(SendsLater):
    """Harmless: stores refunds without a response, and sends them before the next unchanged."""

    def later(self, errand: Errand) -> Errand:
        return errand


@wrong("client-recovers-with-new-key", "client.once", "client.as-told-only")
class RecoversWithNewKey(SendsLater):
    """Stores refunds without a response on disk, and sends them after a restart with new keys."""

    _disk: ClassVar[dict[str, list[Errand]]] = {}

    def __init__(self, hello: Hello, *, backoff_s: float = 0.1) -> None:
        super().__init__(hello, backoff_s=backoff_s)
        self._stored = self._disk.pop(hello.base_url, [])

    def lost(self, errand: Errand) -> None:
        self._disk.setdefault(self.hello.base_url, []).append(errand)


@harmless("client-recovers")
class Recovers(RecoversWithNewKey):
    """Harmless: stores refunds without a response on disk, and sends them after a restart."""

    def later(self, errand: Errand) -> Errand:
        return errand


@harmless("client-recovers-releases")
class RecoversReleases(Recovers):
    """Harmless: stores releases without a response on disk, and sends them after a restart."""

    recovered = ("releaseRemainingAuthorization",)


@harmless("client-reads-before-it-retries")
class ReadsBeforeItRetries(Reading):
    """Harmless: reads the order before each retry."""

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        if attempt:
            self.read(f"{ORDERS}/{errand.order_id}", self.auth(attempt))
        return super().send(errand, attempt)


@harmless("client-times-out-late")
class TimesOutLate(ReferenceClient):
    """Harmless: uses twice the advised timeout."""

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        self.http.timeout = httpx.Timeout(self.hello.timeout_s * 2)
        return super().send(errand, attempt)


@harmless("client-never-retries")
class NeverRetries(ReferenceClient):
    """Harmless: never retries, and reports unknown."""

    attempts = 1

    def last_outcome(self, last: httpx.Response | None, *, unclear: bool) -> Reported:
        return Unknown("one attempt was made")


@harmless("client-two-attempts")
class TwoAttempts(ReferenceClient):
    """Harmless: makes two attempts."""

    attempts = 2


@harmless("client-ten-attempts")
class OnceMore(ReferenceClient):
    """Harmless: makes ten quick attempts."""

    attempts = 10

    def delay_s(self, attempt: int, last: httpx.Response | None) -> float:
        return super().delay_s(1, last)

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)
