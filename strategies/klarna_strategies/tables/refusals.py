"""Calls that are refused whoever makes them: wrong credentials, nothing there, malformed bodies."""

from collections.abc import Iterator
from functools import partial
from typing import get_args

import msgspec

from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import OFFERED, Credentials, Empty, Key, OrderRef, Raw, Scenario, Step
from klarna_strategies.malformed import odd_bodies
from klarna_strategies.steps import (
    cancel,
    capture,
    extend,
    get_capture,
    get_captures,
    get_options,
    get_order,
    get_refund,
    offered,
    refund,
    release,
)
from klarna_strategies.tables.stage import Stage

__all__ = ["credentials", "malformed", "nothing_there"]

_replace = msgspec.structs.replace
_AT_A_TIME = 6
"""How many malformed bodies are sent to one order, of each kind one: those alike stand together."""

_WRONG: tuple[Credentials, ...] = ("none", "wrong_password", "wrong_username")
_OPEN: tuple[Credentials, ...] = ("other_case_scheme", "second_header")
_NEARLY = tuple(kind for kind in get_args(Credentials) if kind not in ("valid", *_WRONG, *_OPEN))
"""Headers that a server reads as credentials if it does not read them exactly."""


def _valid_calls(
    stage: Stage, *, order: OrderRef = "this"
) -> Iterator[tuple[OrderPlan, tuple[Step, ...]]]:
    """Each operation once: an order, and the steps that lead to the valid call, the last one."""
    full, part, none = stage.plan(), stage.plan("one-partial-open"), stage.plan("none-open")
    extended = stage.plan(market=stage.extension_market)
    days = offered(0) if order == "this" and stage.extension_market else 30
    yield full, (refund(100, order=order),)
    yield none, (cancel(order=order),)
    yield none, (capture(100, order=order),)
    yield extended, (extend(days, order=order),)
    yield full, (get_capture(order=order),)
    yield full, (get_captures(order=order),)
    yield extended, (get_options(order=order),)
    yield full, (get_order(order=order),)
    yield full, (refund(100), get_refund(order=order))
    yield part, (release(order=order),)


def credentials(stage: Stage) -> Iterator[Scenario]:
    """Every operation without credentials, and with those that are wrong in some way."""
    for plan, (*before, call) in _valid_calls(stage):
        reads = not stage.spec.operations[call.operation].changes
        refused = tuple(_replace(call, credentials=k) for k in (*_WRONG, *_OPEN[: 2 * reads]))
        yield Scenario(plan=plan, steps=(*before, *refused, call))
    for plan, (*before, call) in _valid_calls(stage):
        nearly = tuple(_replace(call, credentials=kind) for kind in _NEARLY)
        yield Scenario(plan=plan, steps=(*before, *nearly))
    keyed = refund(100, key=Key("refund"))
    outside = _replace(keyed, credentials="wrong_password")
    yield Scenario(plan=stage.plan(), steps=(keyed, outside))
    yield Scenario(plan=stage.plan(), steps=(outside, keyed))
    yield Scenario(plan=stage.plan(), steps=(_replace(refund(10_001), credentials="none"),))
    yield Scenario(plan=None, steps=(_replace(get_order(order="unknown"), credentials="none"),))


def nothing_there(stage: Stage) -> Iterator[Scenario]:
    """Orders, captures and refunds that do not exist or are another order's."""
    malformed_ids: list[Step] = []
    for plan, (*_, call) in _valid_calls(stage, order="unknown"):
        nowhere = _replace(
            call,
            capture=None if call.capture is None else "unknown",
            refund=None if call.refund is None else "unknown",
        )
        yield Scenario(plan=None, steps=(nowhere, nowhere))
        # With an existing order whose id is similar to the requested one.
        yield Scenario(plan=plan, steps=(nowhere,))
        malformed_ids.append(_replace(nowhere, order="malformed"))
    yield Scenario(plan=None, steps=tuple(malformed_ids))
    # The order does not exist, but the requested resource does, on another one.
    for call in (get_capture("other", order="unknown"), get_options("other", order="unknown")):
        yield Scenario(plan=stage.plan(), other=stage.plan(), steps=(call,))
    extended = stage.plan(market=stage.extension_market)
    for call in (get_capture("unknown"), get_options("unknown"), extend(30, capture="unknown")):
        yield Scenario(plan=extended, steps=(call, call))
    for layout in ("one-full", "several-partial-open", "none-open"):
        plan = stage.plan(layout, market=stage.extension_market)
        # More captures there than here: the ids of some servers count from 1 in each order.
        more = stage.captured(1_000, 2_000, 3_000, market=stage.extension_market)
        for call in (get_capture("other"), get_options("other"), extend(30, capture="other")):
            yield Scenario(plan=plan, other=more, steps=(call,))
    yield Scenario(plan=stage.plan(), steps=(get_refund("unknown"), get_refund("unknown")))
    yield Scenario(plan=stage.plan(), steps=(refund(100), get_refund("unknown")))
    elsewhere = refund(100, order="other")
    pair = partial(Scenario, plan=stage.plan(), other=stage.plan())
    yield pair(steps=(elsewhere, get_refund("other")))
    yield pair(steps=(refund(100), elsewhere, elsewhere, get_refund("other")))
    yield pair(steps=(refund(100), elsewhere, get_refund(0), get_order()))
    # What happens to one order leaves the other one alone.
    yield pair(steps=(refund(10_000, order="other"), refund(10_000)))
    yield pair(steps=(refund(10_000), refund(1, order="other")))
    yield pair(steps=(refund(10_000), refund(10_001, order="other")))
    yield pair(steps=(refund(100), get_order(order="other")))
    yield pair(steps=(*(refund(n) for n in range(1, 8)), refund(10_000, order="other")))
    refused = (refund(10_001), refund(10_001, order="other"))
    yield pair(steps=(*refused, *refused, release(), release(order="other")))


