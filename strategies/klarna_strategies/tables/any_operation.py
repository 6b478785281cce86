"""The table of every operation without a table of its own, made from its YAML."""

from collections.abc import Iterator

import msgspec

from klarna_specs.plan import LAYOUTS
from klarna_specs.scenario import Key, Raw, Scenario, Step
from klarna_specs.spec import Operation
from klarna_strategies.malformed import odd_bodies
from klarna_strategies.moves import KEEPING
from klarna_strategies.steps import plainest, refund
from klarna_strategies.tables.stage import Stage

__all__ = ["any_operation"]

_replace = msgspec.structs.replace
_KEY, _OTHER = Key("any"), Key("other", "text")


def any_operation(stage: Stage) -> Iterator[Scenario]:
    """Each such operation: every layout, no credentials, missing resources, malformed bodies."""
    written_out = {move.does for move in KEEPING}
    for operation in stage.spec.operations.values():
        if operation.does not in written_out:
            yield from _on_every_order(stage, operation)
            yield from _refused(stage, operation)
            if operation.changes:
                yield from _repeated(stage, operation)


def _on_every_order(stage: Stage, operation: Operation) -> Iterator[Scenario]:
    call = plainest(operation)
    for layout in LAYOUTS:
        plan = stage.plan(layout)
        if plan.captures or call.capture is None:
            yield Scenario(plan=plan, steps=(call,))
    for market in stage.markets:
        yield Scenario(plan=stage.plan(operation.layout, market=market), steps=(call,))
    plan = stage.captured(1_000, 2_000, 3_000, order_amount=10_000)
    if call.capture is not None:
        for position in range(3):
            yield Scenario(plan=plan, steps=(_replace(call, capture=position),))
    if stage.plan(operation.layout).captures:
        yield Scenario(plan=stage.plan(operation.layout), steps=(refund(100), call, refund(100)))


def _refused(stage: Stage, operation: Operation) -> Iterator[Scenario]:
    call, plan = plainest(operation), stage.plan(operation.layout)
    wrong = (_replace(call, credentials="none"), _replace(call, credentials="wrong_password"))
    yield Scenario(plan=plan, steps=(*wrong, _replace(call, credentials="wrong_username")))
    if not operation.changes:
        for kind in ("other_case_scheme", "second_header"):
            yield Scenario(plan=plan, steps=(_replace(call, credentials=kind),))
    nowhere = _replace(call, order="unknown")
    yield Scenario(plan=plan, steps=(nowhere, nowhere))
    for elsewhere in _elsewhere(call):
        yield Scenario(plan=plan, other=stage.captured(1_000, 2_000, 3_000), steps=(elsewhere,))
    if operation.body:
        for odd in odd_bodies(operation.operation, spec=stage.spec):
            yield Scenario(plan=plan, steps=(_replace(call, body=odd.body),))


def _elsewhere(call: Step) -> Iterator[Step]:
    """The call on a capture or refund that the order does not have."""
    if call.capture is not None:
        yield _replace(call, capture="unknown")
        yield _replace(call, capture="other")
    if call.refund is not None:
        yield _replace(call, refund="unknown")
        yield _replace(call, refund="other")


def _repeated(stage: Stage, operation: Operation) -> Iterator[Scenario]:
    plan, call = stage.plan(operation.layout), plainest(operation)
    keyed = _replace(call, key=_KEY)
    yield Scenario(plan=plan, steps=(call, call))
    yield Scenario(plan=plan, steps=(keyed, keyed))
    yield Scenario(plan=plan, steps=(_replace(call, key=_OTHER), keyed))
    yield Scenario(plan=plan, other=plan, steps=(keyed, _replace(keyed, order="other")))
    if operation.body:
        spoiled = _replace(keyed, body=Raw(text="{"))
        yield Scenario(plan=plan, steps=(spoiled, spoiled))
    for layout in ("none-cancelled", "one-full", "one-partial-released"):
        elsewhere = stage.plan(layout)
        if elsewhere.captures or call.capture is None:
            yield Scenario(plan=elsewhere, steps=(keyed, keyed))
