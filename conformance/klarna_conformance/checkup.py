"""Tries a target before anything is judged, one thing after the other."""

from collections.abc import AsyncIterator

from klarna_conformance.discovery import discover_readings, probes
from klarna_conformance.errors import PreflightError
from klarna_conformance.http_target import HttpTarget
from klarna_conformance.preflight import preflight
from klarna_reports.record import Unavailable
from klarna_specs.exchange import Request, Response
from klarna_specs.spec import Spec

__all__ = ["check_up"]


async def check_up(spec: Spec, target: HttpTarget) -> AsyncIterator[tuple[str, str]]:
    """Yields what was tried and how it went; raises PreflightError at the first failure."""
    await preflight(target)
    yield "connection", "reached, and the credentials are accepted"
    _, _, scenario = probes(spec)[0]
    assert scenario.plan is not None
    made = await target.provide(scenario.plan)
    if isinstance(made, Unavailable):
        raise PreflightError(f"no order can be had: {made.reason}")
    yield "orders", f"made, for example {made.order_id}"
    path = f"/ordermanagement/v1/orders/{made.order_id}"
    read = (await target.send(Request(method="GET", path=path))).outcome
    if not (isinstance(read, Response) and read.is_success):
        told = f"status {read.status}" if isinstance(read, Response) else read.message
        raise PreflightError(f"the order {made.order_id} was made but cannot be read: {told}")
    yield "reading", "the order can be read"
    readings, _ = await discover_readings(spec, target, made.order_id)
    followed = ", ".join(f"{name}: {reading}" for name, reading in readings.items())
    yield "paths", followed or "no reading of the contradictory paths succeeded"
