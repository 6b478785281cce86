"""Orders from a program of the user: it reads one plan a line and writes one answer a line."""

import asyncio
from collections.abc import Sequence

import msgspec

from klarna_conformance.limits import Duration, duration_s
from klarna_conformance.line_program import LineProgram, ProgramEnded
from klarna_conformance.target.provisioners.provisioner import (
    ORDER_ANSWER,
    OrdersConfig,
    Surroundings,
)
from klarna_reports.record.record import ProvidedOrder, Unavailable
from klarna_specs.plan import OrderPlan

__all__ = ["CommandOrders", "CommandProvisioner"]


class CommandOrders(OrdersConfig, frozen=True, tag_field="provisioner", tag="command"):
    """A program that makes orders: it reads one plan a line, and writes one answer a line."""

    command: tuple[str, ...]
    timeout: Duration = "60s"

    @property
    def problem(self) -> tuple[str, str] | None:
        """An empty command, or a timeout that is no duration."""
        if not self.command:
            return "command", "the command is empty"
        try:
            duration_s(self.timeout)
        except ValueError as exc:
            return "timeout", f"timeout: {exc}"
        return None

    def open(self, surroundings: Surroundings) -> "CommandProvisioner":
        """The provisioner; the program starts with its first plan."""
        del surroundings
        return CommandProvisioner(self.command, timeout_s=duration_s(self.timeout))


class CommandProvisioner:
    """Starts the program with the first plan, and ends it with all its processes at the end.

    Plans are sent one after the other; each answer may take `timeout_s` seconds. A program that
    ended or timed out receives no further plan.
    """

    pool = None

    def __init__(self, command: Sequence[str], *, timeout_s: float) -> None:
        self._program = LineProgram(command)
        self._name = command[0]
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._failure = ""

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """Sends a plan to the program, and reads the answer."""
        async with self._turn:
            if not self._failure:
                try:
                    async with asyncio.timeout(self._timeout_s):
                        line = await self._program.request(msgspec.json.encode(plan) + b"\n")
                    return self._made(plan, line)
                except TimeoutError:
                    self._failure = f"gave no answer within {self._timeout_s:g} s"
                except (OSError, ValueError, ProgramEnded) as exc:
                    self._failure = f"cannot be used: {' '.join(str(exc).split())}"
            reason = f"{self._name} {self._failure}"
            return Unavailable(plan=plan, reason=reason, unreachable=True)

    async def aclose(self) -> None:
        """Closes the program's input, and ends a program that does not end then."""
        await self._program.aclose()

    def _made(self, plan: OrderPlan, line: bytes) -> ProvidedOrder | Unavailable:
        try:
            answer = ORDER_ANSWER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            shown = line[:80].decode(errors="replace").strip()
            return Unavailable(
                plan=plan, reason=f"{self._name} answered {shown!r}, and no order: {exc}"
            )
        why = answer.unavailable or "its answer has no order_id"
        reason = f"{self._name} made no order: {why}"
        return answer.order(plan) or Unavailable(plan=plan, reason=reason)
