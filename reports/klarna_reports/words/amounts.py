"""Amounts of money and short names of resources, for readers."""

import re
from string import ascii_uppercase

from klarna_reports.record.record import Difference, Listed, Played
from klarna_specs.exchange import Response

__all__ = ["ShortNames", "difference_texts", "in_major_units", "major"]

_AMOUNT = re.compile(r"(\w*_amount)(( at most)?) (-?\d{1,18})\b")


def major(amount: int, currency: str) -> str:
    """An amount of minor units in major units; every documented currency has a hundred to one.

    >>> major(123456, "EUR")
    '1,234.56 EUR'
    """
    whole, rest = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{whole:,}.{rest:02} {currency}".rstrip()


def in_major_units(text: str, currency: str) -> str:
    """A sentence of the judge with the amounts of members in major units.

    >>> in_major_units("refunded_amount at most 100", "EUR")
    'refunded_amount at most 1.00 EUR'
    """
    return _AMOUNT.sub(lambda m: f"{m[1]}{m[2]} {major(int(m[4]), currency)}", text)


class ShortNames:
    """Short names for the captures and refunds of a scenario: `refund A`, in order of appearance.

    >>> names = ShortNames(played)
    >>> names.of("refund", "17261da1-ad21-411e-ac1e-d298ec38ff8f")
    'refund A'
    """

    def __init__(self, played: Played) -> None:
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        for order in played.orders:
            self.of("order", order.order_id)
            for identifier in order.capture_ids:
                self.of("capture", identifier)
        for response in (exchange.outcome for exchange in played.exchanges):
            if isinstance(response, Response):
                for kind in ("refund", "capture"):
                    self.of(kind, response.header(f"{kind}-id") or "")
                    self.of(kind, response.header(f"{kind}_id") or "")
        for finding in played.findings:
            for difference in finding.differences:
                for value in (difference.expected, difference.observed):
                    if isinstance(value, tuple):
                        for each in value:
                            self.of(difference.member.removesuffix("s"), each.identifier)

    def of(self, kind: str, identifier: str) -> str:
        """The name of a resource; a new one where it has none."""
        if not identifier:
            return kind
        if identifier not in self._names:
            number = self._counts[kind] = self._counts.get(kind, 0) + 1
            self._names[identifier] = f"{kind} {_letters(number)}"
        return self._names[identifier]

    def within(self, text: str, *, form: str = "%s") -> str:
        """The text with names in place of the ids that have one, each in this form."""
        for identifier, name in self._names.items():
            kind, _, _ = name.partition(" ")
            shown = form % name
            text = text.replace(f"{kind} {identifier}", shown).replace(identifier, shown)
        return text


def _letters(number: int) -> str:
    """A, B, ... Z, A2, B2, ..."""
    again, place = divmod(number - 1, len(ascii_uppercase))
    return ascii_uppercase[place] + (str(again + 1) if again else "")


def difference_texts(difference: Difference, names: ShortNames, currency: str) -> tuple[str, str]:
    """The expected and the observed value of a member, for readers."""

    def shown(value: int | str | tuple[Listed, ...]) -> str:
        match value:
            case int():
                return (
                    major(value, currency) if difference.member.endswith("amount") else str(value)
                )
            case str():
                return names.within(value)
            case _:
                return ", ".join(sorted(map(listed, value))) or "none"

    def listed(each: Listed) -> str:
        name = names.of(difference.member.removesuffix("s"), each.identifier)
        return name if each.amount is None else f"{name}: {major(each.amount, currency)}"

    return shown(difference.expected), shown(difference.observed)
