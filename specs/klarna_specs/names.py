"""Validates the names in expressions: a rule with a misspelt name would never apply."""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, get_args

from klarna_specs.calls import BodyIs, KeyForm
from klarna_specs.forms import RECOGNISED, schema_of
from klarna_specs.json_value import as_array, as_object
from klarna_specs.plan import LAYOUTS, PaymentMethod
from klarna_specs.scenario import Credentials
from klarna_specs.spec import Operation, Spec
from klarna_specs.variables import MEMBERS, markets, request_members

__all__ = ["suggestion", "unknown_names", "unknown_response_names"]

_TEXT = re.compile(r'"[^"]*"')
_MEMBER = re.compile(r"(\w+|[\])])\.(?=(\w+))")
_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_BOUND = re.compile(r"\.\w+\((\w+),")
_COMPARED = re.compile(r'([\w.\]]+) (?:[!=]= ("[^"]*")|in (\[[^\]]*\]))')
_FORM = re.compile(r'"([^"]*)" in call\.forms')
_LINE = "line"
_FUNCTIONS = ("has", "in", "length", "size", "sum", "true", "false")
_METHODS = ("all", "exists", "filter", "map", "matches")
_WHOSE = ("own", "foreign", "unknown")
_DEFECTS = ("empty", "not_json", "not_an_object", "missing", "not_a_number", "wrong_type")


def unknown_names(
    spec: Spec, operation: Operation, expression: str, *, is_term: bool = False
) -> Iterator[str]:
    """A sentence with a suggestion for each unknown name in an expression.

    A term may read the `line` that is bound where the term is used.
    """
    lines = (*_described(spec, schema_of(spec, operation.body)),) if operation.body else ()
    bound = (_LINE,) if is_term else ()
    yield from _unknown(expression, _members(spec, operation), operation.terms, lines, bound)
    reading = {name for name, term in operation.terms.items() if _reads_a_line(term)}
    if not is_term and _reads_a_line(expression, reading):
        yield f"a term of one line stands where no {_LINE} is bound"
    yield from _unknown_words(spec, expression)


def _reads_a_line(expression: str, terms: Collection[str] = ()) -> bool:
    """Whether an expression reads a line, itself or by a term, that it does not bind."""
    named = _WORD.findall(_TEXT.sub('""', expression))
    return not {_LINE, *terms}.isdisjoint(named) and _LINE not in _BOUND.findall(expression)


def unknown_response_names(spec: Spec, operation: Operation, expression: str) -> Iterator[str]:
    """The same for a condition on a successful response (`or_success`)."""
    schema = operation.responses[operation.success].body
    members = (*_described(spec, spec.schemas[schema]),) if schema in spec.schemas else ()
    yield from _unknown(expression, {"response": members}, (), members)


def _unknown(
    expression: str,
    members: Mapping[str, Collection[str]],
    terms: Collection[str],
    lines: Collection[str],
    bound: Collection[str] = (),
) -> Iterator[str]:
    bare = _TEXT.sub('""', expression)
    bound = {*bound, *_BOUND.findall(bare)}
    words = (*members, *terms, *bound, *_FUNCTIONS)
    for word in dict.fromkeys(_WORD.findall(bare)):
        if word not in words:
            yield f"there is no {word}{suggestion(word, words)}"
    for base, member in _MEMBER.findall(bare):
        known = members.get(base, _METHODS)
        if base in bound or base == "]":
            known = (*lines, *_METHODS)
        if member not in known:
            yield f"there is no {base}.{member}{suggestion(member, known)}"


def suggestion(name: str, known: Collection[str]) -> str:
    """The end of a message about an unknown name: the nearest known one, or all of them."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(sorted(known))}"


def _members(spec: Spec, operation: Operation) -> Mapping[str, Collection[str]]:
    """The members of each variable."""
    request = ("order_lines", *request_members(spec, operation))
    return {**MEMBERS, "markets": markets(spec), "request": request}


def _described(spec: Spec, schema: Any) -> Iterator[str]:
    """The described members at every level of a schema."""
    waiting: list[Any] = [schema]
    while waiting:
        part = spec.resolved(waiting.pop())
        properties = as_object(part.get("properties")) or {}
        yield from properties
        waiting += [*properties.values(), *filter(None, [part.get("items")])]


def _unknown_words(spec: Spec, expression: str) -> Iterator[str]:
    """The impossible values that a member is compared with."""
    values = _values(spec)
    for member, word, words in _COMPARED.findall(expression):
        place = "line.type" if member.endswith("].type") else member
        for each in _TEXT.findall(word or words) if place in values else ():
            known = values[place]
            if each[1:-1] not in known:
                yield f"{member} is never {each}{suggestion(each[1:-1], known)}"
    for form in _FORM.findall(expression):
        if form not in RECOGNISED:
            yield f'call.forms never has "{form}"{suggestion(form, RECOGNISED)}'


def _values(spec: Spec) -> Mapping[str, Collection[str]]:
    """The possible values of a member, if they are enumerated."""
    line = as_object(spec.schemas.get("order_line_limits")) or {}
    types = as_array(line.get("properties", {}).get("type", {}).get("enum")) or []
    return {
        "call.body_is": get_args(BodyIs),
        "call.order_id_form": get_args(KeyForm),
        "call.key_form": get_args(KeyForm),
        "call.credentials": get_args(Credentials),
        "call.capture_is": _WHOSE,
        "call.refund_is": _WHOSE,
        "call.defect": ("", *_DEFECTS),
        "order.market": (*spec.markets, ""),
        "order.layout": LAYOUTS,
        "order.payment_method": get_args(PaymentMethod),
        "line.type": (*types, ""),
    }
