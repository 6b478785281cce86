"""Clients that send again when they should not, or as they should not."""

import time

import httpx

from klarna_conformance.certify.reference import Errand, ReferenceClient
from klarna_specs.client.play import Told, Unknown

__all__ = [
    "GivesUpAtOnce",
    "HurriesAfter429",
    "Impatient",
    "LongerPatience",
    "NeverEnds",
    "OnceMore",
    "RepeatsConflicts",
    "RepeatsSuccesses",
    "RetriesRefusals",
    "RetriesUnauthorized",
    "TwoAttempts",
    "WaitsForEver",
]


class NeverEnds(ReferenceClient):
    """Sends again until it works."""

    attempts = 1_000_000

    def delay_s(self, attempt: int, last: httpx.Response | None) -> float:
        return super().delay_s(1, last)


class WaitsForEver(ReferenceClient):
    """Asks ever more rarely, and never gives up."""

    attempts = 1_000_000

    def delay_s(self, attempt: int, last: httpx.Response | None) -> float:
        return super().delay_s(min(attempt, 8), last)


class RetriesRefusals(ReferenceClient):
    """Sends again whatever is no success."""

    def sends_again(self, response: httpx.Response) -> bool:
        return True


class RetriesUnauthorized(ReferenceClient):
    """Sends again what was refused for its credentials."""

    def sends_again(self, response: httpx.Response) -> bool:
        return response.status_code == 401 or super().sends_again(response)


class RepeatsConflicts(ReferenceClient):
    """Sends again what cannot be processed, or is in conflict."""

    def sends_again(self, response: httpx.Response) -> bool:
        return response.status_code in (409, 422) or super().sends_again(response)


class HurriesAfter429(ReferenceClient):
    """Does not read Retry-After."""

    def delay_s(self, attempt: int, last: httpx.Response | None) -> float:
        return super().delay_s(attempt, None)


class RepeatsSuccesses(ReferenceClient):
    """Sends a call again after it succeeded, to be sure."""

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        response = super().send(errand, attempt)
        if response.is_success and errand.method != "GET":
            return super().send(errand, attempt)
        return response


class Impatient(ReferenceClient):
    """Waits for an answer for a tenth of the time that it was advised to."""

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        self.http.timeout = httpx.Timeout(self.hello.timeout_s / 10)
        return super().send(errand, attempt)


class LongerPatience(ReferenceClient):
    """Harmless: waits twice as long as it was advised to."""

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        self.http.timeout = httpx.Timeout(self.hello.timeout_s * 2)
        return super().send(errand, attempt)


class GivesUpAtOnce(ReferenceClient):
    """Harmless: never sends anything again, and says that it does not know."""

    attempts = 1

    def given_up(self, last: httpx.Response | None, *, unclear: bool) -> Told:
        return Unknown("one attempt was made")


class TwoAttempts(ReferenceClient):
    """Harmless: makes two attempts."""

    attempts = 2


class OnceMore(ReferenceClient):
    """Harmless: makes ten quick attempts."""

    attempts = 10

    def delay_s(self, attempt: int, last: httpx.Response | None) -> float:
        return super().delay_s(1, last)

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)
