"""What the spec files say: levels, sources, markets, responses and expressions."""

import re
from collections.abc import Iterator

import msgspec
import pytest

from klarna_specs.loader import load
from klarna_specs.names import unknown_names
from klarna_specs.oracle import assess
from klarna_specs.spec import STRENGTH, Operation, Requirement, Spec

from .situations import make_call, open_order

SPEC = load()


def test_every_must_rests_on_the_page_or_on_elementary_sense() -> None:
    sources = {r.source for r in SPEC.requirements if r.level == "MUST"}
    assert sources == {"page", "elementary"}


EVERY_REQUIREMENT = tuple(r for o in SPEC.documented for r in o.requirements)


def test_no_level_is_higher_than_its_source_carries() -> None:
    carried = {name: STRENGTH[source.carries] for name, source in SPEC.sources.items()}
    above = [r.id for r in EVERY_REQUIREMENT if STRENGTH[r.level] > carried[r.source]]
    assert above == []


def test_level_under_a_weaker_condition_is_that_of_its_source() -> None:
    weaker = [(r, source) for r in EVERY_REQUIREMENT for source in r.weaker]
    assert {r.id for r, _ in weaker} == {
        "refund.accepted",
        "refund.fee-accepted",
        "refund.fee-removal",
    }
    for requirement, source in weaker:
        level = SPEC.level(requirement, requirement.weaker[source].__eq__)
        assert level == SPEC.sources[source].carries, requirement.id
        assert STRENGTH[level] < STRENGTH[requirement.level], requirement.id


def test_level_without_a_weaker_condition_is_the_requirements() -> None:
    assert [r.id for r in EVERY_REQUIREMENT if SPEC.level(r, lambda _: False) != r.level] == []
    plain = [r for r in EVERY_REQUIREMENT if not r.weaker]
    assert [r.id for r in plain if SPEC.level(r, lambda _: True) != r.level] == []


def test_every_requirement_that_rests_on_the_page_names_its_section() -> None:
    assert [r.id for r in SPEC.requirements if r.source == "page" and not r.section] == []


def test_unknown_requirement_is_a_key_error() -> None:
    with pytest.raises(KeyError, match=r"refund\.nowhere"):
        SPEC.requirement("refund.nowhere")


def test_common_requirements_are_weaker_outside_of_the_page() -> None:
    names = ("refund.malformed-refused", "capture.malformed-refused", "capture.no-server-error")
    assert [SPEC.requirement(name).level for name in names] == ["MUST", "SHOULD", "MUST"]


def test_every_market_has_return_fees_or_has_none() -> None:
    fees, none = (set(SPEC.market_groups[name]) for name in ("return_fee", "no_return_fee"))
    assert (fees | none, fees & none) == (set(SPEC.markets), set())


def test_markets_with_return_fees_are_those_of_the_page() -> None:
    documented = "AT DE DK FI FR NL NO SE IT ES IE PT CZ AU GR"
    assert set(SPEC.market_groups["return_fee"]) == set(documented.split())


def test_markets_and_days_of_extensions_are_the_documented_ones() -> None:
    documented = "AT BE DE DK FI NL NO SE GB"
    assert set(SPEC.market_groups["extension"]) == set(documented.split())
    assert SPEC.extension_days == (2, 10, 30, 60)


@pytest.mark.parametrize(
    ("operation", "success", "headers", "refusals"),
    [
        ("getOrder", (200,), (), {}),
        ("captureOrder", (201,), ("Capture-Id", "capture_id"), {(403,): ("CAPTURE_NOT_ALLOWED",)}),
        ("getCaptures", (200,), (), {}),
        ("getCapture", (200,), (), {}),
        ("refundOrder", (201,), ("Refund-Id", "refund_id"), {(403,): ("REFUND_NOT_ALLOWED",)}),
        ("getRefund", (200,), (), {}),
        ("releaseRemainingAuthorization", (204,), (), {(403,): ("NOT_ALLOWED",)}),
        ("getOptionsForExtendDueDate", (200,), (), {(403, 404): ()}),
        ("extendDueDate", (204,), (), {(403, 404, 400, 422): ()}),
        ("cancelOrder", (204,), (), {(403,): ("CANCEL_NOT_ALLOWED",)}),
    ],
)
def test_operation_is_answered_as_documented(
    operation: str,
    success: tuple[int, ...],
    headers: tuple[str, ...],
    refusals: dict[tuple[int, ...], tuple[str, ...]],
) -> None:
    documented = SPEC.operations[operation]
    accepted = documented.responses[documented.success]
    shared = ("unauthorized", "not_found", "malformed")
    own = [r for name, r in documented.responses.items() if name not in shared]
    assert (accepted.kind, accepted.status, accepted.id_header) == ("success", success, headers)
    assert {r.status: r.error_code for r in own if r.kind == "refusal"} == refusals


# Expressions


def _expressions(operation: Operation) -> Iterator[str]:
    of_a_line = re.compile(r"(?<!\()\bline\b(?!,)")
    for term in operation.terms.values():
        bound = "(line," in term or not of_a_line.search(term)
        yield term if bound else f"request.order_lines.map(line, {term})"
    for r in operation.requirements:
        yield from filter(None, (r.rule, r.when, r.silent, *r.weaker.values(), *r.cases.values()))


EXPRESSIONS = sorted({(o.operation, e) for o in SPEC.operations.values() for e in _expressions(o)})
FULL_BODY = {
    "refunded_amount": 100,
    "captured_amount": 100,
    "number_of_days": 10,
    "reference": "R1",
    "description": "Socks",
    "order_lines": [
        {
            "name": "Socks",
            "type": "return_fee",
            "quantity": 1,
            "unit_price": -100,
            "total_amount": -100,
            "tax_rate": 0,
            "total_discount_amount": 0,
            "total_tax_amount": 0,
            "product_identifiers": {},
            "subscription": {},
        }
    ],
}


@pytest.mark.parametrize(("operation", "expression"), EXPRESSIONS)
def test_every_expression_has_a_value_with_all_members(operation: str, expression: str) -> None:
    body = FULL_BODY if SPEC.operations[operation].body else None
    ledger = open_order(captures=(6000, 4000)).with_options("capture-1", (10, 30))
    assert assess(SPEC, ledger, make_call(operation, body)).holds(
        f"({expression}) == ({expression})"
    )


def test_every_word_compared_with_a_member_is_validated() -> None:
    compared = [each for each in EXPRESSIONS if re.search(r'[!=]= "|in \[?"', each[1])]
    assert len(compared) > 40
    for operation, expression in compared:
        misspelt = re.sub(r'((?:[!=]= |in \[)")', r"\1x", expression)
        misspelt = re.sub(r'"([^"]+)" in call', r'"x\1" in call', misspelt)
        assert list(unknown_names(SPEC, SPEC.operations[operation], misspelt)), expression


# A requirement is what the files say of it


def test_requirements_know_their_operation() -> None:
    wrong = [
        r.id for o in SPEC.operations.values() for r in o.requirements if r.operation != o.operation
    ]
    assert wrong == []


def test_requirements_survive_json() -> None:
    parsed = msgspec.json.decode(
        msgspec.json.encode(SPEC.requirements), type=tuple[Requirement, ...]
    )
    assert parsed == SPEC.requirements


def test_spec_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(SPEC), type=Spec) == SPEC
