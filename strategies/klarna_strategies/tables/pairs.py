"""Valid calls in combinations: market, method, layout, size, key, members, what came before."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Key, Scenario, Step
from klarna_strategies.lines import fee, goods
from klarna_strategies.pairwise import Row, pairwise
from klarna_strategies.steps import (
    cancel,
    capture,
    extend,
    get_options,
    get_order,
    offered,
    refund,
    release,
)
from klarna_strategies.tables.fees import fee_refund
from klarna_strategies.tables.stage import Stage

__all__ = ["combinations_of", "pairs"]

_METHODS = ("pay_later", "pay_in_4", "pay_now", "card")
_LATER = _METHODS[:2]
_OPEN = ("one-partial-open", "several-partial-open")
_CAPTURED = (
    "one-full",
    "one-partial-open",
    "one-partial-released",
    "several-complete",
    "several-partial-open",
    "several-partial-released",
)
_TINY = (7, 8, 9, 10)
"""Orders of a few minor units that still can be captured and refunded in parts."""
_SIZES = (10_000, "tiny", 250_000, 40_000_001)
"""Amounts of orders; the last one is odd and beyond single precision."""
_FORMS = (None, "uuid4", "uuid5", "text")
_MEMBERS = ("none", "reference", "description", "lines", "all")
_BEFORE = ("none", "capture", "refund", "fee refund", "release", "extension", "a refused call")


def pairs(stage: Stage) -> Iterator[Scenario]:
    """Every two values that can meet, once at least, for each call that is to succeed."""
    written = {
        "refund": _refund,
        "fee refund": _fee_refund,
        "release": _release,
        "extension": _extension,
        "repeat": _repeat,
    }
    turns: Counter[str] = Counter()
    for name, (dimensions, fits) in combinations_of(stage).items():
        for row in pairwise(dimensions, fits):
            yield written[name](_Scene(stage, row, turns[row["market"]]))
            turns[row["market"]] += 1


Combinations = tuple[dict[str, Sequence[Any]], Callable[[Row], bool]]
"""Dimensions, and whether a row of some of them is possible."""


def combinations_of(stage: Stage) -> dict[str, Combinations]:
    """What is combined for each call; a dimension without values leaves nothing to combine."""
    kinds = tuple(_kinds(stage))
    order: dict[str, Sequence[Any]] = {"market": kinds, "method": _METHODS, "size": _SIZES}
    extended = tuple(kind for kind in kinds if "extension" in kind)
    return {
        "refund": (
            {
                **order,
                "layout": _CAPTURED,
                "key": _FORMS,
                "members": _MEMBERS,
                "before": _BEFORE,
                "share": ("part", "everything"),
            },
            _possible,
        ),
        "fee refund": (
            {
                **order,
                "market": stage.of("return_fee"),
                "key": _FORMS,
                "members": ("lines", "reference", "description", "all"),
                "before": ("none", "capture", "refund", "extension", "a refused call"),
                "then": ("nothing", "removal", "removal with lines"),
            },
            lambda row: _possible({**row, "layout": "one-full"}, stage=stage),
        ),
        "release": (
            {
                **order,
                "layout": _OPEN,
                "key": _FORMS,
                "before": ("none", "capture", "refund", "extension", "a refused call"),
            },
            _possible,
        ),
        "extension": (
            {
                **order,
                "market": extended,
                "method": _LATER,
                "layout": _CAPTURED,
                "capture": (0, 1),
                "days": (0, 1, -1),
                "key": _FORMS,
                "before": _BEFORE,
            },
            _extension_possible,
        ),
        "repeat": (
            {
                **order,
                "layout": ("none-open", *_CAPTURED),
                "key": _FORMS[1:],
                "call": ("refund", "fee refund", "capture", "release", "cancel", "extension"),
                "between": (
                    "nothing",
                    "refund",
                    "fee refund",
                    "capture",
                    "release",
                    "extension",
                    "a look",
                    "a refused call",
                ),
            },
            _repeat_possible,
        ),
    }


def _kinds(stage: Stage) -> dict[str, tuple[str, ...]]:
    """The stage's markets by what is documented for them; those of a kind take turns."""
    kinds: dict[str, tuple[str, ...]] = {}
    for market in stage.markets:
        groups = [group for group in ("return_fee", "extension") if market in stage.of(group)]
        kind = " and ".join(groups) or "neither"
        kinds[kind] = (*kinds.get(kind, ()), market)
    return kinds


def _possible(row: Row, stage: Stage | None = None) -> bool:
    """Whether what comes before can be done at all, as far as the row is known."""
    return _can(row, row.get("before", "none"), stage)


def _can(row: Row, change: str, stage: Stage | None = None) -> bool:
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
        return extended and row.get("method", "pay_later") in _LATER
    if change == "release":
        return row.get("layout", "released").endswith("released")
    return True


def _extension_possible(row: Row) -> bool:
    several = row.get("layout", "several").startswith("several")
    alone = row.get("capture") == 1 or row.get("before") == "extension"
    return _possible(row) and (several or not alone)


