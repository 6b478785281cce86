"""Checks of what a client sends, against what it was told and what is documented."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from klarna_conformance.judge.client.attempts import Attempt
from klarna_conformance.judge.client.checks.saying import must, should
from klarna_conformance.judge.client.view import Said, View
from klarna_specs.bodies import defect
from klarna_specs.calls import key_form
from klarna_specs.client.requirements import is_other_call
from klarna_specs.json_value import as_array, as_object, is_integer, leniently
from klarna_strategies.lines import included_tax

__all__ = ["SENDING"]

_NUMBERS = (
    *("quantity", "unit_price", "total_amount", "tax_rate", "total_tax_amount"),
    "total_discount_amount",
)
"""The members of an order line that money depends on, beside its name and type."""
_Line = dict[str, Any]
_TEXTS = ("reference", "description")


def _changing(view: View) -> tuple[Attempt, ...]:
    return view.attempts if view.changes else ()


def _key_sent(view: View) -> Iterator[Said]:
    for each in _changing(view):
        yield should(each.index, "an idempotency key", "it carries none", holds=bool(each.key))


def _key_of_its_own(view: View) -> Iterator[Said]:
    for each in _changing(view):
        if each.key:
            other = view.used.get(each.key)
            observed = f"the key was used before, for {other}"
            yield must(each.index, "a key that nothing else has", observed, holds=other is None)


def _key_uuid(view: View) -> Iterator[Said]:
    for each in _changing(view):
        if each.key:
            holds = key_form(each.key) in ("uuid4", "uuid")
            yield should(each.index, "a UUID as key", f"it is {each.key[:60]!r}", holds=holds)


def _amounts(view: View) -> Iterator[Said]:
    """Whether a server reads 1.0 as 1, or null as none, is not documented: see `leniently`."""
    if view.command is None or not view.changes:
        return
    for each in view.attempts:
        sent = as_object(each.body) or {}
        apart = next(_differences(view, sent), None)
        if apart:
            apparent = next(_differences(view, as_object(leniently(sent)) or {}), None)
            yield Said("FAIL" if apparent else "INFO", each.index, *(apparent or apart))
        else:
            yield Said("PASS", each.index)


def _differences(view: View, sent: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What was told and what is sent instead, as far as money or time depends on it."""
    told = view.arguments
    if view.spec.operations[view.operation].body is None:
        yield from _amounts_of_release(view, sent)
        return
    for name in ("refunded_amount", "number_of_days"):
        if name in told and repr(sent.get(name)) != repr(told[name]):
            yield f"{name} {told[name]}, as it was told", f"{name} {sent.get(name)} is sent"
    told_lines, sent_lines = _lines(told), _lines(sent)
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


def _lines(members: dict[str, Any]) -> list[dict[str, Any]]:
    return [as_object(line) or {} for line in as_array(members.get("order_lines")) or ()]


def _texts(view: View) -> Iterator[Said]:
    """A text of the client's own where none was told is no matter; one of another command is."""
    told = view.arguments
    for each in view.attempts:
        sent = as_object(each.body) or {}
        stale = next(_stale_texts(view, sent), None)
        if stale is None and told.keys().isdisjoint((*_TEXTS, "order_lines")):
            continue
        lost = stale or next(_lost_texts(told, sent), None)
        yield should(each.index, f"{lost} as told", "it is another, or missing", holds=not lost)


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
    for number, (wanted, given) in enumerate(_pairs(_lines(told), _lines(sent)), 1):
        for name in _lost(wanted, given):
            yield f"{name} of order line {number}"


def _as_told_only(view: View) -> Iterator[Said]:
    if view.command is None:
        return
    strays = [
        each
        for each in view.others
        if each.mark.at == "server" and _changes(view, each) and not view.is_late(each)
    ]
    for each in strays:
        request = each.exchange.request
        expected = f"{view.operation} where it was told, and nothing else"
        yield Said("FAIL", each.index, expected, f"{request.method} {request.path[:200]}")
    if not strays and not view.declined:
        yield Said("PASS", view.at)


def _changes(view: View, attempt: Attempt) -> bool:
    call = attempt.call
    return call.operation.changes if call else is_other_call(view.spec, attempt.exchange.request)


def _documented_paths(view: View) -> Iterator[Said]:
    for each in (*view.attempts, *view.others):
        request = each.exchange.request
        if each.mark.at == "elsewhere":
            continue
        say = should if request.method in ("GET", "HEAD", "OPTIONS") else must
        observed = f"{request.method} {request.path[:200]}"
        holds = each.call is not None or is_other_call(view.spec, request)
        yield say(each.index, "a documented method and path", observed, holds=holds)


