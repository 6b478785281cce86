"""Putting a client to the test: what it is told, what happens, what it tells. Plain data."""

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
    "Mute",
    "RefusedIt",
    "Told",
    "Unknown",
    "Unsupported",
]


class Command(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One thing to tell a client to do, and the faults that its attempts meet.

    `order` and `capture` are positions (from 0) in the scenario's orders and the order's captures;
    with `unknown` the client gets an id in place of one of them that no server knows.
    The n-th attempt meets the n-th fault (None: none); what comes after them is undisturbed, or,
    with `for_ever`, meets the last one again and again. The n-th thing that the client reads
    beside its attempts meets the n-th fault of `reads`.
    """

    operation: str
    order: int = 0
    capture: int | None = None
    unknown: Literal["", "order", "capture"] = ""
    arguments: dict[str, Any] = {}
    faults: tuple[Fault | None, ...] = ()
    for_ever: bool = False
    reads: tuple[Fault | None, ...] = ()

    @property
    def disturbances(self) -> tuple[Fault, ...]:
        """Every fault that may act on it, on its attempts and on what else the client reads."""
        return tuple(fault for fault in (*self.faults, *self.reads) if fault)

    def fault(self, attempt: int) -> Fault | None:
        """What the attempt of this number (from 0) meets."""
        if attempt < len(self.faults):
            return self.faults[attempt]
        return self.faults[-1] if self.for_ever and self.faults else None


class ClientScenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Orders that exist, and commands that a client gets about them, one after the other."""

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
    def problem(self) -> str:
        """Why nobody can be put through it; empty where somebody can."""
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
    """It was done; with the refund's id, or the options, where it is about those."""

    refund_id: str | None = None
    capture_id: str | None = None
    options: tuple[dict[str, Any], ...] | None = None


class RefusedIt(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field="outcome", tag="refused"
):
    """It was not done, and will not be: by the server, which said why, or by the client itself."""

    error_code: str | None = None
    error_messages: tuple[str, ...] = ()
    correlation_id: str | None = None


class Unknown(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="outcome", tag="unknown"):
    """It is not known whether it was done."""

    reason: str = ""


class Unsupported(msgspec.Struct, frozen=True, tag_field="outcome", tag="unsupported"):
    """The client has no such operation."""


class Mute(msgspec.Struct, frozen=True, tag_field="outcome", tag="mute"):
    """Nothing was told within so many seconds."""

    after_s: float


class Ended(msgspec.Struct, frozen=True, tag_field="outcome", tag="ended"):
    """The client broke down instead of telling anything; what it wrote to stderr last."""

    reason: str


Told = Done | RefusedIt | Unknown | Unsupported | Mute | Ended


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """What only the network knows of an exchange: the fault at work, and the server's answers.

    `at` is where the request arrived: at the server, or at another one that it was redirected to;
    `discarded` is one about an order of a scenario that was repeated, which nobody is judged by.
    `carried` is whether it carried credentials elsewhere.
    """

    fault: Fault | None = None
    served: tuple[Response, ...] = ()
    at: Literal["server", "elsewhere", "discarded"] = "server"
    carried: bool = False


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """One command from when it was told until the client had answered.

    Its exchanges are `count` from the index `first`; `before` and `after` is the order then and
    there: the one of that position where the client got the id of none.
    """

    command: Command
    order_id: str
    capture_id: str | None
    first: int
    count: int
    before: Ledger
    after: Ledger
    told: Told
    wall_s: float


class ClientSide(msgspec.Struct, frozen=True, kw_only=True):
    """What the record of a scenario with a client has beside the exchanges: a mark for each."""

    orders: tuple[OrderPlan, ...]
    episodes: tuple[Episode, ...]
    marks: tuple[Mark, ...]
