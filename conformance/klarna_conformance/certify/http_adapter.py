"""An adapter that is a service: one POST per command, with one JSON document each way."""

import asyncio

from klarna_conformance.adapter_protocol import Hello, Ready
from klarna_conformance.certify.protocol_adapter import START_S, ProtocolAdapter
from klarna_conformance.errors import AdapterError
from klarna_conformance.http.wire import MAX_BODY_BYTES, Wire
from klarna_conformance.line_program import ProgramEnded
from klarna_specs.exchange import Failure, Response

__all__ = ["HttpAdapter"]

_HEADERS = {"Content-Type": "application/json", "Connection": "close"}
"""No connection is used again: a service may close it at the moment of the next command."""
_RESTART_S = 0.2
_LONGEST_SHOWN = 400


class HttpAdapter(ProtocolAdapter):
    """Sends commands to an integrator's service, on any host.

    With `copies`, several adapters send commands to it at the same time: it must answer each hello
    with a session.
    """

    def __init__(
        self, url: str, *, command_s: float, start_s: float = START_S, copies: bool = False
    ) -> None:
        channel = _Service(url, longest_s=max(command_s, start_s))
        super().__init__(channel, url, command_s=command_s, start_s=start_s)
        self._copies = copies

    async def begin(self, hello: Hello) -> Ready:
        """Sends the hello; raises AdapterError."""
        ready = await super().begin(hello)
        if self._copies and not ready.session:
            raise AdapterError(
                "with --workers, several copies of the client are used at the same time: the "
                'service must answer each hello with a "session", which its commands repeat'
            )
        return ready


class _Service:
    """The service; `longest_s` is the longest time limit of a request, in seconds."""

    last_words = ""

    def __init__(self, url: str, *, longest_s: float) -> None:
        self._url = url
        self._longest_s = longest_s
        self._wire: Wire | None = None
        self._restarting = False

    async def request(self, line: bytes) -> bytes:
        """Sends a JSON document; a service that crashed is retried until it is up again."""
        # The time limits of the adapter end a request earlier.
        wire = self._wire = self._wire or Wire(timeout_s=2 * self._longest_s)
        while True:
            outcome = await wire.send_once("POST", self._url, content=line, headers=_HEADERS)
            down = isinstance(outcome, Failure) and outcome.kind == "unreachable"
            if not (down and self._restarting):
                break
            await asyncio.sleep(_RESTART_S)
        self._restarting = False
        return _document(outcome)

    async def kill(self) -> None:
        """The connection is closed already; the service may be restarted by its supervisor."""
        self._restarting = True

    async def aclose(self) -> None:
        """Closes the connections; the service itself keeps running, and gets another hello."""
        if self._wire is not None:
            await self._wire.aclose()
            self._wire = None


def _document(outcome: Response | Failure) -> bytes:
    """The document of a success; a service whose client crashed answers 500, or nothing."""
    if isinstance(outcome, Failure):
        match outcome.kind:
            case "closed":
                raise ProgramEnded("the service closed the connection without an answer")
            case "unreachable":
                raise ProgramEnded(f"the service cannot be reached: {outcome.message}")
            case _:
                raise OSError(outcome.message)
    if outcome.truncated:
        raise ValueError(f"an answer of it is longer than {MAX_BODY_BYTES} bytes")
    text = outcome.body.raw[:_LONGEST_SHOWN].decode(errors="replace")
    answered = f"it answered {outcome.status} {text}".strip()
    if outcome.status == 500:
        raise ProgramEnded(answered)
    if not 200 <= outcome.status < 300:
        raise ValueError(f"{answered}; it must answer 200, and redirects are not followed")
    return outcome.body.raw
