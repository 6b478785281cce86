"""The end of a finding's sentence: what was observed, and what was expected."""

import re
from collections import Counter

from klarna_reports.record.record import Difference, Finding, Listed
from klarna_reports.words.amounts import ShortNames, in_major_units, major
from klarna_specs.spec import Requirement

__all__ = ["amounts_ending", "answer_ending", "readable", "with_commas"]

_DONE = {
    "refunded_amount": "refunded",
    "captured_amount": "captured",
    "remaining_authorized_amount": "still authorized",
}
_LISTED_STATUSES = re.compile(r"\b(\d{3}) or (?=\d{3} or )")
_RESOURCE = re.compile(r"\b((?:refund|capture) [A-Z]\d*) of (\d+)\b")
_QUOTED_NAME = re.compile(r"(?:resource_id )?'((?:refund|capture) [A-Z]\d*)'")


def amounts_ending(
    requirement: Requirement,
    finding: Finding,
    own: str,
    amount: int | None,
    names: ShortNames,
    currency: str,
) -> str:
    """What is shown and what was expected of the first member that differs, in major units.

    A difference of the member `own` comes first: the judged call changes it by `amount`. The result
    is empty without a difference of amounts or lists.

    >>> amounts_ending(requirement, finding, "refunded_amount", 1000, names, "EUR")
    '20.00 EUR refunded, 10.00 EUR expected'
    """
    ordered = sorted(finding.differences, key=lambda each: each.member != own)
    for each in ordered:
        if isinstance(each.expected, int) and isinstance(each.observed, int):
            if requirement.check == "money_adds_up":
                return _sum_ending(finding, each.member, each.expected, each.observed, currency)
            done = _DONE.get(each.member, f"as {each.member}")
            if each.member == own and each.expected not in (0, amount):
                return _total_ending(each.expected, each.observed, done, currency)
            observed, expected = major(each.observed, currency), major(each.expected, currency)
            order = "the order shows " if own and each.member != own else ""
            return f"{order}{observed} {done}, {expected} expected"
    return next(filter(None, (_list_ending(each, names, currency) for each in ordered)), "")


def _total_ending(expected: int, observed: int, done: str, currency: str) -> str:
    """A total that other calls than the judged one have changed too, and its error."""
    error = major(abs(observed - expected), currency)
    than = "more" if observed > expected else "less"
    return f"{major(observed, currency)} {done} in all, {error} {than} than expected"


def _sum_ending(finding: Finding, member: str, expected: int, observed: int, currency: str) -> str:
    """An order whose own amounts contradict each other."""
    shown = f"{major(observed, currency)} {_DONE.get(member, member)}"
    limit = major(expected, currency)
    if " sum to " in finding.expected:
        return f"{shown}, but {finding.expected.partition(' ')[0]} of {limit} in all"
    return f"{shown}, at most {limit} possible"


def _list_ending(each: Difference, names: ShortNames, currency: str) -> str:
    if not isinstance(each.expected, tuple) or not isinstance(each.observed, tuple):
        return ""
    shown, wanted = len(each.observed), len(each.expected)
    kind = each.member.removesuffix("s")
    if shown != wanted:
        what = kind if shown == 1 else each.member
        return f"{shown or 'no'} {what} listed, {wanted or 'none'} expected"

    def texts(one: tuple[Listed, ...], other: tuple[Listed, ...]) -> str:
        left = (Counter(one) - Counter(other)).elements()
        return ", ".join(
            names.of(kind, item.identifier)
            + ("" if item.amount is None else f" of {major(item.amount, currency)}")
            for item in left
        )

    observed, expected = texts(each.observed, each.expected), texts(each.expected, each.observed)
    return f"{observed} listed in place of {expected}"


def readable(text: str, names: ShortNames, currency: str) -> str:
    """A sentence of the judge with short names of resources, and amounts in major units."""
    short = _QUOTED_NAME.sub(r"\1", names.within(text))
    short = _RESOURCE.sub(lambda m: f"{m[1]} of {major(int(m[2]), currency)}", short)
    return in_major_units(short, currency)


def with_commas(text: str) -> str:
    """A text with `400, 403 or 404` in place of `400 or 403 or 404`."""
    return _LISTED_STATUSES.sub(r"\1, ", text)


def answer_ending(
    requirement: Requirement, finding: Finding, names: ShortNames, currency: str
) -> str:
    """What was wrong about the answer to a call; empty for checks without words of their own.

    >>> answer_ending(requirement, finding, names, "EUR")
    'was answered with status 200 where status 201 was expected'
    """
    observed = readable(finding.observed, names, currency)
    expected = readable(finding.expected, names, currency)
    where = f"where {expected} was expected"
    match requirement.check:
        case "no_server_error":
            return f"failed in the server ({observed})"
        case "status" | "complete_response" | "accepted":
            return f"was answered with {observed} {where}"
        case "at_first_try":
            return f"was answered only when it was sent again ({observed.rstrip('.')})"
        case "same_answer":
            value = "no id" if observed == "resource_id None" else observed
            return f"was answered with {value} where {expected}, was expected"
        case "location_leads" if observed.startswith(("Location: ", "several ", "no ")):
            return f"has no usable Location ({observed.removeprefix('Location: ')})"
        case "location_leads":
            return f"has a Location that leads to {observed} {where}"
        case "resource_agrees":
            return f"was read back as {observed} {where}"
        case "id_distinct":
            return f"got the id of {observed.removesuffix(' again')} again"
        case "correlation_id_distinct":
            return f"was answered with the correlation id {observed}"
        case "error_code" if observed == "error_code None":
            return f"was answered without an error_code {where}"
        case "error_code":
            return f"was answered with {observed} {where}"
        case "id_header" | "location_header" | "error_message" if observed[:2] in (
            "no",
            "nu",
            "[]",
        ):
            return f"was answered without {expected}"
        case "text_agrees" | "text_is_own" | "text_shown":
            return f"is shown with {observed} {where}"
        case "error_body" | "body":
            return (
                f"was answered with a wrong body: {observed.replace('$: ', '').replace('$.', '')}"
            )
        case _:
            return ""
