"""What a judge of clients reads: the attempts at one operation, and what is known of it. Pure."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from math import inf
from typing import Any

import msgspec

from klarna_conformance.judge.client.attempts import Attempt, attempts_of, response_ids
from klarna_conformance.judge.client.cases import cases_of
from klarna_conformance.judge.client.keys import KeyBook, acts_late
from klarna_conformance.judge.results import ExchangeResult
from klarna_specs.calls import Call
from klarna_specs.client.faults import (
    Errored,
    OtherRefund,
    Refused,
    Twice,
    Varied,
    kind_of,
    shows_effect,
)
from klarna_specs.client.play import (
    Command,
    Done,
    Episode,
    Mark,
    RefusedIt,
    Reported,
    Unknown,
    Unsupported,
)
from klarna_specs.exchange import Exchange, Response
from klarna_specs.ledger import Ledger
from klarna_specs.spec import Spec

__all__ = ["Check", "View", "view_of"]

_NO_KEYS = KeyBook()
Check = Callable[["View"], Iterable[ExchangeResult]]
"""What a requirement says of an operation, exchange by exchange."""


class View(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One operation as far as it is known.

    `attempts` are its own calls, `others` what else was sent meanwhile, `earlier` the answers to
    what came before in the scenario. `command`, `reported`, `before` and `after` are None where
    nothing but traffic is known. `keys` are those of other operations, `around` the commands of the
    scenario before this one. `credentials_known` is false for recordings, which have none.
    """

    spec: Spec
    attempts: tuple[Attempt, ...]
    others: tuple[Attempt, ...]
    earlier: tuple[Response, ...] = ()
    operation: str
    first: int
    keys: KeyBook = _NO_KEYS
    around: tuple[Command, ...] = ()
    credentials_known: bool = True
    command: Command | None = None
    reported: Reported | None = None
    reported_s: float = inf
    before: Ledger | None = None
    after: Ledger | None = None

    @property
    def last(self) -> Attempt | None:
        """The last attempt, if any was made."""
        return self.attempts[-1] if self.attempts else None

    @property
    def where(self) -> str:
        """The path of the order or the capture that the command is about; empty if unknown."""
        if self.before is None or self.command is None or self.command.unknown:
            return ""
        position = self.command.capture
        if position is None:
            return f"/orders/{self.before.order_id}"
        return f"/captures/{self.before.captures[position].capture_id}"

    @property
    def changes(self) -> bool:
        """Whether it is an operation that changes something."""
        return self.spec.operations[self.operation].changes

    @property
    def effect(self) -> str:
        """The name of what the operation does to an order."""
        return self.spec.operations[self.operation].effect

    @property
    def shows(self) -> str:
        """The name of the resource that a read shows; empty for a change."""
        return self.spec.operations[self.operation].shows

    @property
    def arguments(self) -> dict[str, Any]:
        """The members of the body that the client was called with."""
        return dict(self.command.arguments) if self.command else {}

    @property
    def was_unclear(self) -> bool:
        """Whether an attempt before the last one got no clear response."""
        return any(attempt is not self.last for attempt in self.unclear)

    @property
    def misread(self) -> bool:
        """Whether something else that the client sent met a fault: it may have relied on it."""
        return any(each.mark.fault is not None for each in self.others)

    @property
    def misled(self) -> bool:
        """Whether the client got a refusal for good of what the server had done.

        Either the network refused it under the same key, by which it should have had the first
        response again, or the server a duplicate that the network made.
        """
        last = self.last
        if last is None or not last.settles:
            return False
        done = {each.key for each in self.attempts if any(r.is_success for r in each.answers)}
        refused = isinstance(last.mark.fault, Errored) and last.key is not None
        doubled = isinstance(last.mark.fault, Twice) and last.fate == "refusal"
        return (refused or doubled) and done == {last.key}

    @property
    def declined(self) -> bool:
        """Whether the client reported that it has no such operation, and sent nothing for it."""
        return isinstance(self.reported, Unsupported) and not self.attempts

    @property
    def unclear(self) -> tuple[Attempt, ...]:
        """The attempts without a clear response."""
        return tuple(attempt for attempt in self.attempts if attempt.fate == "unclear")

    @property
    def late(self) -> tuple[Attempt, ...]:
        """The attempts that began after the outcome was reported."""
        return tuple(e for e in self.attempts if e.exchange.started_s > self.reported_s)

    def abandoned(self, attempt: Attempt) -> bool:
        """Whether the client sent another one before it had the answer to this attempt."""
        later = (each for each in self.attempts if each.index > attempt.index)
        return any(each.exchange.started_s < attempt.ended_s for each in later)

    @property
    def at(self) -> int:
        """The exchange that a finding about the operation as a whole points to."""
        return self.last.index if self.last else self.first

    @cached_property
    def effects(self) -> int:
        """How often the server did the operation, by the order or else by the responses."""
        if self.before is None or self.after is None:
            return len(self._successes)
        done = self.after.fingerprints[len(self.before.fingerprints) :]
        mine = f"{self.operation} {self.before.order_id} "
        return sum(each.startswith(mine) for each in done) - len(self._late_effects)

    @property
    def met(self) -> Ledger | None:
        """The order as the command met it: as it was, or after what earlier commands did late."""
        return self.after if self._late_effects and not self.effects else self.before

    @property
    def booked(self) -> str:
        """How often the server did it, in words."""
        times = {0: "never", 1: "once", 2: "twice"}.get(self.effects, f"{self.effects} times")
        return f"the server {'booked' if self.operation == 'refundOrder' else 'did'} it {times}"

    @property
    def said(self) -> str:
        """The outcome that the client reported, in words."""
        match self.reported:
            case Done():
                return "the client reported that it was done"
            case RefusedIt():
                return "the client reported that it was refused"
            case Unknown():
                return "the client reported that the outcome is unknown"
            case Unsupported():
                return "the client reported that it does not support it"
            case _:
                return "the client reported no outcome"

    @property
    def cause(self) -> str:
        """That a key was used before, which explains a wrong effect; empty if none was."""
        other = next(
            (u for each in self.attempts if (u := self.keys.uses.get(each.key or ""))), None
        )
        return f"; its key was used before, for {other}" if other else ""

    @cached_property
    def _late_effects(self) -> dict[str, set[str]]:
        """Keys of earlier operations that were done only now, with the ids of what they made."""
        if self.before is None:
            return {}
        late = [(each.call, each.answers) for each in self.others if self.keys.is_late(each.call)]
        return {
            call.key: {id_ for answer in answers for id_ in response_ids(answer)}
            for call, answers in late
            if call and call.key and acts_late(self.before, self.operation, call, answers)
        }

    @property
    def _successes(self) -> set[object]:
        """The successes among all answers, those that are about the same counted once."""
        return {
            frozenset(response_ids(response)) or attempt.key or attempt.index
            for attempt in self.attempts
            for response in attempt.answers
            if response.is_success
        }

    @cached_property
    def doubled(self) -> int:
        """How many of the effects came of a duplicate by the network, or of somebody else.

        Successes without an id are the same one only under a key.
        """
        extra = 0
        for attempt in self.attempts:
            if isinstance(attempt.mark.fault, Twice | OtherRefund):
                successes = [each for each in attempt.mark.served if each.is_success]
                ids = {
                    frozenset(response_ids(each)) or attempt.key or place
                    for place, each in enumerate(successes)
                }
                extra += max(0, len(ids) - 1)
        return extra

    @cached_property
    def served_ids(self) -> set[str]:
        """The ids of what the server made for these attempts, and not for somebody else."""
        if self.before is None or self.after is None:
            return set()
        known = {refund.refund_id for refund in self.before.refunds}
        late = {id_ for ids in self._late_effects.values() for id_ in ids}
        others = {
            id_
            for attempt in self.attempts
            if isinstance(attempt.mark.fault, OtherRefund)
            for response in attempt.mark.served[1:]
            for id_ in response_ids(response)
        }
        return {refund.refund_id for refund in self.after.refunds} - known - late - others

    @cached_property
    def seen(self) -> frozenset[str]:
        """The names of all cases that this operation is one of."""
        kinds = {
            kind_of(each.mark.fault)
            for each in self.attempts
            if each.mark.fault and (each.was_booked or not shows_effect(each.mark.fault))
        }
        command = self.command
        if command is None:
            return frozenset(kinds)
        if any(isinstance(fault, Refused) for fault in command.faults):
            kinds.add("refused")
        if command.for_ever and kinds:
            kinds.add("for-ever")
        calm = not any(command.faults) and not self.misread
        if calm and (self.attempts or not isinstance(self.reported, RefusedIt)):
            kinds.add("undisturbed")
            if self.around:
                kinds.add("after-another")
        varied = any(isinstance(each.mark.fault, Varied) for each in self.attempts)
        if self.last and self.last.fate in ("success", "refusal") and not varied:
            kinds.add(self.last.fate)
            if self.last.fate == "refusal" and any(each.is_refusal for each in self.earlier):
                kinds.add("second-refusal")
        return frozenset(kinds | cases_of(command, self.around))


