"""One sentence for each finding on a server: the call, what came of it, what was expected."""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec

from klarna_reports.record.record import Finding, Played
from klarna_reports.words.amounts import ShortNames, in_major_units, major
from klarna_reports.words.client_wording import played_sentence
from klarna_reports.words.finding_ending import amounts_ending, answer_ending, with_commas
from klarna_reports.words.wording import credentials_text, cut, foreign_text, offered_text
from klarna_specs.bodies import violations
from klarna_specs.calls import operation_of, read_call
from klarna_specs.exchange import Exchange, Response
from klarna_specs.json_value import as_array, is_integer
from klarna_specs.ledger import fee_amount
from klarna_specs.spec import Operation, Requirement, Spec

__all__ = [
    "accepted_refunds",
    "currency_of",
    "finding_sentence",
    "sent_amount",
    "sent_fee",
    "without_amounts",
]

_NOUNS = {
    "refund": "refund",
    "capture": "capture",
    "release": "release",
    "extend_due_date": "due date extension",
    "cancel": "cancellation",
}
_READS = {
    "refund": "read of a refund",
    "capture": "read of a capture",
    "captures": "read of the captures",
    "extension_options": "read of the extension options",
    "order": "read of the order",
}
_BEFORE = re.compile(
    r" (in [A-Z]{2} |)(with nothing captured|on [^ ]+ \w+ captured( in \w+ captures)?"
    r"( of an order of [^ ]+ \w+)?(, [^ ]+ \w+ refunded before)?,?)"
)
_OFFERED = re.compile(r" \([\d, ]+ days? offered\)")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_PLACE = re.compile(r"^\$(: |\.(?=\w))")
_VARYING = re.compile(
    r"(?i)\b([\da-f]{8}-[\da-f-]{27}|-?[\d,]*\d\.\d\d( [A-Z]{3})?|-?\d+ days?"
    rf"|{'|'.join(_NUMBERS)})\b"
)


_OF_ANSWER = frozenset({"own_identity", "own_state"})
"""Checks of a read by itself, whatever came before it."""


class _Made(msgspec.Struct, frozen=True, kw_only=True):
    """A call with what is particular to it: earlier calls with its key, concurrent calls."""

    operation: Operation
    exchange: Exchange
    amount: int | None
    days: int | None
    amounts_under_key: tuple[int | None, ...]
    concurrent: int
    currency: str
    foreign: str


def finding_sentence(spec: Spec, requirement: Requirement, played: Played, finding: Finding) -> str:
    """The finding in one sentence, with amounts in major units; empty on a PASS.

    >>> finding_sentence(spec, spec.requirement(finding.requirement), played, finding)
    'A refund of 70.00 EUR was accepted (201) where a refusal was expected.'
    """
    if played.client is not None:
        said = played_sentence(played, finding.observed) or _watched(spec, played, finding)
        return said[:1].upper() + said[1:].removesuffix(".") + "."
    if not finding.observed:
        return ""
    return with_commas(_text(spec, requirement, played, finding))


def _text(spec: Spec, requirement: Requirement, played: Played, finding: Finding) -> str:
    of_answer = requirement.check in _OF_ANSWER and finding.observed
    made = (_answered if of_answer else _made)(spec, played, finding)
    names, currency = ShortNames(played), currency_of(played)
    subject = _subject(made, named=True) if made else "The order before any call"
    own = spec.amount_member(made.operation) if made else ""
    sent = made.amount if made else None
    if amounts := amounts_ending(requirement, finding, own, sent, names, currency):
        return f"{subject}: {amounts}{_first_booked_again(made, requirement, played, finding)}."
    if made and (ending := _outcome_end(spec, requirement, made, played, finding)):
        return f"{_subject(made, alone=True)} {ending}."
    if made and (ending := answer_ending(requirement, finding, names, currency)):
        answered = _answered(spec, played, finding) or made
        if requirement.check == "location_leads":
            ending = _with_location(ending, answered.exchange, names)
        return f"{_subject(answered, alone=True)} {ending}."
    end = f"{finding.observed}; expected: {finding.expected}."
    return f"{subject}: " + names.within(in_major_units(end, currency))


def _watched(spec: Spec, played: Played, finding: Finding) -> str:
    """What was observed of a client that got no commands, after the call that `it` is."""
    made = _answered(spec, played, finding)
    if made is None or not finding.observed.startswith(("it ", "its ")):
        return finding.observed
    return f"{_subject(made, alone=True)}: {finding.observed}"


def _with_location(ending: str, exchange: Exchange, names: ShortNames) -> str:
    """The end of a sentence about a Location, with its value."""
    location = exchange.response.header("Location") if exchange.response else None
    if not location:
        return ending
    shown = cut(names.within(location, form="{%s}"), 160)
    return ending.replace("a Location that leads", f"the Location {shown}, which leads", 1)


