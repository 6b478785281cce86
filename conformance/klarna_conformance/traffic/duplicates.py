"""Exchanges that two recorders recorded, such as those of a client and of a gateway. Pure."""

from collections.abc import Iterable

from klarna_conformance.traffic.har_file import Recorded
from klarna_specs.calls import KEY_HEADER

__all__ = ["without_duplicates"]

_CORRELATION = "Klarna-Correlation-Id"


def without_duplicates(traffic: Iterable[Recorded]) -> list[Recorded]:
    """The traffic, in order of its beginnings, with each exchange once.

    A server names a correlation id once. The same one, in the same response to the same request at
    the same time, is the same exchange, recorded a second time.
    """
    kept: list[Recorded] = []
    last: dict[tuple[object, ...], Recorded] = {}
    for each in traffic:
        content = _content(each)
        before = last.get(content) if content else None
        if before is None or each.began_s >= before.ended_s:
            kept.append(each)
            last[content] = each
    return kept


def _content(each: Recorded) -> tuple[object, ...]:
    """What both recordings of an exchange have in common; empty without a correlation id."""
    request, response = each.exchange.request, each.exchange.response
    named = response.header(_CORRELATION) if response else None
    if response is None or not named:
        return ()
    sent = request.method, request.path, request.body, request.header(KEY_HEADER)
    return (each.origin, *sent, named, response.status, response.body)
