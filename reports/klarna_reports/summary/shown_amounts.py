"""What the amounts that a server shows say about an error. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from klarna_reports.record.record import Difference
from klarna_specs.json_value import as_array, as_object, is_integer

__all__ = ["AMOUNT_OF_LIST", "contradicted_amounts", "error_of", "sign_of"]

AMOUNT_OF_LIST = {"refunds": "refunded_amount", "captures": "captured_amount"}
"""The amount of an order that a list of it sums to."""


def contradicted_amounts(order: Mapping[str, Any]) -> frozenset[str]:
    """The amounts of an order that are not the sum of their list.

    >>> contradicted_amounts({"refunds": [{"refunded_amount": 100}], "refunded_amount": 200})
    frozenset({'refunded_amount'})
    """
    return frozenset(
        amount
        for name, amount in AMOUNT_OF_LIST.items()
        if (listed := as_array(order.get(name))) is not None
        if sum(_amounts(listed, amount)) != order.get(amount)
    )


def sign_of(each: Difference) -> tuple[str, bool] | None:
    """The amount that differs, and whether more than expected is shown; None for other members."""
    found = error_of(each)
    if found is None:
        return None
    member, error = found
    if error or not isinstance(each.observed, tuple) or not isinstance(each.expected, tuple):
        return member, error > 0
    return member, len(each.observed) > len(each.expected)


def error_of(each: Difference) -> tuple[str, int] | None:
    """The amount that is wrong, and by how much in minor units; None for other members."""
    observed, expected = each.observed, each.expected
    if isinstance(observed, int) and isinstance(expected, int):
        return each.member, observed - expected
    if isinstance(observed, tuple) and isinstance(expected, tuple):
        more = sum(one.amount or 0 for one in observed) - sum(one.amount or 0 for one in expected)
        return AMOUNT_OF_LIST.get(each.member, each.member), more
    return None


def _amounts(listed: Iterable[Any], member: str) -> Iterator[int]:
    """The amounts of listed resources, as far as they are integers."""
    found = ((as_object(each) or {}).get(member) for each in listed)
    return filter(is_integer, found)
