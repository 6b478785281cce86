"""How a check says what it saw."""

from klarna_conformance.judge.client.view import Said

__all__ = ["must", "should"]


def must(at: int, expected: str, observed: str, *, holds: bool) -> Said:
    """PASS, or FAIL in these words."""
    return Said("PASS", at) if holds else Said("FAIL", at, expected, observed)


def should(at: int, expected: str, observed: str, *, holds: bool) -> Said:
    """PASS, or WARN in these words."""
    return Said("PASS", at) if holds else Said("WARN", at, expected, observed)