def _first_booked_again(
    made: _Made | None, requirement: Requirement, played: Played, finding: Finding
) -> str:
    """Which call of several under one key went wrong, if repeats before it did not."""
    right = {
        each.exchange
        for each in played.findings
        if each.requirement == requirement.id and each.verdict == "PASS"
        if each.exchange < finding.exchange
    }
    count = len(made.amounts_under_key) if made and made.concurrent < 2 else 0
    if count < 3 or "replay" not in requirement.upon or len(right) != count - 2:
        return ""
    return f"; the first {_number(count - 1)} calls were booked once"


def without_amounts(sentence: str) -> str:
    """A finding's sentence without amounts, counts and ids: equal for findings of one kind.

    >>> without_amounts("Two refunds of 10.00 EUR under one idempotency key: no refund listed.")
    '# refunds of # under one idempotency key: # refund listed.'
    """
    return _VARYING.sub("#", _OFFERED.sub("", _BEFORE.sub("", sentence)))


def currency_of(played: Played) -> str:
    """The currency of a scenario's order, or of a read of it; empty if that is unknown."""
    if played.scenario.plan is not None:
        return played.scenario.plan.currency
    ledgers = [order.ledger.currency for order in played.orders if order.ledger is not None]
    bodies = (each.response.body.members or {} for each in played.exchanges if each.response)
    shown = (body.get("purchase_currency") for body in bodies)
    return next(chain(ledgers, (text for text in shown if text and isinstance(text, str))), "")


def sent_amount(spec: Spec, exchange: Exchange) -> int | None:
    """The amount of a refund or capture in the body of a request, in minor units."""
    operation = operation_of(spec, exchange.request)
    member = spec.amount_member(operation) if operation else ""
    members = exchange.request.body.members or {}
    amount = members.get(member) if member.endswith("_amount") else None
    return amount if is_integer(amount) else None


def sent_fee(exchange: Exchange) -> int:
    """The return fee in the body of a request, in minor units; 0 without one."""
    return fee_amount((exchange.request.body.members or {}).get("order_lines"))


def accepted_refunds(spec: Spec, exchanges: Sequence[Exchange]) -> dict[str, int]:
    """The amounts of the refunds that were accepted, by their ids: a repeated one counts once."""
    amounts: dict[str, int] = {}
    for number, exchange in enumerate(exchanges):
        operation, response = operation_of(spec, exchange.request), exchange.outcome
        amount = sent_amount(spec, exchange)
        if operation is None or operation.effect != "refund" or amount is None:
            continue
        if isinstance(response, Response) and response.is_success:
            amounts.setdefault(response.header("Refund-Id") or f"refund {number}", amount)
    return amounts


def _made(spec: Spec, played: Played, finding: Finding) -> _Made | None:
    """The call that a finding is about: for a read of the order, the last change before it."""
    last = min(finding.exchange, len(played.exchanges) - 1)
    for index in range(last, -1, -1):
        exchange = played.exchanges[index]
        operation = operation_of(spec, exchange.request)
        if operation is None:
            continue
        if operation.changes or (index == last and operation.shows != "order"):
            return _with_circumstances(spec, played, index, operation)
    return None


def _answered(spec: Spec, played: Played, finding: Finding) -> _Made | None:
    """The call whose answer a finding is about."""
    index = min(finding.exchange, len(played.exchanges) - 1)
    operation = operation_of(spec, played.exchanges[index].request)
    return _with_circumstances(spec, played, index, operation) if operation else None


def _with_circumstances(spec: Spec, played: Played, index: int, operation: Operation) -> _Made:
    exchange = played.exchanges[index]
    key = exchange.request.header("Klarna-Idempotency-Key")
    days = (exchange.request.body.members or {}).get("number_of_days")
    before = played.exchanges[: index + 1]
    group = [e for e in played.exchanges if e.group is not None and e.group == exchange.group]
    among = (*before, *(e for e in group if e not in before))
    same = [
        each
        for each in among
        if key
        and each.request.header("Klarna-Idempotency-Key") == key
        and operation_of(spec, each.request) is operation
    ]
    return _Made(
        operation=operation,
        exchange=exchange,
        amount=sent_amount(spec, exchange),
        days=days if is_integer(days) else None,
        amounts_under_key=tuple(sent_amount(spec, each) for each in same),
        concurrent=len(group),
        currency=currency_of(played),
        foreign=foreign_text(spec, played, exchange),
    )