_ESSENTIAL = frozenset(
    (
        "empty",
        "truncated",
        "trailing-comma",
        "not-a-number",
        "form-encoded",
        "array-on-top",
        "string-on-top",
        "null-on-top",
        "no-members",
        "misspelled",
        "amount-array",
        "amount-fraction",
        "amount-string",
        "amount-null",
        "amount-true",
        "lines-string",
        "lines-deep",
        "line-number",
        "description-object",
        "description-too-long",
        "too-many-lines",
        "line-without-total-amount",
        "line-type-unknown",
    )
)
"""The kinds of odd bodies that every operation gets; refunds get all."""


_INCOMPLETE = ("no-members", "optional-members-only", "lines-only", "misspelled")


def _incomplete(stage: Stage) -> Scenario:
    """Refunds and extensions without their amount, in place of which they have something else.

    Before them are complete ones whose media type has a charset, as .NET and others send it.
    """
    extended = stage.extension_market is not None
    calls = (refund(100), *[extend(offered(0))] * extended)
    texts = ('{"refunded_amount": 100}', f'{{"number_of_days": {OFFERED}}}')
    complete = [
        _replace(call, body=Raw(text=text, content_type="application/json; charset=utf-8"))
        for call, text in zip(calls, texts, strict=False)
    ]
    steps = [
        _replace(call, body=odd.body)
        for call in calls
        for odd in odd_bodies(call.operation, spec=stage.spec)
        if odd.kind in _INCOMPLETE[:: 1 if call.capture is None else 3]
    ]
    plan = stage.plan(market=stage.extension_market)
    return Scenario(plan=plan, steps=(*complete, *steps), packed=True)


def malformed(stage: Stage) -> Iterator[Scenario]:
    """Bodies that are malformed, beyond limits or undocumented, on calls valid otherwise."""
    extended = stage.plan(market=stage.extension_market)
    calls = {
        "refund": (stage.plan(), refund(100)),
        "capture": (stage.plan("none-open"), capture(100)),
        "extend_due_date": (extended, extend(offered(0) if stage.extension_market else 30)),
    }
    for operation in stage.spec.operations.values():
        if operation.effect not in calls:
            continue
        plan, call = calls[operation.effect]
        bodies = odd_bodies(operation.operation, spec=stage.spec)
        for level in ("MUST", "SHOULD", None):
            odd = [
                _replace(call, body=odd.body)
                for odd in bodies
                if odd.level == level
                and (operation.effect == "refund" or level is None or odd.kind in _ESSENTIAL)
            ]
            # What may be accepted leaves open what an order is afterwards, so it stands alone.
            certain = level == "MUST" and operation.on_page
            rows = max(len(odd) // _AT_A_TIME, 1) if certain else len(odd)
            yield from (
                Scenario(plan=plan, steps=tuple(odd[row::rows])) for row in range(rows) if odd
            )
        first, second = bodies[2:4]
        twice = tuple(_replace(call, body=odd.body) for odd in (first, second))
        yield Scenario(plan=plan, steps=(*twice, call))
    yield _incomplete(stage)
    infinite = Raw(text='{"refunded_amount": 1e400}')
    yield Scenario(plan=stage.plan(), steps=(_replace(refund(1), body=infinite),))
    empty = _replace(refund(1), body=Empty(), key=Key("refund"))
    yield Scenario(plan=stage.plan(), steps=(empty, refund(100, key=Key("refund"))))
