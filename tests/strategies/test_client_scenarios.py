"""Scenarios for clients: within their bounds, and simplest when shrunk."""

from collections.abc import Collection

import msgspec
import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from klarna_specs.client.faults import FAULT_KINDS, Cut, Errored, Fault, Silent, kind_of
from klarna_specs.client.play import ClientScenario, Command
from klarna_specs.client.requirements import client_operations
from klarna_specs.loader import load
from klarna_specs.profiles import profile_names
from klarna_strategies.clients import (
    client_scenarios,
    client_table,
    fault_plans,
    simpler_scenarios,
)
from klarna_strategies.clients.commands import captured, extension, partly_captured, refund, release
from klarna_strategies.layouts import order_plan
from klarna_strategies.lines import goods

from .walks import SPEC

OPERATIONS = client_operations(load())

SOME = st.lists(st.sampled_from(OPERATIONS), min_size=1, unique=True)
KINDS = st.lists(st.sampled_from(FAULT_KINDS), unique=True)


def met_in(scenario: ClientScenario) -> set[str]:
    return {kind_of(f) for command in scenario.commands for f in command.faults if f}


def operations_in(scenario: ClientScenario) -> set[str]:
    return {command.operation for command in scenario.commands}


def assert_can_be_played(scenario: ClientScenario) -> None:
    """Every position is that of something; every amount is one; what stays for ever is there."""
    assert scenario.commands
    for command in scenario.commands:
        plan = scenario.orders[command.order]
        assert command.capture is None or command.capture in range(len(plan.captures))
        assert (command.capture is not None) == ("DueDate" in command.operation)
        assert command.arguments.get("refunded_amount", 1) >= 0
        assert command.faults or not command.for_ever
        assert plan.problem == ""
    assert msgspec.json.decode(msgspec.json.encode(scenario), type=ClientScenario) == scenario


@given(st.data(), SOME, KINDS)
def test_only_the_operations_and_faults_of_the_bounds_are_drawn(
    data: st.DataObject, operations: list[str], kinds: list[str]
) -> None:
    scenario = data.draw(client_scenarios(SPEC, operations=operations, faults=kinds))

    assert_can_be_played(scenario)
    assert operations_in(scenario) <= set(operations)
    assert met_in(scenario) <= set(kinds)
    assert 1 <= len(scenario.commands) <= 4
    assert 1 <= len(scenario.orders) <= 2


@pytest.mark.parametrize("operations", [(), ("cancelOrder",), ("refundOrder", "refundorder")])
def test_operations_without_client_certification_are_refused(operations: Collection[str]) -> None:
    with pytest.raises(ValueError, match="are not some of"):
        client_scenarios(SPEC, operations=operations)


def test_faults_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match=r"faults \['losst'\] are none of refused|none of lost"):
        client_scenarios(SPEC, faults=["lost", "losst"])
    with pytest.raises(ValueError, match="losst"):
        fault_plans(kinds=["losst"])


def test_scenario_shrinks_to_one_undisturbed_refund() -> None:
    plan = order_plan(SPEC, market="SE", order_amount=1, captures=(1,))

    assert find(client_scenarios(SPEC), lambda _: True) == ClientScenario(
        orders=(plan,), commands=(refund(1),)
    )


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_shrinks_to_one_undisturbed_command(operation: str) -> None:
    (command,) = find(client_scenarios(SPEC, operations=[operation]), lambda _: True).commands

    assert (command.operation, command.faults, command.for_ever) == (operation, (), False)


@pytest.mark.parametrize(
    "kind", ["lost", "truncated", "error-after", "duplicate", "429", "slow", "401"]
)
def test_faults_of_a_kind_are_drawn(kind: str) -> None:
    faults, for_ever = find(
        fault_plans(), lambda drawn: kind in {kind_of(fault) for fault in drawn[0]}
    )

    assert ([kind_of(fault) for fault in faults], for_ever) == ([kind], False)


def test_fault_that_stays_for_ever_is_drawn() -> None:
    scenario = find(client_scenarios(SPEC), lambda s: any(c.for_ever for c in s.commands))

    assert [len(command.faults) for command in scenario.commands if command.for_ever] == [1]


@given(st.data(), KINDS)
def test_fault_plan_keeps_its_kinds_and_never_times_out_for_ever(
    data: st.DataObject, kinds: list[str]
) -> None:
    faults, for_ever = data.draw(fault_plans(kinds=kinds))

    assert {kind_of(fault) for fault in faults} <= set(kinds)
    assert len(faults) <= 3
    assert not for_ever or (faults and not isinstance(faults[-1], Silent))


