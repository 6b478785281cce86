"""Strategies of request bodies: valid ones with optional members, and odd ones by kind."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from klarna_specs.spec import Level, Spec
from klarna_strategies.amounts import refund_amounts
from klarna_strategies.drawn_lines import order_lines
from klarna_strategies.free_text import texts
from klarna_strategies.malformed import OddBody, odd_bodies

__all__ = [
    "bodies_beyond_limits",
    "capture_bodies",
    "malformed_bodies",
    "refund_bodies",
    "undocumented_bodies",
]

Members = dict[str, Any]
"""The members of a request body."""


def refund_bodies(*, left: int) -> SearchStrategy[Members]:
    """Valid bodies of refunds within the rest, with any of the optional members.

    Shrinks to a refund of 1 without optional members. Raises ValueError if nothing is left.

    >>> simplest(refund_bodies(left=100))
    {'refunded_amount': 1}
    """
    return _bodies("refunded_amount", refund_amounts(left=left))


def capture_bodies(*, remaining: int) -> SearchStrategy[Members]:
    """Valid bodies of captures within the remaining authorization, as `refund_bodies`.

    Raises ValueError if nothing remains.

    >>> simplest(capture_bodies(remaining=100))
    {'captured_amount': 1}
    """
    if remaining < 1:
        raise ValueError(f"remaining {remaining} is below 1: nothing can be captured")
    return _bodies("captured_amount", refund_amounts(left=remaining))


@st.composite
def _bodies(draw: DrawFn, member: str, amounts: SearchStrategy[int]) -> Members:
    body: Members = {member: draw(amounts)}
    wanted = draw(st.integers(0, 7))
    if wanted & 1:
        body["description"] = draw(texts())
    if wanted & 2:
        body["reference"] = draw(texts())
    if wanted & 4 and body[member] <= 100_000_000:
        body["order_lines"] = draw(order_lines(total=body[member]))
    return body


def malformed_bodies(
    operation: str, *, amount: int = 100, spec: Spec | None = None
) -> SearchStrategy[OddBody]:
    """Bodies that break `<prefix>.malformed-refused` alone: they MUST be refused.

    `amount` is the valid value of the required member. Shrinks to no body. Raises ValueError
    for an operation without a body.

    >>> simplest(malformed_bodies("refundOrder")).level
    'MUST'
    """
    return st.sampled_from(_of_level(operation, "MUST", amount, spec))


def bodies_beyond_limits(
    operation: str, *, amount: int = 100, spec: Spec | None = None
) -> SearchStrategy[OddBody]:
    """Bodies that break `<prefix>.limits-kept` or `<prefix>.types-kept`: they SHOULD be refused.

    Raises ValueError for an operation without a body.

    >>> simplest(bodies_beyond_limits("refundOrder")).kind
    'amount-fraction'
    """
    return st.sampled_from(_of_level(operation, "SHOULD", amount, spec))


def undocumented_bodies(
    operation: str, *, amount: int = 100, spec: Spec | None = None
) -> SearchStrategy[OddBody]:
    """Bodies with unknown members or other content types, which are not documented.

    A server may accept or refuse them, but must not fail. Raises ValueError as `malformed_bodies`.

    >>> simplest(undocumented_bodies("refundOrder")).kind
    'unknown-member'
    """
    return st.sampled_from(_of_level(operation, None, amount, spec))


def _of_level(
    operation: str, level: Level | None, amount: int, spec: Spec | None
) -> Sequence[OddBody]:
    bodies = [odd for odd in odd_bodies(operation, amount=amount, spec=spec) if odd.level == level]
    if not bodies:
        raise ValueError(f"{operation} has 0 bodies of level {level}")
    return bodies
