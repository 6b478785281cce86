"""Small wrong servers, and what the judge says of them: each differs from the mock in one thing."""

import asyncio
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from klarna_conformance.judge.server import judge
from klarna_conformance.mock.server import Mock
from klarna_conformance.plan.rehearsal import MockTarget
from klarna_conformance.play.player import play
from klarna_reports.record.record import Played
from klarna_specs.calls import Call
from klarna_specs.exchange import Payload, Request, Response
from klarna_specs.loader import load
from klarna_specs.oracle import assess
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Action, Scenario
from klarna_specs.spec import Spec
from klarna_strategies.lines import fee, goods
from klarna_strategies.steps import refund

FULL = OrderPlan(market="SE", currency="SEK", order_amount=10_000, captures=(10_000,))
TWO_CAPTURES = msgspec.structs.replace(FULL, captures=(6_000, 4_000))
PART = msgspec.structs.replace(FULL, captures=(6_000,))
NONE = msgspec.structs.replace(FULL, captures=())
RELEASED = msgspec.structs.replace(PART, authorization="released")
CANCELLED = msgspec.structs.replace(NONE, authorization="cancelled")
CARD = msgspec.structs.replace(FULL, payment_method="card")
BELGIUM = msgspec.structs.replace(FULL, market="BE", currency="EUR")
FEE_REFUND = refund(9_500, order_lines=[goods(10_000), fee(500)])

Alter = Callable[[Call, Response], Response]
AlterJson = Callable[[Any], Any]


@cache
def spec() -> Spec:
    return load()


def played(
    server: type[Mock], plan: OrderPlan, *steps: Action, other: OrderPlan | None = None
) -> Played:
    """What was exchanged with a new server of this kind, and what the judge says of it."""
    target = MockTarget(server(spec()))
    scenario = Scenario(plan=plan, steps=steps, other=other)
    came = asyncio.run(play(spec(), target, scenario, identifier="s0001"))
    findings = judge(spec(), target.facts, came.orders, came.exchanges)
    return msgspec.structs.replace(came, findings=findings)


def deviations(
    server: type[Mock], plan: OrderPlan, *steps: Action, other: OrderPlan | None = None
) -> dict[str, str]:
    """The requirements that the server violates (FAIL) or does not follow (WARN).

    That an answer is not as described is said beside what is wrong with it, and left out here.
    """
    findings = played(server, plan, *steps, other=other).findings
    return {
        f.requirement: f.verdict
        for f in findings
        if f.verdict in ("FAIL", "WARN") and not f.requirement.endswith(".described-response")
    }


def accepting(requirement: str) -> type[Mock]:
    """A server that does what this rule forbids."""

    class Accepting(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            assessment = assess(self.spec, self.orders.get(call.order_id), call)
            if any(rule.id == requirement for rule in assessment.broken):
                return self.success(assessment, base_url)
            return super().answer(call, base_url)

    return Accepting


def refusing(
    operation: str, response: str, when: Callable[[Call], bool] = lambda _: True
) -> type[Mock]:
    """A server that refuses calls of an operation with one of the documented responses."""

    class Refusing(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            if call.operation.operation != operation or not when(call):
                return super().answer(call, base_url)
            assessment = assess(self.spec, self.orders.get(call.order_id), call)
            outcome = msgspec.structs.replace(
                assessment.outcomes[0], kind="refusal", responses=(response,)
            )
            return self.refusal(assessment, outcome)

    return Refusing


def altering(operation: str, alter: Alter) -> type[Mock]:
    """A server that does everything right, but answers the calls of one operation differently."""

    class Altering(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            response = super().answer(call, base_url)
            return alter(call, response) if call.operation.operation == operation else response

    return Altering


def altering_refusals(alter: Alter) -> type[Mock]:
    """A server that refuses what it should, but in other words."""

    def of_refusal(call: Call, response: Response) -> Response:
        return alter(call, response) if response.is_refusal else response

    return altering("refundOrder", of_refusal)


def altering_json(operation: str, alter: AlterJson) -> type[Mock]:
    """A server that shows something else on success."""

    def of_success(_: Call, response: Response) -> Response:
        return with_json(response, alter(response.body.json())) if response.is_success else response

    return altering(operation, of_success)


def altering_error(alter: AlterJson) -> type[Mock]:
    """A server whose refusals of refunds have another JSON body."""
    return altering_refusals(lambda _, response: with_json(response, alter(response.body.json())))


def with_json(response: Response, value: Any) -> Response:
    return msgspec.structs.replace(response, body=Payload(json.dumps(value)))


def with_status(response: Response, status: int) -> Response:
    return msgspec.structs.replace(response, status=status)


def with_header(response: Response, name: str, value: str | None) -> Response:
    """The response with another value of a header, or without the header."""
    kept = [(k, v) for k, v in response.headers if k.lower() != name.lower()]
    headers = kept if value is None else [*kept, (name, value)]
    return msgspec.structs.replace(response, headers=tuple(headers))


def with_body(response: Response, text: str, content_type: str = "") -> Response:
    replaced = msgspec.structs.replace(response, body=Payload(text))
    return with_header(replaced, "Content-Type", content_type or None)


class ForgetsKeys(Mock):
    """Books a repeated call again, as if there were no idempotency keys."""

    def respond(self, request: Request, base_url: str) -> Response:
        headers = tuple((k, v) for k, v in request.headers if "Idempotency" not in k)
        return super().respond(msgspec.structs.replace(request, headers=headers), base_url)
