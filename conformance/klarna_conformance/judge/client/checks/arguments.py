"""Checks that a client sends the arguments of its command, and nothing else."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from klarna_conformance.judge.client.attempts import TEXTS, Attempt, order_lines
from klarna_conformance.judge.client.view import Check, View
from klarna_conformance.judge.results import ExchangeResult, verified
from klarna_specs.client.requirements import is_other_call
from klarna_specs.json_value import as_object, is_integer, leniently
from klarna_specs.spec import Level
from klarna_strategies.lines import included_tax

__all__ = ["ARGUMENTS"]

_NUMBERS = (
    *("quantity", "unit_price", "total_amount", "tax_rate", "total_tax_amount"),
    "total_discount_amount",
)
"""The members of an order line that money depends on, beside its name and type."""
_Line = dict[str, Any]
_LONGEST = 60
"""How much of a text is shown."""
_NO_TEXTS = ("none", "null", "nil", "undefined")
"""What programs write in place of a missing text, in lower case."""


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
    """The arguments and what is sent instead, as far as money or time depends on it."""
    commanded = view.arguments
    if view.spec.operations[view.operation].body is None:
        yield from _amounts_of_release(view, sent)
        return
    for name in ("refunded_amount", "number_of_days"):
        if name in commanded and repr(sent.get(name)) != repr(commanded[name]):
            yield f"{name} {commanded[name]}, as commanded", _instead(name, sent, commanded)
    own_lines, sent_lines = order_lines(commanded), order_lines(sent)
    if len(own_lines) != len(sent_lines):
        observed = f"{len(sent_lines)} order lines are sent instead of {len(own_lines)}"
        yield f"{len(own_lines)} order lines, as commanded", observed
        return
    for number, wanted, given in _numbered_pairs(commanded, sent):
        for name in _apart(wanted, given):
            where = f"{name} of order line {number}"
            yield f"{where} {wanted.get(name)!r}, as commanded", _instead(where, given, wanted)


def _instead(where: str, sent: dict[str, Any], commanded: dict[str, Any]) -> str:
    """The value that is sent for a member, in words, beside the commanded one."""
    name = where.split(" ", 1)[0]
    values = [repr(each[name]) if name in each else "nothing" for each in (sent, commanded)]
    return f"{where}: {values[0]} is sent instead of {values[1]}"


def _amounts_of_release(view: View, sent: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A release is of everything that is left; no other amount was commanded."""
    left = view.before.remaining_authorized_amount if view.before else None
    for name, amount in sent.items():
        if "amount" in name and amount is not None and repr(amount) != repr(left):
            yield (
                "the release of everything that is left, as commanded",
                f"{name} {amount!r} is sent",
            )


def _pairs(commanded: list[_Line], sent: list[_Line]) -> Iterator[tuple[_Line, _Line]]:
    """Each line of the arguments with the one that is sent for it, in any order."""
    left = list(sent)
    for wanted in commanded:
        if left:
            given = min(left, key=lambda each: _distance(wanted, each))
            left.remove(given)
            yield wanted, given


def _distance(commanded: _Line, sent: _Line) -> tuple[int, int]:
    return len(_apart(commanded, sent)), len(_lost(commanded, sent))


def _apart(commanded: _Line, sent: _Line) -> list[str]:
    return [
        name
        for name in (*_NUMBERS, "name", "type")
        if repr(sent.get(name)) != repr(commanded.get(name))
        and not _is_default(name, commanded, sent)
    ]


def _lost(commanded: _Line, sent: _Line) -> list[str]:
    texts = sorted(commanded.keys() - {*_NUMBERS, "name", "type"})
    return [name for name in texts if sent.get(name) != commanded[name]]


def _is_default(name: str, commanded: _Line, sent: _Line) -> bool:
    """Whether a client only writes out what leaving a member away means, or what follows of it."""
    if name in commanded:
        return False
    if name == "type":
        return sent[name] != "return_fee"
    return not sent[name] or (name == "total_tax_amount" and _is_tax(commanded, sent[name]))


