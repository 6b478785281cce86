"""`klarna_mock`: a server for a test, and the judgement of what its client sent."""

from collections.abc import Callable

import httpx
import pytest

from klarna_conformance.testing import KlarnaMock
from klarna_specs.exchange import Response

from .plugged import plugged


def test_klarna_mock_has_orders_ledgers_and_a_clock(pytester: pytest.Pytester) -> None:
    tests = """
        def test_orders(klarna_mock, client):
            order = klarna_mock.order(market="GB", order_amount=500, captures=(200, 300))
            assert client.refund(order, 150).status_code == 201
            ledger = klarna_mock.ledger(order.order_id)
            assert (ledger.refunded_amount, ledger.currency) == (150, "GBP")
            assert len(order.capture_ids) == 2

        def test_an_order_is_captured_whole_where_nothing_else_is_said(klarna_mock):
            order = klarna_mock.order(order_amount=70, payment_method="card")
            assert klarna_mock.ledger(order.order_id).captured_amount == 70

        def test_every_test_has_a_server_of_its_own(klarna_mock):
            assert klarna_mock.exchanges == ()

        def test_time_passes(klarna_mock, client):
            order = klarna_mock.order()
            client.refund(order, 1)
            klarna_mock.advance(86_400)
            client.refund(order, 2)
            assert len(klarna_mock.exchanges) == 2

        def test_what_it_is_called_holds_no_password(klarna_mock):
            assert klarna_mock.password not in repr(klarna_mock)
    """
    ran = plugged(pytester, "-W", "error", tests=tests, own_process=False)

    ran.assert_outcomes(passed=5)


def test_klarna_mock_injects_faults(pytester: pytest.Pytester) -> None:
    tests = """
        import pytest
        from klarna_specs.client.faults import Errored, Refused

        def test_a_fault_acts_on_the_socket_as_often_as_configured(klarna_mock, client):
            order = klarna_mock.order()
            klarna_mock.fault("lost", operation="refundOrder", times=2)
            key = "0b2f1a5e-8a3c-4b52-9d69-3b4ee5d3b3a1"
            answers = [client.refund(order, key=key) for _ in range(3)]
            assert [answer and answer.status_code for answer in answers] == [None, None, 201]
            assert klarna_mock.ledger(order.order_id).refunded_amount == 100

        def test_a_fault_of_another_operation_does_not_act(klarna_mock, client):
            klarna_mock.fault("lost", operation="extendDueDate")
            assert client.refund(klarna_mock.order()).status_code == 201

        def test_a_fault_may_be_a_value_and_stay(klarna_mock, client):
            order = klarna_mock.order()
            klarna_mock.fault(Errored(502, body="html"), for_ever=True)
            key = "0b2f1a5e-8a3c-4b52-9d69-3b4ee5d3b3a1"
            assert {client.refund(order, key=key).status_code for _ in range(3)} == {502}

        def test_nobody_listens_for_a_while(klarna_mock, client):
            klarna_mock.fault(Refused(for_s=30))
            assert client.refund(klarna_mock.order()) is None

        @pytest.mark.klarna(timeout_s=0.05)
        def test_silence_is_as_long_as_the_client_waits(klarna_mock, client):
            klarna_mock.fault("timeout-before")
            assert client.refund(klarna_mock.order(), timeout=5) is None
    """
    ran = plugged(pytester, "-W", "error", tests=tests, own_process=False)

    ran.assert_outcomes(passed=5)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (lambda mock: mock.fault("lots"), "lost"),
        (lambda mock: mock.fault("lost", operation="refund"), "refundOrder"),
        (lambda mock: mock.fault("lost", times=0), "1 or more"),
        (lambda mock: mock.order(market="XX"), "SE"),
        (lambda mock: mock.order(order_amount=10, captures=(11,)), "more than the order_amount"),
        (lambda mock: mock.ledger("nobody"), "order"),
    ],
)
def test_wrong_words_say_what_is_right(
    klarna_mock: KlarnaMock, wrong: Callable[[KlarnaMock], object], right: str
) -> None:
    with pytest.raises(ValueError, match=right):
        wrong(klarna_mock)


def test_a_response_is_in_exchanges_at_once(klarna_mock: KlarnaMock) -> None:
    path = f"/ordermanagement/v1/orders/{klarna_mock.order().order_id}"
    auth = (klarna_mock.username, klarna_mock.password)
    with httpx.Client(
        base_url=klarna_mock.base_url, auth=auth, trust_env=False, timeout=60
    ) as http:
        for number in range(1, 101):
            http.get(path)
            exchanges = klarna_mock.exchanges
            assert len(exchanges) == number
            assert isinstance(exchanges[-1].outcome, Response)


