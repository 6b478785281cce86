"""Variants of any step: on another resource, malformed, without credentials, repeated."""

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from klarna_specs.scenario import Credentials, Json, Step
from klarna_specs.spec import Spec
from klarna_strategies.bodies import malformed_bodies
from klarna_strategies.course import Course
from klarna_strategies.steps import plainest

__all__ = ["draw_nowhere", "draw_replay", "draw_spoiled"]

_CREDENTIALS: tuple[Credentials, ...] = ("none", "wrong_password", "wrong_username")
_PAY_LATER_ONLY = ("show extension_options", "extend_due_date")
_replace = msgspec.structs.replace


def draw_spoiled(draw: DrawFn, spec: Spec, step: Step) -> Step:
    """A valid step with wrong credentials (`*.credentials-required`, `*.wrong-credentials-refused`)
    or, if it has a body, with a malformed one (`*.malformed-refused`).
    """
    member = spec.amount_member(spec.operations[step.operation])
    if member and isinstance(step.body, Json) and draw(st.booleans()):
        amount = step.body.value[member]
        bodies = malformed_bodies(
            step.operation, amount=amount if isinstance(amount, int) else 30, spec=spec
        )
        return _replace(step, body=draw(bodies).body)
    return _replace(step, credentials=draw(st.sampled_from(_CREDENTIALS)))


def draw_nowhere(draw: DrawFn, course: Course, operation: str) -> Step:
    """A call on a nonexistent order, capture or refund (`*.unknown-...-refused`)."""
    step = plainest(course.spec.operations[operation])
    if step.capture is not None:
        step = _replace(step, capture="unknown")
    if step.refund is not None:
        step = _replace(step, refund="unknown")
    if step.capture is None and step.refund is None:
        return _replace(step, order="unknown")
    match draw(st.sampled_from(_interpretations(course, step))):
        case "other":
            named = {"capture": "other"} if step.capture else {"refund": "other"}
            return _replace(step, **named)
        case "unknown":
            return step
        case _:
            return _replace(step, order="unknown")


def _interpretations(course: Course, step: Step) -> tuple[str, ...]:
    """The resources that may be missing as the only defect of the call."""
    does = course.spec.operations[step.operation].does
    if does in _PAY_LATER_ONLY and not course.is_pay_later:
        return ("unknown order",)
    foreign = course.plan.captures if step.capture else course.elsewhere_count
    return ("unknown order", "unknown", "other") if foreign else ("unknown order", "unknown")


def draw_replay(draw: DrawFn, spec: Spec, steps: tuple[Step, ...]) -> Step:
    """A repeat of a step with its key, unchanged or with its amount increased by one."""
    step = draw(st.sampled_from(steps))
    other = draw(st.booleans())
    member = spec.amount_member(spec.operations[step.operation])
    amount = step.body.value.get(member) if isinstance(step.body, Json) else None
    if not other or not isinstance(step.body, Json) or not isinstance(amount, int):
        return step
    return _replace(step, body=Json({**step.body.value, member: amount + 1}))
