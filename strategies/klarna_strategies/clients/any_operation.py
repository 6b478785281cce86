"""The scenarios of a client for an operation without scenarios of its own."""

from collections.abc import Iterator

import msgspec

from klarna_specs.client.faults import FAULTS, Cut, Errored
from klarna_specs.client.play import ClientScenario
from klarna_specs.client.requirements import client_operations
from klarna_specs.plan import OrderPlan
from klarna_specs.spec import Operation, Spec
from klarna_strategies.clients.commands import one, plainest
from klarna_strategies.layouts import layout_plan

__all__ = ["FOR_CHANGES", "FOR_READS", "any_operation"]

FOR_CHANGES = (
    *("lost", "reset-after", "reset-before", "timeout-after", "timeout-before", "truncated"),
    *(
        "timeout-late",
        "error-after",
        "error",
        "429",
        "401",
        "refused",
        "slow",
        "malformed",
        "html",
        "conflict",
    ),
    *("400", "404", "redirect"),
)
"""The kinds of faults for every call that changes an order."""
FOR_READS = (
    *("reset-before", "timeout-before", "error", "429", "401", "html", "malformed", "refused"),
    *("truncated", "slow", "unknown-members", "400", "404", "conflict", "redirect"),
)
_WRITTEN_OUT = ("refund", "release", "extend_due_date", "show extension_options")
"""The effects of the operations with scenarios of their own."""


def any_operation(spec: Spec) -> Iterator[ClientScenario]:
    """Each other operation: undisturbed, refused, twice, on two orders, and with each fault."""
    for name in client_operations(spec):
        operation = spec.operations[name]
        if operation.does not in _WRITTEN_OUT:
            yield from _calm(spec, operation)
            yield from _disturbed(spec, operation)


def _plans(spec: Spec, operation: Operation) -> tuple[OrderPlan, OrderPlan]:
    """Two orders on which the operation is legal."""
    first, second = (layout_plan(spec, operation.layout, market=each) for each in ("SE", "DE"))
    return first, second


def _calm(spec: Spec, operation: Operation) -> Iterator[ClientScenario]:
    plans, command = _plans(spec, operation), plainest(operation)
    nowhere = msgspec.structs.replace(command, unknown="order")
    again = msgspec.structs.replace(command, restarted=True)
    yield one(plans[0], command)
    yield one(plans[0], nowhere)
    for commands in (
        (command, command),
        (command, again, command),
        (nowhere, nowhere),
        (command, nowhere, command),
    ):
        yield ClientScenario(orders=plans[:1], commands=commands)
    placed = tuple(msgspec.structs.replace(command, order=n % 2) for n in range(4))
    yield ClientScenario(orders=plans, commands=placed)


def _disturbed(spec: Spec, operation: Operation) -> Iterator[ClientScenario]:
    (plan, _), command = _plans(spec, operation), plainest(operation)
    for kind in FOR_CHANGES if operation.changes else FOR_READS:
        yield one(plan, command, FAULTS[kind][0])
    yield one(plan, command, Errored(503), for_ever=True)
    lost = Cut("after", reset=False)
    for faults in ((lost, lost), (Errored(503), lost), (lost, Errored(429))):
        yield one(plan, command, *faults)
    nowhere = msgspec.structs.replace(command, unknown="order")
    yield one(plan, nowhere, *FAULTS["singular-message"])
