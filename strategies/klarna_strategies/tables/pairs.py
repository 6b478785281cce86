"""Combinations for valid calls: market, method, layout, size, key, members, earlier calls."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from klarna_specs.scenario import Scenario, Step
from klarna_strategies.lines import fee, goods
from klarna_strategies.pairwise import pairwise
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
from klarna_strategies.tables.combinations import combinations_of
from klarna_strategies.tables.fees import fee_refund
from klarna_strategies.tables.scene import Scene
from klarna_strategies.tables.stage import Stage

__all__ = ["pairs"]


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
