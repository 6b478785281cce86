"""How the client of a test is judged: the marker `klarna`."""

from typing import Any, NoReturn

import msgspec
import pytest

__all__ = ["Rules", "rules_of"]

_LONGEST_S = 600.0


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether traffic is judged, whether a SHOULD counts, how long the client waits (seconds)."""

    judge: bool = True
    strict: bool = False
    timeout_s: float = 1.0


def rules_of(item: pytest.Item) -> Rules:
    """The rules of a test: those of its closest marker for each member, and of the command line.

    Fails the test if a marker is invalid.
    """
    given: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("klarna"))):
        if marker.args:
            _refuse(item, "it takes keyword arguments only")
        given.update(marker.kwargs)
    try:
        rules = msgspec.convert(given, Rules)
    except msgspec.ValidationError as exc:
        _refuse(item, f"it takes judge, strict and timeout_s: {exc}")
    if not 0 < rules.timeout_s < _LONGEST_S:
        _refuse(item, f"timeout_s must be more than 0 and less than {_LONGEST_S}")
    strict = rules.strict or bool(item.config.getoption("klarna_strict"))
    return msgspec.structs.replace(rules, strict=strict)


def _refuse(item: pytest.Item, problem: str) -> NoReturn:
    pytest.fail(f"the marker klarna of {item.nodeid}: {problem}", pytrace=False)
