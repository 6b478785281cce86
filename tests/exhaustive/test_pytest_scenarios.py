"""`klarna_mock.play`: a client is certified in its own test suite."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import msgspec
import pytest

from klarna_conformance.adapter_protocol import Hello
from klarna_conformance.testing import KlarnaMock, klarna_scenarios
from klarna_conformance.wrong.clients.catalogue import client_mutants
from klarna_specs.client.faults import kind_of

from ..conformance.plugged import plugged
from ..conformance.test_pytest_plugin import examples

MUTANTS = {mutant.id: mutant for mutant in client_mutants()}
FAULTS = ("lost", "error", "duplicate", "html", "conflict")
GLUE = """
import asyncio
import threading
import pytest
from klarna_conformance.adapter_protocol import Hello
from klarna_conformance.wrong.reference import ReferenceClient
from klarna_conformance.testing import klarna_scenarios
from klarna_specs.client.play import ClientScenario, Command
from klarna_specs.plan import OrderPlan
import msgspec

ORDER = OrderPlan(market="SE", currency="SEK", order_amount=100, captures=(100,))
REFUND = Command(operation="refundOrder", arguments={"refunded_amount": 1})
ONE = ClientScenario(orders=(ORDER,), commands=(REFUND,))
TWO = ClientScenario(orders=(ORDER,), commands=(REFUND, REFUND))

@pytest.fixture
def reference(klarna_mock):
    client = ReferenceClient(Hello(
        base_url=klarna_mock.base_url, username=klarna_mock.username,
        password=klarna_mock.password, timeout_s=0.5), backoff_s=0.01)
    yield client
    client.close()

@pytest.fixture
def do(reference):
    def do(operation, order_id, arguments):
        return msgspec.to_builtins(reference.do(operation, order_id, arguments))
    return do
