"""Strategies of whole scenarios for clients: any, and those simpler than a given one."""

from collections.abc import Collection, Iterable

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from klarna_specs.client.faults import FAULT_KINDS
from klarna_specs.client.play import ClientScenario, Command
from klarna_specs.client.requirements import client_operations
from klarna_specs.plan import OrderPlan
from klarna_specs.spec import Spec
from klarna_strategies.bodies import refund_bodies
from klarna_strategies.captured_orders import order_plans
from klarna_strategies.clients.commands import captured, extension, options, plainest, release
from klarna_strategies.clients.faults import FaultPlan, fault_plans
from klarna_strategies.fees import fee_refunds

__all__ = ["client_scenarios", "simpler_scenarios"]

_LAYOUTS = ("one-full", "one-partial-open", "several-complete", "several-partial-open")
_MOST_COMMANDS = 4
_MOST_AMOUNT = 1_000_000
_STAYS = st.sampled_from((False, True, True, True))
"""Whether a part of a scenario is kept: mostly, so that the scenario still fails."""


def client_scenarios(
    spec: Spec,
    *,
    operations: Collection[str] | None = None,
    faults: Collection[str] = FAULT_KINDS,
) -> SearchStrategy[ClientScenario]:
    """One to four commands on one or two orders, most of them with faults.

    Shrinks to one command without a fault. Raises ValueError for no operation, and for unknown
    operations and faults.
    """
    known = client_operations(spec)
    chosen = known if operations is None else tuple(n for n in known if n in operations)
    if not chosen or len(chosen) < len(set(operations or chosen)):
        raise ValueError(f"operations {list(operations or ())} are not some of {known}")
    return _scenarios(spec, chosen, fault_plans(kinds=faults))


@st.composite
def _scenarios(
    draw: DrawFn, spec: Spec, operations: tuple[str, ...], met: SearchStrategy[FaultPlan]
) -> ClientScenario:
    plans = order_plans(
        spec,
        layouts=_LAYOUTS,
        markets=("SE", "DE", "GB"),
        payment_methods=("pay_later", "pay_in_4"),
        max_amount=_MOST_AMOUNT,
    )
    orders = tuple(draw(st.lists(plans, min_size=1, max_size=2)))
    left = [plan.captured_amount for plan in orders]
    commands: list[Command] = []
    for _ in range(draw(st.integers(1, _MOST_COMMANDS))):
        order = draw(st.integers(0, len(orders) - 1))
        command = draw(_commands(spec, orders[order], left[order], operations))
        left[order] -= command.arguments.get("refunded_amount", 0)
        faults, for_ever = draw(met)
        commands.append(
            msgspec.structs.replace(command, order=order, faults=faults, for_ever=for_ever)
        )
    return ClientScenario(orders=orders, commands=tuple(commands))


@st.composite
def _commands(
    draw: DrawFn, spec: Spec, plan: OrderPlan, left: int, operations: tuple[str, ...]
) -> Command:
    """Everything is drawn whether it is needed or not, so that fewer draws do not seem simpler."""
    operation = draw(st.sampled_from(operations))
    capture = draw(st.integers(0, len(plan.captures) - 1))
    days = draw(st.sampled_from((10, 2, 30, 11)))
    bodies = refund_bodies(left=max(1, left))
    if left > 1 and plan.layout == "one-full" and plan.market in spec.market_groups["return_fee"]:
        bodies |= fee_refunds(left=left)
    body = draw(bodies)
    match spec.operations[operation].does:
        case "refund":
            return Command(operation=operation, arguments=body)
        case "release":
            return release()
        case "extend_due_date":
            return extension(days, capture=capture)
        case "show extension_options":
            return options(capture=capture)
        case _:
            return plainest(spec.operations[operation], capture=capture)


def simpler_scenarios(spec: Spec, scenario: ClientScenario) -> SearchStrategy[ClientScenario]:
    """Scenarios that contain no more than this one: fewer commands and faults, smaller amounts.

    The scenario itself is among them. Shrinks to its first command, on a plain order.
    """
    return _simpler(spec, scenario)


@st.composite
def _simpler(draw: DrawFn, spec: Spec, scenario: ClientScenario) -> ClientScenario:
    """Everything is drawn whether it is needed or not, so that fewer draws do not seem simpler."""
    kept = [draw(_STAYS) for _ in scenario.commands]
    simpler = [draw(_simpler_command(each)) for each in scenario.commands]
    commands = [each for each, stays in zip(simpler, kept, strict=True) if stays] or simpler[:1]
    orders = scenario.orders
    if not draw(_STAYS):
        orders = tuple(
            _plain(spec, plan, [each for each in commands if each.order == place])
            for place, plan in enumerate(orders)
        )
    if len({command.order for command in commands}) == 1:
        orders = (orders[commands[0].order],)
        commands = [msgspec.structs.replace(command, order=0) for command in commands]
    return ClientScenario(orders=orders, commands=tuple(commands))


def _plain(spec: Spec, plan: OrderPlan, commands: Iterable[Command]) -> OrderPlan:
    """A plain order in place of one whose details do not matter to these commands."""
    if any(
        each.capture or spec.operations[each.operation].layout != "one-full" for each in commands
    ):
        return plan
    return captured(spec)


@st.composite
def _simpler_command(draw: DrawFn, command: Command) -> Command:
    faults = tuple(fault for fault in command.faults if draw(_STAYS))
    stays = draw(_STAYS) and faults[-1:] == command.faults[-1:]
    restarted, captured = command.restarted and draw(_STAYS), command.captured_amount * draw(_STAYS)
    arguments = dict(command.arguments)
    for name in ("description", "reference", "order_lines"):
        if name in command.arguments and not draw(_STAYS):
            del arguments[name]
    if amount := arguments.get("refunded_amount"):
        smaller, whole = draw(st.integers(1, amount)), draw(_STAYS)
        if not whole and "order_lines" not in arguments:
            arguments["refunded_amount"] = smaller
    return msgspec.structs.replace(
        command,
        arguments=arguments,
        faults=faults,
        for_ever=bool(faults) and command.for_ever and stays,
        restarted=restarted,
        captured_amount=captured,
    )
