"""The core of the mock: answers one request at a time with the oracle. No sockets."""

import hashlib
import threading
from collections import deque
from typing import Any

import msgspec

from klarna_conformance.mock.deviation import AS_DOCUMENTED, Booking, Deviation, IdKind, Sending
from klarna_conformance.mock.lag import Lag
from klarna_conformance.mock.resources import (
    bad_members,
    capture_resource,
    days_offered,
    options_resource,
    order_details,
    order_resource,
    refund_resource,
)
from klarna_reports.record.record import ProvidedOrder
from klarna_specs.calls import Call, read_call
from klarna_specs.exchange import Exchange, Payload, Request, Response
from klarna_specs.json_value import as_object
from klarna_specs.ledger import AUTHORIZATION_S, Answer, Ledger, open_ledger
from klarna_specs.oracle import Assessment, assess
from klarna_specs.outcomes import Outcome
from klarna_specs.plan import OrderPlan
from klarna_specs.spec import Spec

__all__ = ["EPOCH_S", "Mock"]

EPOCH_S = 1_767_225_600.0
"""The default start of the mock's clock (Unix time, seconds)."""
_RECORDED_EXCHANGES = 10_000
_JSON = (("Content-Type", "application/json"),)


class Mock:
    """Orders and their exchanges. Thread-safe.

    Ids derive from `seed`, so that two mocks with the same seed and the same requests give the same
    responses. The clock starts at `epoch_s` (Unix time, seconds) and moves only with `advance`. A
    `deviation` changes the documented behavior; reads show changes after `lag_s` seconds.
    """

    def __init__(
        self,
        spec: Spec,
        *,
        seed: int = 0,
        deviation: Deviation = AS_DOCUMENTED,
        lag_s: float = 0.0,
        epoch_s: float = EPOCH_S,
    ) -> None:
        self.spec = spec
        self.epoch_s = epoch_s
        self._deviation = deviation
        self._seed = seed
        self._lag_s = lag_s
        self._lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        """Removes all orders and exchanges, and resets the clock."""
        with self._lock:
            self.orders: dict[str, Ledger] = {}
            self.exchanges: deque[Exchange] = deque(maxlen=_RECORDED_EXCHANGES)
            self.now_s = 0
            self._made_at: dict[str, int] = {}
            self._details: dict[str, dict[str, Any]] = {}
            self._arrivals: dict[int, Ledger] = {}
            self._arrived: Ledger | None = None
            self._answers: dict[tuple[str, str], Response] = {}
            self._ids = 0
            self._lag = Lag(self._lag_s) if self._lag_s else None

    def make_order(self, plan: OrderPlan) -> ProvidedOrder:
        """Creates the order of a plan, with its captures and the state of the rest."""
        with self._lock:
            order_id = self.new_id("order")
            capture_ids = tuple(self.new_id("capture") for _ in plan.captures)
            began_s = self.epoch_s + self.now_s
            ledger = msgspec.structs.replace(
                open_ledger(plan, order_id, capture_ids),
                began_s=began_s,
                expires_s=began_s + AUTHORIZATION_S,
            )
            self._made_at[order_id] = self.now_s
            self._details[order_id] = order_details(self.spec, plan, order_id)
            self.orders[order_id] = self.with_offers(ledger)
            return ProvidedOrder(
                plan=plan,
                order_id=order_id,
                capture_ids=capture_ids,
                authorization=plan.authorization,
            )

    def check_fraud(self, order_id: str, fraud_status: str) -> bool:
        """Sets the fraud status of an order; False if the order is unknown."""
        with self._lock:
            ledger = self.orders.get(order_id)
            if ledger is not None:
                self.orders[order_id] = msgspec.structs.replace(ledger, fraud_status=fraud_status)
            return ledger is not None

    def advance(self, seconds: int) -> None:
        """Advances the clock."""
        with self._lock:
            self.now_s += seconds

    @property
    def races(self) -> bool:
        """Whether a call is answered only after concurrent ones have arrived."""
        return self._deviation.assessed_on is not None

    def arrive(self, request: Request) -> None:
        """Records the order at the arrival of a request that is answered later."""
        with self._lock:
            call = read_call(self.spec, request, followed=True)
            if call and call.order_id in self.orders:
                self._arrivals[id(request)] = self.orders[call.order_id]

    def respond(self, request: Request, base_url: str) -> Response:
        """Answers a request; `base_url` is the address that the client uses (for Location)."""
        with self._lock:
            self._arrived = self._arrivals.pop(id(request), None)
            call = read_call(self.spec, request, followed=True)
            if call is None:
                response = self._no_such_path()
            else:
                response = self.answer(self._deviation.understood(call, self), base_url)
            self.exchanges.append(Exchange(request=request, outcome=response, clock_s=self.now_s))
            return response

    def answer(self, call: Call, base_url: str) -> Response:
        """Answers a call: assesses it, and executes the first allowed outcome."""
        ledger = self._seen_by(call)
        if ledger and self._arrived and self._deviation.assessed_on:
            ledger = self._deviation.assessed_on(call, ledger, self._arrived.at(ledger.now_s))
        assessment = assess(self.spec, ledger, call)
        outcome = self._deviation.chosen(assessment, self)
        match outcome.kind:
            case "replay":
                response = self._answers[call.order_id, call.key or ""]
                self._remember(assessment, response, effect=False)
            case "refusal":
                response = self.refusal(assessment, outcome)
                self._remember(assessment, response, effect=False)
            case "success":
                response = self.success(assessment, base_url)
        return self._deviation.sent(Sending(assessment, outcome, base_url), response, self)

    def success(self, assessment: Assessment, base_url: str) -> Response:
        """Executes a call and returns the response."""
        call = assessment.call
        spec = call.operation.responses[call.operation.success]
        if spec.creates is None and not call.operation.changes:
            shown = self._deviation.shown(call, self.resource(call), self)
            return self._json(spec.status[0], shown)
        headers: tuple[tuple[str, str], ...] = ()
        if spec.creates:
            created = self.new_id(spec.creates)
            location = (
                f"{base_url}/ordermanagement/v1/orders/{call.order_id}/{spec.creates}s/{created}"
            )
            headers = ((spec.id_header[0], created), ("Location", location))
        response = self._response(spec.status[0], headers=headers)
        self._remember(assessment, response, effect=True)
        return response

    def resource(self, call: Call) -> Any:
        """The resource that a read returns."""
        ledger = self._seen_by(call)
        assert ledger is not None
        made_s = self.epoch_s + self._made_at[call.order_id]
        capture = ledger.capture(call.capture_id)
        refund = ledger.refund(call.refund_id)
        match call.operation.shows:
            case "captures":
                return [capture_resource(ledger, each, made_s) for each in ledger.captures]
            case "capture" if capture:
                return capture_resource(ledger, capture, made_s)
            case "refund" if refund:
                return refund_resource(refund, made_s)
            case "extension_options" if capture:
                return options_resource(ledger, capture)
            case _:
                return {**order_resource(ledger, made_s), **self._details[call.order_id]}

    def refusal(self, assessment: Assessment, outcome: Outcome) -> Response:
        """Refuses a call; the messages are documented samples, or statements of requirements."""
        operation = assessment.call.operation
        name = outcome.responses[0]
        spec = operation.responses[name]
        if name == "unauthorized":
            page = "<html><body><h1>401 Unauthorized</h1></body></html>"
            headers = (("Content-Type", "text/html"), ("WWW-Authenticate", 'Basic realm="mock"'))
            return self._response(spec.status[0], page, headers)
        codes = {"not_found": operation.not_found_code, "malformed": "BAD_VALUE"}
        reasons = [
            r.message or r.statement for r in operation.requirements if r.id in outcome.because
        ]
        named = bad_members(self.spec, assessment.call) if name == "malformed" else []
        correlation_id = self.new_id()
        error = {
            "error_code": spec.error_code[0] if spec.error_code else codes.get(name, "NOT_ALLOWED"),
            "error_messages": [*named, *reasons] or ["This is not possible here."],
            "correlation_id": correlation_id,
        }
        return self._json(spec.status[0], error, correlation_id)

    def with_offers(self, ledger: Ledger) -> Ledger:
        """The ledger with the current extension options of its captures."""
        for capture in ledger.captures:
            if capture.offered_days is None:
                offered = days_offered(self.spec, capture)
                ledger = ledger.with_options(capture.capture_id, offered)
        return ledger

    def new_id(self, kind: IdKind = "correlation") -> str:
        """The next id of this mock's sequence, as documented a UUID of version 4."""
        self._ids += 1
        digest = hashlib.sha256(f"{self._seed}:{self._ids}".encode()).hexdigest()
        variant = "89ab"[int(digest[16], 16) & 3]
        parts = (
            digest[:8],
            digest[8:12],
            f"4{digest[13:16]}",
            variant + digest[17:20],
            digest[20:32],
        )
        return self._deviation.identified(kind, "-".join(parts))

    def _ledger(self, order_id: str) -> Ledger | None:
        """The current order."""
        ledger = self.orders.get(order_id)
        return ledger.at(self.now_s - self._made_at[order_id]) if ledger else None

    def _seen_by(self, call: Call) -> Ledger | None:
        """The order of a call: changes use the current state, reads may lag behind."""
        ledger = self._ledger(call.order_id)
        if ledger is None or self._lag is None or call.operation.changes:
            return ledger
        return self._lag.shown(ledger)

    def _remember(self, assessment: Assessment, response: Response, *, effect: bool) -> None:
        call, ledger = assessment.call, self._ledger(assessment.call.order_id)
        if ledger is None:
            return
        created = call.operation.responses[call.operation.success].id_header
        answer = Answer(
            success=response.is_success,
            status=response.status,
            resource_id=response.header(created[0]) if created else None,
            location=response.header("Location"),
        )
        if call.operation.changes:
            if call.key and call.credentials == "valid":
                self._answers.setdefault((call.order_id, call.key), response)
            if effect and assessment.replay and call.key:
                self._answers[call.order_id, call.key] = response
            after = self._deviation.booked(Booking(ledger, call, answer, effect), self)
            if self._lag is not None and effect:
                self._lag.changed(self.orders[call.order_id])
            self.orders[call.order_id] = self.with_offers(after)
            if effect:
                sent = as_object(call.body) or {}
                kept = {name: sent[name] for name in call.operation.keeps if name in sent}
                self._details[call.order_id] |= kept

    def _no_such_path(self) -> Response:
        correlation_id = self.new_id()
        error = {
            "error_code": "NOT_FOUND",
            "error_messages": ["There is no such path or method here."],
            "correlation_id": correlation_id,
        }
        return self._json(404, error, correlation_id)

    def _json(self, status: int, value: Any, correlation_id: str | None = None) -> Response:
        return self._response(status, msgspec.json.encode(value).decode(), _JSON, correlation_id)

    def _response(
        self,
        status: int,
        body: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        correlation_id: str | None = None,
    ) -> Response:
        correlation = ("Klarna-Correlation-Id", correlation_id or self.new_id())
        return Response(status=status, headers=(*headers, correlation), body=Payload(body))