def _is_tax(commanded: _Line, amount: object) -> bool:
    """Whether it is the tax that the line's total includes, give or take a minor unit."""
    total, rate = commanded.get("total_amount"), commanded.get("tax_rate")
    if not (is_integer(total) and is_integer(rate) and is_integer(amount)):
        return False
    return abs(amount - included_tax(total, rate)) <= 1


def _texts(view: View) -> Iterator[ExchangeResult]:
    """Where the command has no text, the client may send its own, but no words for none."""
    commanded = view.arguments
    for each in view.attempts:
        sent = as_object(each.body) or {}
        apart = next(chain(_added_texts(view, sent), _lost_texts(commanded, sent)), None)
        if apart:
            yield verified(each.index, *apart, holds=False)
        elif not commanded.keys().isdisjoint((*TEXTS, "order_lines")):
            yield ExchangeResult(each.index)


def _added_texts(view: View, sent: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Texts that the command does not have: those of an earlier one, or words for no text."""
    for name in TEXTS:
        earlier = [other.arguments.get(name) for other in view.around]
        text = sent.get(name)
        if name in view.arguments or not isinstance(text, str):
            continue
        if text in earlier or not text.strip() or _stands_for_none(text):
            yield f"no {name}, as commanded", f"{text!r} is sent"
    for number, wanted, given in _numbered_pairs(view.arguments, sent):
        for name in sorted(given.keys() - wanted.keys()):
            if _stands_for_none(given[name]):
                expected = f"no {name} of order line {number}, as commanded"
                yield expected, f"{given[name]!r} is sent"


def _stands_for_none(text: object) -> bool:
    return isinstance(text, str) and text.strip().lower() in _NO_TEXTS


def _lost_texts(commanded: dict[str, Any], sent: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in TEXTS:
        if name in commanded and sent.get(name) != commanded[name]:
            yield _as_commanded(name, name, commanded, sent)
    for number, wanted, given in _numbered_pairs(commanded, sent):
        for name in _lost(wanted, given):
            yield _as_commanded(name, f"{name} of order line {number}", wanted, given)


def _as_commanded(
    name: str, where: str, commanded: Mapping[str, Any], sent: Mapping[str, Any]
) -> tuple[str, str]:
    """What is expected of a member, and what is sent instead, in words."""
    observed = f"{_excerpt(sent[name])} is sent" if name in sent else f"no {name} is sent"
    return f"{where} {_excerpt(commanded[name])}, as commanded", observed


def _excerpt(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _numbered_pairs(
    commanded: dict[str, Any], sent: dict[str, Any]
) -> Iterator[tuple[int, _Line, _Line]]:
    pairs = _pairs(order_lines(commanded), order_lines(sent))
    return ((number, *pair) for number, pair in enumerate(pairs, 1))


def _as_called_only(view: View) -> Iterator[ExchangeResult]:
    if view.command is None:
        return
    strays = [
        each
        for each in view.others
        if each.mark.at == "server" and _changes(view, each) and not view.keys.is_late(each.call)
    ]
    for each in strays:
        request, repeated = each.exchange.request, view.keys.repeated(each.call)
        expected = f"{view.operation} as commanded, and nothing else"
        observed = f"{request.method} {request.path[:200]}{_lateness(view, each)}"
        level: Level | None = "SHOULD" if repeated is not None and repeated.done else None
        yield verified(each.index, expected, observed, holds=False, level=level)
    if not strays and not view.declined:
        yield ExchangeResult(view.at)


def _lateness(view: View, stray: Attempt) -> str:
    """That a request is of an earlier command, and not of the one that it came during."""
    call = stray.call
    if call is None or (call.operation.operation, call.order_id) not in view.keys.places:
        return f", not {view.where}" if view.where else ""
    return ", of an earlier command, after its outcome was reported"


def _changes(view: View, attempt: Attempt) -> bool:
    call = attempt.call
    return call.operation.changes if call else is_other_call(view.spec, attempt.exchange.request)


ARGUMENTS: Mapping[str, Check] = {
    "amounts_as_called": _amounts,
    "texts_as_called": _texts,
    "as_called_only": _as_called_only,
}
