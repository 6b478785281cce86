"""Examples for every body: one order of 100.00 SEK, of which a part is returned for a fee."""

from typing import Any, Final

from klarna_specs.spec import Operation
from klarna_strategies.lines import fee, goods, nested_members

__all__ = [
    "ID_EXAMPLES",
    "KEY_EXAMPLE",
    "error_example",
    "request_examples",
    "response_examples",
]

ID_EXAMPLES: Final = {
    "order_id": "5b0f0a1e-5d5a-4c39-9c2e-0f6f5f1d7a10",
    "capture_id": "8a7c2b9d-31c4-4f0e-8b57-2d6e4a9f1c22",
    "refund_id": "c41d6e57-90ab-4e63-a1f8-73b5d20e9c34",
}
"""The ids of the order, its capture and its refund in every example."""
KEY_EXAMPLE: Final = "0d9e8f7a-6b5c-4d3e-9f2a-1b0c9d8e7f6a"
"""An idempotency key: a UUID of version 4."""
_SHIRT = goods(4_000, reference="TS-1", tax_rate=2_500, total_tax_amount=800)
_SHOES = goods(6_000, name="Shoes", reference="SH-7", tax_rate=2_500, total_tax_amount=1_200)
_WITH_FEE: dict[str, Any] = {
    "refunded_amount": 3_500,
    "reference": "RMA-1",
    "description": "The shirt came back",
    "order_lines": [_SHIRT, fee(500, tax_rate=2_500, total_tax_amount=-100)],
}
_REQUESTS: dict[str, dict[str, Any]] = {
    "refund_request": {
        "part": {"refunded_amount": 4_000, "reference": "RMA-1"},
        "with-lines": {
            "refunded_amount": 4_000,
            "description": "The shirt came back",
            "order_lines": [{**_SHIRT, **nested_members()}],
        },
        "with-a-return-fee": _WITH_FEE,
        "removal-of-the-fee": {"refunded_amount": 500, "description": "The fee is given back"},
    },
    "capture_request": {
        "part": {"captured_amount": 4_000, "reference": "parcel 1"},
        "with-lines": {
            "captured_amount": 10_000,
            "description": "Everything was sent",
            "order_lines": [_SHIRT, _SHOES],
        },
    },
    "extension_request": {"thirty-days": {"number_of_days": 30}},
}
_REFUND: dict[str, Any] = {
    "refund_id": ID_EXAMPLES["refund_id"],
    "refunded_at": "2026-02-10T09:30:00Z",
    **_WITH_FEE,
}
_CAPTURE: dict[str, Any] = {
    "capture_id": ID_EXAMPLES["capture_id"],
    "klarna_reference": "8A7C2B9D-1",
    "captured_amount": 10_000,
    "captured_at": "2026-02-01T08:00:00Z",
    "refunded_amount": 3_500,
    "reference": "parcel 1",
    "description": None,
    "order_lines": [_SHIRT, _SHOES],
}
_ORDER: dict[str, Any] = {
    "order_id": ID_EXAMPLES["order_id"],
    "status": "CAPTURED",
    "fraud_status": "ACCEPTED",
    "order_amount": 10_000,
    "original_order_amount": 10_000,
    "captured_amount": 10_000,
    "refunded_amount": 3_500,
    "remaining_authorized_amount": 0,
    "purchase_country": "SE",
    "purchase_currency": "SEK",
    "expires_at": "2026-03-01T08:00:00Z",
    "initial_payment_method": {"type": "INVOICE", "description": "Pay in 30 days"},
    "captures": [_CAPTURE],
    "refunds": [_REFUND],
}
_RESPONSES: dict[str, dict[str, Any]] = {
    "order": {"captured-and-refunded-in-part": _ORDER},
    "capture": {"refunded-in-part": _CAPTURE},
    "captures": {"none": [], "one": [_CAPTURE]},
    "refund": {"with-a-return-fee": _REFUND},
    "extension_options": {
        "the-first-is-free": {
            "currency": "SEK",
            "options": [
                {"amount": 0, "number_of_days": 10},
                {"amount": 3_900, "number_of_days": 30},
            ],
        },
        "none": {"currency": "SEK", "options": []},
    },
}


def request_examples(operation: Operation) -> dict[str, Any]:
    """The named examples of an operation's request body; the one of its file if none are here."""
    schema = operation.body.schema if operation.body else ""
    own = {} if operation.example is None else {"plain": operation.example}
    return _named(_REQUESTS.get(schema, own))


def response_examples(schema: str) -> dict[str, Any]:
    """The named examples of a response with a body of this schema; none for one not known here."""
    return _named(_RESPONSES.get(schema, {}))


def error_example(code: str) -> dict[str, Any]:
    """The body of a refusal with an error code."""
    return {
        "error_code": code,
        "error_messages": ["What a person has to know about it."],
        "correlation_id": "2f6a7c1d-48be-4c0a-9a55-6e1d3b7f8c90",
    }


def _named(values: dict[str, Any]) -> dict[str, Any]:
    return {name: {"value": value} for name, value in values.items()}
