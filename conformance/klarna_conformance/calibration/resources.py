"""Orders, captures and refunds as a target shows them: learned from a record, and written. Pure."""

import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from typing import Any

from klarna_conformance.calibration.members import (
    ABSENT,
    Around,
    Expression,
    Own,
    expressions,
    moment_of,
    written,
)
from klarna_conformance.calibration.shapes import shape_of
from klarna_conformance.calibration.situations import Choices
from klarna_conformance.judge.server.comparison import AMOUNTS
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.ledger import Ledger

__all__ = ["Resources", "extended_days"]

_IDS = {"order": "order_id", "captures": "capture_id", "refunds": "refund_id"}
_EVENTS = {"order": "created_at", "captures": "captured_at", "refunds": "refunded_at"}
_DECIDED = {
    "order": ("order_id", *AMOUNTS),
    "captures": ("capture_id", "captured_amount"),
    "refunds": ("refund_id", "refunded_amount"),
}
"""The members that the documentation leaves no choice in, other than to leave them out."""
_SENT = ("reference", "description", "order_lines")
_ENOUGH = 12
"""So many objects of a kind in one state show how it is written."""
_STYLES: tuple[Mapping[str, Any], ...] = tuple(
    {**spaces, "ensure_ascii": ascii_only, "sort_keys": is_sorted}
    for is_sorted in (True, False)
    for spaces in ({"separators": (",", ":")}, {}, {"indent": 2}, {"indent": 4})
    for ascii_only in (False, True)
)
"""Of layouts that fit all texts alike, the first one counts."""
_DEFAULT = {"separators": (",", ":"), "ensure_ascii": False}
_ENOUGH_TEXTS = 200


class Resources:
    """How resources are written: which members, in which order, with which values."""

    def __init__(self) -> None:
        self._members: dict[tuple[str, str], Choices[Expression]] = defaultdict(Choices)
        self._orders: dict[str, list[str]] = defaultdict(list)
        self._texts: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._seen: Counter[Hashable] = Counter()
        self._objects: dict[str, Counter[Any]] = defaultdict(Counter)
        self._samples: dict[tuple[str, str], Counter[Any]] = defaultdict(Counter)
        self._ranks: dict[tuple[str, str], list[int]] = {}
        self._reversed: Counter[tuple[str, bool]] = Counter()
        self._styles: Counter[int] = Counter()

    def learn_text(self, text: str, value: Any) -> None:
        """Learns how a JSON text is laid out."""
        self._seen["text"] += 1
        if self._seen["text"] > _ENOUGH_TEXTS:
            return
        for number, style in enumerate(_STYLES):
            self._styles[number] += json.dumps(value, **style) == text

    def text(self, value: Any) -> str:
        """A JSON value as the target lays it out."""
        best = max(self._styles, key=lambda number: (self._styles[number], -number), default=0)
        return json.dumps(value, **(_STYLES[best] if self._styles[best] else _DEFAULT))

    def learn(
        self, kind: str, theirs: Any, ours: Any, ledger: Ledger, *, listed: bool = False
    ) -> None:
        """Learns from an object that a target showed, beside the one that the mock would show.

        `listed` says that it was shown as a part of its order.
        """
        shown, own = as_object(theirs), as_object(ours)
        if shown is None or own is None:
            return
        around = _around(kind, own, shown)
        state = _state(kind, own, ledger, listed=listed)
        self._seen[kind, state[0]] += 1
        if self._seen[kind, state[0]] > _ENOUGH:
            return
        self._objects[kind].update(state)
        self._learn_order(kind, list(shown))
        for name in dict.fromkeys((*own, *shown)):
            if name in ("captures", "refunds") and name in shown:
                self._learn_list(name, shown[name], own.get(name), ledger)
            keys = [(name in own, key) for key in state]
            for key in keys:
                self._samples[kind, name][key] += 1
            for each in reversed(self._expressions(kind, name, shown, around)):
                self._members[kind, name].add(keys, each)

    def _learn_order(self, kind: str, names: list[str]) -> None:
        known = self._orders[kind]
        for position, name in enumerate(names):
            if name not in known:
                before = known.index(names[position - 1]) + 1 if position else 0
                known.insert(before, name)

    def _learn_list(self, kind: str, theirs: Any, ours: Any, ledger: Ledger) -> None:
        shown = {each.get(_IDS[kind]): each for each in _objects(theirs)}
        own = {each[_IDS[kind]]: each for each in _objects(ours)}
        if len(shown) > 1 and set(shown) == set(own):
            self._reversed[kind, list(shown) == list(own)[::-1]] += 1
        for identifier in own.keys() & shown.keys():
            self.learn(kind, shown[identifier], own[identifier], ledger, listed=True)

    def _expressions(
        self, kind: str, name: str, shown: dict[str, Any], around: Around
    ) -> list[Expression]:
        if name not in shown:
            return [ABSENT]
        found = expressions(name, shown[name], around)
        if name in around.own and (name in _DECIDED.get(kind, ()) or _is_sent(kind, name)):
            return found[:1] if found[0] == _OWN else []
        if name in ("captures", "refunds") and kind == "order":
            return [_OWN]
        if isinstance(shown[name], str) and not isinstance(found[0], Own):
            self._texts[kind, name].add(shown[name])
        return found

    def show(
        self, kind: str, ours: dict[str, Any], ledger: Ledger, *, listed: bool = False
    ) -> dict[str, Any]:
        """An object as the target would show it, perhaps as a part of its order."""
        if not self._orders.get(kind):
            return ours
        around, state = _around(kind, ours, ours), _state(kind, ours, ledger, listed=listed)
        values = {
            name: self._value(kind, name, around, state)
            for name in dict.fromkeys((*self._orders[kind], *ours))
        }
        for name in ("captures", "refunds"):
            if isinstance(values.get(name), list) and kind == "order":
                values[name] = self.show_all(name, values[name], ledger, listed=True)
        return {name: value for name, value in values.items() if value is not ABSENT}

    def show_all(
        self, kind: str, ours: list[Any], ledger: Ledger, *, listed: bool = False
    ) -> list[Any]:
        """A list of captures or refunds as the target would show it."""
        turned = self._reversed[kind, True] > self._reversed[kind, False]
        shown = [self.show(kind, each, ledger, listed=listed) for each in ours]
        return shown[::-1] if turned else shown

    def _value(self, kind: str, name: str, around: Around, state: tuple[Hashable, ...]) -> Any:
        first, *others = [(name in around.own, key) for key in state]
        keys = [first, *(others[rank] for rank in self._rank(kind, name))]
        chosen = next(filter(None, (self._usual(kind, name, key) for key in keys)), None)
        if chosen is None:
            chosen = _OWN if name in around.own else ABSENT
        texts = self._texts.get((kind, name), set())
        if chosen not in (_OWN, ABSENT) and (shape := shape_of(sorted(texts))):
            return shape.new(f"{around.identifier} {name}")
        return written(chosen, name, around)

    def _usual(self, kind: str, name: str, key: tuple[bool, Any]) -> Expression | None:
        """How a member usually is in a situation; None if that was not seen."""
        members = self._members[kind, name]
        if self._absent(kind, name, key) > members.most(key):
            return ABSENT
        return next(members.candidates([key]), None)

    def _absent(self, kind: str, name: str, key: tuple[bool, Any]) -> int:
        """How many objects had no such member, which the mock does not have either."""
        is_own, situation = key
        shown = self._samples[kind, name]
        return 0 if is_own else self._objects[kind][situation] - shown[key] - shown[True, situation]

    def _rank(self, kind: str, name: str) -> list[int]:
        """The levels below the first one, those first that say most clearly how a member is."""
        if (kind, name) not in self._ranks:
            right, seen = Counter[Any](), Counter[Any]()
            for situation, count in self._objects[kind].items():
                for key in ((True, situation), (False, situation)):
                    if not key[0] or self._samples[kind, name][key]:
                        usual = self._members[kind, name].most(key)
                        seen[situation[0]] += self._samples[kind, name][key] if key[0] else count
                        right[situation[0]] += max(usual, self._absent(kind, name, key))
            clear = [right[level] / max(seen[level], 1) for level in _LEVELS[1:]]
            self._ranks[kind, name] = sorted(range(len(clear)), key=lambda n: (-clear[n], n))
        return self._ranks[kind, name]


