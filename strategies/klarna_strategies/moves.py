"""The moves that a drawn scenario is made of: valid calls, and calls that break one rule."""

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from klarna_specs.scenario import Json, Step
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
    refund,
    release,
)

__all__ = ["BREAKING", "KEEPING", "Move"]


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of step: when it is possible, how it is drawn and how often, and what it breaks."""

    operation: str
    possible: Callable[[Course], bool]
    draw: Callable[[DrawFn, Course], Step]
    breaks: str = ""
    weight: int = 1


def _drawn(operation: str, draw: DrawFn, bodies: st.SearchStrategy[Any]) -> Step:
    return Step(operation=operation, body=Json(draw(bodies)))


def _some_capture(draw: DrawFn, course: Course) -> int:
    return draw(st.integers(0, len(course.captures) - 1))


def _extended(draw: DrawFn, course: Course) -> Step:
    fresh = [n for n in range(len(course.captures)) if n not in course.extended]
    return extend(draw(offered_days(course.spec)), capture=draw(st.sampled_from(fresh)))


KEEPING: tuple[Move, ...] = (
    Move(
        operation="refundOrder",
        possible=lambda course: course.left > 0,
        draw=lambda draw, course: refund(draw(refund_amounts(left=course.left))),
    ),
    Move(
        operation="refundOrder",
        weight=3,
        possible=lambda course: course.left > 0,
        draw=lambda draw, course: _drawn("refundOrder", draw, refund_bodies(left=course.left)),
    ),
    Move(
        operation="captureOrder",
        weight=2,
        possible=lambda course: course.remaining > 0,
        draw=lambda draw, course: _drawn(
            "captureOrder", draw, capture_bodies(remaining=course.remaining)
        ),
    ),
    Move(
        operation="refundOrder",
        weight=3,
        possible=lambda course: (
            course.has_fee_market
            and course.is_one_full_capture
            and course.left > 1
            and not course.refund_count
        ),
        draw=lambda draw, course: _drawn("refundOrder", draw, fee_refunds(left=course.left)),
    ),
    Move(
        operation="refundOrder",
        weight=3,
        possible=lambda course: 0 < course.fee_amount <= course.left,
        draw=lambda draw, course: _drawn(
            "refundOrder", draw, fee_removals(fee_amount=course.fee_amount)
        ),
    ),
    Move(
        operation="releaseRemainingAuthorization",
        possible=lambda course: bool(course.captures) and course.remaining > 0,
        draw=lambda _draw, _course: release(),
    ),
    Move(
        operation="extendDueDate",
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
        operation="getOptionsForExtendDueDate",
        possible=lambda course: course.is_pay_later and course.has_extensions and course.left > 0,
        draw=lambda draw, course: get_options(_some_capture(draw, course)),
    ),
    Move(
        operation="refundOrder",
        weight=3,
        possible=lambda course: sum(course.plan.captures) > course.elsewhere_amount,
        draw=lambda draw, course: refund(
            draw(st.integers(1, sum(course.plan.captures) - course.elsewhere_amount)),
            order="other",
        ),
    ),
    Move(
        operation="cancelOrder",
        possible=lambda course: not course.captures and course.is_open,
        draw=lambda _draw, _course: cancel(),
    ),
    Move(
        operation="getOrder",
        possible=lambda _course: True,
        draw=lambda _draw, _course: get_order(),
    ),
    Move(
        operation="getCaptures",
        possible=lambda _course: True,
        draw=lambda _draw, _course: get_captures(),
    ),
    Move(
        operation="getCapture",
        possible=lambda course: bool(course.captures),
        draw=lambda draw, course: get_capture(_some_capture(draw, course)),
    ),
    Move(
        operation="getRefund",
        possible=lambda course: course.refund_count > 0,
        draw=lambda draw, course: get_refund(draw(st.integers(0, course.refund_count - 1))),
    ),
)
"""Calls that keep every rule; the first one is what a scenario shrinks to."""


BREAKING: tuple[Move, ...] = (
    Move(
        operation="refundOrder",
        breaks="refund.within-captured-amount",
        weight=3,
        possible=lambda _course: True,
        draw=lambda draw, course: refund(draw(refund_amounts_above(left=course.left))),
    ),
    Move(
        operation="refundOrder",
        breaks="refund.amount-not-negative",
        possible=lambda _course: True,
        draw=lambda draw, _course: refund(draw(negative_amounts())),
    ),
    Move(
        operation="refundOrder",
        breaks="refund.fee-lines-add-up",
        possible=lambda course: (
            course.has_fee_market and course.is_one_full_capture and course.left >= 100
        ),
        draw=lambda draw, course: Step(
            operation="refundOrder",
            body=Json(draw(fee_refunds_with_wrong_sum(left=course.left)).body),
        ),
    ),
    Move(
        operation="refundOrder",
        breaks="refund.fee-market",
        possible=lambda course: (
            not course.has_fee_market and course.is_one_full_capture and course.left > 1
        ),
        draw=lambda draw, course: _drawn("refundOrder", draw, fee_refunds(left=course.left)),
    ),
    Move(
        operation="refundOrder",
        breaks="refund.fee-single-capture",
        possible=lambda course: (
            course.has_fee_market
            and not course.is_one_full_capture
            and not (len(course.captures) == 1 and course.released)
            and course.left > 1
        ),
        draw=lambda draw, course: _drawn("refundOrder", draw, fee_refunds(left=course.left)),
    ),
    Move(
        operation="captureOrder",
        breaks="capture.within-the-order",
        possible=lambda course: course.is_open,
        draw=lambda draw, course: capture(draw(refund_amounts_above(left=course.remaining))),
    ),
    Move(
        operation="captureOrder",
        breaks="capture.amount-not-negative",
        possible=lambda course: course.is_open,
        draw=lambda draw, _course: capture(draw(negative_amounts())),
    ),
    Move(
        operation="releaseRemainingAuthorization",
        breaks="release.fully-captured-refused",
        possible=lambda course: sum(course.captures) == course.plan.order_amount,
        draw=lambda _draw, _course: release(),
    ),
    Move(
        operation="releaseRemainingAuthorization",
        breaks="release.cancelled-refused",
        possible=lambda course: course.cancelled and not course.captures,
        draw=lambda _draw, _course: release(),
    ),
    Move(
        operation="cancelOrder",
        breaks="cancel.captured-refused",
        possible=lambda course: bool(course.captures),
        draw=lambda _draw, _course: cancel(),
    ),
    Move(
        operation="extendDueDate",
        breaks="extension.offered-days-only",
        possible=lambda course: course.is_pay_later and course.has_extensions and course.left > 0,
        draw=lambda draw, course: extend(
            draw(days_not_offered(course.spec)), capture=_some_capture(draw, course)
        ),
    ),
    Move(
        operation="extendDueDate",
        breaks="extension.pay-later-only",
        possible=lambda course: not course.is_pay_later and bool(course.captures),
        draw=lambda draw, course: extend(
            draw(st.sampled_from(course.spec.extension_days)), capture=_some_capture(draw, course)
        ),
    ),
    Move(
        operation="getOptionsForExtendDueDate",
        breaks="options.pay-later-only",
        possible=lambda course: not course.is_pay_later and bool(course.captures),
        draw=lambda draw, course: get_options(_some_capture(draw, course)),
    ),
)
"""Calls that break one rule alone: no other of the same or a higher level."""