def test_a_violated_must_fails_the_test_with_its_exchanges(pytester: pytest.Pytester) -> None:
    tests = """
        def test_it_refunds(klarna_mock, client):
            order = klarna_mock.order()
            klarna_mock.fault("lost", operation="refundOrder")
            client.refund(order, 4_200) or client.refund(order, 4_200)
    """
    ran = plugged(pytester, tests=tests, own_process=False)

    ran.assert_outcomes(failed=1)
    ran.stdout.fnmatch_lines(
        [
            "client.once, client.key-kept: violated by the client",
            "client.once (MUST): An operation that is commanded once must take effect*",
            "  expected: *",
            "  observed: *",
            "  * POST /ordermanagement/v1/orders/*/refunds  Klarna-Idempotency-Key: *",
            '*{"refunded_amount":4200}',
            "*-> the connection ended without an answer [[]response lost after booking[]]",
            "  > POST /ordermanagement/v1/orders/*/refunds  Klarna-Idempotency-Key: *",
            '*{"refunded_amount":4200}',
            "*-> 201",
            "client.key-kept (MUST): *",
            "FAILED test_client.py::test_it_refunds - *client.once*",
        ]
    )
    assert "Traceback" not in ran.stdout.str()
    assert "mock-shared-secret" not in ran.stdout.str()


def test_a_should_warns_once_or_fails_if_strict(pytester: pytest.Pytester) -> None:
    tests = """
        import pytest

        def test_lenient(klarna_mock, client):
            order = klarna_mock.order()
            client.refund(order, 1, key=None)
            client.refund(order, 2, key=None)

        @pytest.mark.klarna(strict=True)
        def test_strict(klarna_mock, client):
            client.refund(klarna_mock.order(), key=None)
    """
    ran = plugged(pytester, "-W", "default", tests=tests, own_process=False)
    strict = plugged(pytester, "--klarna-strict", own_process=False)

    ran.assert_outcomes(passed=1, failed=1, warnings=1)
    ran.stdout.fnmatch_lines(
        [
            "client.key-sent (SHOULD): A request that changes an order should carry *",
            "*KlarnaWarning: client.key-sent (SHOULD): *",
            "*observed: it carries no idempotency key (seen 2 times)",
            "FAILED test_client.py::test_strict - *",
        ]
    )
    strict.assert_outcomes(failed=2)


def test_judge_false_turns_judging_off(pytester: pytest.Pytester) -> None:
    tests = """
        import pytest

        def mistaken(klarna_mock, client):
            order = klarna_mock.order()
            klarna_mock.fault("lost")
            client.refund(order) or client.refund(order)

        @pytest.mark.klarna(judge=False)
        def test_opted_out(klarna_mock, client):
            mistaken(klarna_mock, client)

        @pytest.mark.klarna(judge=False)
        class TestAll:
            def test_one(self, klarna_mock, client):
                mistaken(klarna_mock, client)

            @pytest.mark.klarna(judge=True)
            def test_but_this(self, klarna_mock, client):
                mistaken(klarna_mock, client)

        def test_failed_already(klarna_mock, client):
            mistaken(klarna_mock, client)
            assert "the reason" == "why it failed"

        def test_skipped(klarna_mock, client):
            mistaken(klarna_mock, client)
            pytest.skip("not today")
    """
    ran = plugged(pytester, tests=tests, own_process=False)

    ran.assert_outcomes(passed=2, failed=2, skipped=1)
    found = [line for line in ran.outlines if not line.startswith("FAILED")]  # CI says it there too
    assert sum("violated by the client" in line for line in found) == 1
    ran.stdout.fnmatch_lines(["*AssertionError*the reason*", "FAILED *::test_but_this - *once*"])


@pytest.mark.parametrize(
    ("marker", "problem"),
    [
        ("'lost'", "it takes keyword arguments only"),
        ("judges=False", "it takes judge, strict and timeout_s: *judges*"),
        ("strict='yes'", "it takes judge, strict and timeout_s: *bool*"),
        ("timeout_s=0", "timeout_s must be more than 0*"),
    ],
)
def test_an_invalid_marker_is_an_error(
    pytester: pytest.Pytester, marker: str, problem: str
) -> None:
    tests = f"""
        import pytest

        @pytest.mark.klarna({marker})
        def test_it(klarna_mock):
            pass
    """
    ran = plugged(pytester, "--strict-markers", tests=tests, own_process=False)

    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines([f"the marker klarna of test_client.py::test_it: {problem}"])


def test_coroutines_are_served_and_judged(pytester: pytest.Pytester) -> None:
    tests = """
        import httpx
        import pytest

        async def refund(klarna_mock, order):
            path = f"/ordermanagement/v1/orders/{order.order_id}/refunds"
            async with httpx.AsyncClient(
                base_url=klarna_mock.base_url, auth=(klarna_mock.username, klarna_mock.password)
            ) as http:
                return await http.post(path, json={"refunded_amount": 1})

        @pytest.mark.anyio
        async def test_it(klarna_mock):
            answer = await refund(klarna_mock, klarna_mock.order())
            assert answer.status_code == 201

        @pytest.mark.anyio
        @pytest.mark.klarna(strict=True)
        async def test_strict(klarna_mock):
            await refund(klarna_mock, klarna_mock.order())

        @pytest.fixture
        def anyio_backend():
            return "asyncio"
    """
    ran = plugged(
        pytester, "-W", "default", tests=tests, own_process=False, unused=("schemathesis", "xdist")
    )

    ran.assert_outcomes(passed=1, failed=1, warnings=1)
