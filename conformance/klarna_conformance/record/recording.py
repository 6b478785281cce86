"""What is recorded of a scenario: no secrets and no customer data."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from klarna_conformance.errors import UsageError
from klarna_conformance.record.redaction import REDACTED, Redactor
from klarna_reports.record.record import (
    Difference,
    Finding,
    Listed,
    Played,
    ProvidedOrder,
    Unavailable,
    Unjudged,
)
from klarna_specs.client.play import ClientSide
from klarna_specs.exchange import Exchange, Failure, Headers, NotJson, Payload, Request, Response
from klarna_specs.ledger import Ledger

__all__ = ["CUSTOMER_MEMBERS", "Recorder"]

CUSTOMER_MEMBERS = (
    *("given_name", "family_name", "name_on_card", "email", "phone", "mobile_phone", "care_of"),
    *("street_address", "street_address2", "street_name", "street_number", "house_extension"),
    *("postal_code", "city", "date_of_birth", "national_identification_number", "gender"),
    *("organization_name", "organization_registration_id", "vat_id", "customer_ip", "ip"),
    *("ip_address", "client_ip", "iban", "masked_card_number"),
)
"""Members of JSON bodies whose values are never recorded, in any spelling of their case."""
_JUDGED_MEMBERS = frozenset(
    {
        *("order_id", "capture_id", "refund_id", "correlation_id", "error_code", "status"),
        *("order_amount", "original_order_amount", "captured_amount", "refunded_amount"),
        *("remaining_authorized_amount", "captures", "refunds", "reference", "description"),
        *("order_lines", "options", "number_of_days", "currency", "purchase_currency"),
        *("fraud_status", "created_at", "expires_at", "captured_at", "refunded_at"),
        *("type", "name"),
    }
)
"""Members whose values a requirement reads."""
_JUDGED_HEADERS = frozenset(
    {"location", "content-type", "refund-id", "refund_id", "capture-id", "capture_id"}
)
_MOST_PIECES = 4
"""Over how many consecutive headers a secret may be split."""
_NEVER_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie"})
_TOKENS = re.compile(
    r'(?P<name>"[^"\\]*+(?:\\.[^"\\]*+)*+")\s*+:'
    r'|(?P<text>"[^"\\]*+(?:\\.[^"\\]*+)*+"?)'
    r"|(?P<open>[\[{])|(?P<close>[\]}])|(?P<number>[^\s,:\"{}\[\]]++)",
    re.DOTALL,
)
_VALUE = r'\s*+:\s*+)("[^"]*+"|[^\s,{}\[\]"]++|[{\[])'
"""What follows the name of a member in JSON without escapes, up to the end of a plain value."""
_NAME = re.compile(r'"([^"]*+)(?="\s*+:)')
"""The name of a member in JSON without escapes."""
_MOST_NAMES = 1000
"""So many names of members are remembered as harmless."""
_MOST_BODIES = 16
"""So many bodies are remembered as redacted: many reads show what the one before showed."""


class Recorder:
    """Redacts what may not be recorded, and nothing that verdicts rest on.

    Of a JSON body the values change and never the member names. `members` are more names like
    those in CUSTOMER_MEMBERS; raises UsageError for one that a requirement reads.
    """

    def __init__(self, redactor: Redactor, *, members: Iterable[str] = ()) -> None:
        names = {_plain(name) for name in (*CUSTOMER_MEMBERS, *members)}
        if wrong := names & {_plain(name) for name in _JUDGED_MEMBERS}:
            raise UsageError(
                f"redacted_members: {', '.join(sorted(wrong))} cannot be left out of the record, "
                "because requirements are judged by it"
            )
        self._redactor = redactor
        self._members = frozenset(names)
        spelt = "|".join(map(_loosely, sorted(names)))
        self._mentions = re.compile(f'"(?:{spelt})"', re.IGNORECASE)
        self._harmless: frozenset[str] = frozenset()
        self.payload = lru_cache(maxsize=_MOST_BODIES)(self._redacted)
        """A body without secrets; in JSON, without the customer's data either."""

    def text(self, text: str) -> str:
        """A message without the secrets, and without customers' data that it quotes."""
        return self._redactor.text(self._json(text) if self._mentions.search(text) else text)

    def failure(self, failure: Failure) -> Failure:
        """A failure whose message holds no secret."""
        return msgspec.structs.replace(failure, message=self.text(failure.message))

    def played(self, played: Played) -> Played:
        """A scenario as it is recorded."""
        return msgspec.structs.replace(
            played,
            orders=tuple(map(self._order, played.orders)),
            unavailable=self._unavailable(played.unavailable),
            exchanges=tuple(map(self._exchange, played.exchanges)),
            findings=tuple(map(self._finding, played.findings)),
            client=self._client(played.client) if played.client else None,
            error=self.text(played.error),
            unjudged=self.unjudged(played.unjudged),
        )

    def unjudged(self, traffic: Iterable[Unjudged]) -> tuple[Unjudged, ...]:
        """Traffic that was not judged, without the secrets."""
        return tuple(
            msgspec.structs.replace(u, request=self.text(u.request), reason=self.text(u.reason))
            for u in traffic
        )

    def unavailable(self, unavailable: Unavailable) -> Unavailable:
        """Why there was no order, without the secrets."""
        return msgspec.structs.replace(unavailable, reason=self.text(unavailable.reason))

    def _unavailable(self, unavailable: Unavailable | None) -> Unavailable | None:
        return self.unavailable(unavailable) if unavailable else None

    def _order(self, order: ProvidedOrder) -> ProvidedOrder:
        judged = self._redactor.judged
        captures = tuple(map(judged, order.capture_ids))
        return msgspec.structs.replace(
            order,
            order_id=judged(order.order_id),
            capture_ids=captures,
            ledger=self._ledger(order.ledger) if order.ledger else None,
        )

    def _ledger(self, ledger: Ledger) -> Ledger:
        """An order that the run did not provision, as it was first read."""
        replace, judged = msgspec.structs.replace, self._redactor.judged
        captures = (replace(c, capture_id=judged(c.capture_id)) for c in ledger.captures)
        refunds = (replace(r, refund_id=judged(r.refund_id)) for r in ledger.refunds)
        return replace(
            ledger,
            order_id=judged(ledger.order_id),
            captures=tuple(captures),
            refunds=tuple(refunds),
        )

    def _client(self, client: ClientSide) -> ClientSide:
        """The marks of the network, where no adapter drove the client."""
        marks = tuple(
            msgspec.structs.replace(mark, served=tuple(map(self._response, mark.served)))
            for mark in client.marks
        )
        return msgspec.structs.replace(client, marks=marks)

    def _finding(self, finding: Finding) -> Finding:
        if not (finding.expected or finding.observed):
            return finding
        return msgspec.structs.replace(
            finding,
            expected=self.text(finding.expected),
            observed=self.text(finding.observed),
            differences=tuple(map(self._difference, finding.differences)),
        )

    def _difference(self, difference: Difference) -> Difference:
        return msgspec.structs.replace(
            difference,
            expected=self._differing(difference.expected),
            observed=self._differing(difference.observed),
        )

    def _differing(self, value: int | str | tuple[Listed, ...]) -> int | str | tuple[Listed, ...]:
        match value:
            case int():
                return value
            case str():
                return self.text(value)
            case _:
                return tuple(Listed(self.text(each.identifier), each.amount) for each in value)

    def _exchange(self, exchange: Exchange) -> Exchange:
        request, outcome = self._request(exchange.request), self._outcome(exchange.outcome)
        if request is exchange.request and outcome is exchange.outcome and not exchange.earlier:
            return exchange
        earlier = tuple(map(self._outcome, exchange.earlier))
        return msgspec.structs.replace(exchange, request=request, outcome=outcome, earlier=earlier)

    def _request(self, request: Request) -> Request:
        path = self._redactor.judged(request.path)
        headers, body = self._headers(request.headers), self.payload(request.body)
        if path == request.path and headers is request.headers and body is request.body:
            return request
        return msgspec.structs.replace(request, path=path, headers=headers, body=body)

    def _outcome(self, outcome: Response | Failure) -> Response | Failure:
        return self.failure(outcome) if isinstance(outcome, Failure) else self._response(outcome)

    def _response(self, response: Response) -> Response:
        headers, body = self._headers(response.headers), self.payload(response.body)
        if headers is response.headers and body is response.body:
            return response
        return msgspec.structs.replace(response, headers=headers, body=body)

    def _redacted(self, payload: Payload) -> Payload:
        text = payload.text
        if not text:
            return payload
        holds = self._redactor.holds(text)
        if not holds and (plain := self._plain_json(payload)) is not None:
            return payload if plain == text else Payload(plain, payload.encoding)
        mentioned = "\\u" in text or self._mentions.search(text) is not None
        if not (mentioned or holds):
            return payload
        if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[", '"'):
            # What is left after its values were redacted stands across them: it is no JSON.
            redacted = self._redactor.judged(self._json(text))
        else:
            redacted = self._redactor.text(self._json(text) if mentioned else text)
        return payload if redacted == text else Payload(redacted, payload.encoding)

    def _plain_json(self, payload: Payload) -> str | None:
        """JSON with its hidden members redacted; None where it takes more than a glance.

        That is where it is broken or has escapes, or where objects and arrays are hidden.
        """
        nested = False

        def redacted(member: re.Match[str]) -> str:
            nonlocal nested
            name, value = member.groups()
            nested = nested or value in ("{", "[")
            if value[0] == '"':
                return f'{name}"{REDACTED}"'
            return f"{name}0" if value[0] in "-0123456789" else member[0]

        if "\\" in payload.text:
            return None
        try:
            payload.json()
        except NotJson:
            return None
        names = self._hidden_names(payload.text)
        text = _members(names).sub(redacted, payload.text) if names else payload.text
        return None if nested else text

    def _hidden_names(self, text: str) -> frozenset[str]:
        """The hidden members that JSON without escapes names, as it spells them."""
        names = frozenset(_NAME.findall(text)) - self._harmless
        hidden = frozenset(name for name in names if self._mentions.fullmatch(f'"{name}"'))
        if len(self._harmless) < _MOST_NAMES:
            self._harmless |= names - hidden
        return hidden

    def _json(self, text: str) -> str:
        """JSON, perhaps broken, with its values redacted; the rest is left as it was written."""
        place = _Place()
        parts: list[str] = []
        done = 0
        for token in _TOKENS.finditer(text):
            kind = token.lastgroup or ""
            parts.append(text[done : token.start(kind)])
            parts.append(self._token(kind, token[kind], place))
            done = token.end(kind)
        return "".join((*parts, text[done:]))

    def _token(self, kind: str, written: str, place: "_Place") -> str:
        match kind:
            case "name":
                name = _unquoted(written)
                place.name, place.hidden = name, place.within or _plain(name) in self._members
                return _requoted(written, name, self._redactor.judged(name))
            case "open":
                place.enter()
            case "close":
                place.leave()
            case "text":
                text = _unquoted(written)
                return _requoted(written, text, self._value(text, place))
            case _:
                number = place.hidden and written[:1] in "-0123456789"
                return "0" if number else self._redactor.judged(written)
        return written

    def _value(self, text: str, place: "_Place") -> str:
        if place.hidden:
            return REDACTED
        judged = place.name in _JUDGED_MEMBERS
        return self._redactor.judged(text) if judged else self._redactor.text(text)

    def _headers(self, headers: Headers) -> Headers:
        never = any(name.lower() in _NEVER_HEADERS for name, _ in headers)
        whole = "\n".join([part for header in headers for part in header])
        pieces = "".join("".join([value for _, value in headers]).split())
        if not (never or self._redactor.holds(whole) or self._redactor.holds(pieces)):
            return headers
        return tuple(self._rejoined([self._header(name, value) for name, value in headers]))

    def _header(self, name: str, value: str) -> tuple[str, str]:
        if name.lower() in _NEVER_HEADERS:
            return name, REDACTED
        redact = self._redactor.judged if name.lower() in _JUDGED_HEADERS else self._redactor.text
        return self._redactor.judged(name), redact(value)

    def _rejoined(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """The headers, but for values in which a secret comes together over folds and pieces."""
        pieces = ["".join(value.split()) for _, value in headers]
        split: set[int] = set()
        for length in range(1, _MOST_PIECES + 1):
            for start in range(len(pieces) - length + 1):
                places = range(start, start + length)
                joined = "".join(pieces[start : start + length])
                if split.isdisjoint(places) and self._redactor.judged(joined) != joined:
                    split.update(places)
        return [
            (name, REDACTED if n in split else value) for n, (name, value) in enumerate(headers)
        ]


@dataclass(slots=True)
class _Place:
    """Where in a JSON text a token stands: the member's name, and whether its value is hidden."""

    name: str
    hidden: bool
    _around: list[tuple[str, bool]]

    def __init__(self) -> None:
        self.name, self.hidden = "", False
        self._around = []

    @property
    def within(self) -> bool:
        """Whether all that stands around here is hidden."""
        return bool(self._around) and self._around[-1][1]

    def enter(self) -> None:
        """Into an object or an array, the value of the member that was last named."""
        self._around.append((self.name, self.hidden))

    def leave(self) -> None:
        """Out of it again."""
        if self._around:
            self._around.pop()
        self.name, self.hidden = self._around[-1] if self._around else ("", False)


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _loosely(name: str) -> str:
    """A pattern for a plain name in any spelling."""
    return "[_-]*+".join(("", *map(re.escape, name), ""))


@lru_cache(maxsize=256)
def _members(names: frozenset[str]) -> re.Pattern[str]:
    """A pattern for the members of these names with their values."""
    return re.compile(rf'("(?:{"|".join(map(re.escape, names))})"{_VALUE}')


def _unquoted(written: str) -> str:
    """What a JSON string says; where it is broken, what stands between its quotes."""
    try:
        text = json.loads(written, strict=False)
    except ValueError:
        return written.strip('"')
    return text if isinstance(text, str) else written


def _requoted(written: str, before: str, after: str) -> str:
    return written if before == after else json.dumps(after)