def _well_formed(view: View) -> Iterator[Said]:
    body = view.spec.operations[view.operation].body
    if body is None:
        return
    for each in view.attempts:
        assert each.call is not None
        kind = each.call.body_is
        bare = kind in ("empty", "not_json")
        wrong = kind if bare else defect(view.spec, body.schema, each.body)
        observed = f"the body is wrong: {wrong.replace('_', ' ')}"
        expected = "a JSON body of the documented shape"
        if wrong and not bare and not defect(view.spec, body.schema, leniently(each.body)):
            yield Said("INFO", each.index, expected, "it has 1.0 for 1, or null for no value")
        else:
            yield must(each.index, expected, observed, holds=not wrong)


def _content_type(view: View) -> Iterator[Said]:
    if view.spec.operations[view.operation].body is None:
        return
    for each in view.attempts:
        told = each.exchange.request.content_type
        holds = told == "application/json"
        yield should(each.index, "Content-Type application/json", f"{told[:80]!r}", holds=holds)


def _known_members(view: View) -> Iterator[Said]:
    body = view.spec.operations[view.operation].body
    if body is None:
        return
    known = view.spec.schemas[body.schema]["properties"].keys()
    of_line = view.spec.schemas["order_line"]["properties"].keys()
    for each in view.attempts:
        sent = as_object(each.body) or {}
        in_lines = {name for line in _lines(sent) for name in line.keys() - of_line}
        unknown = sorted((sent.keys() - known) | in_lines)
        observed = ", ".join(name[:60] for name in unknown[:5])
        types = [repr(line["type"])[:60] for line in _lines(sent) if not _is_type(view, line)]
        yield should(each.index, "documented members only", observed, holds=not unknown)
        if types:
            observed = f"type {', '.join(types[:5])}"
            yield should(each.index, "documented types of lines only", observed, holds=False)


def _is_type(view: View, line: dict[str, Any]) -> bool:
    """Whether a line has a documented type, or none."""
    of_line = view.spec.schemas["order_line_limits"]["properties"]
    return "type" not in line or line["type"] in of_line["type"]["enum"]


def _release_body(view: View) -> Iterator[Said]:
    if view.effect != "release":
        return
    for each in view.attempts:
        kind = each.call.body_is if each.call else "empty"
        if kind == "empty":
            yield Said("PASS", each.index)
        else:
            told = "an empty object" if kind == "empty_object" else "a body"
            yield Said("INFO", each.index, "no body", f"{told} is sent")


def _credentials(view: View) -> Iterator[Said]:
    sent = sorted((*view.attempts, *view.others), key=lambda each: each.index)
    here = [each for each in sent if each.mark.at == "server"]
    for place, each in enumerate(here):
        kind = each.exchange.request.credentials
        rest = here[place + 1 :]
        unheard = not rest and "refused" in view.seen
        if kind == "none" and (each.status != 401 or unheard):
            continue  # it may yet show them when it is asked, as HTTP foresees
        if kind == "none" and _shown_later(each, rest):
            observed = "the first request carries none, one after the 401 does"
            yield Said("INFO", each.index, "credentials with every call", observed)
        else:
            observed = f"it has {kind.replace('_', ' ')}"
            yield must(each.index, "the credentials as told", observed, holds=kind == "valid")


def _shown_later(attempt: Attempt, rest: Iterable[Attempt]) -> bool:
    """Whether the same is asked with credentials later; what went wrong in between is not seen."""
    first = attempt.exchange.request
    return any(
        (again.method, again.path, again.credentials) == (first.method, first.path, "valid")
        for again in (each.exchange.request for each in rest)
    )


def _credentials_kept(view: View) -> Iterator[Said]:
    if view.seen.isdisjoint(("redirect", "foreign-location")):
        return
    away = [each for each in view.others if each.mark.at == "elsewhere" and each.mark.carried]
    at = away[0].index if away else view.at
    observed = "another server got them too"
    yield must(at, "credentials for the server that was told only", observed, holds=not away)


SENDING: Mapping[str, Callable[[View], Iterable[Said]]] = {
    "client.key-sent": _key_sent,
    "client.key-of-its-own": _key_of_its_own,
    "client.key-uuid": _key_uuid,
    "client.amounts-as-told": _amounts,
    "client.texts-as-told": _texts,
    "client.as-told-only": _as_told_only,
    "client.documented-paths": _documented_paths,
    "client.well-formed": _well_formed,
    "client.content-type": _content_type,
    "client.known-members": _known_members,
    "client.release-body": _release_body,
    "client.credentials-sent": _credentials,
    "client.credentials-kept": _credentials_kept,
}
"""By the id of the requirement."""
