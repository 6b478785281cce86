"""Checks of one response, by the names that the specs use for them. Pure."""

import json
from collections.abc import Callable, Mapping, Set
from typing import Any

import msgspec

from klarna_conformance.http.locations import Nowhere, created_id, follow, ids_in_header
from klarna_conformance.judge.server.state import (
    Excused,
    Mismatch,
    NotTold,
    Result,
    capture_state,
    captures_agree,
    lifecycle,
    money_adds_up,
    refund_state,
)
from klarna_conformance.openapi.response_validator import validator_of
from klarna_specs.bodies import violations
from klarna_specs.exchange import Exchange, Failure, NotJson, Response
from klarna_specs.json_value import as_array, as_object, is_integer, without_nulls
from klarna_specs.ledger import Answer, Ledger
from klarna_specs.oracle import Assessment
from klarna_specs.spec import ResponseSpec, Spec

__all__ = ["CHECKS", "LATER_CHECKS", "OF_BODY", "Seen"]

_LONGEST_TOLD = 200
_CONFLICT = 409


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a check looks at: an exchange, what was expected of it, and what was told before.

    `expected` is the documented response that it should be; `correlation_ids` maps those seen so
    far to the idempotency key that they came with (empty where there was none); `resource_ids` are
    the ids of this order's captures and refunds so far, each with its kind.
    """

    spec: Spec
    bases: tuple[str, ...]
    exchange: Exchange
    assessment: Assessment
    expected: ResponseSpec | None
    answer: Answer | None
    correlation_ids: Mapping[str, str]
    resource_ids: Set[tuple[str, str]]

    @property
    def response(self) -> Response:
        """The response; checks of responses are not asked where there is none."""
        assert isinstance(self.exchange.outcome, Response)
        return self.exchange.outcome

    @property
    def response_is_refusal(self) -> bool:
        """Whether a response came, and it is a refusal."""
        return isinstance(self.exchange.outcome, Response) and self.exchange.outcome.is_refusal

    @property
    def ledger(self) -> Ledger | None:
        """The ledger before the call; None where there is no such order."""
        return self.assessment.ledger

    def json(self) -> Any:
        """The JSON body, or `NotJson` itself where there is none."""
        try:
            return self.response.body.json()
        except NotJson as exc:
            return exc

    def members(self) -> dict[str, Any] | None:
        """The JSON body if it is an object."""
        return as_object(self.json())


def _complete_response(seen: Seen) -> Result:
    outcome = seen.exchange.outcome
    if isinstance(outcome, Failure) and outcome.kind == "aborted":
        return NotTold()
    if isinstance(outcome, Failure):
        return Mismatch("a complete HTTP response", f"{outcome.kind}: {outcome.message}")
    if outcome.truncated:
        return Mismatch("a body of reasonable size", "a body of more than a mebibyte")
    if not 200 <= outcome.status < 600 or 300 <= outcome.status < 400:
        to = outcome.header("Location") if 300 <= outcome.status < 400 else None
        whither = f", to {to[:_LONGEST_TOLD]!r}, which was not followed" if to else ""
        return Mismatch("a success or a refusal", f"status {outcome.status}{whither}")
    return None


def _no_server_error(seen: Seen) -> Result:
    """Also in what came before the read that counts, where one was repeated."""
    came = (*seen.exchange.earlier, seen.exchange.outcome)
    statuses = [outcome.status for outcome in came if isinstance(outcome, Response)]
    if not statuses:
        return NotTold()
    failed = next((status for status in statuses if status >= 500), None)
    return None if failed is None else Mismatch("no 5xx status", f"status {failed}")


def _at_first_try(seen: Seen) -> Result:
    """A failure that a repeated call healed is told, for it may be of any call."""
    if isinstance(seen.exchange.outcome, Failure):
        return NotTold()
    lost = [
        outcome
        for outcome in seen.exchange.earlier
        if isinstance(outcome, Failure) and outcome.kind != "aborted"
    ]
    if not lost:
        return None
    return Mismatch("a response to the first try", f"{lost[0].kind}: {lost[0].message}")


def _at_once(seen: Seen) -> Result:
    reads = [came for came in seen.exchange.earlier if _is_a_read(came)]
    if not reads:
        return None
    waited_s = seen.exchange.waited_s
    return Mismatch("what was done, at the first look", f"another state, for {waited_s:.1f} s")


def _is_a_read(outcome: Response | Failure) -> bool:
    return isinstance(outcome, Response) and outcome.status != 429


def _described_response(seen: Seen) -> Result:
    """Only of the steps: reads are many, and show the same again.

    A refusal of a request that is malformed, or in an open form, may have any status, such as 415
    for a media type; and the response to a key that was used for something else is open.
    """
    if seen.exchange.purpose != "step" or seen.assessment.replay not in ("", "replay"):
        return NotTold()
    if seen.response_is_refusal and seen.assessment.is_badly_written:
        return NotTold()
    objection = validator_of(seen.spec).objection(seen.exchange)
    return Mismatch("an answer as described", objection) if objection else None


def _status(seen: Seen) -> Result:
    if seen.expected is None:
        return NotTold()
    status, code = seen.response.status, (seen.members() or {}).get("error_code")
    codes = seen.expected.codes.get(str(status))
    if status in seen.expected.status and (codes is None or code in codes):
        return None
    if codes is not None:
        wanted = f"status {status} with error_code {' or '.join(codes)}"
        return Mismatch(wanted, f"status {status} with error_code {code!r}")
    wanted = " or ".join(map(str, seen.expected.status))
    return Mismatch(f"status {wanted}", f"status {seen.response.status}")


def _error_code(seen: Seen) -> Result:
    if seen.expected is None:
        return NotTold()
    body = seen.members()
    if body is None:
        return NotTold()
    code = body.get("error_code")
    if code in seen.expected.error_code:
        return None
    return Mismatch(f"error_code {' or '.join(seen.expected.error_code)}", f"error_code {code!r}")


def _schema(seen: Seen, schema: str) -> Result:
    body = seen.json()
    if isinstance(body, NotJson):
        return Mismatch("a JSON body", _excerpt(seen.response))
    problems = violations(seen.spec, schema, without_nulls(body))
    if not problems:
        return None
    return Mismatch(f"a body that keeps the schema {schema!r}", "; ".join(problems[:5]))


def _error_body(seen: Seen) -> Result:
    return _schema(seen, "error")


def _body(seen: Seen) -> Result:
    return _schema(seen, seen.expected.body) if seen.expected else NotTold()


def _option_days(seen: Seen) -> Result:
    """The page says of each option that it has a number of days; amounts stand in its sample."""
    options = as_array((seen.members() or {}).get("options"))
    if options is None:
        return Mismatch("a JSON object with a list of options", _excerpt(seen.response))
    for option in options:
        days = (as_object(option) or {}).get("number_of_days")
        if not is_integer(days):
            return Mismatch("a whole number_of_days in each option", f"{option!r}"[:_LONGEST_TOLD])
    return None


def _option_amounts(seen: Seen) -> Result:
    """What else the description has of options; without days they are wrong already."""
    return NotTold() if _option_days(seen) is not None else _body(seen)


def _json_content_type(seen: Seen) -> Result:
    told = seen.response.content_type
    if told == "application/json" or (told.startswith("application/") and told.endswith("+json")):
        return None
    return Mismatch("Content-Type application/json", f"Content-Type {told or 'missing'}")


def _error_message_told(seen: Seen) -> Result:
    body = seen.members()
    if body is None:
        return NotTold()
    if seen.response.status == _CONFLICT:
        return NotTold()
    messages = body.get("error_messages") or body.get("error_message")
    return None if messages else Mismatch("at least one message", json.dumps(messages))


def _correlation_id_distinct(seen: Seen) -> Result:
    told = (seen.members() or {}).get("correlation_id")
    if not isinstance(told, str) or not seen.correlation_ids:
        return NotTold()
    earlier_key = seen.correlation_ids.get(told)
    if earlier_key is None or (earlier_key and earlier_key == seen.assessment.call.key):
        return None
    return Mismatch("a correlation id of its own", f"{told!r}, which an earlier call was told")


def _id_header(seen: Seen) -> Result:
    if seen.expected is None:
        return None
    names = " or ".join(seen.expected.id_header)
    match ids_in_header(seen.response, seen.expected):
        case ():
            return Mismatch(f"a header {names} with the new id", "no such header, or an empty one")
        case (_,):
            return None
        case ids:
            return Mismatch("one new id", f"ids that contradict each other: {', '.join(ids)}")


def _id_distinct(seen: Seen) -> Result:
    told = seen.expected and created_id(seen.response, seen.expected)
    if not seen.expected or not told:
        return NotTold()
    if (seen.expected.creates or "", told) not in seen.resource_ids:
        return None
    return Mismatch("an id that was not told before", f"{told!r} again")


def _location_header(seen: Seen) -> Result:
    leads = follow(seen.bases, seen.exchange.request, seen.response)
    if isinstance(leads, Nowhere) and leads.kind == "absent":
        return Mismatch("a Location header", "none")
    return None


def _same_answer(seen: Seen) -> Result:
    first = seen.assessment.first
    if first is None or first.answer is None or seen.answer is None:
        return NotTold()
    for name in ("status", "resource_id", "location", "error_code"):
        ours, theirs = getattr(first.answer, name), getattr(seen.answer, name)
        if ours != theirs:
            return Mismatch(f"{name} {ours!r}, as at first", f"{name} {theirs!r}")
    return None


def _taken_as_new(seen: Seen) -> Result:
    first = seen.assessment.first
    if first is None or first.answer is None or seen.answer is None:
        return NotTold()
    told = seen.answer.resource_id
    again = told is not None and told == first.answer.resource_id
    return Mismatch("a new call", "the answer of the first call again") if again else None


def _own_identity(seen: Seen) -> Result:
    body = seen.members()
    if body is None:
        return NotTold()
    if body.get("order_id") is None:
        return Excused("the order shows no order_id")
    asked = seen.assessment.call.order_id
    if body["order_id"] == asked:
        return None
    return Mismatch(f"order_id {asked!r}", f"order_id {body['order_id']!r}")


def _own_state(seen: Seen) -> Result:
    body = seen.members()
    if body is None:
        return Mismatch("a JSON object", _excerpt(seen.response))
    call, ledger = seen.assessment.call, seen.ledger
    refund = ledger.refund(call.refund_id) if ledger else None
    if refund:
        return refund_state(refund, body)
    capture = ledger.capture(call.capture_id) if ledger else None
    return capture_state(capture, body) if capture else NotTold()


def _on_order(compare: Callable[[Ledger, Mapping[str, Any]], Result]) -> Callable[[Seen], Result]:
    def check(seen: Seen) -> Result:
        body = seen.members()
        if body is None:
            return Mismatch("a JSON object", _excerpt(seen.response))
        return compare(seen.ledger, body) if seen.ledger else NotTold()

    return check


def _money_adds_up(ledger: Ledger, order: Mapping[str, Any]) -> Result:
    """Not asked after a call was wrongly accepted: consequences are not findings of their own."""
    spent = ledger.captured_amount + ledger.remaining_authorized_amount
    exceeded = ledger.refunded_amount > ledger.captured_amount or spent > ledger.order_amount
    consequence = exceeded and ledger.turn > 0
    return NotTold() if ledger.uncertain or consequence else money_adds_up(order)


def _lifecycle(ledger: Ledger, order: Mapping[str, Any]) -> Result:
    return NotTold() if ledger.uncertain else lifecycle(ledger, order)


def _captures_agree(seen: Seen) -> Result:
    return captures_agree(seen.ledger, seen.json()) if seen.ledger else NotTold()


def _options_currency(seen: Seen) -> Result:
    told = (seen.members() or {}).get("currency")
    if not isinstance(told, str) or seen.ledger is None:
        return NotTold()
    if told.upper() == seen.ledger.currency:
        return None
    return Mismatch(f"currency {seen.ledger.currency}", f"currency {told}")


def _same_options(seen: Seen) -> Result:
    ledger = seen.ledger
    capture = ledger.capture(seen.assessment.call.capture_id) if ledger else None
    options = as_array((seen.members() or {}).get("options"))
    if capture is None or capture.offered_days is None or options is None:
        return NotTold()
    told = sorted(str((as_object(option) or {}).get("number_of_days")) for option in options)
    before = sorted(str(n) for n in capture.offered_days)
    return None if told == before else Mismatch(f"the days {before} again", f"the days {told}")


def _excerpt(response: Response) -> str:
    text = response.body.text
    kind = response.content_type or "no content type"
    return f"{kind}, {len(text)} characters: {text[:120]!r}"


CHECKS: Mapping[str, Callable[[Seen], Result]] = {
    "complete_response": _complete_response,
    "no_server_error": _no_server_error,
    "at_first_try": _at_first_try,
    "at_once": _at_once,
    "described_response": _described_response,
    "status": _status,
    "error_code": _error_code,
    "error_body": _error_body,
    "error_content_type": _json_content_type,
    "json_content_type": _json_content_type,
    "error_message_told": _error_message_told,
    "correlation_id_distinct": _correlation_id_distinct,
    "body": _body,
    "option_days": _option_days,
    "option_amounts": _option_amounts,
    "id_header": _id_header,
    "id_distinct": _id_distinct,
    "location_header": _location_header,
    "same_answer": _same_answer,
    "taken_as_new": _taken_as_new,
    "own_identity": _own_identity,
    "own_state": _own_state,
    "money_adds_up": _on_order(_money_adds_up),
    "lifecycle_status": _on_order(_lifecycle),
    "captures_agree": _captures_agree,
    "options_currency": _options_currency,
    "same_options": _same_options,
}
"""Checks that one exchange decides."""

OF_BODY = frozenset(
    {
        *("described_response", "error_code", "error_body", "error_message_told", "body"),
        *("option_days", "option_amounts"),
        *("own_state", "money_adds_up", "lifecycle_status", "captures_agree"),
    }
)
"""Checks that need the body of a response."""

LATER_CHECKS = (
    "accepted",
    "changed_elsewhere",
    "order_agrees",
    "location_leads",
    "resource_agrees",
    "text_agrees",
    "text_is_own",
    "text_shown",
)
"""Checks that the outcome itself, or a later read, decides."""
