"""Builders of calls and orders for tests."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from klarna_specs.calls import KEY_HEADER, Call, read_call
from klarna_specs.effects import moved_on
from klarna_specs.exchange import Payload, Request
from klarna_specs.ledger import Ledger, open_ledger
from klarna_specs.loader import load
from klarna_specs.oracle import Assessment, assess
from klarna_specs.plan import OrderPlan
from klarna_specs.spec import Spec

from .situations import CREATED, On


@pytest.fixture(scope="session")
def spec() -> Spec:
    """The specification of the package."""
    return load()


@pytest.fixture(scope="session")
def make_call(spec: Spec) -> Callable[..., Call]:
    """Makes the call of an operation on an order (`order-1` by default)."""

    def make(
        operation: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        order_id: str = "order-1",
        capture_id: str = "capture-1",
        refund_id: str = "refund-1",
        key: str | None = None,
        credentials: Any = "valid",
        content_type: str | None = None,
    ) -> Call:
        documented = spec.operations[operation]
        if raw is None:
            raw = b"" if body is None else json.dumps(body).encode()
        headers = {KEY_HEADER: key, "Content-Type": content_type}
        request = Request(
            method=documented.method,
            path=documented.path.format(
                order_id=order_id, capture_id=capture_id, refund_id=refund_id
            ),
            headers=tuple((name, value) for name, value in headers.items() if value is not None),
            body=Payload.of(raw),
            credentials=credentials,
        )
        call = read_call(spec, request)
        assert call is not None
        return call

    return make


@pytest.fixture(scope="session")
def open_order() -> Callable[..., Ledger]:
    """Makes the ledger of an order: Swedish, of 10000, captured in one capture by default."""

    def make(*, order_id: str = "order-1", **plan: Any) -> Ledger:
        whole = OrderPlan(
            **{
                "market": "SE",
                "currency": "SEK",
                "order_amount": 10000,
                "captures": (10000,),
                **plan,
            }
        )
        number = order_id.removeprefix("order-")
        names = [f"capture-{i}" for i in range(1, len(whole.captures) + 1)]
        if number != "1":
            names = [f"{name}-of-{order_id}" for name in names]
        return open_ledger(whole, order_id, tuple(names))

    return make


@pytest.fixture(scope="session")
def situated(
    spec: Spec, make_call: Callable[..., Call], open_order: Callable[..., Ledger]
) -> Callable[[On], Assessment]:
    """Assesses the call of a situation."""

    def at(on: On) -> Assessment:
        call = make_call(on.operation, on.body, **on.call)
        if on.order is None:
            return assess(spec, None, call)
        ledger = open_order(**on.order)
        for operation, body in on.before:
            ledger = moved_on(ledger, make_call(operation, body), CREATED, effect=True)
        if on.offered is not None:
            for capture in ledger.captures:
                ledger = ledger.with_options(capture.capture_id, on.offered)
        return assess(spec, ledger, call)

    return at
