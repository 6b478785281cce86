"""Shrinks a failing scenario to a small one that fails the same requirement.

Hypothesis can shrink only what it drew, and enumerated scenarios were not drawn; and a request
costs more here than in a unit test. So this knows what a scenario consists of: first it removes
steps, then it simplifies them, then it lowers amounts. Every candidate is played and judged.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import msgspec

from klarna_reports.record.record import Played
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import (
    Action,
    Body,
    Empty,
    Json,
    Key,
    Scenario,
    Step,
    Together,
    Wait,
    steps_of,
)

__all__ = ["Try", "shrink"]

Try = Callable[[Scenario], Awaitable[Played | None]]
"""Plays a scenario; returns it if it still fails the same requirement, otherwise None."""
S = TypeVar("S", tuple[Action, ...], list[Any])
_Place = tuple[str | int, ...]
_replace = msgspec.structs.replace
_MONEY = (
    "order_amount",
    "captures",
    "refunded_amount",
    "captured_amount",
    "total_amount",
    "unit_price",
    "total_tax_amount",
    "quantity",
    "number_of_days",
)
_COUNTS = ("quantity", "number_of_days")
_MOST_SHOWN = 100_000
"""The largest amount, in minor units, that small amounts are raised to."""


async def shrink(failing: Played, still_fails: Try, *, proceed: Callable[[], bool]) -> Played:
    """The smallest scenario that still fails, of the candidates played while `proceed` is true.

    Its amounts are then raised to whole units of the currency, if it fails with these too.
    """
    best = await _smallest(failing, still_fails, proceed)
    for candidate in _readable(best.scenario):
        if played := await still_fails(candidate):
            return played
    return best


async def _smallest(failing: Played, still_fails: Try, proceed: Callable[[], bool]) -> Played:
    best = failing
    played_before: set[bytes] = {_written(best.scenario)}
    improved = True
    while improved:
        improved = False
        for candidate in _simpler(best.scenario):
            text = _written(candidate)
            if text in played_before or _size(candidate) >= _size(best.scenario):
                continue
            if not proceed():
                return best
            played_before.add(text)
            if played := await still_fails(candidate):
                best, improved = played, True
                break
    return best


def _written(scenario: Scenario) -> bytes:
    return msgspec.json.encode(scenario, order="deterministic")


def _size(scenario: Scenario) -> tuple[int, int, int, int, int]:
    """The measure: number of steps, their parts, what is odd about them, amounts, the text."""
    steps = len(steps_of(scenario)) + sum(isinstance(a, Wait) for a in scenario.steps)
    plain: Any = msgspec.json.decode(_written(scenario))
    amounts = sum(abs(_at(plain, place)) for place in _money(plain, ()))
    return steps, len(list(_leaves(plain))), _oddities(scenario), amounts, len(_written(scenario))


def _oddities(scenario: Scenario) -> int:
    """How many orders are captured in part, and how many repeats have another body."""
    plans = [plan for plan in (scenario.plan, scenario.other) if plan is not None]
    partly = sum(0 < plan.captured_amount < plan.order_amount for plan in plans)
    return partly + sum(body != step.body for step, body in _repeats(scenario))


def _repeats(scenario: Scenario) -> Iterator[tuple[Step, Body]]:
    """The calls under a key that was used before, each with the body of the first call."""
    first: dict[tuple[str, Key], Body] = {}
    for step in steps_of(scenario):
        if step.key is not None:
            body = first.setdefault((step.operation, step.key), step.body)
            yield step, body


def _leaves(value: Any) -> Iterator[Any]:
    members, elements = as_object(value), as_array(value)
    parts = list(members.values()) if members is not None else elements
    if parts is None:
        yield value
        return
    for part in parts:
        yield from _leaves(part)


def _simpler(scenario: Scenario) -> Iterator[Scenario]:
    """Candidates, the boldest first."""
    if scenario.packed:
        yield _replace(scenario, packed=False)
    yield from _fewer_steps(scenario)
    yield from _plainer_orders(scenario)
    yield from _plainer_steps(scenario)
    yield from _smaller_amounts(scenario)


def _fewer_steps(scenario: Scenario) -> Iterator[Scenario]:
    steps = scenario.steps
    for step in steps if len(steps) > 1 else ():
        yield _replace(scenario, steps=(step,))
    for index, action in enumerate(steps):
        if isinstance(action, Together):
            yield _replace(scenario, steps=(*steps[:index], *action.steps, *steps[index + 1 :]))
    for fewer in _shorter(steps):
        yield _replace(scenario, steps=fewer)
    for index, action in enumerate(steps):
        if isinstance(action, Together) and len(action.steps) > 2:
            for n in range(len(action.steps)):
                fewer = Together(action.steps[:n] + action.steps[n + 1 :])
                yield _with_step(scenario, index, fewer)


def _shorter(parts: S) -> Iterator[S]:
    """The list without either half, and without each of its elements."""
    for size in dict.fromkeys((len(parts) // 2, 1)):
        for start in range(0, len(parts), size) if size else ():
            yield parts[:start] + parts[start + size :]


def _plainer_orders(scenario: Scenario) -> Iterator[Scenario]:
    if scenario.other is not None:
        yield _replace(scenario, other=None)
    for name in ("plan", "other"):
        plan: OrderPlan | None = getattr(scenario, name)
        if plan is None:
            continue
        plainer = [
            _replace(plan, market="SE", currency="SEK"),
            _replace(plan, payment_method="pay_later"),
            _replace(plan, authorization="open"),
            _replace(plan, order_lines=()),
            _replace(plan, captures=plan.captures[:-1]),
            _replace(plan, captures=plan.captures[1:]),
            _replace(plan, captures=(plan.order_amount,)),
            _replace(plan, captures=(plan.captured_amount,) if plan.captures else ()),
        ]
        for other in plainer:
            yield _replace(scenario, **{name: other})


def _plainer_steps(scenario: Scenario) -> Iterator[Scenario]:
    """Plainer steps; equal ones, such as a call and its repeat, change together.

    A repeat gets the body of the first call.
    """
    steps = scenario.steps
    for repeat, body in _repeats(scenario):
        alike = _replace(repeat, body=body)
        yield _replace(scenario, steps=tuple(alike if each == repeat else each for each in steps))
    for index, action in enumerate(steps):
        if isinstance(action, Step) and action not in steps[:index]:
            for plainer in _plainer(action):
                changed = tuple(plainer if each == action else each for each in steps)
                yield _replace(scenario, steps=changed)


def _plainer(step: Step) -> Iterator[Step]:
    yield _replace(step, key=None)
    yield _replace(step, credentials="valid")
    yield _replace(step, chunked=False)
    yield _replace(step, body=Empty())
    if step.key is not None:
        yield _replace(step, key=Key("a"))
    if isinstance(step.body, Json):
        yield from (_replace(step, body=Json(v)) for v in _plainer_values(step.body.value))


def _plainer_values(value: Any) -> Iterator[Any]:
    """The JSON value with one member or element less somewhere, or a shorter text."""
    members, elements = as_object(value), as_array(value)
    if members is not None:
        for name in members:
            yield {key: member for key, member in members.items() if key != name}
        for name, member in members.items():
            yield from ({**members, name: plainer} for plainer in _plainer_values(member))
    elif elements is not None:
        yield from _shorter(elements)
        for index, element in enumerate(elements):
            for plainer in _plainer_values(element):
                yield [*elements[:index], plainer, *elements[index + 1 :]]
    elif isinstance(value, str) and len(value) > 1:
        yield from (value[: len(value) // 2], value[:-1])


def _with_step(scenario: Scenario, index: int, step: Action) -> Scenario:
    steps = (*scenario.steps[:index], step, *scenario.steps[index + 1 :])
    return _replace(scenario, steps=steps)


def _smaller_amounts(scenario: Scenario) -> Iterator[Scenario]:
    """Lowers amounts together: that of a step with those of the capture and the order."""
    plain: Any = msgspec.json.decode(_written(scenario))
    places = [place for place in _money(plain, ()) if _at(plain, place)]
    for how_far in _HOW_FAR:
        for pivot in sorted(places, key=lambda place: -abs(_at(plain, place))):
            value = _at(plain, pivot)
            by = how_far(abs(value)) * (1 if value > 0 else -1)
            for together in _together(plain, places, pivot) if by else ():
                yield from _lowered(plain, together, by)


def _readable(scenario: Scenario) -> Iterator[Scenario]:
    """The scenario with amounts of some whole units each, such as 10.00 in place of 0.01."""
    plain: Any = msgspec.json.decode(_written(scenario))
    amounts: dict[_Place, int] = {
        p: _at(plain, p) for p in _money(plain, ()) if p[-1] not in _COUNTS
    }
    most = max(map(abs, amounts.values()), default=0)
    for factor in (1000, 100):
        if 0 < most <= _MOST_SHOWN // factor:
            multiplied = {place: amount * (factor - 1) for place, amount in amounts.items()}
            yield from _lowered(plain, multiplied, -1)
            added = {place: factor - 1 for place, amount in amounts.items() if amount > 0}
            yield from _lowered(plain, added, -1)


_HOW_FAR: tuple[Callable[[int], int], ...] = (
    lambda value: value - 1,
    lambda value: value - 2,
    lambda value: value - 3,
    lambda value: value,
    lambda value: value - value // 10,
    lambda value: value // 2,
    lambda _: 1,
)
"""By how much to lower a value: by nearly all, all, most or half of it, or by one."""


def _together(plain: Any, places: list[_Place], pivot: _Place) -> Iterator[dict[_Place, int]]:
    """Sets of amounts that may have to change together for a scenario to keep failing.

    The factor says whether an amount changes with the pivot (1) or against it (-1).
    """
    value = _at(plain, pivot)
    yield {pivot: 1}
    beside = [place for place in places if place[:2] == pivot[:2]]
    yield dict.fromkeys((place for place in places if _is_repeated(plain, pivot, place)), 1)
    same = [place for place in beside if _at(plain, place) == value]
    requested = [place for place in beside if place[-1] == "refunded_amount"]
    if value < 0:
        lines = [p for p in beside if p[-1] != "refunded_amount" and _at(plain, p) > -value]
        yield {**dict.fromkeys(same, 1), **dict.fromkeys(lines, -1)}
    yield dict.fromkeys([*same, *requested], 1)
    if value > 0:
        yield dict.fromkeys((place for place in places if _at(plain, place) >= value), 1)
        totals = [place for place in places if place[-1] == "order_amount"]
        yield dict.fromkeys([*beside, *totals], 1)
        for capture in (place for place in places if place[-2:-1] == ("captures",)):
            yield dict.fromkeys([*same, *totals, capture], 1)
            yield dict.fromkeys([*beside, *totals, capture], 1)


def _is_repeated(plain: Any, pivot: _Place, place: _Place) -> bool:
    """Whether a place is the pivot, or the same one in an equal step."""
    if place == pivot or "body" not in pivot or "body" not in place:
        return place == pivot
    here, there = (each.index("body") for each in (pivot, place))
    alike = pivot[here:] == place[there:]
    return alike and _at(plain, pivot[:here]) == _at(plain, place[:there])


def _lowered(plain: Any, together: dict[_Place, int], by: int) -> Iterator[Scenario]:
    copied: Any = msgspec.json.decode(msgspec.json.encode(plain))
    for place, factor in together.items():
        holder = _at(copied, place[:-1])
        holder[place[-1]] -= by * factor
    try:
        scenario = msgspec.convert(copied, Scenario)
    except msgspec.ValidationError:
        return
    if not any(plan and plan.problem for plan in (scenario.plan, scenario.other)):
        yield scenario


def _money(value: Any, place: _Place) -> Iterator[_Place]:
    members, elements = as_object(value), as_array(value)
    parts: list[tuple[str | int, Any]] = []
    if members is not None:
        parts = list(members.items())
    elif elements is not None:
        parts = list(enumerate(elements))
    for key, part in parts:
        money = key in _MONEY or (place and place[-1] == "captures")
        if money and is_integer(part):
            yield (*place, key)
        else:
            yield from _money(part, (*place, key))


def _at(value: Any, place: _Place) -> Any:
    for key in place:
        value = value[key]
    return value
