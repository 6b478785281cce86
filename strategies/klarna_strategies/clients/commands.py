"""Commands for clients, and the orders that they are about, in plain numbers."""

from typing import Any

import msgspec

from klarna_specs.client.faults import Fault
from klarna_specs.client.play import ClientScenario, Command
from klarna_specs.plan import OrderPlan
from klarna_specs.spec import Operation, Spec
from klarna_strategies.layouts import order_plan

__all__ = [
    "captured",
    "extension",
    "one",
    "options",
    "partly_captured",
    "plainest",
    "refund",
    "release",
]


def captured(spec: Spec, market: str = "SE", *, amount: int = 10_000, **more: Any) -> OrderPlan:
    """An order that was fully captured in one capture."""
    return order_plan(spec, market=market, order_amount=amount, captures=(amount,), **more)


def partly_captured(spec: Spec, market: str = "SE") -> OrderPlan:
    """An order with two captures and something left to release."""
    return order_plan(spec, market=market, captures=(4_000, 3_000))


def refund(amount: int = 1, **members: Any) -> Command:
    """Refund this much; the members are those of the body."""
    return Command(operation="refundOrder", arguments={"refunded_amount": amount, **members})


def release() -> Command:
    """Release the remaining authorization."""
    return Command(operation="releaseRemainingAuthorization")


def extension(days: int = 10, *, capture: int = 0) -> Command:
    """Extend the due date of a capture."""
    arguments = {"number_of_days": days}
    return Command(operation="extendDueDate", capture=capture, arguments=arguments)


def options(*, capture: int = 0) -> Command:
    """Request the extension options of a capture."""
    return Command(operation="getOptionsForExtendDueDate", capture=capture)


def plainest(operation: Operation, *, capture: int = 0) -> Command:
    """The simplest command of any operation: the members of its example body."""
    return Command(
        operation=operation.operation,
        capture=capture if "{capture_id}" in operation.path else None,
        arguments=dict(operation.example or {}),
    )


def one(
    plan: OrderPlan, command: Command, *faults: Fault | None, for_ever: bool = False
) -> ClientScenario:
    """One command on one order, with these faults."""
    disturbed = msgspec.structs.replace(command, faults=faults, for_ever=for_ever)
    return ClientScenario(orders=(plan,), commands=(disturbed,))