def view_of(
    spec: Spec,
    episode: Episode,
    exchanges: Sequence[Exchange],
    marks: Sequence[Mark],
    *,
    keys: KeyBook,
    around: tuple[Command, ...],
) -> View:
    """An episode as the judge sees it."""
    sent = attempts_of(spec, exchanges, marks, first=episode.first, count=episode.count)
    here = (each for each in sent if each.mark.at == "server")
    alike = tuple(each for each in here if _is_own(each.call, episode))
    last_key = alike[-1].key if alike else None
    own = tuple(each for each in alike if not keys.is_late(each.call)) or tuple(
        each for each in alike if each.key == last_key
    )
    mine = {each.index for each in own}
    return View(
        spec=spec,
        attempts=own,
        others=tuple(each for each in sent if each.index not in mine),
        operation=episode.command.operation,
        first=episode.first,
        keys=keys,
        around=around,
        earlier=tuple(
            each.outcome
            for each in exchanges[: episode.first]
            if isinstance(each.outcome, Response)
        ),
        command=episode.command,
        reported=episode.reported,
        reported_s=inf if episode.reported_s is None else episode.reported_s,
        before=episode.before,
        after=episode.after,
    )


def _is_own(call: Call | None, episode: Episode) -> bool:
    if call is None or call.operation.operation != episode.command.operation:
        return False
    if episode.command.capture is not None and call.capture_id != episode.capture_id:
        return False
    return call.order_id == episode.order_id
