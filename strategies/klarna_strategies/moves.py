"""The moves of a drawn scenario: valid calls, and calls that break one rule."""

from collections.abc import Callable

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from klarna_specs.scenario import Step
from klarna_specs.spec import Operation
from klarna_strategies.amounts import negative_amounts, refund_amounts, refund_amounts_above
from klarna_strategies.bodies import capture_bodies, refund_bodies
from klarna_strategies.course import Course
from klarna_strategies.due_dates import days_not_offered, offered_days
from klarna_strategies.fees import fee_refunds, fee_refunds_with_wrong_sum, fee_removals
from klarna_strategies.steps import (
    cancel,
    capture,
    extend,
    get_capture,
    get_captures,
    get_options,
    get_order,
    get_refund,
    plainest,
    refund,
    release,
)

__all__ = ["BREAKING", "KEEPING", "Move", "move_of"]


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of step: its precondition, strategy, frequency, and the rule that it breaks.

    `does` is the effect of the operation, and empty for an operation without moves of its own.
    """

    does: str
    possible: Callable[[Course], bool] = lambda _course: True
    draw: Callable[[DrawFn, Course], Step]
    breaks: str = ""
    weight: int = 1


def _some_capture(draw: DrawFn, course: Course) -> int:
    return draw(st.integers(0, len(course.captures) - 1))


def _extended(draw: DrawFn, course: Course) -> Step:
    fresh = [n for n in range(len(course.captures)) if n not in course.extended]
    return extend(draw(offered_days(course.spec)), capture=draw(st.sampled_from(fresh)))


KEEPING: tuple[Move, ...] = (
    Move(
        does="refund",
        possible=lambda course: course.left > 0,
        draw=lambda draw, course: refund(draw(refund_amounts(left=course.left))),
    ),
    Move(
        does="refund",
        weight=3,
        possible=lambda course: course.left > 0,
        draw=lambda draw, course: refund(**draw(refund_bodies(left=course.left))),
    ),
    Move(
        does="capture",
        weight=2,
        possible=lambda course: course.remaining > 0,
        draw=lambda draw, course: capture(**draw(capture_bodies(remaining=course.remaining))),
    ),
    Move(
        does="refund",
        weight=3,
        possible=lambda course: (
            course.has_fee_market
            and course.is_one_full_capture
            and course.left > 1
            and not course.refund_count
        ),
        draw=lambda draw, course: refund(**draw(fee_refunds(left=course.left))),
    ),
    Move(
        does="refund",
        weight=3,
        possible=lambda course: 0 < course.fee_amount <= course.left,
        draw=lambda draw, course: refund(**draw(fee_removals(fee_amount=course.fee_amount))),
    ),
    Move(
        does="release",
        possible=lambda course: bool(course.captures) and course.remaining > 0,
        draw=lambda _draw, _course: release(),
    ),
    Move(
        does="extend_due_date",
        weight=2,
        possible=lambda course: (
            course.is_pay_later
            and course.has_extensions
            and course.left > 0
            and len(course.extended) < len(course.captures)
        ),
        draw=_extended,
    ),
    Move(
        does="show extension_options",
        possible=lambda course: course.is_pay_later and course.has_extensions and course.left > 0,
        draw=lambda draw, course: get_options(_some_capture(draw, course)),
    ),
    Move(
        does="refund",
        weight=3,
        possible=lambda course: sum(course.plan.captures) > course.elsewhere_amount,
        draw=lambda draw, course: refund(
            draw(st.integers(1, sum(course.plan.captures) - course.elsewhere_amount)),
            order="other",
        ),
    ),
    Move(
        does="cancel",
        possible=lambda course: not course.captures and course.is_open,
        draw=lambda _draw, _course: cancel(),
    ),
    Move(
        does="show order",
        draw=lambda _draw, _course: get_order(),
    ),
    Move(
        does="show captures",
        draw=lambda _draw, _course: get_captures(),
    ),
    Move(
        does="show capture",
        possible=lambda course: bool(course.captures),
        draw=lambda draw, course: get_capture(_some_capture(draw, course)),
    ),
    Move(
        does="show refund",
        possible=lambda course: course.refund_count > 0,
        draw=lambda draw, course: get_refund(draw(st.integers(0, course.refund_count - 1))),
    ),
)
"""Calls that keep every rule; the first one is what a scenario shrinks to."""


BREAKING: tuple[Move, ...] = (
    Move(
        does="refund",
        breaks="refund.within-captured-amount",
        weight=3,
        draw=lambda draw, course: refund(draw(refund_amounts_above(left=course.left))),
    ),
    Move(
        does="refund",
        breaks="refund.amount-not-negative",
        draw=lambda draw, _course: refund(draw(negative_amounts())),
    ),
    Move(
        does="refund",
        breaks="refund.fee-lines-add-up",
        possible=lambda course: (
            course.has_fee_market and course.is_one_full_capture and course.left >= 100
        ),
        draw=lambda draw, course: refund(**draw(fee_refunds_with_wrong_sum(left=course.left)).body),
    ),
    Move(
        does="refund",
        breaks="refund.fee-market",
        possible=lambda course: (
            not course.has_fee_market and course.is_one_full_capture and course.left > 1
        ),
        draw=lambda draw, course: refund(**draw(fee_refunds(left=course.left))),
    ),
    Move(
        does="refund",
        breaks="refund.fee-single-capture",
        possible=lambda course: (
            course.has_fee_market
            and not course.is_one_full_capture
            and not (len(course.captures) == 1 and course.released)
            and course.left > 1
        ),
        draw=lambda draw, course: refund(**draw(fee_refunds(left=course.left))),
    ),
    Move(
        does="capture",
        breaks="capture.within-the-order",
        possible=lambda course: course.is_open,
        draw=lambda draw, course: capture(draw(refund_amounts_above(left=course.remaining))),
    ),
    Move(
        does="capture",
        breaks="capture.amount-not-negative",
        possible=lambda course: course.is_open,
        draw=lambda draw, _course: capture(draw(negative_amounts())),
    ),
    Move(
        does="release",
        breaks="release.fully-captured-refused",
        possible=lambda course: sum(course.captures) == course.plan.order_amount,
        draw=lambda _draw, _course: release(),
    ),
    Move(
        does="release",
        breaks="release.cancelled-refused",
        possible=lambda course: course.cancelled and not course.captures,
        draw=lambda _draw, _course: release(),
    ),
    Move(
        does="cancel",
        breaks="cancel.captured-refused",
        possible=lambda course: bool(course.captures),
        draw=lambda _draw, _course: cancel(),
    ),
    Move(
        does="extend_due_date",
        breaks="extension.offered-days-only",
        possible=lambda course: course.is_pay_later and course.has_extensions and course.left > 0,
        draw=lambda draw, course: extend(
            draw(days_not_offered(course.spec)), capture=_some_capture(draw, course)
        ),
    ),
    Move(
        does="extend_due_date",
        breaks="extension.pay-later-only",
        possible=lambda course: not course.is_pay_later and bool(course.captures),
        draw=lambda draw, course: extend(
            draw(st.sampled_from(course.spec.extension_days)), capture=_some_capture(draw, course)
        ),
    ),
    Move(
        does="show extension_options",
        breaks="options.pay-later-only",
        possible=lambda course: not course.is_pay_later and bool(course.captures),
        draw=lambda draw, course: get_options(_some_capture(draw, course)),
    ),
)
"""Calls that break one rule alone: no other of the same or a higher level."""


def move_of(operation: Operation) -> Move:
    """The move of an operation without moves of its own: its example, if that is legal."""
    return Move(
        does="",
        possible=lambda course: course.layout == operation.layout,
        draw=lambda _draw, _course: plainest(operation),
    )
