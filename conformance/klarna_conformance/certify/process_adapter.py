"""An adapter that is a program: started once, one instruction a line, one outcome a line."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from klarna_conformance.certify.adapter import Greeting, Hello, Instruction, Readiness, Ready
from klarna_conformance.errors import AdapterError
from klarna_conformance.line_program import LineProgram, ProgramEnded
from klarna_specs.client.play import Done, Ended, Mute, RefusedIt, Told, Unknown, Unsupported

__all__ = ["ProcessAdapter"]

_START_S = 30.0
"""Within this an adapter has to be ready, in seconds: runtimes are slow to start."""
_MOST_RESTARTS = 30
_LONGEST_REASON = 500


class _Numbered(msgspec.Struct, frozen=True):
    id: int


_NUMBERS = msgspec.json.Decoder(_Numbered)
_OUTCOMES: msgspec.json.Decoder[Done | RefusedIt | Unknown | Unsupported] = msgspec.json.Decoder(
    Done | RefusedIt | Unknown | Unsupported
)
_READY = msgspec.json.Decoder(Readiness)


class ProcessAdapter:
    """Runs the command of an integrator's adapter.

    One that breaks down, or tells nothing in time, is ended and started anew: what it was told is
    judged, and what comes next is not spoilt by it.
    """

    def __init__(self, command: Sequence[str], *, command_s: float) -> None:
        self._program = LineProgram(command)
        self._name = " ".join(command)
        self._command_s = command_s
        self._hello: Hello | None = None
        self._number = 0
        self._running = False
        self._restarts = 0

    async def begin(self, hello: Hello) -> Ready:
        """Starts the program and greets it; raises AdapterError."""
        self._hello = hello
        ready = await self._greeted(hello)
        self._running = True
        return ready

    async def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Told:
        """Hands an instruction on, and reads the outcome; raises AdapterError."""
        if not self._running:
            await self._restart()
        self._number += 1
        instruction = Instruction(
            id=self._number, operation=operation, order_id=order_id, arguments=arguments
        )
        try:
            async with asyncio.timeout(self._command_s):
                line = await self._program.ask(msgspec.json.encode(instruction) + b"\n")
        except TimeoutError:
            await self._end()
            return Mute(self._command_s)
        except ProgramEnded as exc:
            await self._end()
            return Ended(str(exc)[:_LONGEST_REASON])
        except (OSError, ValueError) as exc:
            raise AdapterError(f"the adapter cannot be used: {exc}") from exc
        return self._outcome(line)

    async def aclose(self) -> None:
        """Closes the program's input, and ends it where that is not enough."""
        await self._program.aclose()

    async def _end(self) -> None:
        await self._program.kill()
        self._running = False

    async def _restart(self) -> None:
        self._restarts += 1
        if self._restarts > _MOST_RESTARTS or self._hello is None:
            raise AdapterError(
                f"the adapter had to be started again {_MOST_RESTARTS} times; it ends too often"
            )
        await self.begin(self._hello)

    async def _greeted(self, hello: Hello) -> Ready:
        try:
            async with asyncio.timeout(_START_S):
                line = await self._program.ask(msgspec.json.encode(Greeting(hello=hello)) + b"\n")
        except TimeoutError as exc:
            await self._program.kill()
            raise AdapterError(
                f"{self._name} said nothing within {_START_S:g} s; its first line has to be "
                '{"ready": {"client": "...", "operations": [...]}}'
            ) from exc
        except (OSError, ValueError, ProgramEnded) as exc:
            raise AdapterError(f"{self._name} cannot be used as an adapter: {exc}") from exc
        try:
            return _READY.decode(line).ready
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            said = _shown(line)
            raise AdapterError(f"{self._name} said {said} instead of being ready: {exc}") from exc

    def _outcome(self, line: bytes) -> Told:
        try:
            number = _NUMBERS.decode(line).id
            outcome = _OUTCOMES.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise AdapterError(
                f"the adapter said {_shown(line)}, which is no outcome: {exc}; nothing but the "
                "protocol belongs on stdout"
            ) from exc
        if number != self._number:
            raise AdapterError(
                f"the adapter answered instruction {number}; it was asked for {self._number}"
            )
        return outcome


def _shown(line: bytes) -> str:
    return repr(line[:120].decode(errors="replace").strip())
