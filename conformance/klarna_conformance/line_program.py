"""A program of the user that reads requests and writes answers, one a line."""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process, SubprocessStreamProtocol
from collections.abc import Sequence
from contextlib import suppress

__all__ = ["LineProgram", "ProgramEnded"]

_LONGEST_LINE = 1_048_576
_KEPT_OF_STDERR = 4_096
"""How many of the last bytes on stderr are kept, to show them if the program fails."""
_LONGEST_SHOWN = 400
_GRACE_S = 2.0
"""How long a program may take to end after its input is closed."""
_POLL_S = 0.005


class ProgramEnded(Exception):
    """The program ended without an answer; the message has its exit code and last output."""


class LineProgram:
    """Starts a program with the first request, and ends it with all its processes at the end."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = tuple(command)
        self._process: Process | None = None
        self._transport: asyncio.SubprocessTransport | None = None
        self._stderr = b""
        self._listening: asyncio.Task[None] | None = None

    @property
    def last_words(self) -> str:
        """The end of what the program wrote to stderr, in one line."""
        return " ".join(self._last_lines.split())

    @property
    def _last_lines(self) -> str:
        text = self._stderr.decode(errors="replace").strip()
        return text if len(text) <= _LONGEST_SHOWN else f"...{text[-_LONGEST_SHOWN:]}"

    async def request(self, line: bytes) -> bytes:
        """Sends a line, and returns the line of the answer.

        Raises ProgramEnded, OSError if the program cannot be started or reads nothing, and
        ValueError for an answer that is too long.
        """
        process = self._process or await self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(ConnectionError):  # it reads nothing: its exit code says why
            process.stdin.write(line)
            await process.stdin.drain()
        try:
            answer = await process.stdout.readline()
        except ValueError as exc:
            raise ValueError(f"a line of it is longer than {_LONGEST_LINE} bytes") from exc
        if not answer.endswith(b"\n"):
            code = await _exit_code(process)
            if self._listening is not None:
                with suppress(TimeoutError):  # its child processes may keep stderr open
                    await asyncio.wait_for(asyncio.shield(self._listening), _GRACE_S)
            raise ProgramEnded(f"it ended with exit code {code}.\n{self._last_lines}".strip())
        return answer

    async def aclose(self) -> None:
        """Closes the program's input, and ends a program that does not end then."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                await _exit_code(self._process)
        await self.kill()

    async def kill(self) -> None:
        """Ends the program with all its processes; the next request starts it again."""
        process, transport, listening = self._process, self._transport, self._listening
        self._process, self._transport, self._listening = None, None, None
        if process is not None:
            _kill(process.pid)
            await _exit_code(process)
        if listening is not None:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        if transport is not None:
            transport.close()  # other processes may still hold the pipes

    async def _start(self) -> Process:
        self._stderr = b""
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.subprocess_exec(
            lambda: SubprocessStreamProtocol(limit=_LONGEST_LINE, loop=loop),
            *self.command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,
        )
        self._transport = transport
        self._process = Process(transport, protocol, loop)
        self._listening = asyncio.create_task(self._listen(self._process))
        return self._process

    async def _listen(self, process: Process) -> None:
        """Reads stderr, so that the program never blocks on it."""
        assert process.stderr is not None
        while part := await process.stderr.read(65_536):
            self._stderr = (self._stderr + part)[-_KEPT_OF_STDERR:]


async def _exit_code(process: Process) -> int:
    """The exit code. `Process.wait` could block on other processes that hold the pipes."""
    while process.returncode is None:
        await asyncio.sleep(_POLL_S)
    return process.returncode


def _kill(pid: int) -> None:
    """Ends the program and its child processes, which are a process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
