"""Undocumented and malformed request bodies, each with the name of its defect."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import msgspec

from klarna_specs.forms import schema_of
from klarna_specs.loader import load
from klarna_specs.scenario import OFFERED, Body, Empty, Json, Raw
from klarna_specs.spec import Level, Operation, Spec
from klarna_specs.variables import request_members
from klarna_strategies.lines import Line, goods
from klarna_strategies.scripts import LONGEST
from klarna_strategies.steps import offered

__all__ = ["OddBody", "odd_bodies"]


class OddBody(msgspec.Struct, frozen=True, kw_only=True):
    """A body with one defect (`kind`), and the level of the requirement to refuse it.

    `level` is MUST if no amount can be read, SHOULD for a violation of the described types or
    limits, and None for the open forms of `forms.yaml`.

    >>> simplest(malformed_bodies("refundOrder"))
    OddBody(kind='empty', level='MUST', body=Empty())
    """

    kind: str
    level: Level | None
    body: Body


def odd_bodies(
    operation: str, *, amount: int = 100, spec: Spec | None = None
) -> tuple[OddBody, ...]:
    """Every odd body of an operation; `amount` is the valid value of its required amount.

    For an extension it is the first offered number of days; for an operation without an amount the
    bodies are variants of its example. Raises ValueError for an operation without a
    body. The specs are those of the package unless others are given.

    >>> [odd.kind for odd in odd_bodies("refundOrder")][:3]
    ['empty', 'blank', 'truncated']
    """
    spec = spec or load()
    bodied = {name: each for name, each in spec.operations.items() if each.body}
    if operation not in bodied:
        raise ValueError(f"{operation!r} is none of {', '.join(bodied)}")
    documented = bodied[operation]
    member = spec.amount_member(documented)
    return (
        tuple(_around_amount(spec, documented, member, amount))
        if member
        else tuple(_around_example(spec, documented))
    )


def _around_amount(spec: Spec, operation: Operation, member: str, amount: int) -> Iterator[OddBody]:
    extends = operation.effect == "extend_due_date"
    value, written = (offered(0), OFFERED) if extends else (amount, str(amount))
    yield from _of_level("MUST", _no_json(member), _no_object(member))
    yield from _of_level("MUST", _missing(member), _no_number(member, value))
    yield OddBody(
        kind="amount-fraction", level="SHOULD", body=Raw(text=f'{{"{member}": {written}.5}}')
    )
    described = request_members(spec, operation)
    for kind, members in chain(_wrong_members(), _beyond_limits()):
        if members.keys() <= set(described):
            yield OddBody(kind=kind, level="SHOULD", body=Json({member: amount, **members}))
    text = f'{{"{member}": {written}}}'
    nulls = ("description", *["order_lines"] * ("order_lines" in described))
    numbers = _other_numbers(member, written)
    yield from _of_level(None, _silent({member: value}, text, numbers, nulls))


def _around_example(spec: Spec, operation: Operation) -> Iterator[OddBody]:
    """Odd variants of the example of a body without an amount."""
    example = operation.example or {}
    first = next(iter(example), "member")
    yield from _of_level("MUST", _no_json(first), _no_object(first))
    assert operation.body is not None
    for name in spec.schemas[operation.body.schema].get("required", ()):
        rest = {each: value for each, value in example.items() if each != name}
        yield OddBody(kind=f"without-{name}", level="MUST", body=Json(rest))
    for name in example:
        wrong = Json({**example, name: {"wrong": True}})
        yield OddBody(kind=f"{name}-object", level="SHOULD", body=wrong)
    for name, schema in schema_of(spec, operation.body)["properties"].items():
        if "maxLength" in schema:
            long = Json({**example, name: "x" * (schema["maxLength"] + 1)})
            yield OddBody(kind=f"{name}-too-long", level="SHOULD", body=long)
    yield from _of_level(None, _silent(example, json.dumps(example)))


def _of_level(level: Level | None, *kinds: Iterator[tuple[str, Body]]) -> Iterator[OddBody]:
    for kind, body in chain(*kinds):
        yield OddBody(kind=kind, level=level, body=body)


def _no_json(member: str) -> Iterator[tuple[str, Body]]:
    yield "empty", Empty()
    yield "blank", Raw(text=" \n")
    for kind, text in {
        "truncated": f'{{"{member}": 100',
        "stray-quote": f'{{"{member}": 100"}}',
        "not-a-number": f'{{"{member}": NaN}}',
        "xml": f"<{member}>100</{member}>",
    }.items():
        yield kind, Raw(text=text)
    yield "plain-text", Raw(text="all of it, please", content_type="text/plain")
    form = "application/x-www-form-urlencoded"
    yield "form-encoded", Raw(text=f"{member}=100", content_type=form)


def _no_object(member: str) -> Iterator[tuple[str, Body]]:
    for kind, value in {
        "array-on-top": [],
        "array-around": [{member: 100}],
        "string-on-top": json.dumps({member: 100}),
        "number-on-top": 100,
        "true-on-top": True,
    }.items():
        yield kind, Json(value)
    yield "null-on-top", Raw(text="null")


def _missing(member: str) -> Iterator[tuple[str, Body]]:
    camel = "".join(part.capitalize() for part in member.split("_"))
    yield "no-members", Json({})
    yield "optional-members-only", Json({"reference": "RMA-1", "description": "Returned goods"})
    yield "lines-only", Json({"order_lines": [goods(100)]})
    yield "misspelled", Json({f"{member}s": 100})
    yield "camel-case", Json({camel[0].lower() + camel[1:]: 100})
    yield "upper-case", Json({member.upper(): 100})
    yield "too-deep", Json({"order": {member: 100}})


def _no_number(member: str, value: Any) -> Iterator[tuple[str, Body]]:
    for kind, wrong in {
        "amount-words": "all of it",
        "amount-empty-string": "",
        "amount-null": None,
        "amount-true": True,
        "amount-false": False,
        "amount-array": [value],
        "amount-object": {"amount": value},
    }.items():
        yield kind, Json({member: wrong})


def _wrong_members() -> Iterator[tuple[str, dict[str, Any]]]:
    """Optional members of an unmistakably wrong type."""
    deep: Any = 1
    for _ in range(200):
        deep = [deep]
    yield "description-array", {"description": ["Returned", "goods"]}
    yield "description-object", {"description": {"en": "Returned goods"}}
    yield "reference-array", {"reference": ["RMA-1"]}
    yield "reference-object", {"reference": {"id": "RMA-1"}}
    yield "lines-object", {"order_lines": goods(100)}
    yield "lines-string", {"order_lines": "T-Shirt"}
    yield "lines-number", {"order_lines": 1}
    yield "lines-true", {"order_lines": True}
    yield "lines-deep", {"order_lines": deep}
    yield "line-number", {"order_lines": [100]}
    yield "line-string", {"order_lines": ["T-Shirt"]}
    yield "line-null", {"order_lines": [None]}
    yield "line-array", {"order_lines": [[goods(100)]]}
    yield "second-line-string", {"order_lines": [goods(100), "Socks"]}
    yield "line-total-fraction", _line(total_amount=99.5)
    yield "line-total-words", _line(total_amount="all")
    yield "line-total-object", _line(total_amount={"amount": 100})
    yield "line-quantity-fraction", _line(quantity=0.5)
    yield "line-unit-price-array", _line(unit_price=[100])
    yield "line-name-object", _line(name={"en": "T-Shirt"})
    yield "line-type-array", _line(type=["physical"])
    yield "line-identifiers-string", _line(product_identifiers="Intel")
    yield "line-subscription-array", _line(subscription=["MONTH"])


def _beyond_limits() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "description-too-long", {"description": LONGEST + "d"}
    yield "reference-too-long", {"reference": LONGEST + "r"}
    yield "description-far-too-long", {"description": "d" * 100_000}
    yield "too-many-lines", {"order_lines": [*[goods(0)] * 1000, goods(100)]}
    for member in ("name", "quantity", "unit_price", "total_amount"):
        line = {key: value for key, value in goods(100).items() if key != member}
        yield f"line-without-{member.replace('_', '-')}", {"order_lines": [line]}
    yield "line-empty", {"order_lines": [{}]}
    yield "line-name-too-long", _line(name="n" * 256)
    yield "line-reference-too-long", _line(reference="r" * 256)
    yield "line-quantity-negative", _line(quantity=-1, unit_price=-100)
    yield "line-quantity-unit-too-long", _line(quantity_unit="kilogrammes")
    yield "line-tax-rate-negative", _line(tax_rate=-1)
    yield "line-discount-negative", _line(unit_price=99, total_discount_amount=-1)
    free = goods(0, quantity=0, unit_price=200_000_001)
    yield "line-unit-price-too-high", {"order_lines": [free, goods(100)]}
    yield "line-total-too-high", {"order_lines": [goods(200_000_001), goods(-199_999_901)]}
    yield "line-type-unknown", _line(type="refund")
    yield "line-type-upper-case", _line(type="PHYSICAL")
    yield "line-type-of-the-fee-misspelled", _line(type="returnFee")
    yield "line-url-too-long", _line(product_url="https://shop.example/" + "u" * 1_004)
    yield "line-merchant-data-too-long", _line(merchant_data="m" * 1_025)
    yield "line-brand-too-long", _line(product_identifiers={"brand": "b" * 71})
    yield "line-interval-unknown", _line(subscription={"interval": "CENTURY"})
    yield "line-interval-count-zero", _line(subscription={"interval": "DAY", "interval_count": 0})


def _line(**members: Any) -> dict[str, list[Line]]:
    return {"order_lines": [{**goods(100), **members}]}


def _silent(
    value: dict[str, Any],
    text: str,
    numbers: Iterable[tuple[str, Body]] = (),
    nulls: Iterable[str] = ("description",),
) -> Iterator[tuple[str, Body]]:
    """The same request in the open forms of `forms.yaml`."""
    deep: Any = {}
    for _ in range(300):
        deep = {"more": deep}
    yield "unknown-member", Json({**value, "note": "not documented"})
    yield "unknown-deep-member", Json({**value, "note": deep})
    yield "optional-member-null", Json({**value, **dict.fromkeys(nulls)})
    yield "content-type-plain", Raw(text=text, content_type="text/plain")
    yield "content-type-form", Raw(text=text, content_type="application/x-www-form-urlencoded")
    yield from numbers
    yield "member-twice", Raw(text=f"{text[:-1]}, {text[1:]}")
    yield "trailing-comma", Raw(text=f"{text[:-1]},}}")
    yield "comment", Raw(text=f"{text} // all of it")
    yield "two-values", Raw(text=text + text)
    yield "byte-order-mark", Raw(text="\ufeff" + text)


def _other_numbers(member: str, written: str) -> Iterator[tuple[str, Body]]:
    yield "whole-float", Raw(text=f'{{"{member}": {written}.0}}')
    yield "exponent", Raw(text=f'{{"{member}": {written}e0}}')
    yield "amount-string", Raw(text=f'{{"{member}": "{written}"}}')
