"""Counterexamples of clients as files."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings

from klarna_conformance.certify.saved import SavedScenario, read_saved
from klarna_conformance.wrong.examples.orders import FULL
from klarna_specs.client.play import ClientScenario, Command
from klarna_specs.plan import OrderPlan
from klarna_strategies.clients import client_scenarios, client_table

from ..mutant_servers import spec


def _written(scenario: ClientScenario, folder: Path) -> Path:
    saved = SavedScenario(
        requirement="client.once", statement="Once.", told="a", expected="b", scenario=scenario
    )
    path = folder / "client.once.yaml"
    path.write_bytes(msgspec.yaml.encode(saved))
    return path


def _with(text: str) -> ClientScenario:
    arguments = {"refunded_amount": 1, "description": text}
    command = Command(operation="refundOrder", arguments=arguments)
    return ClientScenario(orders=(FULL,), commands=(command,))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(scenario=_with("no"))
@example(scenario=_with("1e3"))
@example(scenario=_with("!!python/object: &a *a"))
@example(scenario=_with("a\x85b\u2028c\r\nd\te "))
@example(scenario=_with("\x00\x1b[31m\x7f\ufeff\U0001f984"))
@example(scenario=_with("2026-01-01"))
@given(scenario=client_scenarios(spec()))
def test_a_scenario_is_the_same_after_it_was_saved_and_read(
    tmp_path: Path, scenario: ClientScenario
) -> None:
    assert read_saved(spec(), _written(scenario, tmp_path)).scenario == scenario


def test_every_enumerated_scenario_can_be_saved_and_replayed(tmp_path: Path) -> None:
    table = list(client_table(spec()))
    assert [read_saved(spec(), _written(each, tmp_path)).scenario for each in table] == table


@pytest.mark.parametrize(
    ("scenario", "problem"),
    [
        (ClientScenario(orders=(FULL,), commands=()), "there is no command"),
        (ClientScenario(orders=(), commands=(Command(operation="refundOrder"),)), "no order 0"),
        (
            ClientScenario(
                orders=(FULL,), commands=(Command(operation="extendDueDate", capture=1),)
            ),
            "order 0 has no capture 1",
        ),
        (
            ClientScenario(
                orders=(OrderPlan(market="SE", currency="SEK", order_amount=0),),
                commands=(Command(operation="refundOrder"),),
            ),
            "at least 1",
        ),
        (
            ClientScenario(
                orders=(msgspec.structs.replace(FULL, payment_method="unknown"),),
                commands=(Command(operation="refundOrder"),),
            ),
            "payment_method unknown is for orders that somebody else made",
        ),
        (
            ClientScenario(
                orders=(FULL,), commands=(Command(operation="refundOrder", unknown="capture"),)
            ),
            "refundOrder is about no capture that could be unknown",
        ),
    ],
)
def test_an_impossible_scenario_says_why(scenario: ClientScenario, problem: str) -> None:
    assert problem in scenario.problem
    assert _with("a").problem == ""
