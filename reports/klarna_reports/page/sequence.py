"""A scenario's exchanges as a sequence diagram."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from klarna_reports.words.amounts import major
from klarna_reports.words.exchange_lines import KeyNames
from klarna_specs.calls import KEY_HEADER, read_call
from klarna_specs.exchange import Exchange, Failure, Payload, Request
from klarna_specs.spec import Spec

__all__ = ["Diagram", "Message", "diagram", "request_texts"]

_MOST = 24
_AFTER = 7
_LABEL = 46
_LONGEST = 56
_REQUEST_MEMBERS = ("refunded_amount", "captured_amount", "number_of_days", "amount")
_RESPONSE_MEMBERS = (
    *("error_code", "captured_amount", "refunded_amount"),
    *("remaining_authorized_amount", "amount"),
)
_SHORT = {"remaining_authorized_amount": "authorized", "captured_amount": "captured"}
_ID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One exchange of a diagram: its number from 1, the request, and the response.

    `marked` means that a finding is about it, `together` that it belongs to a concurrent group;
    `before` is what happens before it, such as a wait.
    """

    number: int
    request: str
    response: str
    purpose: str
    marked: bool
    together: bool
    answered: bool
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """The messages of a diagram from top to bottom, and how many were omitted."""

    messages: tuple[Message, ...]
    left_out: int

    @property
    def described(self) -> str:
        """The diagram as text, for screen readers."""
        return " ".join(f"{m.number}. {m.request}: {m.response}." for m in self.messages)


def diagram(spec: Spec, exchanges: Sequence[Exchange], marked: Iterable[int]) -> Diagram:
    """The diagram of a scenario's exchanges; `marked` are those that a finding is about.

    A long scenario is cut to the exchanges around the marked ones.
    """
    about = set(marked)
    last = min(len(exchanges), max((*about, 0)) + _AFTER)
    first = max(0, last - _MOST)
    requests = request_texts(spec, exchanges[:last])
    messages: list[Message] = []
    clock_s = exchanges[first].clock_s if exchanges else 0
    for index in range(first, last):
        exchange = exchanges[index]
        passed_s = exchange.clock_s - clock_s
        clock_s = exchange.clock_s
        messages.append(
            Message(
                number=index + 1,
                request=requests[index],
                response=_brief(_response_text(exchange)),
                purpose=exchange.purpose,
                marked=index in about,
                together=exchange.group is not None,
                answered=not isinstance(exchange.outcome, Failure),
                before=f"{passed_s} s pass" if passed_s else "",
            )
        )
    return Diagram(messages=tuple(messages), left_out=len(exchanges) - len(messages))


def _brief(text: str) -> str:
    """The text, or as many of its parts as there is room for."""
    if len(text) <= _LONGEST:
        return text
    whole, comma, _ = text[: _LONGEST - 1].rpartition(", ")
    return f"{whole}, …" if comma else text[: _LONGEST - 1] + "…"


def request_texts(spec: Spec, exchanges: Iterable[Exchange]) -> list[str]:
    """Each request of a scenario in a few words, with keys by names such as `key a again`.

    >>> request_texts(spec, played.exchanges)
    ['getOrder', 'refundOrder, refunded 10.00, key a', 'refundOrder, refunded 10.00, key a again']
    """
    keys = KeyNames()
    return [_brief(_request_text(spec, exchange.request, keys)) for exchange in exchanges]


def _request_text(spec: Spec, request: Request, keys: KeyNames) -> str:
    call = read_call(spec, request)
    name = call.operation.operation if call else f"{request.method} {_ID.sub('…', request.path)}"
    credentials = "" if request.credentials == "valid" else request.credentials.replace("_", " ")
    key = request.header(KEY_HEADER)
    named = keys.name(key) if key else ""
    parts = (_members(request.body, _REQUEST_MEMBERS), credentials, named)
    return ", ".join((name, *(text for text in parts if text)))


def _response_text(exchange: Exchange) -> str:
    outcome = exchange.outcome
    if isinstance(outcome, Failure):
        return f"no response: {outcome.kind}"
    members = _members(outcome.body, _RESPONSE_MEMBERS)
    return f"{outcome.status}, {members}" if members else f"{outcome.status}"


def _members(body: Payload, names: Iterable[str]) -> str:
    """These members of a JSON object in a few words, without nested ones."""
    members: Mapping[str, Any] = body.members or {}
    found = ((name, members[name]) for name in names if name in members)
    return ", ".join(
        _shown(name, value)
        for name, value in found
        if isinstance(value, str | int) and len(f"{value}") <= _LABEL
    )


def _shown(name: str, value: str | int) -> str:
    """A member with its name; an amount in major units."""
    if name == "error_code":
        return f"{value}"
    shown = value
    if name.endswith("_amount") and isinstance(value, int):
        shown = major(value, "")
    return f"{_SHORT.get(name, _words(name))} {shown}"


def _words(name: str) -> str:
    return name.removesuffix("_amount").replace("_", " ")
