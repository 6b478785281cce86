"""Which captures the lines of a refund belong to, by `reference` (source: allocation). Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from klarna_specs.calls import Call
from klarna_specs.json_value import as_array, as_object
from klarna_specs.ledger import Capture, Ledger

__all__ = ["AllocatedCapture", "Allocation", "allocation", "matching_captures"]


class AllocatedCapture(msgspec.Struct, frozen=True, kw_only=True):
    """A capture, and the refund's lines that only it has: their numbers and sum (minor units)."""

    capture_id: str
    captured_amount: int
    lines: tuple[int, ...]
    lines_amount: int


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a refund is allocated to captures, or stays on the order, and why.

    `unknown` if the order shows no lines of its captures.
    """

    to: Literal["captures", "order", "unknown"]
    reasons: tuple[str, ...] = ()
    captures: tuple[AllocatedCapture, ...] = ()


class _Line(Protocol):
    """An order line, with the captures that have its reference."""

    @property
    def number(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def total_amount(self) -> int | None: ...
    @property
    def captures(self) -> tuple[str, ...]: ...


def matching_captures(ledger: Ledger, line: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the captures that have a line with the same reference; none without one."""
    reference = line.get("reference")
    return tuple(
        capture.capture_id
        for capture in ledger.captures
        if reference and reference in (_reference(each) for each in _captured_lines(capture))
    )


def allocation(
    ledger: Ledger, call: Call, lines: Sequence[_Line], sums: Mapping[str, int]
) -> Allocation:
    """The allocation of a refund's lines; `sums` has `lines_total` where they can be added."""
    if not lines:
        return Allocation(to="order", reasons=("it has no order lines",))
    if not any(_captured_lines(capture) for capture in ledger.captures):
        return Allocation(to="unknown", reasons=("the order shows no lines of its captures",))
    captures = tuple(filter(None, (_allocated(each, lines) for each in ledger.captures)))
    reasons = tuple(_obstacles(lines, captures))
    total = sums.get("lines_total")
    if total is None or total != call.member("refunded_amount"):
        reasons = ("its lines do not sum to refunded_amount", *reasons)
    return Allocation(to="order" if reasons else "captures", reasons=reasons, captures=captures)


def _allocated(capture: Capture, lines: Sequence[_Line]) -> AllocatedCapture | None:
    own = [line for line in lines if line.captures == (capture.capture_id,)]
    return (
        AllocatedCapture(
            capture_id=capture.capture_id,
            captured_amount=capture.captured_amount,
            lines=tuple(line.number for line in own),
            lines_amount=sum(line.total_amount or 0 for line in own),
        )
        if own
        else None
    )


def _obstacles(lines: Sequence[_Line], captures: Sequence[AllocatedCapture]) -> Iterable[str]:
    for line in lines:
        if line.type != "return_fee" and not line.captures:
            yield f"line {line.number} has the reference of no captured line"
        elif len(line.captures) > 1:
            yield f"line {line.number} has a reference that several captures have"
    for each in captures:
        if each.lines_amount > each.captured_amount:
            yield f"its lines exceed capture {each.capture_id}"


def _captured_lines(capture: Capture) -> list[Any]:
    return as_array((as_object(capture.body) or {}).get("order_lines")) or []


def _reference(line: Any) -> Any:
    return (as_object(line) or {}).get("reference")
