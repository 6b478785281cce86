"""The behaviour of a calibrated mock: as documented, and as its target where that is open."""

from itertools import chain
from typing import Any

from klarna_conformance.calibration.learning import Calibration, resource_of
from klarna_conformance.calibration.patterns import FRESH
from klarna_conformance.calibration.responses import (
    as_said,
    filled_form,
    form_keys,
    repeated,
    values_of,
)
from klarna_conformance.calibration.situations import keys_alone, keys_of
from klarna_conformance.calibration.upright import is_conformant
from klarna_conformance.mock.deviation import AS_DOCUMENTED, Deviation, IdKind, Sending
from klarna_conformance.mock.server import Mock
from klarna_specs.calls import Call
from klarna_specs.exchange import NotJson, Payload, Response
from klarna_specs.oracle import Assessment
from klarna_specs.outcomes import Outcome
from klarna_specs.spec import Spec

__all__ = ["behaviour"]


_ATTEMPTS = 20
"""So often a new id is drawn before its form counts as used up."""


def behaviour(spec: Spec, calibration: Calibration) -> Deviation:
    """The deviation of one mock, which remembers what it responded."""
    calibrated = _Calibrated(spec, calibration)
    return Deviation(
        understood=calibrated.understood,
        chosen=calibrated.chosen,
        shown=calibrated.shown,
        sent=calibrated.sent,
        identified=calibrated.identified,
    )


class _Calibrated:
    """The seams of a calibrated mock."""

    def __init__(self, spec: Spec, calibration: Calibration) -> None:
        self._spec = spec
        self._known = calibration
        self._firsts: dict[tuple[str, str], Response] = {}
        self._issued: set[str] = set()

    def understood(self, call: Call, mock: Mock) -> Call:
        """The call; its order has the options that the target would offer."""
        ledger = mock.orders.get(call.order_id)
        if ledger is not None and self._known.offers:
            for capture in ledger.captures:
                if offer := self._known.offers.offer(ledger, capture):
                    ledger = ledger.with_options(capture.capture_id, offer.days)
            mock.orders[call.order_id] = ledger
        return call

    def chosen(self, assessment: Assessment, mock: Mock) -> Outcome:
        """The allowed outcome that the target chose, or else the documented one."""
        default = AS_DOCUMENTED.chosen(assessment, mock)
        allowed = {each.kind: each for each in reversed(assessment.outcomes)}
        call = assessment.call
        keys = keys_of(self._spec, assessment, self._first(call))
        kind = next(self._known.kinds.candidates(keys), None)
        if self._follows_another_path(call) and kind == "refusal":
            return allowed.get("refusal", Outcome(kind="refusal", responses=("not_found",)))
        if kind is None and len(allowed) > 1:
            kind = self._kind_of_its_rules(assessment)
        return allowed.get(kind, default) if kind else default

    def _kind_of_its_rules(self, assessment: Assessment) -> str | None:
        """Refusal, if one of the broken rules alone was refused; success, if each was accepted."""
        rules = (*assessment.broken, *assessment.situation.silent)
        kinds = [
            next(self._known.kinds.candidates(keys_alone(assessment, rule)), None) for rule in rules
        ]
        if "refusal" in kinds:
            return "refusal"
        return "success" if kinds and set(kinds) == {"success"} else None

    def _follows_another_path(self, call: Call) -> bool:
        followed = self._known.interpretations.get(call.operation.operation)
        return followed is not None and call.path_interpretation != followed

    def shown(self, call: Call, resource: Any, mock: Mock) -> Any:
        """The resource with the members of the target."""
        ledger, resources = mock.orders[call.order_id], self._known.resources
        match call.operation.shows:
            case "order":
                return resources.show("order", resource_of(resource), ledger)
            case "captures":
                return resources.show_all("captures", resource, ledger)
            case "capture":
                return resources.show("captures", resource, ledger)
            case "refund":
                return resources.show("refunds", resource, ledger)
            case _:
                return self._options(call, resource, mock)

    def _options(self, call: Call, resource: Any, mock: Mock) -> Any:
        ledger, resources = mock.orders[call.order_id], self._known.resources
        capture = ledger.capture(call.capture_id)
        offer = self._known.offers.offer(ledger, capture) if capture else None
        if offer is None:
            return resource
        options = [
            resources.show("option", {"number_of_days": days, "amount": amount}, ledger)
            for days, amount in offer.options
        ]
        shown = resources.show("options", {**resource, "options": []}, ledger)
        return {**shown, "options": options} if "options" in shown else shown

    def sent(self, sending: Sending, response: Response, mock: Mock) -> Response:
        """The response in the form of the target, if it conforms in that form."""
        assessment, outcome = sending.assessment, sending.outcome
        call, kind = assessment.call, outcome.kind
        first = self._first(call)
        again = first if kind == "replay" and first else response
        if kind == "success" and call.operation.shows:
            again = self._laid_out(response)
        values = values_of(self._spec, assessment, again, sending.base_url, first)
        values |= {FRESH: mock.new_id()}
        values.setdefault("correlation_id", mock.new_id())
        alone = chain(*(keys_alone(assessment, rule) for rule in assessment.broken))
        known = (*keys_of(self._spec, assessment, first), *(alone if kind == "refusal" else ()))
        keys = form_keys(known, assessment, outcome, kind)
        for form in self._known.forms.candidates(keys):
            filled = (
                repeated(form, again, values)
                if kind == "replay"
                else filled_form(form, again, values, self._known.header_shapes)
            )
            if filled and is_conformant(self._spec, sending, filled):
                return self._remembered(call, filled)
        for form in self._known.forms.candidates(["refusal"] if kind == "refusal" else ()):
            filled = filled_form(as_said(form, again), again, values, self._known.header_shapes)
            if filled and is_conformant(self._spec, sending, filled):
                return self._remembered(call, filled)
        return self._remembered(call, again)

    def _laid_out(self, response: Response) -> Response:
        try:
            text = self._known.resources.text(response.body.json())
        except NotJson:
            return response
        return Response(status=response.status, headers=response.headers, body=Payload(text))

    def _first(self, call: Call) -> Response | None:
        return self._firsts.get((call.order_id, call.key or "")) if call.operation.changes else None

    def _remembered(self, call: Call, response: Response) -> Response:
        if call.key and call.operation.changes and call.credentials == "valid":
            before = self._first(call)
            if before is None or (response.is_success and not before.is_success):
                self._firsts[call.order_id, call.key] = response
        return response

    def identified(self, kind: IdKind, made: str) -> str:
        """A new id in the form of the target's ids; as it was made where that form is used up."""
        shape = self._known.shapes.get(kind)
        attempts = (shape.new(f"{made} {n}") for n in range(_ATTEMPTS)) if shape else ()
        identifier = next((each for each in attempts if each not in self._issued), made)
        self._issued.add(identifier)
        return identifier
