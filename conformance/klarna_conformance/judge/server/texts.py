"""Comparison of the texts that a resource shows with those that were sent. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from klarna_conformance.judge.results import Inconclusive, Mismatch, NotApplicable, Result
from klarna_conformance.judge.server.comparison import excerpt, same_value
from klarna_specs.calls import MASKED_KEY
from klarna_specs.json_value import as_array, as_object

__all__ = ["lines_shown", "text_agrees", "text_is_own", "text_shown"]

_TEXTS = ("reference", "description")


def text_agrees(sent: Any, resource: Mapping[str, Any], *, recorded: bool = False) -> Result:
    """The texts and order lines that a resource shows beside those that were sent.

    A text of a recording that was decoded in a wrong way may be the fault of the recorder.
    """
    shown = (*_TEXTS, "order_lines")
    names = [n for n in shown if n in sent and (resource.get(n) or resource.get(n) == sent[n])]
    if not names:
        return NotApplicable("the resource shows none of the texts and lines")
    for name in names:
        if not _kept(sent[name], resource[name]):
            place, ours, theirs = _apart(name, sent[name], resource[name])
            level = "SHOULD" if recorded and _is_latin_1_of(ours, theirs) else None
            return Mismatch(f"{place} {excerpt(ours)}", f"{place} {excerpt(theirs)}", level)
    return None


def _is_latin_1_of(sent: Any, shown: Any) -> bool:
    """Whether a text is what the bytes of another one are in Latin-1."""
    texts = isinstance(sent, str) and isinstance(shown, str)
    return texts and sent.encode(errors="replace").decode("latin-1") == shown


def _kept(sent: Any, shown: Any) -> bool:
    """Whether what was sent is in what is shown.

    Neither members that a server adds matter, nor white space around a text or the way in which
    its lines end. A text that a recording masks is not known.
    """
    ours, theirs = as_object(sent), as_object(shown)
    if ours is not None and theirs is not None:
        return all(_kept(value, theirs[name]) for name, value in ours.items() if name in theirs)
    lines, listed = as_array(sent), as_array(shown)
    if lines is not None and listed is not None:
        left = list(listed)
        for line in lines:
            found = next((n for n, each in enumerate(left) if _kept(line, each)), None)
            if found is None:
                return False
            del left[found]
        return not left
    if MASKED_KEY in (sent, shown):
        return True
    if isinstance(sent, str) and isinstance(shown, str):
        return sent.strip().splitlines() == shown.strip().splitlines()
    return same_value(sent, shown)


def _apart(name: str, sent: Any, shown: Any) -> tuple[str, Any, Any]:
    """The innermost member in which what is shown is not what was sent: its path, and both."""
    ours, theirs = as_object(sent), as_object(shown)
    if ours is not None and theirs is not None:
        parts = [(f"{name}.{each}", ours[each], theirs[each]) for each in ours if each in theirs]
    else:
        lines, listed = as_array(sent) or [], as_array(shown) or []
        even = len(lines) == len(listed)
        pairs = zip(lines, listed, strict=True) if even else ()
        parts = [(f"{name}[{n}]", *pair) for n, pair in enumerate(pairs)]
    return next((_apart(*part) for part in parts if not _kept(*part[1:])), (name, sent, shown))


def text_shown(sent: Any, resource: Mapping[str, Any]) -> Result:
    """Whether the texts that were sent are shown at all."""
    missing = [name for name in _TEXTS if sent.get(name) and not resource.get(name)]
    if not missing:
        return None
    return Mismatch(f"{' and '.join(missing)} as sent", "nothing of that")


def lines_shown(sent: Any, resource: Mapping[str, Any]) -> Result:
    """Whether the order lines that were sent are shown at all."""
    if not sent.get("order_lines"):
        return Inconclusive()
    return None if resource.get("order_lines") else Mismatch("order_lines as sent", "none of them")


def text_is_own(
    sent: Mapping[str, Any],
    resource: Mapping[str, Any],
    refunds: Iterable[Mapping[str, Any]],
    captures: Iterable[Mapping[str, Any]],
) -> Result:
    """Whether a refund that was sent without a text shows one that came with another refund.

    A server may fill in a text of its own, or that of a capture.
    """
    of_others = [(name, each.get(name)) for each in refunds for name in _TEXTS]
    of_others = [t for t in of_others if t[1] not in (None, "", MASKED_KEY) and not sent.get(t[0])]
    if not of_others:
        return Inconclusive()
    of_captures = [(name, each.get(name)) for each in captures for name in _TEXTS]
    for name, text in of_others:
        if resource.get(name) == text and (name, text) not in of_captures:
            return Mismatch(f"no {name}", f"{name} {excerpt(text)}, sent with another refund")
    return None
