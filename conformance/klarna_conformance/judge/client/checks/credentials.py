"""Checks of the credentials that a client sends, and of where it sends them."""

from collections.abc import Iterable, Iterator, Mapping

from klarna_conformance.judge.client.attempts import Attempt
from klarna_conformance.judge.client.view import Check, View
from klarna_conformance.judge.results import ExchangeResult, verified

__all__ = ["CREDENTIALS"]


def _credentials(view: View) -> Iterator[ExchangeResult]:
    sent = sorted((*view.attempts, *view.others), key=lambda each: each.index)
    here = [each for each in sent if each.mark.at == "server"]
    for place, each in enumerate(here):
        kind = each.exchange.request.credentials
        rest = here[place + 1 :]
        unheard = not rest and "refused" in view.seen
        if kind == "none" and (each.exchange.status != 401 or unheard):
            continue  # it may still send them after a 401, as HTTP allows
        if kind == "none" and _shown_later(each, rest):
            observed = "the first request carries none, one after the 401 does"
            expected = "credentials with every call"
            yield verified(each.index, expected, observed, holds=False, level="INFO")
        else:
            observed = f"it has {kind.replace('_', ' ')}"
            yield verified(
                each.index, "the configured credentials", observed, holds=kind == "valid"
            )


def _shown_later(attempt: Attempt, rest: Iterable[Attempt]) -> bool:
    """Whether the same request comes with credentials later."""
    first = attempt.exchange.request
    return any(
        (again.method, again.path, again.credentials) == (first.method, first.path, "valid")
        for again in (each.exchange.request for each in rest)
    )


def _credentials_kept(view: View) -> Iterator[ExchangeResult]:
    """A client may stay with the other server: requests of later commands count too."""
    away = [each for each in view.others if each.mark.at == "elsewhere" and each.mark.carried]
    if away or not view.seen.isdisjoint(("redirect", "foreign-location")):
        at = away[0].index if away else view.at
        observed = "its credentials are sent to another server too"
        yield verified(at, "credentials for the configured server only", observed, holds=not away)


CREDENTIALS: Mapping[str, Check] = {
    "credentials_sent": _credentials,
    "credentials_kept": _credentials_kept,
}
