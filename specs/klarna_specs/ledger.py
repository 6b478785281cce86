"""The ledger: an order's state as the documentation tells it, moved on by what was observed."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from klarna_specs.calls import Call
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.plan import Authorization, OrderPlan

__all__ = [
    "AUTHORIZATION_S",
    "DAY_S",
    "HOUR_S",
    "Answer",
    "Capture",
    "KeyUse",
    "Ledger",
    "Refund",
    "fee_amount",
    "open_ledger",
]

HOUR_S = 3_600
"""Within this a repeat is a retry, in seconds; how long a key lasts beyond is another matter."""
DAY_S = 86_400
"""For how long an idempotency key is remembered, in seconds (other documentation than the page)."""
AUTHORIZATION_S = 28 * DAY_S
"""How long an authorization lasts by default, in seconds (other documentation than the page)."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a repeated call has to be answered with again: status, id, where it leads to."""

    success: bool
    status: int
    resource_id: str | None = None
    location: str | None = None
    error_code: str | None = None


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """A capture; `offered_days` is None until the options were read, and stays as last told."""

    capture_id: str
    captured_amount: int
    offered_days: tuple[int, ...] | None = None
    extended: bool = False
    body: Any = None


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund, its return fee (0 or more, minor units), and the body that asked for it."""

    refund_id: str
    refunded_amount: int
    fee_amount: int = 0
    body: Any = None


class KeyUse(msgspec.Struct, frozen=True, kw_only=True):
    """The first use of an idempotency key on this order: for what, when, and what came of it.

    `answer` is None where none came, `later` what else was answered under the key since;
    `amounts` are those of the order before the call, and with what other calls did since if none
    came: those that the order has where the call did nothing.
    """

    key: str
    operation: str
    capture_id: str | None
    fingerprint: str
    answer: Answer | None
    amounts: tuple[int, int, int]
    at_s: int
    turn: int
    times: int = 1
    later: tuple[Answer, ...] = ()

    def again(self, call: Call, answer: Answer | None) -> "KeyUse":
        """This key after one more use: a success takes the place of a refusal."""
        if answer and answer.success and self.answer and not self.answer.success:
            return msgspec.structs.replace(
                self, answer=answer, fingerprint=call.fingerprint, times=self.times + 1
            )
        later = self.later if answer in (None, self.answer) else (*self.later, answer)
        return msgspec.structs.replace(self, later=later, times=self.times + 1)

    def beside(self, moved: Sequence[int]) -> "KeyUse":
        """This key after another call moved the amounts of the order."""
        captured, refunded, remaining = (a + m for a, m in zip(self.amounts, moved, strict=True))
        return msgspec.structs.replace(self, amounts=(captured, refunded, remaining))


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one order. Amounts are minor units; `now_s` counts from when the order was made.

    `uncertain` is set while it is not known whether a call took effect (no response, or a 5xx);
    `silent` are the keys of such calls (empty: none). `shared` is an order that others may change
    by calls that are not seen. `status` and `fraud_status` are as the order last showed them,
    `began_s` is when `now_s` was 0 and `expires_s` when the authorization ends (Unix times).

    >>> ledger.captured_amount, ledger.refunded_amount, ledger.remaining_authorized_amount
    (6000, 0, 4000)
    """

    order_id: str
    market: str
    currency: str
    payment_method: str
    order_amount: int
    captured_amount: int = 0
    refunded_amount: int = 0
    remaining_authorized_amount: int = 0
    captures: tuple[Capture, ...] = ()
    refunds: tuple[Refund, ...] = ()
    released: bool = False
    cancelled: bool = False
    keys: tuple[KeyUse, ...] = ()
    fingerprints: tuple[str, ...] = ()
    now_s: int = 0
    turn: int = 0
    uncertain: bool = False
    silent: tuple[str, ...] = ()
    shared: bool = False
    status: str = ""
    fraud_status: str = ""
    began_s: float | None = None
    expires_s: float | None = None

    @property
    def ended(self) -> bool:
        """Whether the authorization is over by itself: expired, by status or time, or closed."""
        if self.status in ("EXPIRED", "CLOSED"):
            return True
        timed = self.began_s is not None and self.expires_s is not None
        return timed and (self.began_s or 0) + self.now_s >= (self.expires_s or 0)

    @property
    def layout(self) -> str:
        """The capture layout that the order has by now: one of `LAYOUTS`."""
        authorization: Literal["open", "released", "cancelled"] = "open"
        if self.cancelled:
            authorization = "cancelled"
        elif self.released:
            authorization = "released"
        return OrderPlan(
            market=self.market,
            currency=self.currency,
            order_amount=self.order_amount,
            captures=tuple(capture.captured_amount for capture in self.captures),
            authorization=authorization,
        ).layout

    @property
    def fee_amount(self) -> int:
        """The return fees that were charged so far."""
        return sum(refund.fee_amount for refund in self.refunds)

    def capture(self, capture_id: str | None) -> Capture | None:
        """The capture of this id."""
        return next((c for c in self.captures if c.capture_id == capture_id), None)

    def refund(self, refund_id: str | None) -> Refund | None:
        """The refund of this id."""
        return next((r for r in self.refunds if r.refund_id == refund_id), None)

    def key_use(self, key: str | None) -> KeyUse | None:
        """The first use of a key on this order."""
        return next((use for use in self.keys if use.key == key), None) if key else None

    @property
    def amounts(self) -> tuple[int, int, int]:
        """What was captured, what was refunded, and what remains."""
        return self.captured_amount, self.refunded_amount, self.remaining_authorized_amount

    def at(self, now_s: int) -> "Ledger":
        """The ledger at a later time."""
        return msgspec.structs.replace(self, now_s=now_s)

    def noting(self, call: Call, answer: Answer, *, effect: bool) -> "Ledger":
        """The ledger with an answered call noted; `effect` says whether it did something new."""
        return msgspec.structs.replace(
            self._remembering(call, answer),
            turn=self.turn + 1,
            fingerprints=(*self.fingerprints, call.fingerprint) if effect else self.fingerprints,
        )

    def beside_silence(self, call: Call, before: "Ledger") -> "Ledger":
        """The ledger with what a call did counted beside the other calls that got no answer."""
        if all(use.answer or use.key == call.key for use in self.keys):
            return self
        moved = [now - then for now, then in zip(self.amounts, before.amounts, strict=True)]
        keys = (
            use if use.answer or use.key == call.key else use.beside(moved) for use in self.keys
        )
        return msgspec.structs.replace(self, keys=tuple(keys))

    def after_silence(self, call: Call) -> "Ledger":
        """The ledger after a call to which no answer came: it is not known what it did."""
        return msgspec.structs.replace(
            self._remembering(call, None), uncertain=True, silent=(*self.silent, call.key or "")
        )

    def with_options(self, capture_id: str, offered_days: tuple[int, ...]) -> "Ledger":
        """The ledger after the options of a capture were read."""
        return self.with_capture(capture_id, offered_days=offered_days)

    def with_capture(self, capture_id: str | None, **changes: Any) -> "Ledger":
        """The ledger with one capture changed."""
        captures = tuple(
            msgspec.structs.replace(capture, **changes)
            if capture.capture_id == capture_id
            else capture
            for capture in self.captures
        )
        return msgspec.structs.replace(self, captures=captures)

    def _remembering(self, call: Call, answer: Answer | None) -> "Ledger":
        if call.key is None or call.credentials != "valid":
            return self
        first = self.key_use(call.key)
        if first and self.now_s - first.at_s < DAY_S:
            again = first.again(call, answer)
            keys = tuple(again if use is first else use for use in self.keys)
        else:
            use = KeyUse(
                key=call.key,
                operation=call.operation.operation,
                capture_id=call.capture_id,
                fingerprint=call.fingerprint,
                answer=answer,
                amounts=self.amounts,
                at_s=self.now_s,
                turn=self.turn,
            )
            keys = (*(known for known in self.keys if known is not first), use)
        return msgspec.structs.replace(self, keys=keys)