def _repeat_possible(row: Row) -> bool:
    """Whether the call succeeds, and what comes between its repeats after it."""
    call, between = row.get("call"), row.get("between", "nothing")
    layout = row.get("layout")
    several = layout is None or layout.startswith("several")
    if call in ("fee refund", "extension") and not _can(row, call):
        return False
    if layout is not None and layout not in _LAYOUTS_OF.get(call or "", (layout,)):
        return False
    if between in ("fee refund", "extension") and not _can(row, between):
        return False
    if between == "refund":
        return call != "cancel" and (layout != "none-open" or call in (None, "capture"))
    if between == "fee refund":
        return call not in ("fee refund", "capture", "release", "cancel")
    if between in ("capture", "release"):
        rest = layout is None or layout in (*_OPEN, "none-open")
        # Nothing can be captured once the rest was given up, or released before a capture.
        given_up = call in ("release", "cancel", "fee refund")
        bare = between == "release" and layout == "none-open" and call not in (None, "capture")
        return rest and not given_up and not bare
    if between == "extension":
        captured = layout != "none-open" or call in (None, "capture")
        return captured and call != "cancel" and (call != "extension" or several)
    return True


_LAYOUTS_OF = {
    "refund": _CAPTURED,
    "fee refund": ("one-full",),
    "capture": ("none-open", *_OPEN),
    "release": _OPEN,
    "cancel": ("none-open",),
    "extension": _CAPTURED,
}


class _Scene:
    """The order of a row, the steps before the call, and what is left to refund then."""

    def __init__(self, stage: Stage, row: Row, index: int) -> None:
        self.row = row
        kinds = _kinds(stage)
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
                # Where the call is an extension too, it is the other capture's.
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
        """The steps after those that come before."""
        return Scenario(plan=self.plan, steps=(*self.before, *steps))


def _unfinished(stage: Stage, whole: OrderPlan, before: str) -> OrderPlan:
    """The order as it is until what comes before the call has been done."""
    if before not in ("capture", "release"):
        return whole
    return stage.captured(
        *(whole.captures[:-1] if before == "capture" else whole.captures),
        order_amount=whole.order_amount,
        market=whole.market,
        payment_method=whole.payment_method,
    )


def _texts(members: str) -> dict[str, Any]:
    texts = {"reference": "RMA-1", "description": "Returned goods"}
    return {name: text for name, text in texts.items() if members in (name, "all")}


def _refund(scene: _Scene) -> Scenario:
    members = scene.row["members"]
    amount = scene.left if scene.row["share"] == "everything" else scene.left // 2
    lines: dict[str, Any] = {"order_lines": [goods(amount)]} if members in ("lines", "all") else {}
    return scene.scenario(refund(amount, key=scene.key, **_texts(members), **lines))


def _fee_refund(scene: _Scene) -> Scenario:
    charged, fee_amount = scene.goods_and_fee(scene.left)
    lines = [goods(charged), fee(fee_amount)]
    amount = charged - fee_amount
    call = refund(amount, key=scene.key, order_lines=lines, **_texts(scene.row["members"]))
    match scene.row["then"]:
        case "removal":
            return scene.scenario(call, refund(fee_amount))
        case "removal with lines":
            shown = [goods(fee_amount, name="Return fee removed", type="surcharge")]
            return scene.scenario(call, refund(fee_amount, order_lines=shown))
        case _:
            return scene.scenario(call)


def _release(scene: _Scene) -> Scenario:
    return scene.scenario(release(key=scene.key))


def _extension(scene: _Scene) -> Scenario:
    position = scene.row["capture"]
    days = offered(scene.row["days"])
    return scene.scenario(get_options(position), extend(days, capture=position, key=scene.key))


def _repeat(scene: _Scene) -> Scenario:
    call = _call(scene)
    return scene.scenario(call, *_between(scene), call)


def _call(scene: _Scene) -> Step:
    match scene.row["call"]:
        case "refund":
            return refund(scene.left // 2, key=scene.key)
        case "fee refund":
            charged, fee_amount = scene.goods_and_fee(scene.left // 2)
            return fee_refund(goods(charged), fee(fee_amount), key=scene.key)
        case "capture":
            return capture(scene.rest_amount // 2, key=scene.key)
        case "release":
            return release(key=scene.key)
        case "cancel":
            return cancel(key=scene.key)
        case _:
            return extend(offered(0), key=scene.key)


def _between(scene: _Scene) -> tuple[Step, ...]:
    several = scene.row["layout"].startswith("several")
    match scene.row["between"]:
        case "refund":
            return (refund(1),)
        case "fee refund":
            charged, fee_amount = scene.goods_and_fee(scene.left // 4)
            return (fee_refund(goods(charged), fee(fee_amount)),)
        case "capture":
            return (capture(1),)
        case "release":
            return (release(),)
        case "extension":
            return (extend(offered(0), capture=1 if several else 0),)
        case "a look":
            return (get_order(),)
        case "a refused call":
            return (refund(scene.order_amount + 1),)
        case _:
            return ()
