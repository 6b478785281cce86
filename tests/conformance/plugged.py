"""Runs of pytest over tests of a user of the plugin."""

import textwrap
from collections.abc import Sequence

import httpcore  # noqa: F401 - pytester drops what a run imported, but httpx keeps its exceptions
import pytest

__all__ = ["CLIENT", "plugged"]

CLIENT = '''
import uuid
import httpx
import pytest


class Client:
    """Sends the command; returns the response, or None without one."""

    def __init__(self, mock):
        self.mock = mock

    def refund(self, order, amount=100, key="new", **more):
        key = str(uuid.uuid4()) if key == "new" else key
        headers = {"Klarna-Idempotency-Key": key} if key else {}
        try:
            return httpx.post(
                f"{self.mock.base_url}/ordermanagement/v1/orders/{order.order_id}/refunds",
                json={"refunded_amount": amount},
                headers=headers,
                auth=(self.mock.username, self.mock.password),
                trust_env=False,
                **{"timeout": 60, **more},
            )
        except httpx.TransportError:
            return None


@pytest.fixture
def client(klarna_mock):
    return Client(klarna_mock)
'''
"""A conftest with a client that makes the mistakes that a test selects."""


def plugged(
    pytester: pytest.Pytester,
    *arguments: str,
    tests: str = "",
    own_process: bool = True,
    unused: Sequence[str] = ("schemathesis", "anyio", "xdist"),
) -> pytest.RunResult:
    """The outcome of a run of pytest in an empty folder, or over these tests.

    Plugins that are not needed take longer to load than most runs take. What does not show that
    the plugin imports little needs no process of its own.
    """
    if tests:
        pytester.makeconftest(CLIENT)
        pytester.makepyfile(test_client=textwrap.dedent(tests))
    without = (word for name in unused for word in ("-p", f"no:{name}"))
    run = pytester.runpytest_subprocess if own_process else pytester.runpytest_inprocess
    return run(*without, "-p", "no:cacheprovider", *arguments)
