"""An adapter that is a program: started once, one command per line, one outcome per line."""

from collections.abc import Sequence

from klarna_conformance.certify.protocol_adapter import START_S, ProtocolAdapter
from klarna_conformance.line_program import LineProgram

__all__ = ["ProcessAdapter"]


class ProcessAdapter(ProtocolAdapter):
    """Runs the command of an integrator's adapter."""

    def __init__(
        self, command: Sequence[str], *, command_s: float, start_s: float = START_S
    ) -> None:
        super().__init__(
            LineProgram(command),
            " ".join(command),
            command_s=command_s,
            start_s=start_s,
            advice="; stdout is for the protocol only",
        )
