"""Rules as CEL expressions over a request and the order it is made on.

CEL is the Common Expression Language. Added to it are `sum` (of a list of integers) and `length`
(of a text, in characters: the library's `size` of a text counts the bytes of its UTF-8).
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from klarna_specs.cel_library import cel
from klarna_specs.errors import RuleError
from klarna_specs.json_value import as_object

__all__ = ["Unsettled", "check_expression", "evaluator", "members_read"]

_NAME = re.compile(
    r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<![\w.])([A-Za-z_]\w*)(?:\.(\w+)\b(?!\s*\())?"""
)
"""A text, or a name with the member that is read of it."""
_COLUMN = re.compile(r"\bsum\(([\w.]+)\.map\((\w+), \2\.(\w+)\)\)")
"""A sum over one member of a list; `map` takes a time that is quadratic in the length."""
_NOTHING = object()
"""What a function returns in place of an error: the library would print an exception."""
_WHOLE = frozenset({""})
"""Stands for every member of a variable."""


class Unsettled(Exception):
    """An expression has no value: a member in it is missing."""


class _Compiled(NamedTuple):
    """A program, and the members that it reads of each variable."""

    program: cel.Program
    reads: Mapping[str, frozenset[str]]


def check_expression(expression: str) -> None:
    """Compiles an expression; raises RuleError."""
    _compiler(())(expression)


def members_read(expression: str, terms: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    """The members of each variable that an expression reads; an empty name stands for all."""
    return _compiler(tuple(terms.items()))(expression).reads


@lru_cache(maxsize=256)
def _compiler(terms: tuple[tuple[str, str], ...]) -> Callable[[str], _Compiled]:
    """The function that compiles expressions over these terms."""

    @lru_cache(maxsize=1024)
    def compiled(expression: str) -> _Compiled:
        whole = _COLUMN.sub(r'sum(\1, "\3")', _spelt_out(expression, dict(terms)))
        try:
            program = cel.compile(whole)
        except ValueError as exc:
            problem = (
                str(exc).splitlines()[0].removeprefix(f"Failed to parse expression '{whole}': ")
            )
            raise RuleError(expression, problem) from exc
        read = {(found[1], found[2] or "") for found in _NAME.finditer(whole)}
        names = program.variables()
        return _Compiled(program, {n: frozenset(m for o, m in read if o == n) for n in names})

    return compiled


def _spelt_out(expression: str, terms: Mapping[str, str]) -> str:
    """The expression with its terms replaced by what they stand for; none stands for itself."""

    def replaced(found: re.Match[str]) -> str:
        name = found[0] if found[0] in terms else found[1]
        if name not in terms:
            return found[0]
        others = {other: term for other, term in terms.items() if other != name}
        return f"({_spelt_out(terms[name], others)}){found[0].removeprefix(name)}"

    return _NAME.sub(replaced, expression)


def evaluator(
    variables: Mapping[str, Callable[[], Any]], terms: Mapping[str, str]
) -> Callable[[str], Any]:
    """A function that evaluates expressions over the variables and the named terms.

    A variable is made when an expression first uses it, and only the members that expressions read
    are passed to CEL. The function raises Unsettled if an expression has no value because of a
    missing member or a wrong type.
    """
    compiled = _compiler(tuple(terms.items()))
    context = cel.Context()
    made: dict[str, Any] = {}
    added: dict[str, frozenset[str]] = {}
    unsummable: list[Any] = []

    def total(values: Any, member: str = "") -> Any:
        if member:
            values = [(as_object(value) or {}).get(member, _NOTHING) for value in values]
            if _NOTHING in values:
                return _NOTHING
        whole = [value for value in values if isinstance(value, int)]
        if len(whole) < len(values):
            unsummable.append(values)  # the library would print an exception raised here
        return sum(whole)

    context.add_function("sum", total)
    context.add_function("length", _length)

    def add(name: str, members: frozenset[str]) -> None:
        if name not in made:
            made[name] = variables[name]()
        added[name] = added.get(name, members) | members
        context.add_variable(name, _reduced(made[name], added[name]))

    def evaluate(expression: str) -> Any:
        program, reads = compiled(expression)
        for name, members in reads.items():
            if name in variables and not (name in added and members <= added[name]):
                add(name, members)
        unsummable.clear()
        try:
            value = program.execute(context)
        except (ArithmeticError, LookupError, TypeError, RuntimeError, ValueError) as exc:
            raise Unsettled(expression) from exc
        if unsummable:
            raise Unsettled(expression)
        return value

    return evaluate


def _length(text: Any) -> Any:
    return len(text) if isinstance(text, str) else _NOTHING


def _reduced(value: Any, members: frozenset[str]) -> Any:
    """The object with some of its members: each one costs time to convert."""
    known = as_object(value)
    if known is None or members >= _WHOLE:
        return value
    return {name: known[name] for name in members if name in known}
