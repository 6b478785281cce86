"""A program of the user's that answers in a line what it is asked in a line."""

import asyncio
import os
import signal
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

__all__ = ["LineProgram", "ProgramEnded"]

_LONGEST_LINE = 1_048_576
_KEPT_OF_STDERR = 20
"""How many of the last lines on stderr are kept, to be told when the program fails."""
_GRACE_S = 2.0
"""How long a program may take to end once its input is closed."""


class ProgramEnded(Exception):
    """The program ended instead of answering; the message has its exit code and last words."""


class LineProgram:
    """Starts a program when it is first asked, and ends it, with what it started, in the end."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = tuple(command)
        self._process: asyncio.subprocess.Process | None = None
        self._stderr: deque[str] = deque(maxlen=_KEPT_OF_STDERR)
        self._listening: asyncio.Task[None] | None = None

    @property
    def last_words(self) -> str:
        """What the program last wrote to stderr, in one line."""
        return " ".join(self._stderr)

    async def ask(self, line: bytes) -> bytes:
        """Hands a line on and reads the answer, with its end.

        Raises ProgramEnded, OSError where the program cannot be started or does not listen, and
        ValueError for an answer that is too long.
        """
        process = self._process or await self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(ConnectionError):  # it does not listen: how it ended tells why
            process.stdin.write(line)
            await process.stdin.drain()
        answer = await process.stdout.readline()
        if not answer.endswith(b"\n"):
            code = await process.wait()
            if self._listening is not None:
                with suppress(TimeoutError):  # what it started may keep its stderr open
                    await asyncio.wait_for(asyncio.shield(self._listening), _GRACE_S)
            raise ProgramEnded(f"it ended with exit code {code}. {self.last_words}".strip())
        return answer

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
        await self._forget()

    async def kill(self) -> None:
        """Ends the program at once; it is started anew when it is asked again."""
        if self._process is not None:
            _kill(self._process.pid)
            await self._process.wait()
        await self._forget()

    async def _forget(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        self._process, self._listening = None, None

    async def _start(self) -> asyncio.subprocess.Process:
        self._stderr.clear()
        self._process = await asyncio.create_subprocess_exec(
            *self.command,
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


def _kill(pid: int) -> None:
    """Ends the program and what it started: they are a process group of their own."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
