"""Checks a target step by step before anything is judged, as `doctor` does."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import msgspec

from klarna_conformance.errors import PreflightError
from klarna_conformance.judge.results import Mismatch
from klarna_conformance.judge.server.comparison import order_agrees
from klarna_conformance.judge.server.response_members import json_object
from klarna_conformance.limits import Limits
from klarna_conformance.play.discovery import discover_interpretations, probes
from klarna_conformance.play.player import play
from klarna_conformance.play.preflight import preflight
from klarna_conformance.target.target import OpenTarget
from klarna_reports.record.record import Unavailable
from klarna_specs.exchange import Request, Response
from klarna_specs.ledger import open_ledger
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Scenario
from klarna_specs.spec import Spec

__all__ = ["Checked", "check_up"]

_TOLERATED_SKEW_S = 60
_SWEDISH = OrderPlan(market="SE", currency="SEK", order_amount=10_000)
_NOT_OPEN = (
    msgspec.structs.replace(_SWEDISH, captures=(6_000,), authorization="released"),
    msgspec.structs.replace(_SWEDISH, authorization="cancelled"),
)
"""Orders without a remaining authorization: one released, one cancelled."""


class Checked(NamedTuple):
    """A step with its result; `failed` if a run is possible, but something does not work."""

    step: str
    result: str
    failed: bool = False


async def check_up(spec: Spec, target: OpenTarget) -> AsyncIterator[Checked]:
    """Yields each step with its result; raises PreflightError at the first fatal failure.

    The orders of a pool are read, and none is used up.
    """
    yield Checked("limits", _described(target.limits))
    async for step, result in target.reach():
        yield Checked(step, result)
    await preflight(target)
    yield Checked("credentials", "accepted")
    order_id, source = await _order(spec, target)
    yield Checked("orders", source)
    path = f"/ordermanagement/v1/orders/{order_id}"
    read = (await target.send(Request(method="GET", path=path))).outcome
    if not (isinstance(read, Response) and read.is_success):
        seen = f"status {read.status}" if isinstance(read, Response) else read.message
        raise PreflightError(
            f"the order {order_id} cannot be read: {seen}; does it belong to the merchant of these "
            "credentials?"
        )
    yield Checked("reading", "the order can be read")
    yield _clock(read)
    if target.pool is not None:
        yield Checked("paths", "left to the run, because this uses up orders of the pool")
        return
    yield Checked("authorization", await _authorizations(spec, target))
    interpretations, _ = await discover_interpretations(spec, target, order_id)
    followed = ", ".join(
        f"{name}: {interpretation}" for name, interpretation in interpretations.items()
    )
    none = "extendDueDate does not work at any documented path; select the others with --operation"
    yield Checked("paths", followed or none, failed=not followed)


async def _authorizations(spec: Spec, target: OpenTarget) -> str:
    """Makes a released and a cancelled order, and verifies that the server shows them as such."""
    for plan in _NOT_OPEN:
        planned = plan.authorization
        scenario = Scenario(plan=plan, steps=())
        played = await play(spec, target, scenario, identifier=f"doctor {planned}")
        if played.unavailable is not None:
            raise PreflightError(f"no {planned} order can be made: {played.unavailable.reason}")
        (order,), last = played.orders, played.exchanges[-1]
        shown = json_object(last) or {}
        problem = order_agrees(open_ledger(plan, order.order_id, order.capture_ids, planned), shown)
        if isinstance(problem, Mismatch):
            raise PreflightError(
                f"the order {order.order_id} was made as {planned}, and the server shows "
                f"{problem.observed} instead of {problem.expected}; does the provisioner claim an "
                "`authorization` that is not so?"
            )
    return "a released and a cancelled order are made, and shown as such"


async def _order(spec: Spec, target: OpenTarget) -> tuple[str, str]:
    """An order to read, and where it comes from."""
    if target.pool:
        first, *_ = target.pool
        return first.order_id, f"{len(target.pool)} unused in the pool"
    if target.pool is not None:
        raise PreflightError(
            "every order of the pool is used up; create others (`klarna-conformance plan --orders` "
            "lists what is needed) and add them to the file"
        )
    (scenario, *_) = probes(spec)
    assert scenario.plan is not None
    made = await target.provide(scenario.plan)
    if isinstance(made, Unavailable):
        raise PreflightError(f"no order is available: {made.reason}")
    return made.order_id, f"made, for example {made.order_id}"


def _described(limits: Limits) -> str:
    bounds = {
        "requests": limits.requests,
        "seconds": limits.time_s,
        "minor units refunded": limits.refunded_amount,
    }
    rate = f"{limits.rate_per_s:g} requests a second" if limits.rate_per_s else "any rate"
    most = ", ".join(f"{bound:g} {what}" for what, bound in bounds.items() if bound is not None)
    return (
        f"{limits.concurrency} scenarios at a time, {rate}, timeout {limits.timeout_s:g} s; "
        f"{f'at most {most}' if most else 'no budget'}"
    )


def _clock(response: Response) -> Checked:
    """The difference between the server's clock and that of this machine."""
    try:
        date = parsedate_to_datetime(response.header("Date") or "")
    except ValueError:
        return Checked("clock", "unknown: the response has no Date header")
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    skew_s = round((date - datetime.now(UTC)).total_seconds())
    if abs(skew_s) <= _TOLERATED_SKEW_S:
        return Checked("clock", "agrees with the server's")
    direction = "ahead of" if skew_s > 0 else "behind"
    result = (
        f"the server is {abs(skew_s)} s {direction} this machine: the report has the times of this "
        "machine; synchronize its clock by NTP"
    )
    return Checked("clock", result, failed=True)
