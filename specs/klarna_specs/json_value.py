"""JSON values of unknown shape, narrowed for readers and type checkers."""

from collections.abc import Callable
from typing import Any, Final, TypeGuard, cast

__all__ = ["as_array", "as_object", "is_countable", "is_integer", "leniently", "without_nulls"]


_DEEPEST: Final = 32
_BEYOND_COUNTING: Final = 2**53


def as_object(value: Any) -> dict[str, Any] | None:
    """The value as a JSON object; None if it is not one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_array(value: Any) -> list[Any] | None:
    """The value as a JSON array; None if it is not one."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def is_integer(value: Any) -> TypeGuard[int]:
    """Whether the value was written as an integer: neither 1.0 nor true."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_countable(value: Any) -> TypeGuard[int]:
    """Whether the value is an integer that every number type holds without loss."""
    return is_integer(value) and abs(value) < _BEYOND_COUNTING


def without_nulls(value: Any) -> Any:
    """The value without the members that are null: whether they are shown is not documented."""
    return _rebuilt(value, lambda part: part, _DEEPEST)


def leniently(value: Any) -> Any:
    """The value as a lenient parser reads it: 10.0 as 10, a null member as absent.

    The documentation does not say whether a server reads so; two values that differ only in this
    differ in nothing that is documented. What is nested deeper than any documented body is left
    out, so that nobody has to climb down there.
    """
    return _rebuilt(value, _whole, _DEEPEST)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _rebuilt(value: Any, scalar: Callable[[Any], Any], depth: int) -> Any:
    if isinstance(value, str | int):
        return value
    members, parts = as_object(value), as_array(value)
    if members is None and parts is None:
        return scalar(value)
    if not depth:
        return None
    if parts is not None:
        return [_rebuilt(part, scalar, depth - 1) for part in parts]
    return {
        name: member if isinstance(member, str | int) else _rebuilt(member, scalar, depth - 1)
        for name, member in (members or {}).items()
        if member is not None
    }
