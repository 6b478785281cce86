"""The variables of the rules: the request, the order, the capture, the call and the markets."""

from collections.abc import Callable, Collection, Iterable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from klarna_specs.bodies import defect, is_valid
from klarna_specs.calls import Call, key_form
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.ledger import Capture, KeyUse, Ledger, Refund
from klarna_specs.spec import Operation, Spec

__all__ = ["MEMBERS", "Facts", "markets", "request", "request_members", "variables"]


class Facts(NamedTuple):
    """What a call is assessed by: its order (None: there is none), and other known orders."""

    spec: Spec
    ledger: Ledger | None
    call: Call
    others: tuple[Ledger, ...] = ()

    @property
    def capture(self) -> Capture | None:
        """The capture that the call names."""
        return self.ledger.capture(self.call.capture_id) if self.ledger else None

    @property
    def refund(self) -> Refund | None:
        """The refund that the call names."""
        return self.ledger.refund(self.call.refund_id) if self.ledger else None

    def members(self, variable: str, names: Iterable[str]) -> dict[str, Any]:
        """Some members of a variable; none of an order or a capture that does not exist."""
        match variable:
            case "call":
                return {name: _CALL[name](self) for name in names}
            case "order" if self.ledger:
                ledger = self.ledger
                return {name: _ORDER[name](ledger) for name in names}
            case "capture" if self.ledger and (capture := self.capture):
                ledger = self.ledger
                return {name: _CAPTURE[name](ledger, capture) for name in names}
            case _:
                return {}


def variables(facts: Facts) -> dict[str, Callable[[], dict[str, Any]]]:
    """The function that makes each variable, called when an expression reads it."""
    return {
        "request": lambda: request(facts),
        "order": lambda: facts.members("order", _ORDER),
        "capture": lambda: facts.members("capture", _CAPTURE),
        "call": lambda: facts.members("call", _CALL),
        "markets": lambda: markets(facts.spec),
    }


def markets(spec: Spec) -> dict[str, tuple[str, ...]]:
    """The named lists of markets, and the pay-later methods."""
    return {**spec.market_groups, "pay_later_methods": spec.pay_later_methods}


def request(facts: Facts) -> dict[str, Any]:
    """The described members of the body, with defaults for `order_lines` and their types."""
    members = dict(as_object(facts.call.body) or {})
    lines = as_array(members.get("order_lines", []))
    if lines is not None:
        members["order_lines"] = [{"type": "", **(as_object(line) or {})} for line in lines]
    known = {"order_lines", *request_members(facts.spec, facts.call.operation)}
    return {name: _bounded(value) for name, value in members.items() if name in known}


def request_members(spec: Spec, operation: Operation) -> tuple[str, ...]:
    """The described members of an operation's request body."""
    return tuple(spec.schemas[operation.body.schema]["properties"]) if operation.body else ()


def _bounded(value: Any) -> Any:
    """The value within the limits of expressions: 64-bit integers, text without lone surrogates."""
    members, parts = as_object(value), as_array(value)
    if members is not None:
        return {name: _bounded(member) for name, member in members.items()}
    if parts is not None:
        return [_bounded(part) for part in parts]
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    return max(-(2**63), min(value, 2**63 - 1)) if is_integer(value) else value


_ORDER: Mapping[str, Callable[[Ledger], Any]] = {
    **{
        name: attrgetter(name)
        for name in (
            "market",
            "currency",
            "payment_method",
            "order_amount",
            "captured_amount",
            "refunded_amount",
            "remaining_authorized_amount",
            "fee_amount",
            "released",
            "cancelled",
            "ended",
            "layout",
        )
    },
    "capture_count": lambda ledger: len(ledger.captures),
    "refund_count": lambda ledger: len(ledger.refunds),
    "last_captured_amount": lambda ledger: _captured_amounts(ledger)[-1],
    "largest_captured_amount": lambda ledger: max(_captured_amounts(ledger)),
    "extension_count": lambda ledger: sum(capture.extended for capture in ledger.captures),
    "expired": lambda ledger: ledger.status == "EXPIRED",
    "closed": lambda ledger: ledger.status == "CLOSED",
    "fraud_check_open": lambda ledger: ledger.fraud_status not in ("", "ACCEPTED"),
}


