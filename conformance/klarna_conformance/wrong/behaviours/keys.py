"""Wrong handling of idempotency keys."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from klarna_conformance.mock.deviation import Deviation
from klarna_conformance.mock.server import Mock
from klarna_conformance.wrong.behaviours.situation import amount_of, value
from klarna_specs.calls import Call, key_form
from klarna_specs.ledger import Ledger

__all__ = ["BEHAVIOURS"]


def _ignored() -> Deviation:
    """Keys are ignored."""
    return _read_as(lambda _: None)


def _first_characters(*, count: int) -> Deviation:
    """Only the first characters of a key are compared."""
    return _read_as(lambda call: call.key and call.key[:count])


def _last_characters(*, count: int) -> Deviation:
    """Only the last characters of a key are compared."""
    return _read_as(lambda call: call.key and call.key[-count:])


def _without_case() -> Deviation:
    """Keys are compared without case."""
    return _read_as(lambda call: call.key and call.key.lower())


def _letters_and_digits() -> Deviation:
    """Keys are compared by their letters and digits."""
    return _read_as(lambda call: call.key and "".join(filter(str.isalnum, call.key)))


def _as_numbers() -> Deviation:
    """Keys are compared as numbers."""
    return _read_as(lambda call: call.key and _number(call.key))


def _number(key: str) -> str:
    try:
        return str(float(key))
    except ValueError:
        return key


def _all_the_same() -> Deviation:
    """All keys are treated as the same key."""
    return _read_as(lambda call: call.key and "key")


def _by_amount() -> Deviation:
    """Calls with keys are compared by their amounts."""
    return _read_as(lambda call: call.key and f"{call.operation.operation} {amount_of(call)}")


def _shared_where_missing() -> Deviation:
    """Calls without a key share one."""
    return _read_as(lambda call: call.key or "none")


def _by_body_where_missing() -> Deviation:
    """The body of a call without a key is its key."""
    return _read_as(lambda call: call.key or call.fingerprint)


def _of_forms(*, forms: Sequence[str]) -> Deviation:
    """Only keys of these forms are honoured."""
    return _read_as(lambda call: call.key if key_form(call.key) in forms else None)


def _forgotten(*, when: str) -> Deviation:
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


def _not_remembered(*, when: str) -> Deviation:
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


BEHAVIOURS: Mapping[str, Callable[..., Deviation]] = {
    "keys-ignored": _ignored,
    "first-characters-of-keys": _first_characters,
    "last-characters-of-keys": _last_characters,
    "keys-without-case": _without_case,
    "letters-and-digits-of-keys": _letters_and_digits,
    "keys-as-numbers": _as_numbers,
    "keys-all-the-same": _all_the_same,
    "keys-by-amount": _by_amount,
    "missing-keys-shared": _shared_where_missing,
    "missing-keys-by-body": _by_body_where_missing,
    "keys-of-forms": _of_forms,
    "keys-forgotten": _forgotten,
    "keys-not-remembered": _not_remembered,
}
