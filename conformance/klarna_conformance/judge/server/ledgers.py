"""The ledgers of a scenario's orders, moved on by what is observed. Pure."""

from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import chain, combinations, islice

import msgspec

from klarna_conformance.judge.server.adoption import adopted
from klarna_conformance.judge.server.answered import Answered, may_answer_again
from klarna_conformance.judge.server.elsewhere import Recent
from klarna_conformance.judge.server.response_members import json_object, offered_days, shows_order
from klarna_reports.record.record import ProvidedOrder
from klarna_specs.calls import Call
from klarna_specs.effects import moved_on
from klarna_specs.exchange import Exchange
from klarna_specs.ledger import Answer, Ledger, open_ledger
from klarna_specs.oracle import Assessment, assess
from klarna_specs.spec import Spec

__all__ = ["Ledgers"]

_DONE = Answer(success=True, status=0)
_MOST_LEDGERS = 64


class Ledgers:
    """The ledger of each order now and at its last read, and the recorded calls in between."""

    def __init__(self, orders: Iterable[ProvidedOrder]) -> None:
        self._now = {order.order_id: order.ledger or _opened(order) for order in orders}
        self._at_read = dict(self._now)
        self._recent: dict[str, tuple[Recent, ...]] = {}
        self._unclear: dict[str, tuple[Call, ...]] = {}
        """The calls since the last read of which it is not known whether they took effect."""

    def copy(self) -> "Ledgers":
        """The same ledgers, to be continued separately."""
        other = Ledgers(())
        other._now = dict(self._now)
        other._at_read = dict(self._at_read)
        other._recent = dict(self._recent)
        other._unclear = dict(self._unclear)
        return other

    def get(self, order_id: str) -> Ledger | None:
        """The ledger of an order now; None where there is no such order."""
        return self._now.get(order_id)

    def put(self, ledger: Ledger) -> None:
        """Replaces the ledger of its order."""
        self._now[ledger.order_id] = ledger

    def at_read(self, order_id: str) -> Ledger:
        """The ledger of an order at its last read."""
        return self._at_read[order_id]

    def recent(self, order_id: str) -> tuple[Recent, ...]:
        """The recorded calls that change an order, since its last read."""
        return self._recent.get(order_id, ())

    def possible(self, ledger: Ledger) -> Iterator[Ledger]:
        """What a ledger would be if some of the calls with an unknown effect had taken effect."""
        calls = self._unclear.get(ledger.order_id, ())
        some = chain.from_iterable(combinations(calls, n + 1) for n in range(len(calls)))
        for each in islice(some, _MOST_LEDGERS):
            yield reduce(
                lambda so_far, call: moved_on(so_far, call, _DONE, effect=True), each, ledger
            )

    @property
    def resource_ids(self) -> set[str]:
        """The ids of all captures and refunds in the ledgers."""
        captures = {c.capture_id for ledger in self._now.values() for c in ledger.captures}
        return captures | {r.refund_id for ledger in self._now.values() for r in ledger.refunds}

    @property
    def state(self) -> str:
        """The state of all orders, to be compared, whatever led to it in which order."""
        return repr([_regardless_of_order(ledger) for ledger in self._now.values()])

    def assessed(self, spec: Spec, exchange: Exchange, call: Call) -> Assessment:
        """What the documentation allows for a call on these ledgers."""
        ledger = self._now.get(call.order_id)
        if ledger and ledger.now_s != exchange.clock_s:
            ledger = ledger.at(exchange.clock_s)
        others = [o for identifier, o in self._now.items() if identifier != call.order_id]
        return assess(spec, ledger, call, others)

    def move(self, answered: Answered) -> None:
        """Moves the ledger of the order on by what was observed."""
        ledger, call = answered.assessment.ledger, answered.call
        if ledger is None:
            return
        shows = call.operation.shows
        if call.operation.changes:
            ledger = _changed(ledger, answered)
            if call.operation.effect == "extend_due_date" and answered.kind == "refusal":
                ledger = ledger.after_refused_days(call.capture_id, call.member("number_of_days"))
            began_s, at_read = ledger.began_s or 0.0, self._at_read[call.order_id]
            recent = Recent(
                call=call,
                kind=answered.kind,
                read_s=began_s + at_read.now_s,
                sent_s=began_s + ledger.now_s,
            )
            self._recent[call.order_id] = (*self.recent(call.order_id), recent)
            self._unclear[call.order_id] = _unclear(self._unclear.get(call.order_id, ()), answered)
        elif shows == "order" and answered.kind == "success":
            order = json_object(answered.exchange)
            if order and shows_order(order, call.order_id):
                ledger = self._at_read[call.order_id] = adopted(ledger, order)
                self._recent[call.order_id] = ()
                self._unclear[call.order_id] = ()
        elif shows == "extension_options":
            days = offered_days(answered.exchange)
            if days is not None:
                ledger = ledger.with_options(call.capture_id or "", days)
        self._now[call.order_id] = ledger


