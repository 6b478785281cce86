"""An adapter outside of this process: a hello, then one command and one outcome at a time."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from klarna_conformance.adapter_protocol import Greeting, Hello, Instruction, Readiness, Ready
from klarna_conformance.errors import AdapterError
from klarna_conformance.line_program import ProgramEnded
from klarna_conformance.record.redaction import Redactor
from klarna_specs.client.play import (
    Done,
    Ended,
    RefusedIt,
    Reported,
    TimedOut,
    Unknown,
    Unsupported,
)

__all__ = ["START_S", "Channel", "ProtocolAdapter"]

START_S = 30.0
"""Timeout for the start of an adapter, in seconds: runtimes are slow to start."""
_SILENCES = 1.5
"""The total time without outcomes, in outcome times: 90 s where one is 60 s."""
_SHARE = 0.25
_SHORTEST_S = 2.5
"""After a timeout, the next ones get this share of the rest, and no less than this."""
_LONGEST_REASON = 500
_LONGEST_SHOWN = 120
_WANTED = '{"ready": {"client": "...", "operations": [...]}}'


class _Numbered(msgspec.Struct, frozen=True):
    id: int


_NUMBERS = msgspec.json.Decoder(_Numbered)
_Outcome = Done | RefusedIt | Unknown | Unsupported
_MEMBERS = msgspec.json.Decoder(dict[str, Any])
_READY = msgspec.json.Decoder(Readiness)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Channel(Protocol):
    """What carries the lines of the protocol to an adapter, and its answers back."""

    @property
    def last_words(self) -> str:
        """The end of its log, in one line."""
        ...

    async def request(self, line: bytes) -> bytes:
        """Sends a line, and returns the answer.

        Raises ProgramEnded for a crash without an answer, OSError if the adapter cannot be reached,
        and ValueError for an answer that cannot be read.
        """
        ...

    async def kill(self) -> None:
        """Abandons the last request; the next one is a hello."""
        ...

    async def aclose(self) -> None:
        """Ends it in order; a request starts it again."""
        ...


class ProtocolAdapter:
    """Speaks the protocol with an integrator's adapter; `name` is that in messages.

    An adapter that crashes or times out is ended and restarted: that command is judged, and does
    not affect the next ones. Credentials are removed from its output. `command_s` is the outcome
    time, in seconds; after a timeout the next ones are shorter. `advice` ends the message on an
    answer that is no outcome.
    """

    def __init__(
        self, channel: Channel, name: str, *, command_s: float, start_s: float, advice: str = ""
    ) -> None:
        self._channel = channel
        self._name = name
        self._advice = advice
        self._command_s = command_s
        self._silent_s = 0.0
        self._start_s = start_s
        self._hello: Hello | None = None
        self._redactor = Redactor(())
        self._number = 0
        self._session: str | None = None
        self._running = False
        self._closed = False

    async def begin(self, hello: Hello) -> Ready:
        """Starts the adapter and sends the hello; raises AdapterError."""
        self._hello = hello
        self._redactor = Redactor((hello.username, hello.password), public=hello.base_url)
        try:
            async with asyncio.timeout(self._start_s):
                line = await self._channel.request(
                    msgspec.json.encode(Greeting(hello=hello)) + b"\n"
                )
        except TimeoutError as exc:
            await self._channel.kill()
            raise AdapterError(
                f"{self._name} answered nothing within {self._start_s:g} s; its first answer must "
                f"be {_WANTED}. {self._last_words}".strip()
            ) from exc
        except (OSError, ValueError, ProgramEnded) as exc:
            why = self._redactor.text(" ".join(str(exc).split()))
            raise AdapterError(f"{self._name} cannot be used as an adapter: {why}") from exc
        try:
            ready = _READY.decode(line).ready
        except _UNREADABLE as exc:
            raise AdapterError(
                f"{self._name} answered {self._shown(line)} instead of {_WANTED}: {exc}"
            ) from exc
        self._session = ready.session
        self._running = True
        return ready

    async def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        """Sends a command, and reads the outcome; raises AdapterError."""
        if self._closed or self._hello is None:
            raise AdapterError("the adapter is closed, or was not started")
        if not self._running:
            await self.begin(self._hello)
        self._number += 1
        instruction = Instruction(
            id=self._number,
            operation=operation,
            order_id=order_id,
            arguments=arguments,
            session=self._session or msgspec.UNSET,
        )
        within_s = self._outcome_s
        try:
            async with asyncio.timeout(within_s):
                line = await self._channel.request(msgspec.json.encode(instruction) + b"\n")
        except TimeoutError:
            await self._end()
            self._silent_s += within_s
            return TimedOut(round(within_s, 1))
        except ProgramEnded as exc:
            await self._end()
            return Ended(self._redactor.text(str(exc))[:_LONGEST_REASON])
        except (OSError, ValueError) as exc:
            why = self._redactor.text(" ".join(str(exc).split()))
            raise AdapterError(f"the adapter cannot be used: {why}") from exc
        return self._outcome(line)

    async def restart(self) -> None:
        """Ends the adapter as `aclose` does; the next command starts it again."""
        await self._channel.aclose()
        self._running = False

    async def aclose(self) -> None:
        """Ends the adapter."""
        self._closed = True
        await self._channel.aclose()

    async def _end(self) -> None:
        await self._channel.kill()
        self._running = False

    @property
    def _outcome_s(self) -> float:
        """Timeout for the next outcome, in seconds."""
        left_s = _SILENCES * self._command_s - self._silent_s
        shared_s = left_s if not self._silent_s else max(_SHORTEST_S, left_s * _SHARE)
        return min(self._command_s, shared_s)

    def _outcome(self, line: bytes) -> Reported:
        try:
            number = _NUMBERS.decode(line).id
            members = _MEMBERS.decode(self._redactor.judged(line.decode()))
            given = {name: value for name, value in members.items() if value is not None}
            outcome = msgspec.convert(given, _Outcome)
        except _UNREADABLE as exc:
            raise AdapterError(
                f"the adapter answered {self._shown(line)}, which is no outcome: "
                f"{exc}{self._advice}"
            ) from exc
        if number != self._number:
            raise AdapterError(f"the adapter answered command {number} instead of {self._number}")
        return outcome

    @property
    def _last_words(self) -> str:
        return self._redactor.text(self._channel.last_words)

    def _shown(self, line: bytes) -> str:
        text = self._redactor.text(line.decode(errors="replace").strip())
        return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}...")