def fee_amount(lines: Any) -> int:
    """The sum of the return fees among order lines, as a positive amount."""
    members = [as_object(line) or {} for line in as_array(lines) or ()]
    fees = [line for line in members if line.get("type") == "return_fee"]
    amounts = [fee.get("total_amount") for fee in fees]
    return -sum(amount for amount in amounts if is_integer(amount))


def open_ledger(
    plan: OrderPlan,
    order_id: str,
    capture_ids: tuple[str, ...] = (),
    rest: Authorization | None = None,
) -> Ledger:
    """The ledger of an order that was made for a plan.

    Only the captures whose ids are given count as made. What became of the `rest` is as told, or
    else as planned where all captures were made.

    >>> open_ledger(plan, "o-1").captured_amount
    0
    """
    made = tuple(
        Capture(capture_id=capture_id, captured_amount=amount)
        for capture_id, amount in zip(capture_ids, plan.captures, strict=False)
    )
    captured = sum(capture.captured_amount for capture in made)
    done = rest or (plan.authorization if len(made) == len(plan.captures) else "open")
    return Ledger(
        order_id=order_id,
        market=plan.market,
        currency=plan.currency,
        payment_method=plan.payment_method,
        order_amount=plan.order_amount,
        captured_amount=captured,
        remaining_authorized_amount=plan.order_amount - captured if done == "open" else 0,
        captures=made,
        released=done == "released",
        cancelled=done == "cancelled",
    )
