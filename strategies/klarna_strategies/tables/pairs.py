"""Combinations for valid calls: market, method, layout, size, key, members, earlier calls."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from klarna_specs.scenario import Scenario, Step
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
from klarna_strategies.tables.scene import (
    BEFORE,
    CAPTURED,
    FORMS,
    LATER,
    METHODS,
    OPEN,
    SIZES,
    Scene,
    can,
    kinds_of,
    possible,
)
from klarna_strategies.tables.stage import Stage

__all__ = ["combinations_of", "pairs"]

_MEMBERS = ("none", "reference", "description", "lines", "all")


def pairs(stage: Stage) -> Iterator[Scenario]:
    """Every possible pair of values at least once, for each call that is to succeed."""
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
            yield written[name](Scene(stage, row, turns[row["market"]]))
            turns[row["market"]] += 1


Combinations = tuple[dict[str, Sequence[Any]], Callable[[Row], bool]]
"""Dimensions, and whether a row of some of them is possible."""


def combinations_of(stage: Stage) -> dict[str, Combinations]:
    """The dimensions of each call; one without values leaves nothing to combine."""
    kinds = tuple(kinds_of(stage))
    order: dict[str, Sequence[Any]] = {"market": kinds, "method": METHODS, "size": SIZES}
    extended = tuple(kind for kind in kinds if "extension" in kind)
    return {
        "refund": (
            {
                **order,
                "layout": CAPTURED,
                "key": FORMS,
                "members": _MEMBERS,
                "before": BEFORE,
                "share": ("part", "everything"),
            },
            possible,
        ),
        "fee refund": (
            {
                **order,
                "market": stage.of("return_fee"),
                "key": FORMS,
                "members": ("lines", "reference", "description", "all"),
                "before": ("none", "capture", "refund", "extension", "a refused call"),
                "then": ("nothing", "removal", "removal with lines"),
            },
            lambda row: possible({**row, "layout": "one-full"}, stage=stage),
        ),
        "release": (
            {
                **order,
                "layout": OPEN,
                "key": FORMS,
                "before": ("none", "capture", "refund", "extension", "a refused call"),
            },
            possible,
        ),
        "extension": (
            {
                **order,
                "market": extended,
                "method": LATER,
                "layout": CAPTURED,
                "capture": (0, 1),
                "days": (0, 1, -1),
                "key": FORMS,
                "before": BEFORE,
            },
            _extension_possible,
        ),
        "repeat": (
            {
                **order,
                "layout": ("none-open", *CAPTURED),
                "key": FORMS[1:],
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


def _extension_possible(row: Row) -> bool:
    several = row.get("layout", "several").startswith("several")
    alone = row.get("capture") == 1 or row.get("before") == "extension"
    return possible(row) and (several or not alone)


def _repeat_possible(row: Row) -> bool:
    """Whether the call succeeds, and the calls between its repeats."""
    call, between = row.get("call"), row.get("between", "nothing")
    layout = row.get("layout")
    several = layout is None or layout.startswith("several")
    if call in ("fee refund", "extension") and not can(row, call):
        return False
    if layout is not None and layout not in _LAYOUTS_OF.get(call or "", (layout,)):
        return False
    if between in ("fee refund", "extension") and not can(row, between):
        return False
    if between == "refund":
        return call != "cancel" and (layout != "none-open" or call in (None, "capture"))
    if between == "fee refund":
        return call not in ("fee refund", "capture", "release", "cancel")
    if between in ("capture", "release"):
        rest = layout is None or layout in (*OPEN, "none-open")
        # No capture is possible after a release, and no release before a capture.
        given_up = call in ("release", "cancel", "fee refund")
        bare = between == "release" and layout == "none-open" and call not in (None, "capture")
        return rest and not given_up and not bare
    if between == "extension":
        captured = layout != "none-open" or call in (None, "capture")
        return captured and call != "cancel" and (call != "extension" or several)
    return True


_LAYOUTS_OF = {
    "refund": CAPTURED,
    "fee refund": ("one-full",),
    "capture": ("none-open", *OPEN),
    "release": OPEN,
    "cancel": ("none-open",),
    "extension": CAPTURED,
}


def _texts(members: str) -> dict[str, Any]:
    texts = {"reference": "RMA-1", "description": "Returned goods"}
    return {name: text for name, text in texts.items() if members in (name, "all")}


def _refund(scene: Scene) -> Scenario:
    members = scene.row["members"]
    amount = scene.left if scene.row["share"] == "everything" else scene.left // 2
    lines: dict[str, Any] = {"order_lines": [goods(amount)]} if members in ("lines", "all") else {}
    return scene.scenario(refund(amount, key=scene.key, **_texts(members), **lines))


def _fee_refund(scene: Scene) -> Scenario:
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


def _release(scene: Scene) -> Scenario:
    return scene.scenario(release(key=scene.key))


def _extension(scene: Scene) -> Scenario:
    position = scene.row["capture"]
    days = offered(scene.row["days"])
    return scene.scenario(get_options(position), extend(days, capture=position, key=scene.key))


def _repeat(scene: Scene) -> Scenario:
    call = _call(scene)
    return scene.scenario(call, *_between(scene), call)


def _call(scene: Scene) -> Step:
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


def _between(scene: Scene) -> tuple[Step, ...]:
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