def test_fault_plan_shrinks_to_no_fault() -> None:
    assert find(fault_plans(), lambda _: True) == ((), False)


@given(st.data())
def test_simpler_scenario_contains_no_more(data: st.DataObject) -> None:
    whole = data.draw(client_scenarios(SPEC))
    simpler = data.draw(simpler_scenarios(SPEC, whole))

    assert_can_be_played(simpler)
    assert len(simpler.orders) <= len(whole.orders)
    assert is_part(simpler.commands, whole.commands)


def is_part(simpler: tuple[Command, ...], whole: tuple[Command, ...]) -> bool:
    """Whether each is a simpler one of these, in their order."""
    left = iter(whole)
    return all(any(contains_no_more(each, other) for other in left) for each in simpler)


def contains_no_more(one: Command, other: Command) -> bool:
    amounts = [each.arguments.get("refunded_amount", 0) for each in (one, other)]
    rest = [
        {name: v for name, v in each.arguments.items() if name != "refunded_amount"}
        for each in (one, other)
    ]
    left = iter(other.faults)
    return (
        (one.operation, one.capture) == (other.operation, other.capture)
        and amounts[0] <= amounts[1]
        and rest[0].items() <= rest[1].items()
        and all(any(fault == known for known in left) for fault in one.faults)
        and (other.for_ever or not one.for_ever)
    )


LOST, FAILED = Cut("after", reset=False), Errored(503)
LINES = [goods(20), goods(30)]


def _long() -> ClientScenario:
    disturbed: tuple[Fault, ...] = (FAILED, LOST)
    first = Command(
        operation="refundOrder",
        order=1,
        arguments={"refunded_amount": 50, "order_lines": LINES, "reference": "r-1"},
        faults=disturbed,
        for_ever=True,
    )
    return ClientScenario(
        orders=(partly_captured(SPEC), captured(SPEC, "DE", amount=77)),
        commands=(first, extension()),
    )


def test_scenario_is_among_its_simpler_ones() -> None:
    whole = _long()

    assert find(simpler_scenarios(SPEC, whole), lambda drawn: drawn == whole) == whole


def test_simpler_scenario_shrinks_to_the_first_command() -> None:
    found = find(simpler_scenarios(SPEC, _long()), lambda _: True)

    assert found == ClientScenario(orders=(captured(SPEC),), commands=(refund(1),))


@pytest.mark.parametrize("command", [extension(), extension(capture=1), release()])
def test_later_command_is_found_alone_on_its_order(command: Command) -> None:
    orders = partly_captured(SPEC), captured(SPEC, "DE")
    whole = ClientScenario(orders=orders, commands=(refund(7), command))
    found = find(simpler_scenarios(SPEC, whole), lambda scenario: scenario.commands[-1] == command)

    needed = captured(SPEC) if command == extension() else partly_captured(SPEC)
    assert found == ClientScenario(orders=(needed,), commands=(command,))


def test_relevant_fault_is_found_behind_an_irrelevant_one() -> None:
    simpler = simpler_scenarios(SPEC, _long())
    found = find(simpler, lambda s: any(LOST in command.faults for command in s.commands))

    assert [command.faults for command in found.commands] == [(LOST,)]
    assert not found.commands[0].for_ever


@pytest.mark.parametrize("operation", OPERATIONS)
def test_table_has_its_operations_and_faults_only(operation: str) -> None:
    kinds = ("lost", "429")
    scenarios = list(client_table(SPEC, operations=[operation], faults=kinds))

    assert {name for each in scenarios for name in operations_in(each)} == {operation}
    assert {kind for each in scenarios for kind in met_in(each)} <= set(kinds)
    assert any(met_in(each) for each in scenarios)


def test_table_is_playable_deterministic_and_unique() -> None:
    scenarios = list(client_table(SPEC))

    for scenario in scenarios:
        assert_can_be_played(scenario)
    assert list(client_table(SPEC)) == scenarios
    assert len({msgspec.json.encode(each) for each in scenarios}) == len(scenarios)


@pytest.mark.parametrize("profile", profile_names())
def test_table_has_a_return_fee_in_every_market_that_has_them(profile: str) -> None:
    spec = load(profile=profile)
    with_fee = {
        scenario.orders[command.order].market
        for scenario in client_table(spec)
        for command in scenario.commands
        if any(line["type"] == "return_fee" for line in command.arguments.get("order_lines", ()))
    }

    assert set(spec.market_groups["return_fee"]) <= with_fee


def test_table_begins_without_faults() -> None:
    assert not any(map(met_in, list(client_table(SPEC))[:15]))
    assert all(not met_in(each) for each in client_table(SPEC, faults=()))
