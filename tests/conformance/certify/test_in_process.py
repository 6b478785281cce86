"""Clients of this process: their outcomes, and the findings if they report none."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from klarna_conformance.adapter_protocol import Hello
from klarna_conformance.certify.in_process import InProcessAdapter
from klarna_specs.client.play import Done, Ended, Reported, TimedOut

HELLO = Hello(base_url="http://127.0.0.1:9", username="u", password="p", timeout_s=1)


class Plain:
    operations = ("refundOrder",)

    def __init__(self, hello: Hello) -> None:
        self.closed = threading.Event()

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        match operation:
            case "hang":
                self.closed.wait(60)
            case "time out":
                raise TimeoutError("the server is slow")
            case "fail":
                raise KeyError("refund_id")
            case _:
                pass
        return Done()

    def close(self) -> None:
        self.closed.set()


def outcomes(*operations: str, command_s: float = 10) -> tuple[list[Reported], int]:
    """The outcome that is reported, and how many clients were made for it."""
    made: list[Plain] = []

    def make(hello: Hello) -> Plain:
        made.append(Plain(hello))
        return made[-1]

    async def go() -> list[Reported]:
        adapter = InProcessAdapter(make, name="plain", command_s=command_s)
        ready = await adapter.begin(HELLO)
        assert (ready.client, ready.operations) == ("plain", ("refundOrder",))
        answers = [await adapter.do(operation, "o", {}) for operation in operations]
        await adapter.aclose()
        return answers

    answers = asyncio.run(go())
    assert all(client.closed.is_set() for client in made)
    return answers, len(made)


def test_a_client_that_works_is_kept() -> None:
    assert outcomes("refundOrder", "refundOrder") == ([Done(), Done()], 1)


@pytest.mark.parametrize(
    ("operation", "reason"),
    [("fail", "KeyError: 'refund_id'"), ("time out", "TimeoutError: the server is slow")],
)
def test_a_client_that_raises_is_replaced(operation: str, reason: str) -> None:
    assert outcomes(operation, "refundOrder") == ([Ended(reason), Done()], 2)


def test_a_client_that_times_out_is_replaced() -> None:
    assert outcomes("hang", "refundOrder", command_s=0.2)[0][0] == TimedOut(0.2)
    assert outcomes("hang", "refundOrder", command_s=1) == ([TimedOut(1), Done()], 2)