def _opened(order: ProvidedOrder) -> Ledger:
    return open_ledger(order.plan, order.order_id, order.capture_ids, order.rest)


def _unclear(calls: tuple[Call, ...], answered: Answered) -> tuple[Call, ...]:
    """The calls with an unknown effect after another one, each key once."""
    call = answered.call
    if call.key and any(each.key == call.key for each in calls):
        clear = answered.kind == "success" and answered.is_retry
        return tuple(each for each in calls if each.key != call.key) if clear else calls
    lost = answered.kind == "neither" and answered.assessment.replay != "replay"
    return (*calls, call) if lost else calls


def _regardless_of_order(ledger: Ledger) -> tuple[object, ...]:
    keys = ((use.key, use.operation, use.fingerprint, use.answer) for use in ledger.keys)
    return (
        ledger.amounts,
        ledger.released,
        ledger.cancelled,
        ledger.uncertain,
        *(sorted(map(repr, part)) for part in (ledger.captures, ledger.refunds, keys)),
    )


def _changed(ledger: Ledger, answered: Answered) -> Ledger:
    """The ledger after a call that could change the order; uncertain where it is not known how."""
    if answered.kind == "neither" or answered.answer is None:
        if answered.assessment.replay == "replay":
            return ledger  # Its key was answered with success: it must not take effect again.
        return ledger.after_silence(answered.call)
    outcome, first = answered.outcome, answered.assessment.first
    again = outcome is not None and outcome.kind == "replay"
    if answered.assessment.replay == "replay_of_silence" and first is not None:
        again = first.amounts != ledger.amounts or answered.is_of_either
    effect = answered.kind == "success" and not again
    moved = moved_on(ledger, answered.call, answered.answer, effect=effect)
    of_key = answered.is_retry and set(ledger.silent) == {answered.call.key}
    if answered.kind == "success" and of_key:
        # However often it was sent without a response, under its key it happened once.
        moved = msgspec.structs.replace(moved, uncertain=False, silent=())
    undocumented = outcome is None and not ledger.shared
    if effect and (undocumented or may_answer_again(answered.assessment, answered.answer)):
        # The effect of a call that should have been refused is not documented, and a repeated call
        # without an id in its response looks like a new one: a read shows which it is. Of a shared
        # order, the read also has to show what others did that made the call right.
        return msgspec.structs.replace(moved, uncertain=True)
    return _with_distinct_ids(moved) if effect else moved


def _with_distinct_ids(ledger: Ledger) -> Ledger:
    """The ledger with the last resource unnamed if its id is that of an earlier one.

    `id_distinct` reports the repeated id. The resource has an id of its own, which a read
    shows: no later call is accused of the difference.
    """
    ids = [refund.refund_id for refund in ledger.refunds]
    if ids and ids[-1] in ids[:-1]:
        last = msgspec.structs.replace(ledger.refunds[-1], refund_id="")
        ledger = msgspec.structs.replace(ledger, refunds=(*ledger.refunds[:-1], last))
    ids = [capture.capture_id for capture in ledger.captures]
    if ids and ids[-1] in ids[:-1]:
        last = msgspec.structs.replace(ledger.captures[-1], capture_id="")
        ledger = msgspec.structs.replace(ledger, captures=(*ledger.captures[:-1], last))
    return ledger
