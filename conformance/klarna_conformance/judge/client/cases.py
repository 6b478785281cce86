"""Cases of client requirements that a command is one of. Pure."""

from collections.abc import Sequence

from klarna_conformance.judge.client.attempts import order_lines
from klarna_specs.client.play import Command
from klarna_strategies.fractions import float_loses

__all__ = ["cases_of"]

_RARE_TYPES = ("shipping_fee", "discount", "gift_card")


def cases_of(command: Command, around: Sequence[Command]) -> set[str]:
    """The names of the cases that a command is one of, by its arguments and those before it."""
    lines = order_lines(command.arguments)
    amount = command.arguments.get("refunded_amount", 0)
    types = [line.get("type") for line in lines]
    references = [line["reference"] for line in lines if "reference" in line]
    cases = {
        "one-minor-unit": amount == 1,
        "odd-amount": amount % 100 != 0,
        "with-lines": bool(lines),
        "float-loses": float_loses(amount),
        "with-fee": "return_fee" in types,
        "two-fees": types.count("return_fee") > 1,
        "two-of-a-type": any(types.count(rare) > 1 for rare in _RARE_TYPES),
        "quantity-zero": any(
            line.get("quantity") == line.get("total_amount") == 0 for line in lines
        ),
        "same-reference": len(set(references)) < len(references),
        "any-text": not command.arguments.get("description", "").isascii(),
        "description": "description" in command.arguments,
        "reference": "reference" in command.arguments,
        "second-capture": bool(command.capture),
        "two-orders": any(other.order != command.order for other in around),
        "same-again": any(_same(other, command) for other in around),
    }
    return {name for name, is_one in cases.items() if is_one}


def _same(one: Command, other: Command) -> bool:
    return (one.operation, one.order, one.capture, one.arguments) == (
        other.operation,
        other.order,
        other.capture,
        other.arguments,
    )
