"""JSON values of unknown shape: what they are, told to readers and to type checkers."""

from typing import Any, Final, TypeGuard, cast

__all__ = ["as_array", "as_object", "is_countable", "is_integer", "leniently"]


_DEEPEST: Final = 32
_BEYOND_COUNTING: Final = 2**53


def as_object(value: Any) -> dict[str, Any] | None:
    """The value as a JSON object; None where it is none."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_array(value: Any) -> list[Any] | None:
    """The value as a JSON array; None where it is none."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def is_integer(value: Any) -> TypeGuard[int]:
    """Whether the value was written as an integer: neither 1.0 nor true."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_countable(value: Any) -> TypeGuard[int]:
    """Whether the value is an integer that can be reckoned with: nobody loses digits of it."""
    return is_integer(value) and abs(value) < _BEYOND_COUNTING


def leniently(value: Any) -> Any:
    """The value as a lenient reader takes it: 10.0 for 10, a member that is null for none.

    The documentation does not say whether a server reads so; two values that differ only in this
    differ in nothing that is documented. What is nested deeper than any documented body is left
    out, so that nobody has to climb down there.
    """
    return _leniently(value, _DEEPEST)


def _leniently(value: Any, depth: int) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    members, parts = as_object(value), as_array(value)
    if members is not None and depth:
        kept = {name: member for name, member in members.items() if member is not None}
        return {name: _leniently(member, depth - 1) for name, member in kept.items()}
    if parts is not None and depth:
        return [_leniently(part, depth - 1) for part in parts]
    return value if members is None and parts is None else None
