"""Wrong handling of idempotency keys."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec

from klarna_conformance.mock.deviation import Deviation
from klarna_conformance.mock.server import Mock
from klarna_conformance.wrong.behaviours.situation import amount_of, value
from klarna_specs.calls import Call, key_form
from klarna_specs.ledger import Ledger


def first_characters_of_keys(*, count: int) -> Deviation:
    """Only the first characters of a key are compared."""
    return _read_as(lambda call: call.key and call.key[:count])


def last_characters_of_keys(*, count: int) -> Deviation:
    """Only the last characters of a key are compared."""
    return _read_as(lambda call: call.key and call.key[-count:])


def keys_of_forms(*, forms: Sequence[str]) -> Deviation:
    """Only keys of these forms are honoured."""
    return _read_as(lambda call: call.key if key_form(call.key) in forms else None)


def _number(key: str) -> str:
    try:
        return str(float(key))
    except ValueError:
        return key


def keys_forgotten(*, when: str) -> Deviation:
    """A key is forgotten `when` an expression over its use and the order holds.

    The variables are the number of `times` it was used, the number of calls with other keys `since`
    its first use, its `position` among the `keys` of the order, its `form`, and of the order the
    number of `refunds` and `captures`, whether it was `released`, and the `remaining` amount.
    """

    def understood(call: Call, mock: Mock) -> Call:
        ledger = mock.orders.get(call.order_id)
        variables = _use(ledger, call) if ledger else {}
        if variables and value(when, variables) is True:
            return msgspec.structs.replace(call, key=None)
        return call

    return Deviation(understood=understood)


def _use(ledger: Ledger, call: Call) -> dict[str, int | str]:
    use = ledger.key_use(call.key)
    if use is None:
        return {}
    return {
        "times": use.times,
        "since": ledger.turn - use.turn - use.times,
        "position": ledger.keys.index(use),
        "keys": len(ledger.keys),
        "form": key_form(use.key),
        "refunds": len(ledger.refunds),
        "captures": len(ledger.captures),
        "released": ledger.released,
        "remaining": ledger.remaining_authorized_amount,
    }


def keys_not_remembered(*, when: str) -> Deviation:
    """New keys are not stored `when` an expression over the order holds."""

    def understood(call: Call, mock: Mock) -> Call:
        ledger = mock.orders.get(call.order_id)
        known = {"keys": len(ledger.keys), "refunds": len(ledger.refunds)} if ledger else {}
        is_new = ledger is not None and ledger.key_use(call.key) is None
        if is_new and value(when, known) is True:
            return msgspec.structs.replace(call, key=None)
        return call

    return Deviation(understood=understood)


def _read_as(key: Callable[[Call], str | None]) -> Deviation:
    def understood(call: Call, _mock: Mock) -> Call:
        return msgspec.structs.replace(call, key=key(call))

    return Deviation(understood=understood)


_KEYS: Mapping[str, Callable[[Call], str | None]] = {
    "keys-ignored": lambda _: None,
    "keys-all-the-same": lambda call: call.key and "key",
    "keys-without-case": lambda call: call.key and call.key.lower(),
    "letters-and-digits-of-keys": lambda call: call.key and "".join(filter(str.isalnum, call.key)),
    "keys-as-numbers": lambda call: call.key and _number(call.key),
    "keys-by-amount": lambda call: call.key and f"{call.operation.operation} {amount_of(call)}",
    "keys-by-reference": lambda call: call.member("reference") or call.key,
    "missing-keys-shared": lambda call: call.key or "none",
    "missing-keys-by-body": lambda call: call.key or call.fingerprint,
}
"""What is compared instead of the key of a call."""
READ_AS = {name: partial(_read_as, key) for name, key in _KEYS.items()}