def _subject(made: _Made, *, named: bool = False, alone: bool = False) -> str:
    """The call as the subject of the sentence.

    With `named`, a refused call is called so; `alone` leaves out earlier calls with its key.
    """
    other = _READS.get(made.operation.shows, f"call of {made.operation.operation}")
    noun = _NOUNS.get(made.operation.effect, other)
    refused = "refused " if named and made.exchange.outcome.is_refusal else ""
    if len(made.amounts_under_key) > 1 and not alone:
        count = _number(len(made.amounts_under_key))
        sums = _amounts(made.amounts_under_key, made.currency) + _days(made)
        return f"{count.capitalize()} {noun}s{sums} under one idempotency key{_at_once(made)}"
    article = "An" if (refused + noun)[0] in "aeiou" else "A"
    amount = _amounts((made.amount,), made.currency) + _days(made)
    fee = _fee(made)
    particular = credentials_text(made.exchange.request.credentials)
    who = f" {particular}" if particular else ""
    whose = f" {made.foreign}".replace(f" for {noun.removeprefix('read of ')} ", " ").rstrip()
    again = " under a used idempotency key" if len(made.amounts_under_key) > 1 else ""
    return f"{article} {refused}{noun}{amount}{fee}{whose}{who}{again}{_at_once(made)}"


def _days(made: _Made) -> str:
    return "" if made.days is None else f" by {made.days} day{'' if made.days == 1 else 's'}"


def _at_once(made: _Made) -> str:
    return f" among {_number(made.concurrent)} concurrent calls" if made.concurrent > 1 else ""


def _amounts(amounts: Sequence[int | None], currency: str) -> str:
    different = [major(amount, currency) for amount in dict.fromkeys(amounts) if amount is not None]
    return f" of {' and '.join(different)}" if different else ""


def _fee(made: _Made) -> str:
    fee = sent_fee(made.exchange)
    return f" with a return fee of {major(abs(fee), made.currency)}" if fee else ""


def _outcome_end(
    spec: Spec, requirement: Requirement, made: _Made, played: Played, finding: Finding
) -> str:
    """What came of a call that should have been refused, or accepted."""
    response = made.exchange.response
    if response is None or made.exchange is not played.exchanges[finding.exchange]:
        return ""
    if requirement.rule and response.is_success:
        on = _of_captured(spec, made, played, finding.exchange)
        if "offered_days" in requirement.rule:
            on = _offered(spec, played, finding.exchange)
        plan = played.scenario.plan
        where = f"in {plan.market} " if plan and "order.market" in requirement.rule else ""
        done = "succeeded" if made.exchange.request.method == "GET" else "was accepted"
        wrong = _wrong_body(spec, requirement, made.exchange)
        return f"{wrong}{where}{on}{done} ({response.status}) where {finding.expected} was expected"
    if requirement.check == "accepted" and response.is_refusal:
        code = (response.body.members or {}).get("error_code")
        named = f" {code}" if isinstance(code, str) and len(code) < 60 else ""
        return f"was refused ({response.status}{named}) where {finding.expected} was expected"
    return ""


def _wrong_body(spec: Spec, requirement: Requirement, exchange: Exchange) -> str:
    """The member that breaks the schema or the limits of a rule about bodies, with its value."""
    call = read_call(spec, exchange.request)
    body = call.operation.body if call else None
    if call is None or body is None or call.body_is in ("empty", "not_json"):
        return ""
    rule = requirement.rule
    schema = body.limits if "call.within_limits" in rule else body.schema
    if not schema or not ("call.defect" in rule or "call.within_limits" in rule):
        return ""
    found = violations(spec, schema, call.body)
    return f"with a wrong body ({cut(_PLACE.sub('', found[0]), 160)}) " if found else ""


def _of_captured(spec: Spec, made: _Made, played: Played, index: int) -> str:
    """What a refund could be of, from the last read of the order and the refunds before it."""
    if made.operation.effect != "refund":
        return ""
    for exchange in reversed(played.exchanges[:index]):
        outcome, read = exchange.outcome, exchange.request.method == "GET"
        if read and isinstance(outcome, Response) and outcome.is_success:
            members = outcome.body.members or {}
            captured, refunded = members.get("captured_amount"), members.get("refunded_amount")
            if captured == 0:
                return "with nothing captured "
            if is_integer(captured) and is_integer(refunded):
                accepted = accepted_refunds(spec, played.exchanges[:index])
                refunded = max(refunded, sum(accepted.values()))
                already = f", {major(refunded, made.currency)} refunded before," if refunded else ""
                whole = _of_order(members, captured, made.currency)
                return f"on {major(captured, made.currency)} captured{whole}{already} "
    return ""


def _of_order(order: Mapping[str, Any], captured: int, currency: str) -> str:
    """The captures of an order if they are several, and its amount if it is not all captured."""
    amount, captures = order.get("order_amount"), as_array(order.get("captures")) or ()
    several = f" in {_number(len(captures))} captures" if len(captures) > 1 else ""
    if not is_integer(amount) or amount == captured:
        return several
    return f"{several} of an order of {major(amount, currency)}"


def _offered(spec: Spec, played: Played, index: int) -> str:
    """The numbers of days that the last read of the extension options before a call offered."""
    for exchange in reversed(played.exchanges[:index]):
        operation, outcome = operation_of(spec, exchange.request), exchange.outcome
        if operation and operation.shows == "extension_options" and isinstance(outcome, Response):
            days = offered_text(outcome.body)
            return f"({days} offered) " if days else ""
    return ""


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)
