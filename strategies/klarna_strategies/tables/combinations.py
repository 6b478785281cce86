"""Dimensions of valid calls, and which of their values go together."""

from collections.abc import Callable, Sequence
from typing import Any

from klarna_strategies.pairwise import Row
from klarna_strategies.tables.scene import (
    BEFORE,
    CAPTURED,
    FORMS,
    LATER,
    METHODS,
    OPEN,
    SIZES,
    can,
    kinds_of,
    possible,
)
from klarna_strategies.tables.stage import Stage

__all__ = ["Combinations", "combinations_of"]

Dimensions = dict[str, Sequence[Any]]
Combinations = tuple[Dimensions, Callable[[Row], bool]]
"""Dimensions, and whether a row of some of them is possible."""
_EARLIER = ("none", "capture", "refund", "extension", "a refused call")
"""Calls before a call that leaves little else possible."""
_REPEATED = ("refund", "fee refund", "capture", "release", "cancel", "extension")
_BETWEEN = (
    "nothing",
    "refund",
    "fee refund",
    "capture",
    "release",
    "extension",
    "a look",
    "a refused call",
)


def combinations_of(stage: Stage) -> dict[str, Combinations]:
    """The dimensions of each call; one without values leaves nothing to combine."""
    kinds = tuple(kinds_of(stage))
    order: Dimensions = {"market": kinds, "method": METHODS, "size": SIZES}
    extended = tuple(kind for kind in kinds if "extension" in kind)
    return {
        "refund": (_refunds(order), possible),
        "fee refund": (
            _fee_refunds({**order, "market": stage.of("return_fee")}),
            lambda row: possible({**row, "layout": "one-full"}, stage=stage),
        ),
        "release": (_releases(order), possible),
        "extension": (
            _extensions({**order, "market": extended, "method": LATER}),
            _extension_possible,
        ),
        "repeat": (_repeats(order), _repeat_possible),
    }


def _refunds(order: Dimensions) -> Dimensions:
    return {
        **order,
        "layout": CAPTURED,
        "key": FORMS,
        "members": ("none", "reference", "description", "lines", "all"),
        "before": BEFORE,
        "share": ("part", "everything"),
    }


def _fee_refunds(order: Dimensions) -> Dimensions:
    return {
        **order,
        "key": FORMS,
        "members": ("lines", "reference", "description", "all"),
        "before": _EARLIER,
        "then": ("nothing", "removal", "removal with lines"),
    }


def _releases(order: Dimensions) -> Dimensions:
    return {**order, "layout": OPEN, "key": FORMS, "before": _EARLIER}


def _extensions(order: Dimensions) -> Dimensions:
    return {
        **order,
        "layout": CAPTURED,
        "capture": (0, 1),
        "days": (0, 1, -1),
        "key": FORMS,
        "before": BEFORE,
    }


def _repeats(order: Dimensions) -> Dimensions:
    return {
        **order,
        "layout": ("none-open", *CAPTURED),
        "key": FORMS[1:],
        "call": _REPEATED,
        "between": _BETWEEN,
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
        rest_is_gone = call in ("release", "cancel", "fee refund")
        bare = between == "release" and layout == "none-open" and call not in (None, "capture")
        return rest and not rest_is_gone and not bare
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
