"""Wrong responses that depend on earlier responses."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from klarna_conformance.mock.deviation import Deviation, Sending
from klarna_conformance.mock.server import Mock
from klarna_conformance.wrong.rewriting import errors_changed
from klarna_specs.calls import Call
from klarna_specs.exchange import Response


def answers(
    *,
    of: Sequence[str],
    when: str,
    status: int | None = None,
    headers: Mapping[str, str | None] | None = None,
) -> Deviation:
    """A success has another status or other headers (null: none) `when` an expression holds."""
    changes = headers or {}

    def sent(sending: Sending, response: Response, _mock: Mock) -> Response:
        assessment = sending.assessment
        if assessment.call.operation.operation not in of or not assessment.holds(when):
            return response
        if sending.outcome.kind != "success":
            return response
        kept = [(name, value) for name, value in response.headers if name not in changes]
        new = [(name, value) for name, value in changes.items() if value is not None]
        return msgspec.structs.replace(
            response, status=status or response.status, headers=(*kept, *new)
        )

    return Deviation(sent=sent)


def answers_from_elsewhere(*, than: str, status: int | None = None) -> Deviation:
    """A call with a key of another call is executed, but gets the response of that call.

    `than` is the difference between the calls: another `order`, or another `operation` on it. With
    a `status`, the response is an error with it.
    """
    responses: dict[str, tuple[Call, Response]] = {}

    def sent(sending: Sending, response: Response, _mock: Mock) -> Response:
        call = sending.assessment.call
        if not call.key or not response.is_success or sending.outcome.kind != "success":
            return response
        first, answer = responses.setdefault(call.key, (call, response))
        same_order = first.order_id == call.order_id
        same_operation = first.operation.operation == call.operation.operation
        elsewhere = not same_order if than == "order" else same_order and not same_operation
        if not elsewhere:
            return response
        return Response(status=status) if status else answer

    return Deviation(sent=sent)


def answers_from_memory() -> Deviation:
    """A call with a known key is answered without valid credentials."""

    def understood(call: Call, mock: Mock) -> Call:
        ledger = mock.orders.get(call.order_id)
        known = ledger is not None and ledger.key_use(call.key) is not None
        return msgspec.structs.replace(call, credentials="valid") if known else call

    return Deviation(understood=understood)


def correlation_ids_repeated(*, every: int) -> Deviation:
    """Each n-th refusal has the correlation id of the previous one."""
    last = ""
    count = 0

    def change(_sending: Sending, error: dict[str, Any]) -> dict[str, Any]:
        nonlocal last, count
        count += 1
        if last and count % every == 0:
            error["correlation_id"] = last
        last = str(error.get("correlation_id"))
        return error

    return errors_changed(change)


def correlation_ids_counted() -> Deviation:
    """The correlation id is the number of the refusal on its order."""
    count: Counter[str] = Counter()

    def change(sending: Sending, error: dict[str, Any]) -> dict[str, Any]:
        order_id = sending.assessment.call.order_id
        count[order_id] += 1
        return {**error, "correlation_id": f"{count[order_id]:08}"}

    return errors_changed(change)


def error_of_the_refusal_before() -> Deviation:
    """A refusal has the code and the messages of the previous refusal."""
    last: dict[str, Any] = {}

    def change(_sending: Sending, error: dict[str, Any]) -> dict[str, Any]:
        nonlocal last
        stale = {**error, **last}
        last = {name: error[name] for name in ("error_code", "error_messages") if name in error}
        return stale

    return errors_changed(change)


def refund_ids_repeated(*, after: int) -> Deviation:
    """A refund gets the id and the Location of the refund `after` refunds before it."""
    headers: dict[str, list[tuple[tuple[str, str], ...]]] = {}

    def sent(sending: Sending, response: Response, _mock: Mock) -> Response:
        call = sending.assessment.call
        if call.operation.operation != "refundOrder" or sending.outcome.kind != "success":
            return response
        earlier = headers.setdefault(call.order_id, [])
        earlier.append(response.headers)
        if len(earlier) <= after:
            return response
        return msgspec.structs.replace(response, headers=earlier[-1 - after])

    return Deviation(sent=sent)
