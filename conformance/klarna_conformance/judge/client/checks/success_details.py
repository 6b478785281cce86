"""Checks of what a client reports of a success: the id of a refund, the options."""

from collections.abc import Iterator, Mapping
from typing import Any

from klarna_conformance.judge.client.attempts import member, response_ids
from klarna_conformance.judge.client.view import Check, View
from klarna_conformance.judge.results import ExchangeResult, verified
from klarna_specs.client.faults import Varied
from klarna_specs.client.play import Done
from klarna_specs.json_value import as_array, as_object
from klarna_specs.spec import Level

__all__ = ["SUCCESS_DETAILS"]

_HIDDEN_IDS = ("page-spelling", "no-refund-id")
"""The kinds of faults that leave a refund's id to the Location, or to a header that none has."""


def _refund_id(view: View) -> Iterator[ExchangeResult]:
    """A client need not find an id that is only where the page alone has it."""
    if not isinstance(view.reported, Done) or not view.effects:
        return
    given = {id_ for each in view.attempts if each.response for id_ in response_ids(each.response)}
    right = (given & view.served_ids) or view.served_ids
    expected = f"the refund's id {' or '.join(sorted(right))}"
    if view.reported.refund_id in right:
        yield ExchangeResult(view.at)
    elif view.reported.refund_id is not None:
        observed = f"the client reported {view.reported.refund_id!r}"
        yield verified(view.at, expected, observed, holds=False)
    else:
        clear = view.last is not None and view.last.fate == "success"
        hidden = not view.seen.isdisjoint(_HIDDEN_IDS)
        level: Level = "INFO" if hidden else "MUST" if clear else "SHOULD"
        observed = "the client reported no refund_id"
        yield verified(view.at, expected, observed, holds=False, level=level)


def _variations(view: View) -> Iterator[ExchangeResult]:
    """A client that reports no id is judged by `_refund_id` only."""
    varied = {each.mark.fault.how for each in view.attempts if isinstance(each.mark.fault, Varied)}
    if not varied - {"foreign-location"}:
        return
    reported = view.reported
    without_id = isinstance(reported, Done) and reported.refund_id is None
    if view.effects and view.last and view.last.fate == "success" and not without_id:
        holds = isinstance(reported, Done) and reported.refund_id in view.served_ids
        expected = "the answer is understood: done, with the refund's id"
        named = f", with the id {reported.refund_id!r}" if isinstance(reported, Done) else ""
        yield verified(view.at, expected, f"{view.said}{named}", holds=holds)


def _options(view: View) -> Iterator[ExchangeResult]:
    """Also where the response broke off: part of the options is not what the server offers."""
    last = view.last
    if not isinstance(view.reported, Done):
        return
    served = [each for each in last.mark.served if each.is_success] if last else []
    if not served:
        return
    offered = _offers(member(served[-1], "options"))
    given = _offers(list(view.reported.options or ()))
    observed = f"the client reported {_listed(given)}"
    yield verified(view.at, f"the options {_listed(offered)}", observed, holds=given == offered)


def _offers(options: Any) -> list[tuple[Any, Any]]:
    listed = [as_object(each) or {} for each in as_array(options) or ()]
    return sorted(((each.get("number_of_days"), each.get("amount")) for each in listed), key=repr)


def _listed(offers: list[tuple[Any, Any]]) -> str:
    return ", ".join(f"{days!r} days for {amount!r}" for days, amount in offers) or "none"


SUCCESS_DETAILS: Mapping[str, Check] = {
    "refund_id": _refund_id,
    "variations": _variations,
    "options_reported": _options,
}
