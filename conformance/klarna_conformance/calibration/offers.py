"""Extension options as a target offers them: those of the recorded capture most alike. Pure."""

from typing import NamedTuple

from klarna_conformance.calibration.resources import extended_days
from klarna_specs.ledger import Capture, Ledger

__all__ = ["Offer", "Offers"]


class Offer(NamedTuple):
    """Options in the order in which they were shown, each its days and its fee (minor units)."""

    options: tuple[tuple[int, int], ...]

    @property
    def days(self) -> tuple[int, ...]:
        """The numbers of days."""
        return tuple(days for days, _ in self.options)


class _Circumstances(NamedTuple):
    """What an offer can depend on, the most specific first."""

    payment_method: str
    extended: tuple[int, ...]
    market: str
    others_extended: bool
    is_refunded: bool
    captured_amount: int

    def distance(self, other: "_Circumstances") -> tuple[bool | int, ...]:
        """By what two circumstances differ, the most specific first."""
        *mine, amount = self
        *theirs, other_amount = other
        unlike = (a != b for a, b in zip(mine, theirs, strict=True))
        return (*unlike, abs(amount - other_amount))


class Offers:
    """The recorded offers by their circumstances; of equal circumstances the newest counts."""

    def __init__(self) -> None:
        self._known: dict[_Circumstances, Offer] = {}

    def __bool__(self) -> bool:
        return bool(self._known)

    def learn(self, ledger: Ledger, capture: Capture, offer: Offer) -> None:
        """Adds the offer for a capture."""
        self._known[_circumstances(ledger, capture)] = offer

    def offer(self, ledger: Ledger, capture: Capture) -> Offer | None:
        """The offer for the recorded capture that is most alike.

        None if there is none of an order that was paid alike.
        """
        here = _circumstances(ledger, capture)
        alike = [each for each in self._known if each.payment_method == here.payment_method]
        return self._known[min(alike, key=here.distance)] if alike else None


def _circumstances(ledger: Ledger, capture: Capture) -> _Circumstances:
    others = (each for each in ledger.captures if each.capture_id != capture.capture_id)
    return _Circumstances(
        ledger.payment_method,
        extended_days(ledger, capture.capture_id),
        ledger.market,
        any(each.extended for each in others),
        bool(ledger.refunded_amount),
        capture.captured_amount,
    )
