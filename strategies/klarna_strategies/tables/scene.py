"""The parts of the combined tables: values of each dimension, and their orders."""

from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Key, Scenario, Step
from klarna_strategies.lines import fee, goods
from klarna_strategies.pairwise import Row
from klarna_strategies.steps import capture, extend, offered, refund, release
from klarna_strategies.tables.fees import fee_refund
from klarna_strategies.tables.stage import Stage

__all__ = [
    "BEFORE",
    "CAPTURED",
    "FORMS",
    "LATER",
    "METHODS",
    "OPEN",
    "SIZES",
    "Scene",
    "can",
    "kinds_of",
    "possible",
]

METHODS = ("pay_later", "pay_in_4", "pay_now", "card")
LATER = METHODS[:2]
OPEN = ("one-partial-open", "several-partial-open")
CAPTURED = (
    "one-full",
    "one-partial-open",
    "one-partial-released",
    "several-complete",
    "several-partial-open",
    "several-partial-released",
)
_TINY = (7, 8, 9, 10)
"""Orders of a few minor units that can still be captured and refunded in parts."""
SIZES = (10_000, "tiny", 250_000, 40_000_001)
"""Amounts of orders; the last one is odd and beyond single precision."""
FORMS = (None, "uuid4", "uuid5", "text")
BEFORE = ("none", "capture", "refund", "fee refund", "release", "extension", "a refused call")


def kinds_of(stage: Stage) -> dict[str, tuple[str, ...]]:
    """The stage's markets by their documented features; markets of a kind alternate."""
    kinds: dict[str, tuple[str, ...]] = {}
    for market in stage.markets:
        groups = [group for group in ("return_fee", "extension") if market in stage.of(group)]
        kind = " and ".join(groups) or "neither"
        kinds[kind] = (*kinds.get(kind, ()), market)
    return kinds


def possible(row: Row, stage: Stage | None = None) -> bool:
    """Whether the earlier calls are possible, as far as the row is known."""
    return can(row, row.get("before", "none"), stage)


def can(row: Row, change: str, stage: Stage | None = None) -> bool:
    market = row.get("market")
    if change == "fee refund":
        return row.get("layout", "one-full") == "one-full" and (
            market is None or "return_fee" in market
        )
    if change == "extension":
        extended = (
            market is None
            or "extension" in market
            or (stage is not None and market in stage.of("extension"))
        )
        return extended and row.get("method", "pay_later") in LATER
    if change == "release":
        return row.get("layout", "released").endswith("released")
    return True


class Scene:
    """The order of a row, the steps before the call, and the amount then left to refund."""

    def __init__(self, stage: Stage, row: Row, index: int) -> None:
        self.row = row
        kinds = kinds_of(stage)
        same_kind = kinds.get(row["market"], (row["market"],))
        self.market = same_kind[index % len(same_kind)]
        size = row["size"]
        self.order_amount: int = _TINY[index % len(_TINY)] if size == "tiny" else size
        self.key = Key("call", row["key"]) if row["key"] else None
        before = row.get("before", "none")
        layout = row.get("layout", "one-full")
        whole = stage.plan(
            layout,
            market=self.market,
            order_amount=self.order_amount,
            payment_method=row["method"],
        )
        self.captured_amount = whole.captured_amount
        self.rest_amount = self.order_amount - self.captured_amount
        self.left = self.captured_amount
        self.plan = _unfinished(stage, whole, before)
        self.before = self._steps_before(before, whole)

    def _steps_before(self, before: str, whole: OrderPlan) -> tuple[Step, ...]:
        match before:
            case "capture":
                freed = (release(),) if whole.authorization == "released" else ()
                return capture(whole.captures[-1]), *freed
            case "release":
                return (release(),)
            case "refund":
                self.left -= 1
                return (refund(1),)
            case "fee refund":
                charged, fee_amount = self.goods_and_fee(self.left // 2)
                self.left -= charged - fee_amount
                return (fee_refund(goods(charged), fee(fee_amount)),)
            case "extension":
                # If the call is an extension too, it is of the other capture.
                return (extend(offered(0), capture=1 - self.row.get("capture", 1)),)
            case "a refused call":
                return (refund(self.captured_amount + 1),)
            case _:
                return ()

    def goods_and_fee(self, amount: int) -> tuple[int, int]:
        """Goods of this amount, at least 2, and a fee below it."""
        total = max(2, amount)
        return total, max(1, total // 20)

    def scenario(self, *steps: Step) -> Scenario:
        """The earlier steps, followed by these."""
        return Scenario(plan=self.plan, steps=(*self.before, *steps))


def _unfinished(stage: Stage, whole: OrderPlan, before: str) -> OrderPlan:
    """The order before the earlier steps."""
    if before not in ("capture", "release"):
        return whole
    return stage.captured(
        *(whole.captures[:-1] if before == "capture" else whole.captures),
        order_amount=whole.order_amount,
        market=whole.market,
        payment_method=whole.payment_method,
    )
