"""The steps that any call can be turned into: elsewhere, malformed, without credentials, again."""

from collections.abc import Callable

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from klarna_specs.scenario import Credentials, Json, Step
from klarna_strategies.bodies import malformed_bodies
from klarna_strategies.course import Course
from klarna_strategies.malformed import AMOUNT_MEMBERS
from klarna_strategies.steps import (
    extend,
    get_capture,
    get_options,
    get_refund,
    refund,
)

__all__ = ["draw_nowhere", "draw_replay", "draw_spoiled", "with_another_amount"]

_CREDENTIALS: tuple[Credentials, ...] = ("none", "wrong_password", "wrong_username")
_PAY_LATER_ONLY = ("getOptionsForExtendDueDate", "extendDueDate")
_replace = msgspec.structs.replace


def draw_spoiled(draw: DrawFn, step: Step) -> Step:
    """A valid step with wrong credentials (`*.credentials-required`, `*.wrong-credentials-refused`)
    or, if it has a body, with a malformed one (`*.malformed-refused`).
    """
    member = AMOUNT_MEMBERS.get(step.operation)
    if member and isinstance(step.body, Json) and draw(st.booleans()):
        told = step.body.value[member]
        amount = told if isinstance(told, int) else 30
        return _replace(step, body=draw(malformed_bodies(step.operation, amount=amount)).body)
    return _replace(step, credentials=draw(st.sampled_from(_CREDENTIALS)))


def draw_nowhere(draw: DrawFn, course: Course, operation: str) -> Step:
    """A call on an order, capture or refund that is not there (`*.unknown-...-refused`)."""
    there_are: dict[str, Callable[[], Step]] = {
        "getCapture": lambda: get_capture("unknown"),
        "getOptionsForExtendDueDate": lambda: get_options("unknown"),
        "extendDueDate": lambda: extend(30, capture="unknown"),
        "getRefund": lambda: get_refund("unknown"),
        "refundOrder": lambda: refund(1),
        "captureOrder": lambda: Step(operation="captureOrder", body=Json({"captured_amount": 1})),
    }
    step = there_are.get(operation, lambda: Step(operation=operation))()
    if step.capture is None and step.refund is None:
        return _replace(step, order="unknown")
    match draw(st.sampled_from(_readings(course, step))):
        case "other":
            named = {"capture": "other"} if step.capture else {"refund": "other"}
            return _replace(step, **named)
        case "unknown":
            return step
        case _:
            return _replace(step, order="unknown")


def _readings(course: Course, step: Step) -> tuple[str, ...]:
    """What may be not there, so that this alone is wrong with the call."""
    if step.operation in _PAY_LATER_ONLY and not course.is_pay_later:
        return ("unknown order",)
    foreign = course.plan.captures if step.capture else course.elsewhere_count
    return ("unknown order", "unknown", "other") if foreign else ("unknown order", "unknown")


def draw_replay(draw: DrawFn, steps: tuple[Step, ...]) -> Step:
    """One of the steps again under its key, as it was or with another amount."""
    step = draw(st.sampled_from(steps))
    return with_another_amount(step) if draw(st.booleans()) else step


def with_another_amount(step: Step) -> Step:
    """A refund or capture of one minor unit more under the same key; any other step as it is."""
    member = AMOUNT_MEMBERS.get(step.operation)
    if not isinstance(step.body, Json) or member is None:
        return step
    amount = step.body.value[member]
    if not isinstance(amount, int):
        return step
    return _replace(step, body=Json({**step.body.value, member: amount + 1}))
