"""Strategies of markets, and the currency of their orders."""

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from klarna_specs.spec import Spec

__all__ = ["currency_of", "markets", "markets_without"]


def markets(spec: Spec, *, group: str | None = None) -> SearchStrategy[str]:
    """Codes of markets: all of them, or those of a group such as `return_fee` or `extension`.

    Shrinks to the first code of the alphabet. Raises ValueError for an unknown group.

    >>> simplest(markets(spec, group="return_fee"))
    'AT'
    """
    return st.sampled_from(tuple(spec.markets) if group is None else _group(spec, group))


def markets_without(spec: Spec, *, group: str) -> SearchStrategy[str]:
    """Codes of the markets that are not in a group, as for return fees that cannot be charged.

    Raises ValueError for an unknown group, and if no market is left.

    >>> simplest(markets_without(spec, group="return_fee"))
    'BE'
    """
    listed = _group(spec, group)
    left = [code for code in spec.markets if code not in listed]
    if not left:
        raise ValueError(f"all {len(listed)} markets are in the group {group!r}")
    return st.sampled_from(left)


def currency_of(spec: Spec, market: str) -> str:
    """The currency of orders in a market (ISO 4217); raises ValueError for an unknown market.

    >>> currency_of(spec, "NO")
    'NOK'
    """
    _check(spec, (market,))
    return spec.markets[market].currency


def _group(spec: Spec, group: str) -> tuple[str, ...]:
    if group not in spec.market_groups:
        raise ValueError(f"group {group!r} is none of {', '.join(spec.market_groups)}")
    return spec.market_groups[group]


def _check(spec: Spec, codes: Sequence[str]) -> None:
    for code in codes:
        if code not in spec.markets:
            raise ValueError(f"market {code!r} is none of {', '.join(spec.markets)}")