"""


def test_scenarios_are_repeatable_and_have_readable_ids() -> None:
    everything = klarna_scenarios(examples=3, seed=7)
    chosen = klarna_scenarios(operations=["extendDueDate"], faults=["lost", "error"], examples=5)
    commands = [command for scenario in chosen for command in scenario.commands]

    assert klarna_scenarios(examples=3, seed=7) == everything
    assert klarna_scenarios() == everything[:-3]
    assert {command.operation for command in commands} == {"extendDueDate"}
    assert {kind_of(f) for c in commands for f in c.faults if f} == {"lost", "error"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"operations": ["refund"]}, "refundOrder"),
        ({"operations": "refundOrder"}, "refundOrder"),
        ({"faults": ["lots"]}, "lost"),
    ],
)
def test_unknown_operations_and_faults_are_errors(
    options: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        klarna_scenarios(**options)


def _go_through(klarna_mock: KlarnaMock, name: str) -> list[str]:
    """What the scenarios fail with in which a client of the catalogue refunds."""
    hello = Hello(
        base_url=klarna_mock.base_url,
        username=klarna_mock.username,
        password=klarna_mock.password,
        timeout_s=0.5,
    )
    client = MUTANTS[name].client(hello, backoff_s=0.01)

    def do(operation: str, order_id: str, arguments: dict[str, Any]) -> Mapping[str, Any]:
        return msgspec.to_builtins(client.do(operation, order_id, arguments))

    complaints: list[str] = []
    with closing(client):
        for scenario in klarna_scenarios(operations=["refundOrder"], faults=FAULTS):
            try:
                klarna_mock.play(scenario, do)
            except pytest.fail.Exception as failed:
                complaints.append(str(failed))
    return complaints


@pytest.mark.parametrize(
    "name",
    [
        "client-new-key-each-attempt",
        "client-one-key-for-everything",
        "client-amount-rounded",
        "client-other-order",
        "client-retries-conflicts",
        "client-lost-is-refused",
        "client-id-made-up",
        "client-breaks-down-on-html",
        "client-breaks-down-without-description",
        "client-no-large-refunds",
    ],
)
@pytest.mark.klarna(strict=True)
def test_a_wrong_client_violates_its_requirement(klarna_mock: KlarnaMock, name: str) -> None:
    complaints = _go_through(klarna_mock, name)

    assert any(
        requirement in text for text in complaints for requirement in MUTANTS[name].caught_by
    )


@pytest.mark.parametrize("name", ["client-uuid-5", "client-never-retries", "client-reads-first"])
@pytest.mark.klarna(strict=True)
def test_a_harmless_client_passes(klarna_mock: KlarnaMock, name: str) -> None:
    assert _go_through(klarna_mock, name) == []


def test_the_reference_client_passes_every_scenario(pytester: pytest.Pytester) -> None:
    tests = """
        from test_glue import *

        FAULTS = ["lost", "refused", "truncated", "error-after", "html", "unknown-members"]

        @pytest.mark.parametrize("scenario", klarna_scenarios(faults=FAULTS, examples=4))
        def test_it(klarna_mock, scenario, do):
            klarna_mock.play(scenario, do)
    """
    pytester.makepyfile(test_glue=GLUE)
    ran = plugged(pytester, "-rA", "-W", "error", "test_client.py", tests=tests)
    passed = [line for line in ran.outlines if line.startswith("PASSED ")]

    ran.assert_outcomes(passed=len(passed))
    assert len(passed) > 40
    assert any("[one-refund-of-100-00-sek-response-lost-after-booking]" in line for line in passed)


def test_do_may_be_a_coroutine_function(pytester: pytest.Pytester) -> None:
    tests = """
        from test_glue import *

        def test_plain(klarna_mock, do, klarna_scenarios):
            loops = set()

            async def later(*arguments):
                loops.add(asyncio.get_running_loop())
                return await asyncio.to_thread(do, *arguments)

            for scenario in klarna_scenarios(operations=["refundOrder"], faults=["lost"])[:2]:
                klarna_mock.play(scenario, later)
            klarna_mock.play(TWO, later)
            assert len(loops) == 3

        @pytest.mark.anyio
        async def test_on_the_loop_of_the_test(klarna_mock, do):
            mine, loops = asyncio.get_running_loop(), set()

            async def later(*arguments):
                loops.add(asyncio.get_running_loop())
                return await asyncio.to_thread(do, *arguments)

            await klarna_mock.aplay(TWO, later)
            assert loops == {mine}

        @pytest.mark.anyio
        async def test_a_violation_on_the_loop_of_the_test(klarna_mock):
            async def untrue(operation, order_id, arguments):
                return {"outcome": "done", "refund_id": "r"}

            await klarna_mock.aplay(ONE, untrue)

        @pytest.fixture
        def anyio_backend():
            return "asyncio"
    """
    pytester.makepyfile(test_glue=GLUE)
    ran = plugged(pytester, "test_client.py", tests=tests, unused=("schemathesis", "xdist"))

    ran.assert_outcomes(passed=2, failed=1)
    ran.stdout.fnmatch_lines(["client.done-is-true: *", "FAILED *on_the_loop_of_the_test - *"])


def test_a_failure_names_the_command_and_its_faults(pytester: pytest.Pytester) -> None:
    tests = """
        from test_glue import *

        def test_untrue(klarna_mock):
            klarna_mock.play(ONE, lambda *arguments: {"outcome": "done", "refund_id": "r"})

        def test_breakdown(klarna_mock):
            def do(operation, order_id, arguments):
                raise KeyError("no such thing")
            klarna_mock.play(ONE, do)

        def test_no_end(klarna_mock):
            klarna_mock.play(ONE, lambda *arguments: threading.Event().wait(5), within_s=0.1)

        def test_no_key(klarna_mock, reference, do):
            reference.key = lambda *arguments: None
            klarna_mock.play(ONE, do)

        @pytest.mark.klarna(strict=True)
        def test_no_key_strictly(klarna_mock, reference, do):
            reference.key = lambda *arguments: None
            klarna_mock.play(ONE, do)

        def test_one_key_for_two_plays(klarna_mock, reference, do):
            reference.key = lambda *arguments: "0b2f1a5e-8a3c-4b52-9d69-3b4ee5d3b3a1"
            klarna_mock.play(ONE, do)
            klarna_mock.play(ONE, do)

        def test_no_outcome(klarna_mock):
            klarna_mock.play(ONE, lambda *arguments: {"outcome": "perhaps"})

        def test_nothing_supported(klarna_mock):
            klarna_mock.play(ONE, lambda *arguments: {"outcome": "unsupported"})

        def test_skipped_within(klarna_mock):
            klarna_mock.play(ONE, lambda *arguments: pytest.skip("not today"))
    """
    pytester.makepyfile(test_glue=GLUE)
    ran = plugged(pytester, "-rA", "test_client.py", tests=tests)

    ran.assert_outcomes(passed=1, failed=6, skipped=2, warnings=1)
    ran.stdout.fnmatch_lines(
        [
            "client.done-is-true*: violated by the client (one refund of 0.01 SEK)",
            "client.answers: violated by the client (one refund of 0.01 SEK)",
            "*observed: *KeyError: 'no such thing' (test_client.py:8)",
            "client.answers: violated by the client (one refund of 0.01 SEK)",
            "*observed: *0.1 s*",
            "client.key-sent: violated by the client (one refund of 0.01 SEK)",
            "client.key-of-its-own: violated by the client (one refund of 0.01 SEK)",
            "`do` returned {'outcome': 'perhaps'}, which is no outcome: *",
            "*KlarnaWarning: client.key-sent (SHOULD): *",
            "PASSED test_client.py::test_no_key",
            "SKIPPED * the client supports none of this: one refund of 0.01 SEK; *",
            "SKIPPED * not today",
        ]
    )


def test_own_faults_and_traffic_stay_outside_of_scenarios(pytester: pytest.Pytester) -> None:
    tests = """
        from test_glue import *

        def test_it(klarna_mock, client, do):
            order = klarna_mock.order()
            klarna_mock.fault("error", operation="refundOrder")
            klarna_mock.play(ONE, do)
            assert client.refund(order).status_code == 503
            assert client.refund(order).status_code == 201
            assert len(klarna_mock.exchanges) == 3
            starts = [exchange.started_s for exchange in klarna_mock.exchanges]
            assert starts == sorted(starts)
    """
    pytester.makepyfile(test_glue=GLUE)
    ran = plugged(pytester, "test_client.py", tests=tests)

    ran.assert_outcomes(failed=1)  # another key, though the first refund may have been booked
    ran.stdout.fnmatch_lines(["*client.key-kept: violated by the client"])


def test_workers_of_xdist_have_mocks_of_their_own(pytester: pytest.Pytester) -> None:
    tests = """
        import pytest

        @pytest.mark.parametrize("number", range(6))
        def test_it(klarna_mock, client, number):
            order = klarna_mock.order()
            client.refund(order, number + 1)
            assert klarna_mock.ledger(order.order_id).refunded_amount == number + 1
    """
    ran = plugged(pytester, "-n2", tests=tests, unused=("schemathesis", "anyio"))

    ran.assert_outcomes(passed=6)


def test_the_examples_of_the_page_pass_in_every_scenario(pytester: pytest.Pytester) -> None:
    ran = examples(pytester)
    passed = ran.parseoutcomes()["passed"]

    ran.assert_outcomes(passed=passed)
    assert passed > 100