def extended_days(ledger: Ledger, capture_id: str) -> tuple[int, ...]:
    """By how many days a capture was extended, in order, as far as its calls show it."""
    prefix = f"extendDueDate {ledger.order_id} {capture_id} json "
    bodies = (
        as_object(json.loads(f.removeprefix(prefix))) or {}
        for f in ledger.fingerprints
        if f.startswith(prefix)
    )
    return tuple(n for body in bodies if is_integer(n := body.get("number_of_days")))


def _is_sent(kind: str, name: str) -> bool:
    return kind in ("captures", "refunds") and name in _SENT


_OWN = Own()


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in as_array(value) or () if as_object(each)]


def _around(kind: str, ours: dict[str, Any], shown: dict[str, Any]) -> Around:
    amounts = {n: v for n, v in ours.items() if n.endswith("_amount") and is_integer(v)}
    preferred = "order_amount" if kind == "order" else f"{kind.removesuffix('s')}ed_amount"
    first = {preferred: amounts[preferred]} if preferred in amounts else {}
    event = moment_of(shown.get(_EVENTS.get(kind, "")))
    return Around(str(ours.get(_IDS.get(kind, ""))), ours, {**first, **amounts}, event)


_LEVELS = (
    ("layout", "refunded", "extended", "method", "place", "own", "market"),
    ("layout", "refunded", "extended", "method", "place", "own"),
    ("layout", "refunded", "extended", "method", "place"),
    ("layout", "refunded", "extended", "place"),
    ("method", "refunded", "extended", "place"),
    ("method", "extended", "place"),
    ("layout", "refunded"),
    ("method", "extended"),
    ("place",),
    ("method",),
    (),
)
"""What a member may depend on, most specific first."""


def _state(
    kind: str, ours: dict[str, Any], ledger: Ledger, *, listed: bool
) -> tuple[Hashable, ...]:
    """The situation of an object by what a member may depend on, most specific first."""
    capture_id = str(ours.get("capture_id", ""))
    ids = [each.capture_id for each in ledger.captures]
    capture = ledger.capture(capture_id) if kind == "captures" else None
    facts = {
        "layout": ledger.layout,
        "refunded": (
            bool(ledger.refunded_amount),
            ledger.refunded_amount == ledger.captured_amount > 0,
        ),
        "extended": extended_days(ledger, capture_id) if capture else (),
        "method": ledger.payment_method,
        "place": (ids.index(capture_id), capture.body is None) if capture else (),
        "own": (bool(ours.get("refunded_amount")), ledger.ended),
        "market": ledger.market,
    }
    return tuple((names, listed, *(facts[name] for name in names)) for names in _LEVELS)
