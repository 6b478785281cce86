"""Checks that a client sends what it was called with, and nothing else."""

from collections.abc import Iterator, Mapping
from typing import Any

from klarna_conformance.judge.client.attempts import Attempt, order_lines
from klarna_conformance.judge.client.view import Check, View
from klarna_conformance.judge.results import ExchangeResult, verified
from klarna_specs.client.requirements import is_other_call
from klarna_specs.json_value import as_object, is_integer, leniently
from klarna_strategies.lines import included_tax

__all__ = ["ARGUMENTS"]

_NUMBERS = (
    *("quantity", "unit_price", "total_amount", "tax_rate", "total_tax_amount"),
    "total_discount_amount",
)
"""The members of an order line that money depends on, beside its name and type."""
_Line = dict[str, Any]
_TEXTS = ("reference", "description")


def _amounts(view: View) -> Iterator[ExchangeResult]:
    """Whether a server reads 1.0 as 1, or null as none, is not documented: see `leniently`."""
    if view.command is None:
        return
    for each in view.attempts:
        sent = as_object(each.body) or {}
        apart = next(_differences(view, sent), None)
        if apart:
            apparent = next(_differences(view, as_object(leniently(sent)) or {}), None)
            level = None if apparent else "INFO"
            expected, observed = apparent or apart
            yield verified(each.index, expected, observed, holds=False, level=level)
        else:
            yield ExchangeResult(each.index)


def _differences(view: View, sent: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What was told and what is sent instead, as far as money or time depends on it."""
    told = view.arguments
    if view.spec.operations[view.operation].body is None:
        yield from _amounts_of_release(view, sent)
        return
    for name in ("refunded_amount", "number_of_days"):
        if name in told and repr(sent.get(name)) != repr(told[name]):
            yield f"{name} {told[name]}, as it was told", f"{name} {sent.get(name)} is sent"
    told_lines, sent_lines = order_lines(told), order_lines(sent)
    if len(told_lines) != len(sent_lines):
        yield f"{len(told_lines)} order lines, as told", f"{len(sent_lines)} are sent"
        return
    for number, (wanted, given) in enumerate(_pairs(told_lines, sent_lines), 1):
        for name in _apart(wanted, given):
            where = f"{name} of order line {number}"
            yield f"{where} {wanted.get(name)!r}, as told", f"{given.get(name)!r} is sent"


def _amounts_of_release(view: View, sent: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A release is of everything that is left; an amount of another size was not told."""
    left = view.before.remaining_authorized_amount if view.before else None
    for name, amount in sent.items():
        if "amount" in name and amount is not None and repr(amount) != repr(left):
            yield "the release of everything that is left, as told", f"{name} {amount!r} is sent"


def _pairs(told: list[_Line], sent: list[_Line]) -> Iterator[tuple[_Line, _Line]]:
    """Each line that was told with the one that is sent for it: their order means nothing."""
    left = list(sent)
    for wanted in told:
        if left:
            given = min(left, key=lambda each: _distance(wanted, each))
            left.remove(given)
            yield wanted, given


def _distance(told: _Line, sent: _Line) -> tuple[int, int]:
    return len(_apart(told, sent)), len(_lost(told, sent))


def _apart(told: _Line, sent: _Line) -> list[str]:
    return [
        name
        for name in (*_NUMBERS, "name", "type")
        if repr(sent.get(name)) != repr(told.get(name)) and not _is_default(name, told, sent)
    ]


def _lost(told: _Line, sent: _Line) -> list[str]:
    texts = sorted(told.keys() - {*_NUMBERS, "name", "type"})
    return [name for name in texts if sent.get(name) != told[name]]


def _is_default(name: str, told: _Line, sent: _Line) -> bool:
    """Whether a client only writes out what leaving a member away means, or what follows of it."""
    if name in told:
        return False
    if name == "type":
        return sent[name] != "return_fee"
    return not sent[name] or (name == "total_tax_amount" and _is_tax(told, sent[name]))


def _is_tax(told: _Line, amount: object) -> bool:
    """Whether it is the tax that the line's total includes, give or take a minor unit."""
    total, rate = told.get("total_amount"), told.get("tax_rate")
    if not (is_integer(total) and is_integer(rate) and is_integer(amount)):
        return False
    return abs(amount - included_tax(total, rate)) <= 1


def _texts(view: View) -> Iterator[ExchangeResult]:
    """A text of the client's own where none was told is no matter; one of another command is."""
    told = view.arguments
    for each in view.attempts:
        sent = as_object(each.body) or {}
        stale = next(_stale_texts(view, sent), None)
        if stale is None and told.keys().isdisjoint((*_TEXTS, "order_lines")):
            continue
        lost = stale or next(_lost_texts(told, sent), None)
        yield verified(each.index, f"{lost} as told", "it is another, or missing", holds=not lost)


def _stale_texts(view: View, sent: dict[str, Any]) -> Iterator[str]:
    """Texts that were told with an earlier command, and not with this one."""
    for name in _TEXTS:
        earlier = [other.arguments.get(name) for other in view.around]
        if name not in view.arguments and sent.get(name) and sent[name] in earlier:
            yield name


def _lost_texts(told: dict[str, Any], sent: dict[str, Any]) -> Iterator[str]:
    for name in _TEXTS:
        if name in told and sent.get(name) != told[name]:
            yield name
    for number, (wanted, given) in enumerate(_pairs(order_lines(told), order_lines(sent)), 1):
        for name in _lost(wanted, given):
            yield f"{name} of order line {number}"


def _as_told_only(view: View) -> Iterator[ExchangeResult]:
    if view.command is None:
        return
    strays = [
        each
        for each in view.others
        if each.mark.at == "server" and _changes(each) and not view.keys.is_late(each.call)
    ]
    for each in strays:
        request = each.exchange.request
        expected = f"{view.operation} where it was told, and nothing else"
        yield verified(each.index, expected, f"{request.method} {request.path[:200]}", holds=False)
    if not strays and not view.declined:
        yield ExchangeResult(view.at)


def _changes(attempt: Attempt) -> bool:
    call = attempt.call
    return call.operation.changes if call else is_other_call(attempt.exchange.request)


ARGUMENTS: Mapping[str, Check] = {
    "amounts_as_called": _amounts,
    "texts_as_called": _texts,
    "as_called_only": _as_told_only,
}
