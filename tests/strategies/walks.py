"""A walk through a scenario with a server that does as documented, without sending anything."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from klarna_specs.calls import KEY_HEADER, Call, read_call
from klarna_specs.effects import moved_on
from klarna_specs.exchange import Payload, Request
from klarna_specs.ledger import Answer, Ledger, open_ledger
from klarna_specs.loader import load
from klarna_specs.oracle import Assessment, assess
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import OFFERED, Empty, Json, Key, Raw, Scenario, Step, Together, Wait
from klarna_specs.spec import Spec

SPEC = load()


def walk(scenario: Scenario) -> list[Assessment]:
    """What the oracle says of each call of a scenario."""
    return list(Walk(SPEC, scenario))


class Walk:
    """Iterates over what the oracle says of each call; concurrent ones are made in order."""

    def __init__(self, spec: Spec, scenario: Scenario) -> None:
        self.spec = spec
        self.scenario = scenario
        self.ledgers = {
            "this": _opened(scenario.plan, "this"),
            "other": _opened(scenario.other, "other"),
        }
        self.now_s = 0

    def __iter__(self) -> Iterator[Assessment]:
        for action in self.scenario.steps:
            match action:
                case Wait(seconds=seconds):
                    self.now_s += seconds
                case Together(steps=group):
                    for step in group:
                        yield self._made(step)
                case Step():
                    yield self._made(action)

    def _made(self, step: Step) -> Assessment:
        name = step.order
        own = self.ledgers.get(name)
        own = own.at(self.now_s) if own else None
        far = self.ledgers["other" if name == "this" else "this"]
        if own and step.operation == "extendDueDate" and isinstance(step.capture, int):
            own = own.with_options(
                own.captures[step.capture].capture_id, tuple(self.spec.extension_days)
            )
        call = self._call(step, own, far)
        situation = assess(self.spec, own, call, [far] if far else [])
        if own and step.operation == "getOptionsForExtendDueDate" and call.capture_id:
            own = own.with_options(call.capture_id, tuple(self.spec.extension_days))
        success = situation.outcomes[0].kind == "success"
        if own:
            again = situation.outcomes[0].kind == "replay"
            answer = Answer(
                success=success, status=200 if success else 403, resource_id=f"{name}-{own.turn}"
            )
            effect = success and not again and call.operation.changes
            self.ledgers[name] = moved_on(own, call, answer, effect=effect)
        return situation

    def _call(self, step: Step, own: Ledger | None, far: Ledger | None) -> Call:
        operation = self.spec.operations[step.operation]
        content_type, text = self._body(step)
        key = _key(step.key)
        path = operation.path.format(
            order_id=own.order_id if own else "unknown",
            capture_id=_resource(step.capture, own, far, "captures"),
            refund_id=_resource(step.refund, own, far, "refunds"),
        )
        request = Request(
            method=operation.method,
            path=path,
            headers=(("Content-Type", content_type), *([(KEY_HEADER, key)] if key else [])),
            body=Payload(text),
            credentials=step.credentials,
        )
        call = read_call(self.spec, request)
        assert call is not None
        return call

    def _body(self, step: Step) -> tuple[str, str]:
        match step.body:
            case Empty():
                return "", ""
            case Json(value=value):
                return "application/json", json.dumps(self._resolved(value))
            case Raw(text=text, content_type=content_type):
                days = str(self.spec.extension_days[0])
                return content_type, text.replace(OFFERED, days)

    def _resolved(self, value: Any) -> Any:
        days = value.get("number_of_days") if isinstance(value, dict) else None
        if isinstance(days, dict) and OFFERED in days:
            whole = self.spec.extension_days[days[OFFERED]] + days.get("plus", 0)
            return {**value, "number_of_days": whole}
        return value


def _opened(plan: OrderPlan | None, name: str) -> Ledger | None:
    if plan is None:
        return None
    return open_ledger(plan, name, tuple(f"{name}-{n}" for n in range(len(plan.captures))))


def _resource(which: Any, own: Ledger | None, far: Ledger | None, kind: str) -> str | None:
    known: Any = getattr(own, kind) if own else ()
    elsewhere: Any = getattr(far, kind) if far else ()
    match which:
        case None:
            return None
        case int():
            return getattr(known[which], f"{kind[:-1]}_id")
        case "other":
            return getattr(elsewhere[0], f"{kind[:-1]}_id")
        case _:
            return "unknown"


_UUIDS = {"uuid4": "00000000-0000-4000-8000-", "uuid5": "00000000-0000-5000-8000-"}


def _key(key: Key | None) -> str | None:
    if key is None:
        return None
    if key.form == "text":
        return key.name
    return _UUIDS[key.form] + msgspec.json.encode(key.name).hex()[2:14].ljust(12, "0")
