"""What Klarna's Order Management documentation says, as data and pure functions.

The names below are imported when they are first used. The examples in this package run after these
lines: an order of 100.00 SEK of which 60.00 are captured, and a request for a refund.

>>> from pathlib import Path
>>> from klarna_specs import *
>>> spec = load()
>>> plan = OrderPlan(market="SE", currency="SEK", order_amount=10000, captures=(6000,))
>>> ledger = open_ledger(plan, "o-1", capture_ids=("c-1",))
>>> def refund(amount):
...     path = "/ordermanagement/v1/orders/o-1/refunds"
...     body = Payload(f'{{"refunded_amount": {amount}}}')
...     headers = (("Content-Type", "application/json"),)
...     return Request(method="POST", path=path, headers=headers, body=body)
"""

from typing import TYPE_CHECKING

from klarna_specs.on_use import imported_on_use

if TYPE_CHECKING:
    from klarna_specs.calls import Call, read_call
    from klarna_specs.errors import SpecError, SpecFileError
    from klarna_specs.exchange import Exchange, Failure, Payload, Request, Response
    from klarna_specs.ledger import Ledger, open_ledger
    from klarna_specs.loader import load
    from klarna_specs.oracle import Assessment, assess
    from klarna_specs.outcomes import Outcome
    from klarna_specs.plan import OrderPlan
    from klarna_specs.scenario import Json, Scenario, Step
    from klarna_specs.spec import Operation, Requirement, Spec

__all__ = [
    "Assessment",
    "Call",
    "Exchange",
    "Failure",
    "Json",
    "Ledger",
    "Operation",
    "OrderPlan",
    "Outcome",
    "Payload",
    "Request",
    "Requirement",
    "Response",
    "Scenario",
    "Spec",
    "SpecError",
    "SpecFileError",
    "Step",
    "assess",
    "load",
    "open_ledger",
    "read_call",
]

_NAMES = {
    "calls": ("Call", "read_call"),
    "errors": ("SpecError", "SpecFileError"),
    "exchange": ("Exchange", "Failure", "Payload", "Request", "Response"),
    "ledger": ("Ledger", "open_ledger"),
    "loader": ("load",),
    "oracle": ("Assessment", "assess"),
    "outcomes": ("Outcome",),
    "plan": ("OrderPlan",),
    "scenario": ("Json", "Scenario", "Step"),
    "spec": ("Operation", "Requirement", "Spec"),
}

if not TYPE_CHECKING:  # a type checker reads the imports above, and reports a misspelled name
    __getattr__ = imported_on_use(__name__, _NAMES)
