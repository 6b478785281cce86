"""Calls that break one rule, in combinations: market, method, layout, size, key, before it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from klarna_specs.plan import LAYOUTS
from klarna_specs.scenario import Scenario, Step
from klarna_strategies.lines import fee, goods
from klarna_strategies.pairwise import Row, pairwise
from klarna_strategies.steps import capture, extend, get_options, offered, refund, release
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

__all__ = ["broken_pairs"]

_CALLS: Mapping[str, Callable[[Scene], Step]] = {
    "refund above what is left": lambda scene: refund(scene.left + 1, key=scene.key),
    "refund of the whole order": lambda scene: refund(scene.order_amount, key=scene.key),
    "negative refund": lambda scene: refund(-1, key=scene.key),
    "fee in another market": lambda scene: _fee(scene),
    "fee on parts": lambda scene: _fee(scene),
    "fee sum above": lambda scene: _fee(scene, beside=1),
    "fee sum below": lambda scene: _fee(scene, beside=-1),
    "capture above what remains": lambda scene: capture(scene.rest_amount + 1, key=scene.key),
    "capture of what is released": lambda scene: capture(1, key=scene.key),
    "release of nothing": lambda scene: release(key=scene.key),
    "days beside those offered": lambda scene: extend(offered(0, plus=1), key=scene.key),
    "extension of another method": lambda scene: extend(30, key=scene.key),
    "options of another method": lambda _: get_options(),
}
"""A rule and the call that breaks it."""
_LAYOUTS: Mapping[str, tuple[str, ...]] = {
    "refund of the whole order": tuple(name for name in CAPTURED if "partial" in name),
    "fee on parts": ("one-partial-open", "several-complete", *CAPTURED[-2:]),
    "capture above what remains": OPEN,
    "capture of what is released": tuple(name for name in CAPTURED if "released" in name),
    "release of nothing": tuple(name for name in LAYOUTS if "full" in name or "complete" in name),
}
"""The layouts that break the rule; a fee is valid on a single full capture only."""


def broken_pairs(stage: Stage) -> Iterator[Scenario]:
    """Every two values that can meet, once at least, beside a call that breaks one rule alone."""
    for index, row in enumerate(pairwise(_dimensions(stage), _fits)):
        scene = Scene(stage, row, index)
        yield scene.scenario(_CALLS[row["call"]](scene))


def _dimensions(stage: Stage) -> dict[str, Sequence[Any]]:
    return {
        "call": tuple(_CALLS),
        "market": tuple(kinds_of(stage)),
        "method": METHODS,
        "size": SIZES,
        "layout": CAPTURED,
        "key": FORMS,
        "before": BEFORE,
    }


def _fits(row: Row) -> bool:
    """Whether the call breaks its rule and no other, as far as the row is known."""
    call, layout = row.get("call", ""), row.get("layout")
    alone = ("one-full",) if "fee" in call and call != "fee on parts" else CAPTURED
    if layout is not None and layout not in _LAYOUTS.get(call, alone):
        return False
    if "fee" in call and not _fee_fits(row):
        return False
    if call == "days beside those offered" and not can(row, "extension"):
        return False
    if "another method" in call and row.get("method") in LATER:
        return False
    return possible(row)


def _fee_fits(row: Row) -> bool:
    """Whether a return fee is wrong for one reason: the market, or the call itself."""
    call, market = row.get("call", ""), row.get("market")
    if row.get("before") in ("fee refund", "extension", "capture"):
        return False
    return market is None or ("return_fee" in market) != (call == "fee in another market")


def _fee(scene: Scene, *, beside: int = 0) -> Step:
    charged, fee_amount = scene.goods_and_fee(scene.left)
    lines = [goods(charged), fee(fee_amount)]
    return refund(charged - fee_amount + beside, key=scene.key, order_lines=lines)
