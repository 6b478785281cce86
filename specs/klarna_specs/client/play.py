"""The certification of a client: commands, faults, reported outcomes. Plain data."""

from typing import Any, Literal

import msgspec

from klarna_specs.client.faults import Fault
from klarna_specs.exchange import Response
from klarna_specs.ledger import Ledger
from klarna_specs.plan import OrderPlan

__all__ = [
    "ClientScenario",
    "ClientSide",
    "Command",
    "Done",
    "Ended",
    "Episode",
    "Mark",
    "RefusedIt",
    "Reported",
    "TimedOut",
    "Unknown",
    "Unsupported",
]


class Command(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A command for a client, and the faults that its attempts meet.

    `order` and `capture` are positions (from 0) in the scenario's orders and the order's captures;
    with `unknown` the client gets a nonexistent id in place of one of them. The n-th attempt meets
    the n-th fault (None: none); later attempts meet no fault or, with `for_ever`, the last one. The
    n-th read by the client besides its attempts meets the n-th fault of `reads`. With `restarted`,
    the client is restarted before the command; `captured_amount` is captured by somebody else then.
    """

    operation: str
    order: int = 0
    capture: int | None = None
    unknown: Literal["", "order", "capture"] = ""
    arguments: dict[str, Any] = {}
    faults: tuple[Fault | None, ...] = ()
    for_ever: bool = False
    restarted: bool = False
    captured_amount: int = 0
    reads: tuple[Fault | None, ...] = ()

    @property
    def disturbances(self) -> tuple[Fault, ...]:
        """Every fault that may occur, on its attempts and on the client's reads."""
        return tuple(fault for fault in (*self.faults, *self.reads) if fault)

    def fault(self, attempt: int) -> Fault | None:
        """The fault of the attempt with this number (from 0)."""
        if attempt < len(self.faults):
            return self.faults[attempt]
        return self.faults[-1] if self.for_ever and self.faults else None


class ClientScenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Existing orders, and the commands that a client gets for them, in sequence."""

    orders: tuple[OrderPlan, ...]
    commands: tuple[Command, ...]

    def then(self, other: "ClientScenario") -> "ClientScenario":
        """Both as one scenario: this one first, then the other on its own orders."""
        moved = (
            msgspec.structs.replace(command, order=command.order + len(self.orders))
            for command in other.commands
        )
        return ClientScenario(
            orders=(*self.orders, *other.orders), commands=(*self.commands, *moved)
        )

    @property
    def restarts(self) -> bool:
        """Whether the client is restarted before one of the commands."""
        return any(command.restarted for command in self.commands)

    @property
    def problem(self) -> str:
        """Why the scenario is impossible; empty if it is possible."""
        if not self.commands:
            return "there is no command"
        for plan in self.orders:
            if plan.problem:
                return plan.problem
        for command in self.commands:
            if not 0 <= command.order < len(self.orders):
                return f"there is no order {command.order}"
            captures = self.orders[command.order].captures
            if command.unknown == "capture" and command.capture is None:
                return f"{command.operation} is about no capture that could be unknown"
            if command.capture is not None and not 0 <= command.capture < len(captures):
                return f"order {command.order} has no capture {command.capture}"
        return ""


class Done(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="outcome", tag="done"):
    """The operation was carried out; with the refund's id, or the options, where these exist."""

    refund_id: str | None = None
    capture_id: str | None = None
    options: tuple[dict[str, Any], ...] | None = None


class RefusedIt(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field="outcome", tag="refused"
):
    """The operation was refused, by the server, with its error, or by the client itself."""

    error_code: str | None = None
    error_messages: tuple[str, ...] = ()
    correlation_id: str | None = None


class Unknown(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="outcome", tag="unknown"):
    """It is not known whether the operation was carried out."""

    reason: str = ""


class Unsupported(msgspec.Struct, frozen=True, tag_field="outcome", tag="unsupported"):
    """The client does not support the operation."""


class TimedOut(msgspec.Struct, frozen=True, tag_field="outcome", tag="mute"):
    """The client reported no outcome within a number of seconds."""

    after_s: float


class Ended(msgspec.Struct, frozen=True, tag_field="outcome", tag="ended"):
    """The client crashed without an outcome; `reason` is its last output on stderr."""

    reason: str


Reported = Done | RefusedIt | Unknown | Unsupported | TimedOut | Ended


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """The network's view of an exchange: its fault, and the responses of the server.

    `at` says where the request arrived: at the server, or at another one after a redirect;
    `discarded` marks a request about an order of a scenario that was repeated. `carried` says
    whether it carried credentials elsewhere; `recorded` marks what somebody else recorded, which
    shows nothing but that; `untimed` what it does not even show the times of.
    """

    fault: Fault | None = None
    served: tuple[Response, ...] = ()
    at: Literal["server", "elsewhere", "discarded"] = "server"
    carried: bool = False
    recorded: bool = False
    untimed: bool = False


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """One command, from when it was given until the client reported its outcome.

    Its exchanges are `count` from the index `first`; `before` and `after` are the states of the
    command's order, also if the client got a nonexistent id in its place. The outcome came
    `reported_s` seconds after the scenario's start; None if that is not known.
    """

    command: Command
    order_id: str
    capture_id: str | None
    first: int
    count: int
    before: Ledger
    after: Ledger
    reported: Reported = msgspec.field(name="told")
    wall_s: float
    reported_s: float | None = None


class ClientSide(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a scenario with a client besides its exchanges, and a mark for each."""

    orders: tuple[OrderPlan, ...]
    episodes: tuple[Episode, ...]
    marks: tuple[Mark, ...]
