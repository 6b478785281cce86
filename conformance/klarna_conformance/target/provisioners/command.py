"""Orders from a program of the user's: it reads a plan a line, and answers in a line."""

import asyncio
from collections.abc import Sequence

import msgspec

from klarna_conformance.line_program import LineProgram, ProgramEnded
from klarna_conformance.target.provisioners.provisioner import ORDER_ANSWER
from klarna_reports.record.record import ProvidedOrder, Unavailable
from klarna_specs.plan import OrderPlan

__all__ = ["CommandProvisioner"]


class CommandProvisioner:
    """Starts the program with the first plan, and ends it, with what it started, in the end.

    Plans are handed on one after the other; an answer takes at most `timeout_s` seconds. A program
    that ended, or was silent for so long, is not asked again.
    """

    def __init__(self, command: Sequence[str], *, timeout_s: float) -> None:
        self._program = LineProgram(command)
        self._name = command[0]
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._failure = ""

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """Hands a plan on, and reads the answer to it."""
        async with self._turn:
            if not self._failure:
                try:
                    async with asyncio.timeout(self._timeout_s):
                        line = await self._program.ask(msgspec.json.encode(plan) + b"\n")
                    return self._made(plan, line)
                except TimeoutError:
                    self._failure = f"gave no answer within {self._timeout_s:g} s"
                except (OSError, ValueError, ProgramEnded) as exc:
                    self._failure = f"cannot be used: {exc}"
            return Unavailable(plan=plan, reason=f"{self._name} {self._failure}")

    async def aclose(self) -> None:
        """Closes the program's input; it is ended where it does not end by itself."""
        await self._program.aclose()

    def _made(self, plan: OrderPlan, line: bytes) -> ProvidedOrder | Unavailable:
        try:
            answer = ORDER_ANSWER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            shown = line[:80].decode(errors="replace").strip()
            return Unavailable(
                plan=plan, reason=f"{self._name} answered {shown!r}, and no order: {exc}"
            )
        told = answer.unavailable or "it told no order_id"
        reason = f"{self._name} made no order: {told}"
        return answer.order(plan) or Unavailable(plan=plan, reason=reason)
