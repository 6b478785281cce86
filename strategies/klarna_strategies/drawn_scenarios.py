"""Strategies of whole scenarios, over all operations."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Literal

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from klarna_specs.plan import LAYOUTS, OrderPlan
from klarna_specs.scenario import Action, Key, Scenario, Step, Together, steps_of
from klarna_specs.spec import Operation, Spec
from klarna_strategies.captured_orders import PAYMENT_METHODS, order_plans
from klarna_strategies.course import Course
from klarna_strategies.moves import BREAKING, KEEPING, Move, move_of
from klarna_strategies.oddities import draw_nowhere, draw_replay, draw_spoiled

__all__ = ["scenarios"]

KeyForm = Literal["uuid4", "uuid5", "text"]

_FORMS: tuple[KeyForm | None, ...] = (None, "uuid4", None, "uuid5", "text", "uuid4")
# Of twelve steps six keep every rule, three break one; one each is odd, misaddressed, a replay.
_KEEP, _BREAK, _SPOIL, _NOWHERE, _REPLAY = range(5)
_LAYOUTS = ("one-full", *LAYOUTS, *(layout for layout in LAYOUTS if not layout.startswith("none")))
_AT_ONCE = (0, 0, 2, 0, 3, 0, 5, 0, 8)
_SHARES = (*[_KEEP] * 6, *[_BREAK] * 3, _SPOIL, _NOWHERE, _REPLAY)


def scenarios(
    spec: Spec,
    *,
    max_steps: int = 8,
    markets: Sequence[str] | None = None,
    operations: Sequence[str] | None = None,
) -> SearchStrategy[Scenario]:
    """Scenarios of one to `max_steps` steps on an order of any plan, possibly with another one.

    Most steps are valid on what the steps before them did; the others break one rule, repeat an
    earlier call under its key, or request what does not exist; some scenarios end with a group of
    calls at the same time. With `operations`, only those are called. Shrinks to one refund of 1 on
    an order of 1. Raises ValueError for a `max_steps` below 1, and for markets and operations that
    the spec does not have.

    >>> [step.operation for step in simplest(scenarios(spec)).steps]
    ['refundOrder']
    """
    if max_steps < 1:
        raise ValueError(f"max_steps {max_steps} is below 1")
    called = tuple(spec.operations) if operations is None else tuple(operations)
    unknown = [name for name in called if name not in spec.operations]
    if unknown or not called:
        raise ValueError(f"operations {called} must be some of {', '.join(spec.operations)}")
    plans = order_plans(
        spec, layouts=_LAYOUTS, markets=markets, payment_methods=("pay_later", *PAYMENT_METHODS)
    )
    chosen = [spec.operations[name] for name in called]
    keeping, breaking = _weighted(KEEPING, chosen), _weighted(BREAKING, chosen)
    own = {move.does for move in KEEPING}
    keeping += [move_of(operation) for operation in chosen if operation.does not in own]

    @st.composite
    def drawn(draw: DrawFn) -> Scenario:
        course = Course.of(spec, draw(plans))
        steps: list[Step] = []
        count = draw(st.integers(1, max_steps))
        at_once = draw(st.sampled_from(_AT_ONCE))
        alone = count if at_once > count else count - at_once
        for _ in range(alone):
            step, course = _step(draw, course, called, keeping, breaking, len(steps))
            steps.append(step)
        if alone == count:
            return _staged(course.plan, tuple(steps))
        # The state of the order after a group is unknown, so it ends the scenario.
        group = _group(draw, course, called, keeping, range(alone, count))
        return _staged(course.plan, (*steps, Together(group)))

    return drawn()


def _step(
    draw: DrawFn,
    course: Course,
    operations: tuple[str, ...],
    keeping: list[Move],
    breaking: list[Move],
    position: int,
) -> tuple[Step, Course]:
    """The next step, and the course after it."""
    share, form = draw(_shares()), draw(_forms())
    key = None if form is None else Key(f"{position}", form)
    kept = [move for move in keeping if move.possible(course)]
    broken = [move for move in breaking if move.possible(course)]
    if share == _REPLAY and course.repeatable:
        return draw_replay(draw, course.spec, course.repeatable), course
    if share == _BREAK and broken:
        return _made(draw, course, broken, key), course
    if share == _NOWHERE or not kept:
        return draw_nowhere(draw, course, draw(st.sampled_from(operations))), course
    step = _made(draw, course, kept, key)
    if share == _SPOIL:
        return draw_spoiled(draw, course.spec, step), course
    return step, course.after(step)


def _group(
    draw: DrawFn, course: Course, operations: tuple[str, ...], keeping: list[Move], positions: range
) -> tuple[Step, ...]:
    """Concurrent calls, each possible alone, or equal to an earlier one."""
    steps: list[Step] = []
    for position in positions:
        if steps and draw(st.booleans()):
            steps.append(draw(st.sampled_from(steps)))
        else:
            steps.append(_step(draw, course, operations, keeping, [], position)[0])
    return tuple(steps)


@cache
def _shares() -> SearchStrategy[int]:
    """Made once, like `_forms`, because Hypothesis validates every new strategy."""
    return st.sampled_from(_SHARES)


@cache
def _forms() -> SearchStrategy[KeyForm | None]:
    return st.sampled_from(_FORMS)


def _weighted(moves: Iterable[Move], operations: Iterable[Operation]) -> list[Move]:
    called = {operation.does for operation in operations}
    return [move for move in moves if move.does in called for _ in range(move.weight)]


def _made(draw: DrawFn, course: Course, moves: list[Move], key: Key | None) -> Step:
    step = draw(st.sampled_from(moves)).draw(draw, course)
    changes = course.spec.operations[step.operation].changes
    return msgspec.structs.replace(step, key=key if changes else None)


def _staged(plan: OrderPlan, actions: tuple[Action, ...]) -> Scenario:
    """The scenario with the orders that its steps need: one, two alike, or none."""
    steps = steps_of(Scenario(plan=plan, steps=actions))
    beside = any("other" in (step.order, step.capture, step.refund) for step in steps)
    needed = beside or any(step.order in ("this", "other") for step in steps)
    return Scenario(plan=plan if needed else None, other=plan if beside else None, steps=actions)
