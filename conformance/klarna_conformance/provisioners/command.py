"""Orders from a program of the user's: it reads a plan a line, and answers in a line."""

import asyncio
import os
import signal
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from klarna_conformance.provisioners.provisioner import ORDER_ANSWER
from klarna_reports.record import ProvidedOrder, Unavailable
from klarna_specs.plan import OrderPlan

__all__ = ["CommandProvisioner"]

_LONGEST_LINE = 1_048_576
_KEPT_OF_STDERR = 20
"""How many of the last lines on stderr are kept, to be told when the program fails."""
_GRACE_S = 2.0
"""How long a program may take to end once its input is closed."""


class CommandProvisioner:
    """Starts the program with the first plan, and ends it, with what it started, in the end.

    Plans are handed on one after the other; an answer takes at most `timeout_s` seconds. A program
    that ended, or was silent for so long, is not asked again.
    """

    def __init__(self, command: Sequence[str], *, timeout_s: float) -> None:
        self._command = tuple(command)
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._failure = ""
        self._stderr: deque[str] = deque(maxlen=_KEPT_OF_STDERR)
        self._listening: asyncio.Task[None] | None = None

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """Hands a plan on, and reads the answer to it."""
        async with self._turn:
            if not self._failure:
                try:
                    async with asyncio.timeout(self._timeout_s):
                        line = await self._answer(msgspec.json.encode(plan) + b"\n")
                    return self._made(plan, line)
                except TimeoutError:
                    self._failure = f"gave no answer within {self._timeout_s:g} s"
                except (OSError, ValueError) as exc:
                    self._failure = f"cannot be used: {exc}"
            return Unavailable(plan=plan, reason=f"{self._command[0]} {self._failure}")

    async def aclose(self) -> None:
        """Closes the program's input; it is ended where it does not end by itself."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(_GRACE_S):
                await process.wait()
        except TimeoutError:
            _kill(process.pid)
            await process.wait()
        if self._listening is not None:
            self._listening.cancel()

    async def _answer(self, plan: bytes) -> bytes:
        process = self._process or await self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(plan)
        await process.stdin.drain()
        line = await process.stdout.readline()
        if not line.endswith(b"\n"):
            code = await process.wait()
            told = " ".join(self._stderr)
            raise ValueError(f"it ended with exit code {code}. {told}".strip())
        return line

    async def _start(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
            start_new_session=True,
        )
        self._listening = asyncio.create_task(self._listen(self._process))
        return self._process

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Reads stderr, so that the program does not wait for somebody to do so."""
        assert process.stderr is not None
        while part := await process.stderr.read(65_536):
            self._stderr.extend(part.decode(errors="replace").splitlines())

    def _made(self, plan: OrderPlan, line: bytes) -> ProvidedOrder | Unavailable:
        try:
            answer = ORDER_ANSWER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            shown = line[:80].decode(errors="replace").strip()
            return Unavailable(
                plan=plan, reason=f"{self._command[0]} answered {shown!r}, and no order: {exc}"
            )
        told = answer.unavailable or "it told no order_id"
        reason = f"{self._command[0]} made no order: {told}"
        return answer.order(plan) or Unavailable(plan=plan, reason=reason)


def _kill(pid: int) -> None:
    """Ends the program and what it started: they are a process group of their own."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
