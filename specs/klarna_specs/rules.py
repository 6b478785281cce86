"""Rules as CEL expressions over a request and the order it is made on.

CEL is the Common Expression Language; `sum` (of a list of integers) is added to it.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

import cel

from klarna_specs.errors import RuleError

__all__ = ["Unsettled", "check_expression", "evaluator"]


class Unsettled(Exception):
    """An expression has no value: a member in it is missing."""


@lru_cache(maxsize=4096)
def _program(expression: str) -> cel.Program:
    try:
        return cel.compile(expression)
    except ValueError as exc:
        problem = (
            str(exc).splitlines()[0].removeprefix(f"Failed to parse expression '{expression}': ")
        )
        raise RuleError(expression, problem) from exc


def check_expression(expression: str) -> None:
    """Compiles an expression; raises RuleError."""
    _program(expression)


@lru_cache(maxsize=4096)
def _words(expression: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(re.findall(r"[A-Za-z_]\w*", expression)))


def evaluator(
    variables: Mapping[str, Callable[[], Any]], terms: Mapping[str, str]
) -> Callable[[str], Any]:
    """A function that evaluates expressions over the variables and the named terms.

    A variable or term is evaluated when an expression first uses it. The function raises Unsettled
    if an expression has no value because of a missing member or a wrong type. A term without a
    value is left out, so that only the expressions that use it are unsettled.
    """
    context = cel.Context()
    added: set[str] = set()
    unsummable: list[Any] = []

    def total(values: list[Any]) -> int:
        whole = [value for value in values if isinstance(value, int)]
        if len(whole) < len(values):
            unsummable.append(values)  # the library would print an exception raised here
        return sum(whole)

    context.add_function("sum", total)

    def add(name: str) -> None:
        added.add(name)
        if name in variables:
            context.add_variable(name, variables[name]())
        elif name in terms:
            with suppress(Unsettled):
                context.add_variable(name, evaluate(terms[name]))

    def evaluate(expression: str) -> Any:
        for name in _words(expression):
            if name not in added:
                add(name)
        unsummable.clear()
        try:
            value = _program(expression).execute(context)
        except (ArithmeticError, LookupError, TypeError, RuntimeError, ValueError) as exc:
            raise Unsettled(expression) from exc
        if unsummable:
            raise Unsettled(expression)
        return value

    return evaluate
