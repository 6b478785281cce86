"""Runs of pytest in a process of their own, as users of the plugin have them."""

import textwrap
from collections.abc import Sequence

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
                **more,
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
    unused: Sequence[str] = ("schemathesis", "anyio", "xdist"),
) -> pytest.RunResult:
    """The outcome of a run of pytest in an empty folder, or over these tests.

    Plugins that are not needed take longer to load than most runs take.
    """
    if tests:
        pytester.makeconftest(CLIENT)
        pytester.makepyfile(test_client=textwrap.dedent(tests))
    without = (word for name in unused for word in ("-p", f"no:{name}"))
    return pytester.runpytest_subprocess(*without, "-p", "no:cacheprovider", *arguments)
