"""Wrong interpretations of calls: other amounts, other texts, resources of others."""

import struct
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from klarna_conformance.mock.deviation import Deviation
from klarna_conformance.mock.server import Mock
from klarna_conformance.wrong.behaviours.situation import value
from klarna_specs.calls import Call
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.ledger import Ledger

_AMOUNT_MEMBERS = ("refunded_amount", "captured_amount", "number_of_days")


def numbers_read_as(*, of: Sequence[str], to: str) -> Deviation:
    """The number in a call is read as the value of an expression over it, `n`."""
    return _amounts_read_as(of, lambda sent: _number(to, sent) if is_integer(sent) else sent)


def _number(expression: str, sent: int) -> int:
    if expression == "float32":
        return int(struct.unpack("f", struct.pack("f", sent))[0])
    if expression == "uint64":
        return sent % 2**64
    read = value(expression, {"n": sent})
    return read if is_integer(read) else sent


def numbers_read_leniently(*, of: Sequence[str], kind: str) -> Deviation:
    """A value of a wrong type is converted to a number."""
    return _amounts_read_as(of, _LENIENT[kind])


def _from_fraction(sent: Any) -> Any:
    return round(sent) if isinstance(sent, float) and abs(sent) < 2**53 else sent


def _from_truth(sent: Any) -> Any:
    return int(sent) if isinstance(sent, bool) else sent


def _from_array(sent: Any) -> Any:
    numbers = as_array(sent)
    return numbers[0] if numbers else sent


_LENIENT: Mapping[str, Callable[[Any], Any]] = {
    "fraction": _from_fraction,
    "truth": _from_truth,
    "array": _from_array,
}


def texts_read_as(*, to: str, members: Sequence[str] = ("description",)) -> Deviation:
    """Texts of a refund are stored changed."""
    change = _TEXTS[to]

    def read(sent: dict[str, Any]) -> dict[str, Any]:
        texts = [name for name in members if isinstance(sent.get(name), str)]
        return {**sent, **{name: change(sent[name]) for name in texts}}

    return _refunds_read_as(read)


_TEXTS: Mapping[str, Callable[[str], str]] = {
    "100-characters": lambda text: text[:100],
    "254-characters": lambda text: text[:254],
    "255-bytes": lambda text: text.encode()[:255].decode(errors="ignore"),
    "ascii": lambda text: text.encode("ascii", "replace").decode(),
    "bmp": lambda text: "".join(sign for sign in text if ord(sign) < 0x10000),
    "latin-1": lambda text: text.encode().decode("latin-1"),
    "html": lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;"),
    "one-line": lambda text: " ".join(text.split()),
    "trimmed": str.strip,
    "composed": lambda text: unicodedata.normalize("NFC", text),
    "without-joiners": lambda text: text.replace("\u200d", ""),
}


def lines_read_as(*, member: str, to: str) -> Deviation:
    """A member of each order line of a refund is stored changed.

    `to` names a change of texts, or is an expression over a number, `n`.
    """

    def kept(sent: Any) -> Any:
        if isinstance(sent, str):
            return _TEXTS[to](sent)
        return _number(to, sent) if is_integer(sent) else sent

    def read(sent: dict[str, Any]) -> dict[str, Any]:
        lines = [as_object(line) for line in as_array(sent.get("order_lines")) or ()]
        changed = [
            {**line, member: kept(line[member])} if line and member in line else line
            for line in lines
        ]
        return {**sent, "order_lines": changed} if changed else sent

    return _refunds_read_as(read)


def texts_swapped() -> Deviation:
    """The reference and the description of a refund are swapped."""
    other = {"reference": "description", "description": "reference"}
    return _refunds_read_as(lambda sent: {other.get(name, name): sent[name] for name in sent})


def texts_of_the_last() -> Deviation:
    """A refund without a reference or description gets those of the previous refund."""
    last: dict[str, Any] = {}

    def read(sent: dict[str, Any]) -> dict[str, Any]:
        last.update({name: sent[name] for name in ("reference", "description") if name in sent})
        return {**last, **sent}

    return _refunds_read_as(read)


def unknown_taken_for_the_last(*, of: Sequence[str], what: str) -> Deviation:
    """An unknown order, capture or refund is treated as the last one."""

    def understood(call: Call, mock: Mock) -> Call:
        if call.operation.operation not in of:
            return call
        ledger = mock.orders.get(call.order_id)
        if what == "order" and ledger is None and mock.orders:
            return _on(call, mock.orders[list(mock.orders)[-1]])
        if what != "order" and ledger is not None and not _has(ledger, call):
            return _on(call, ledger)
        return call

    return Deviation(understood=understood)


def _on(call: Call, ledger: Ledger) -> Call:
    """The call on an order, and on its last capture and refund if its own ones are unknown."""
    captures = [capture.capture_id for capture in ledger.captures]
    refunds = [refund.refund_id for refund in ledger.refunds]
    return msgspec.structs.replace(
        call,
        order_id=ledger.order_id,
        capture_id=call.capture_id and _last(captures, call.capture_id),
        refund_id=call.refund_id and _last(refunds, call.refund_id),
    )


def _last(ids: list[str], wanted: str) -> str:
    return wanted if wanted in ids or not ids else ids[-1]


def orders_found_by_prefix(*, of: Sequence[str], length: int) -> Deviation:
    """An order is found by the first characters of its id."""

    def understood(call: Call, mock: Mock) -> Call:
        if call.operation.operation not in of or call.order_id in mock.orders:
            return call
        prefix = call.order_id[:length]
        found = next((known for known in mock.orders if known.startswith(prefix)), None)
        return msgspec.structs.replace(call, order_id=found) if found else call

    return Deviation(understood=understood)


def found_under_any_order(*, of: Sequence[str]) -> Deviation:
    """Captures and refunds are found by their id alone, on any order."""

    def understood(call: Call, mock: Mock) -> Call:
        own = mock.orders.get(call.order_id)
        if call.operation.operation not in of or own is None or _has(own, call):
            return call
        owner = next((other for other in mock.orders.values() if _has(other, call)), None)
        return msgspec.structs.replace(call, order_id=owner.order_id) if owner else call

    return Deviation(understood=understood)


def _has(ledger: Ledger, call: Call) -> bool:
    return bool(ledger.capture(call.capture_id) or ledger.refund(call.refund_id))


def _amounts_read_as(of: Sequence[str], read: Callable[[Any], Any]) -> Deviation:
    def changed(sent: dict[str, Any]) -> dict[str, Any]:
        return {**sent, **{name: read(sent[name]) for name in _AMOUNT_MEMBERS if name in sent}}

    return _body_read_as(of, changed)


def _refunds_read_as(read: Callable[[dict[str, Any]], dict[str, Any]]) -> Deviation:
    return _body_read_as(["refundOrder"], read)


def _body_read_as(of: Sequence[str], read: Callable[[dict[str, Any]], dict[str, Any]]) -> Deviation:
    def understood(call: Call, _mock: Mock) -> Call:
        sent = as_object(call.body)
        if call.operation.operation not in of or sent is None:
            return call
        return msgspec.structs.replace(call, body=read(sent))

    return Deviation(understood=understood)
