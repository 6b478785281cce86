"""Order lines in plain numbers: goods, discounts and return fees, as JSON values."""

from typing import Any

__all__ = [
    "Line",
    "discount",
    "fee",
    "goods",
    "included_tax",
    "lines_total",
    "nested_members",
]

Line = dict[str, Any]
"""An order line as a JSON value; its amounts are minor units."""


def goods(
    total_amount: int,
    *,
    name: str = "T-Shirt",
    quantity: int = 1,
    unit_price: int | None = None,
    **members: Any,
) -> Line:
    """A line of goods; each piece costs the total divided by the quantity by default."""
    return {
        "name": name,
        "type": "physical",
        "quantity": quantity,
        "unit_price": total_amount // max(1, quantity) if unit_price is None else unit_price,
        "total_amount": total_amount,
        **members,
    }


def discount(amount: int, **members: Any) -> Line:
    """A discount as a line of its own: `amount` is positive, the line's amounts are negative."""
    return {**goods(-amount, name="Discount"), "type": "discount", **members}


def fee(amount: int, **members: Any) -> Line:
    """A return fee as the page shows it: `amount` is positive, the line's amounts are negative."""
    return {**goods(-amount, name="Return fee"), "type": "return_fee", **members}


def nested_members() -> Line:
    """The members of a line that are objects, as in the sample of the page."""
    return {
        "product_identifiers": {
            "brand": "Intel",
            "category_path": "Electronics Store > Computers & Tablets > Desktops",
            "color": "Denim blue",
            "global_trade_item_number": "735858293167",
            "manufacturer_part_number": "BOXNUC5CPYH",
            "size": "4",
        },
        "subscription": {"interval": "MONTH", "interval_count": 1, "name": "Care plan"},
    }


def included_tax(total_amount: int, tax_rate: int) -> int:
    """The tax included in a total, at a rate where 2500 stands for 25 %."""
    net = abs(total_amount) * 10_000 // (10_000 + tax_rate)
    return total_amount - (net if total_amount > 0 else -net)


def lines_total(lines: list[Line]) -> int:
    """The sum of the lines' totals, in minor units."""
    return sum(line["total_amount"] for line in lines)
