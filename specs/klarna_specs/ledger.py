"""The ledger: an order's state according to the documentation, updated by what was observed."""

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
"""A repeat within this time, in seconds, is a retry; later it is about the lifetime of the key."""
DAY_S = 86_400
"""The lifetime of an idempotency key, in seconds (from other documentation)."""
AUTHORIZATION_S = 28 * DAY_S
"""The default lifetime of an authorization, in seconds (from other documentation)."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The response that a repeated call must get again: status, id, location."""

    success: bool
    status: int
    resource_id: str | None = None
    location: str | None = None
    error_code: str | None = None


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """A capture; `offered_days` are those of the last read of the options, None before it.

    `offered_earlier` are those of one or two reads before it, without a change of the order since,
    and `offered_beside` those before another capture was extended. `refused` says whether other
    days were refused since the last read, which was at `offered_at_s`. `listed` is False once the
    order was shown without it.
    """

    capture_id: str
    captured_amount: int
    listed: bool = True
    offered_days: tuple[int, ...] | None = None
    offered_earlier: tuple[tuple[int, ...], ...] = ()
    offered_beside: tuple[int, ...] | None = None
    offered_at_s: int = 0
    refused: bool = False
    extended: bool = False
    body: Any = None


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund, its return fee (0 or more, minor units), and the request body.

    `listed` is False once the order was shown without it.
    """

    refund_id: str
    refunded_amount: int
    listed: bool = True
    fee_amount: int = 0
    body: Any = None


class KeyUse(msgspec.Struct, frozen=True, kw_only=True):
    """The first use of an idempotency key on this order: its operation, time and response.

    `answer` is None if there was no response; `later` are other responses with the same key since.
    `amounts` are those of the order before the call; without a response they include the effects of
    later calls: the amounts that the order has if the call had no effect.
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
        """This key after another use: a success replaces a refusal."""
        if answer and answer.success and self.answer and not self.answer.success:
            return msgspec.structs.replace(
                self, answer=answer, fingerprint=call.fingerprint, times=self.times + 1
            )
        later = self.later if answer in (None, self.answer) else (*self.later, answer)
        return msgspec.structs.replace(self, later=later, times=self.times + 1)

    def beside(self, moved: Sequence[int]) -> "KeyUse":
        """This key after another call changed the amounts of the order."""
        captured, refunded, remaining = (a + m for a, m in zip(self.amounts, moved, strict=True))
        return msgspec.structs.replace(self, amounts=(captured, refunded, remaining))


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one order. Amounts are minor units; `now_s` counts from the order's creation.

    `uncertain` is set while it is not known whether a call took effect (no response, or a 5xx);
    `silent` are the keys of such calls (empty: none). `shared` is an order that calls outside the
    traffic may change. `status` and `fraud_status` are as the order last showed them,
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
        """Whether the authorization is expired, by status or time, or closed."""
        if self.status in ("EXPIRED", "CLOSED"):
            return True
        timed = self.began_s is not None and self.expires_s is not None
        return timed and (self.began_s or 0) + self.now_s >= (self.expires_s or 0)

    @property
    def layout(self) -> str:
        """The current capture layout of the order: one of `LAYOUTS`."""
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
        """The sum of the return fees charged so far."""
        return sum(refund.fee_amount for refund in self.refunds)

    def capture(self, capture_id: str | None) -> Capture | None:
        """The capture with this id."""
        return next((c for c in self.captures if c.capture_id == capture_id), None)

    def refund(self, refund_id: str | None) -> Refund | None:
        """The refund with this id."""
        return next((r for r in self.refunds if r.refund_id == refund_id), None)

    def key_use(self, key: str | None) -> KeyUse | None:
        """The first use of a key on this order."""
        return next((use for use in self.keys if use.key == key), None) if key else None

    @property
    def amounts(self) -> tuple[int, int, int]:
        """The captured, refunded and remaining amounts."""
        return self.captured_amount, self.refunded_amount, self.remaining_authorized_amount

    def at(self, now_s: int) -> "Ledger":
        """The ledger at a later time."""
        return msgspec.structs.replace(self, now_s=now_s)

    def noting(self, call: Call, answer: Answer, *, effect: bool) -> "Ledger":
        """The ledger after an answered call; `effect` says whether the call had a new effect."""
        return msgspec.structs.replace(
            self._remembering(call, answer),
            turn=self.turn + 1,
            fingerprints=(*self.fingerprints, call.fingerprint) if effect else self.fingerprints,
        )

    def beside_silence(self, call: Call, before: "Ledger") -> "Ledger":
        """The ledger with the effect of a call added to the keys that got no response."""
        if all(use.answer or use.key == call.key for use in self.keys):
            return self
        moved = [now - then for now, then in zip(self.amounts, before.amounts, strict=True)]
        keys = (
            use if use.answer or use.key == call.key else use.beside(moved) for use in self.keys
        )
        return msgspec.structs.replace(self, keys=tuple(keys))

    def after_silence(self, call: Call) -> "Ledger":
        """The ledger after a call without a response: its effect is unknown."""
        return msgspec.structs.replace(
            self._remembering(call, None), uncertain=True, silent=(*self.silent, call.key or "")
        )

    def with_options(self, capture_id: str, offered_days: tuple[int, ...]) -> "Ledger":
        """The ledger after the options of a capture were read."""
        capture = self.capture(capture_id)
        before = (capture.offered_days,) if capture and capture.offered_days is not None else ()
        return self.with_capture(
            capture_id,
            offered_days=offered_days,
            offered_earlier=(*(capture.offered_earlier if capture else ()), *before)[-2:],
            offered_beside=None,
            offered_at_s=self.now_s,
            refused=False,
        )

    def after_refused_days(self, capture_id: str | None, days: Any) -> "Ledger":
        """The ledger after an extension was refused; only days that were not offered count."""
        capture = self.capture(capture_id)
        if capture is None or capture.offered_days is None or days in capture.offered_days:
            return self
        return self.with_capture(capture_id, refused=True)

    def with_capture(self, capture_id: str | None, **changes: Any) -> "Ledger":
        """The ledger with one capture replaced."""
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
    """The ledger of an order that was created for a plan.

    Only captures with an id count as made. `rest` is the reported state of the remaining
    authorization; None means as planned if all captures were made, else open.

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
