"""Learns from a record what its target does where the documentation leaves the choice open."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from klarna_conformance.calibration.observing import Observed, observed
from klarna_conformance.calibration.offers import Offer, Offers
from klarna_conformance.calibration.resources import Resources
from klarna_conformance.calibration.responses import (
    Form,
    correlation_id,
    form_keys,
    form_of,
    values_of,
)
from klarna_conformance.calibration.shapes import Shape, shape_of
from klarna_conformance.calibration.situations import Choices, keys_of
from klarna_conformance.errors import UsageError
from klarna_conformance.judge.server.response_members import json_object
from klarna_conformance.judge.server.tables import tables_of
from klarna_conformance.mock.deviation import IdKind
from klarna_conformance.mock.resources import (
    capture_resource,
    order_details,
    order_resource,
    refund_resource,
)
from klarna_reports.record.journal import FILE_NAME, read_journal
from klarna_reports.record.record import Record, TargetFacts
from klarna_specs.exchange import NotJson
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.ledger import Ledger
from klarna_specs.plan import OrderPlan
from klarna_specs.spec import Spec

__all__ = ["Calibration", "calibrated", "calibration_of", "resource_of"]


_IN_PATHS = re.compile("[A-Za-z0-9._~-]+")
"""Ids that are written in a path as they are."""
_SPECIFIC = ("allow", "content-type", "location", "www-authenticate")
"""Headers whose values are no ids."""


class Calibration:
    """What a target did in each situation, as far as it was right.

    `kinds` are success, refusal or the first response again; `forms` the responses; `elapsed_s` the
    times that responses of each operation took; `interpretations` the paths that the target
    follows; `decided` the ids of open requirements and contradictions that it decided.
    """

    def __init__(self, target: TargetFacts) -> None:
        self.target = target.name
        self.interpretations = dict(target.interpretations)
        self.decided: set[str] = set()
        self.kinds: Choices[str] = Choices()
        self.forms: Choices[Form] = Choices()
        self.resources = Resources()
        self.offers = Offers()
        self.elapsed_s: dict[str, list[float]] = defaultdict(list)
        self.shapes: dict[IdKind, Shape] = {}
        self.header_shapes: dict[str, Shape] = {}
        self.exchanges = self.violations = 0


def calibration_of(spec: Spec, directory: Path) -> Calibration:
    """What the record in a folder shows of its target; raises UsageError and JournalError."""
    return calibrated(spec, read_journal(directory / FILE_NAME))


def calibrated(spec: Spec, record: Record) -> Calibration:
    """What a record shows of its target; raises UsageError if it is no record of a server."""
    target = record.header.target
    if record.header.certified or record.header.watched == ("client",):
        raise UsageError(
            f"{target.name}: this is the record of a client; --like needs one of a server, which "
            "`run`, `proxy` and `check` write"
        )
    learned = _Learning(spec, Calibration(target), target.bases)
    for each in observed(spec, record):
        learned.add(each)
    if not learned.calibration.exchanges:
        raise UsageError(
            f"{target.name}: the record has no exchange that shows what its target does"
        )
    return learned.finished()


class _Learning:
    """A calibration while it is learned."""

    def __init__(self, spec: Spec, calibration: Calibration, bases: tuple[str, ...]) -> None:
        self._spec = spec
        self._bases = bases
        self.calibration = calibration
        self._ids: dict[IdKind, set[str]] = defaultdict(set)
        self._headers: dict[str, set[str]] = defaultdict(set)

    def add(self, each: Observed) -> None:
        """Learns from one exchange."""
        calibration, seen = self.calibration, each.seen
        if each.violates:
            calibration.violations += 1
            return
        assessment, response = seen.assessment, each.response
        operation = seen.call.operation
        kind, keys = _kind(each), keys_of(self._spec, assessment, each.first)
        calibration.exchanges += 1
        calibration.elapsed_s[operation.operation].append(response.elapsed_s)
        calibration.kinds.add(keys, kind)
        base = next(
            (b for b in self._bases if b in (response.header("Location") or "")), self._bases[0]
        )
        values = values_of(self._spec, assessment, response, base, each.first)
        reads = kind == "success" and bool(operation.shows)
        form = form_of(response, values, own_body=reads or kind == "replay")
        calibration.forms.add(form_keys(keys, assessment, seen.outcome, kind), form)
        for name, value in form.headers:
            self._headers[name.lower()].add(value)
        if kind == "refusal":
            calibration.forms.add([kind], form)
        calibration.decided |= _decided(self._spec, each)
        self._learn_ids(each, values)
        if reads and assessment.ledger is not None:
            self._learn_resource(each, assessment.ledger)

    def finished(self) -> Calibration:
        """The calibration, when everything was added."""
        for kind, ids in self._ids.items():
            if not all(map(_IN_PATHS.fullmatch, ids)):
                continue
            if shape := shape_of(sorted(ids)):
                self.calibration.shapes[kind] = shape
        for name, values in self._headers.items():
            if name not in _SPECIFIC and (shape := shape_of(sorted(values))):
                self.calibration.header_shapes[name] = shape
        return self.calibration

    def _learn_ids(self, each: Observed, values: dict[str, str]) -> None:
        ledger = each.seen.assessment.ledger
        creates = each.seen.call.operation.responses[each.seen.call.operation.success].creates
        if creates and "created_id" in values:
            self._ids[creates].add(values["created_id"])
        if ledger is not None:
            self._ids["order"].add(ledger.order_id)
            self._ids["capture"] |= {capture.capture_id for capture in ledger.captures}
        if found := correlation_id(each.response):
            self._ids["correlation"].add(found)

    def _learn_resource(self, each: Observed, ledger: Ledger) -> None:
        call, resources = each.seen.call, self.calibration.resources
        try:
            value = each.response.body.json()
        except NotJson:
            return
        resources.learn_text(each.response.body.text, value)
        match call.operation.shows:
            case "order":
                resources.learn("order", value, _order(self._spec, ledger, each.plan), ledger)
            case "captures":
                for listed in as_array(value) or ():
                    self._learn_capture(listed, ledger)
            case "capture":
                self._learn_capture(value, ledger)
            case "refund" if refund := ledger.refund(call.refund_id):
                resources.learn("refunds", value, refund_resource(refund, 0), ledger)
            case "extension_options":
                self._learn_offer(each, ledger)
            case _:
                pass

    def _learn_capture(self, shown: Any, ledger: Ledger) -> None:
        members = as_object(shown) or {}
        capture = ledger.capture(str(members.get("capture_id")))
        if capture is not None:
            ours = capture_resource(ledger, capture, 0)
            self.calibration.resources.learn("captures", shown, ours, ledger)

    def _learn_offer(self, each: Observed, ledger: Ledger) -> None:
        capture, body = ledger.capture(each.seen.call.capture_id), json_object(each.seen.exchange)
        if capture is None or body is None:
            return
        shown = [as_object(option) or {} for option in as_array(body.get("options")) or ()]
        pairs = [(option.get("number_of_days"), option.get("amount")) for option in shown]
        options = tuple((d, a) for d, a in pairs if is_integer(d) and is_integer(a))
        if len(options) == len(shown):
            self.calibration.offers.learn(ledger, capture, Offer(options))
        resources, own = self.calibration.resources, {"currency": ledger.currency, "options": ()}
        resources.learn("options", {**body, "options": []}, {**own, "options": []}, ledger)
        for option in shown:
            resources.learn("option", option, dict(option), ledger)


def _decided(spec: Spec, each: Observed) -> set[str]:
    """The ids of the open requirements and contradictions that an exchange decides."""
    assessment = each.seen.assessment
    rules = {rule.id for rule in (*assessment.broken, *assessment.situation.silent)}
    repeats = {r.id for r in assessment.call.operation.requirements if assessment.replay in r.upon}
    observers = tables_of(spec).observers
    return (
        rules
        | repeats
        | {name for name, observe in observers if observe(assessment, each.response)}
    )


def _kind(each: Observed) -> str:
    """Success, refusal, or the first response again."""
    seen = each.seen
    if seen.outcome is None or seen.outcome.kind != "replay":
        return seen.kind
    fresh = each.first is None or correlation_id(each.first) != correlation_id(each.response)
    other = seen.kind == "refusal" and seen.assessment.replay != "replay" and fresh
    return "refusal" if other else "replay"


def _order(spec: Spec, ledger: Ledger, plan: OrderPlan | None) -> dict[str, Any]:
    details = order_details(spec, plan, ledger.order_id) if plan else {}
    return resource_of({**order_resource(ledger, 0), **details})


def resource_of(order: dict[str, Any]) -> dict[str, Any]:
    """An order without the line that the mock invents where none was given."""
    lines = as_array(order.get("order_lines")) or [None]
    invented = (as_object(lines[0]) or {}).keys() == {
        "name",
        "quantity",
        "unit_price",
        "total_amount",
    }
    if not invented or lines[0].get("name") != "Goods":
        return order
    return {name: value for name, value in order.items() if name != "order_lines"}