def _captured_amounts(ledger: Ledger) -> list[int]:
    return [capture.captured_amount for capture in ledger.captures] or [0]


_CAPTURE: Mapping[str, Callable[[Ledger, Capture], Any]] = {
    "position": lambda ledger, capture: ledger.captures.index(capture),
    "captured_amount": lambda _, capture: capture.captured_amount,
    "offers_known": lambda _, capture: capture.offered_days is not None,
    "offered_days": lambda _, capture: tuple(sorted(capture.offered_days or ())),
    "extended": lambda _, capture: capture.extended,
    "refused": lambda _, capture: capture.refused,
    "reads": lambda _, capture: len(capture.offered_earlier) + (capture.offered_days is not None),
    "offers_known_beside": lambda _, capture: capture.offered_beside is not None,
}
_CALL: Mapping[str, Callable[[Facts], Any]] = {
    "credentials": lambda facts: facts.call.credentials,
    "order_id_form": lambda facts: key_form(facts.call.order_id),
    "order_known": lambda facts: facts.ledger is not None,
    "capture_known": lambda facts: facts.capture is not None,
    "capture_is": lambda facts: _whose(
        facts.capture,
        facts.call.capture_id,
        (capture.capture_id for other in facts.others for capture in other.captures),
    ),
    "refund_known": lambda facts: facts.refund is not None,
    "refund_is": lambda facts: _whose(
        facts.refund,
        facts.call.refund_id,
        (refund.refund_id for other in facts.others for refund in other.refunds),
    ),
    "refund_position": lambda facts: _refund_position(facts.ledger, facts.refund),
    "key_form": lambda facts: key_form(facts.call.key),
    "key_age_s": lambda facts: _since_key(facts, lambda ledger, use: ledger.now_s - use.at_s),
    "key_times": lambda facts: _since_key(facts, lambda _, use: use.times),
    "key_uses_since": lambda facts: _since_key(
        facts, lambda ledger, use: ledger.turn - use.turn - use.times
    ),
    "repeats_body": lambda facts: _repeats_body(facts.ledger, facts.call),
    "body_is": lambda facts: facts.call.body_is,
    "lines_are_empty": lambda facts: facts.call.member("order_lines") == [],
    "defect": lambda facts: _defect(facts.spec, facts.call),
    "within_limits": lambda facts: _within_limits(facts.spec, facts.call),
    "forms": lambda facts: facts.call.forms,
}


MEMBERS: Mapping[str, Collection[str]] = {
    "order": _ORDER.keys(),
    "capture": _CAPTURE.keys(),
    "call": _CALL.keys(),
}
"""The members of the variables that a call and its order have."""


def _whose(own: object, identifier: str | None, elsewhere: Iterable[object]) -> str:
    return "own" if own else "foreign" if identifier in elsewhere else "unknown"


def _refund_position(ledger: Ledger | None, refund: Refund | None) -> int:
    return ledger.refunds.index(refund) if ledger and refund else -1


def _since_key(facts: Facts, count: Callable[[Ledger, KeyUse], int]) -> int:
    """What is counted since the first use of the call's key on this order; 0 without one."""
    first = facts.ledger.key_use(facts.call.key) if facts.ledger else None
    return count(facts.ledger, first) if facts.ledger and first else 0


def _repeats_body(ledger: Ledger | None, call: Call) -> bool:
    made = ledger.fingerprints if ledger else ()
    return bool(made) and call.fingerprint in made


def _within_limits(spec: Spec, call: Call) -> bool:
    """Whether a body keeps the described limits; one with a defect is not held to them."""
    limits = call.operation.body.limits if call.operation.body else ""
    return not limits or is_valid(spec, limits, call.body) or bool(_defect(spec, call))


def _defect(spec: Spec, call: Call) -> str:
    body = call.operation.body
    if body is None:
        return ""
    if call.body_is in ("empty", "not_json"):
        return call.body_is if body.required or call.body_is == "not_json" else ""
    return defect(spec, body.schema, call.body)
