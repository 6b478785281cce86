"""Courses of a client, written by hand: commands, requests with their faults, reported outcomes.

A mock in memory answers the requests, so that the orders change as they would.
"""

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import msgspec

from klarna_conformance.judge.client.judging import Judged, judge_client
from klarna_conformance.judge.client.keys import KeyBook
from klarna_conformance.mock.server import Mock
from klarna_conformance.network.altering import error_response, other_refund, redirect, varied
from klarna_reports.record.record import Finding
from klarna_specs.calls import KEY_HEADER
from klarna_specs.client.faults import (
    Cut,
    Errored,
    Fault,
    OtherRefund,
    Redirected,
    Refused,
    Silent,
    Truncated,
    Twice,
    Varied,
)
from klarna_specs.client.play import (
    ClientSide,
    Command,
    Done,
    Episode,
    Mark,
    RefusedIt,
    Reported,
    Unknown,
)
from klarna_specs.exchange import Exchange, Failure, NotJson, Payload, Request, Response
from klarna_specs.json_value import as_array, as_object
from klarna_specs.loader import load
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Credentials
from klarna_strategies.clients.commands import captured, partly_captured

__all__ = [
    "K1",
    "K2",
    "K3",
    "LOOK",
    "ORDER",
    "PARTLY",
    "SPEC",
    "Case",
    "Course",
    "Outcome",
    "Sent",
    "again",
    "done",
    "meeting",
    "refused",
    "unknown",
]

SPEC = load()
ORDER, PARTLY = captured(SPEC), partly_captured(SPEC)
K1, K2, K3 = (str(uuid.UUID(int=number, version=4)) for number in (1, 2, 3))
_BASE_URL = "http://127.0.0.1:1"
_PATHS = {
    "refundOrder": ("POST", "/refunds"),
    "releaseRemainingAuthorization": ("POST", "/release-remaining-authorization"),
    "extendDueDate": ("PATCH", "/captures/{capture_id}/extend-due-date"),
    "getOptionsForExtendDueDate": ("GET", "/captures/{capture_id}/extend-due-date-options"),
}


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One request: an attempt of the command, except for what it names.

    `text` is the raw body, `order` and `capture` are positions. It is sent `after_s` seconds after
    the previous response. `leaves`: the client does not wait for the response; `elsewhere`: the
    request goes to another server.
    """

    key: str | None = K1
    body: Any = None
    text: str | None = None
    method: str = ""
    path: str = ""
    order: int | None = None
    capture: int | None = None
    credentials: Credentials = "valid"
    content_type: str = "application/json"
    after_s: float = 0.5
    lasts_s: float = 0.01
    leaves: bool = False
    elsewhere: Literal["", "bare", "with credentials"] = ""


LOOK = Sent(method="GET", path="?", key=None, body={})
"""The client reads the order."""
Outcome = Reported | Callable[[Sequence[Response]], Reported]


def done(answers: Sequence[Response]) -> Reported:
    """The client reports the last success, or unknown without one."""
    last = next((each for each in reversed(answers) if each.is_success), None)
    if last is None:
        return Unknown()
    listed = as_array(_members(last).get("options"))
    options = None if listed is None else tuple(as_object(each) or {} for each in listed)
    location = (last.header("location") or "").rpartition("/")[2]
    refund_id = last.header("refund-id") or last.header("refund_id") or location or None
    return Done(refund_id=refund_id, options=options)


def refused(answers: Sequence[Response]) -> Reported:
    """The client reports the refusal of the last response."""
    members = _members(answers[-1])
    messages = as_array(members.get("error_messages")) or [members.get("error_message", "")]
    return RefusedIt(
        error_code=members.get("error_code"),
        error_messages=tuple(str(message) for message in messages),
        correlation_id=members.get("correlation_id") or answers[-1].header("klarna-correlation-id"),
    )


def _members(response: Response) -> dict[str, Any]:
    try:
        return as_object(response.body.json()) or {}
    except NotJson:
        return {}


unknown = Unknown()


def meeting(command: Command, *faults: Fault, for_ever: bool = False) -> Command:
    """The command with these faults."""
    return msgspec.structs.replace(command, faults=faults, for_ever=for_ever)


def again(key: str | None = K1, **more: Any) -> tuple[Sent, Sent]:
    """A call, and its retry with a key."""
    return Sent(), Sent(key=key, **more)


class Course:
    """A played scenario, built command by command."""

    def __init__(self, *plans: OrderPlan, known: KeyBook | None = None) -> None:
        self.plans = plans or (ORDER,)
        self._known = known or KeyBook()
        self._mock = Mock(SPEC)
        self._orders = [self._mock.make_order(plan) for plan in self.plans]
        self._episodes: list[Episode] = []
        self._exchanges: list[Exchange] = []
        self._marks: list[Mark] = []
        self._now_s = 0.0

    def run(
        self, command: Command, *sent: Sent, reports: Outcome = done, after: int | None = None
    ) -> "Course":
        """Adds a command, the requests that the client sent, and the outcome that it reported.

        It reported that `after` so many of the requests, or after all.
        """
        order = self._orders[command.order]
        capture = command.capture
        first = len(self._exchanges)
        before = self._mock.orders[order.order_id]
        answers: list[Response] = []
        left = [fault for fault in command.faults if not isinstance(fault, Refused)]
        reported_s: float | None = None
        for number, each in enumerate(sent):
            if number == after:
                reported_s = self._now_s
            own = not (each.path or each.elsewhere or each.order is not None)
            fault = left[0] if own and left else None
            if own and left and (len(left) > 1 or not command.for_ever):
                left.pop(0)
            outcome = self._send(command, each, fault)
            if isinstance(outcome, Response) and not each.elsewhere:
                answers.append(outcome)
        self._episodes.append(
            Episode(
                command=command,
                order_id=order.order_id,
                capture_id=None if capture is None else order.capture_ids[capture],
                first=first,
                count=len(sent),
                before=before,
                after=self._mock.orders[order.order_id],
                reported=reports(answers) if callable(reports) else reports,
                wall_s=0.1,
                reported_s=reported_s,
            )
        )
        return self

    @property
    def _side(self) -> ClientSide:
        return ClientSide(
            orders=self.plans, episodes=tuple(self._episodes), marks=tuple(self._marks)
        )

    @property
    def last_outcome(self) -> Response | Failure:
        """The outcome of the last request."""
        return self._exchanges[-1].outcome

    @property
    def order_id(self) -> str:
        """The id of the first order."""
        return self._orders[0].order_id

    def refunds(self, order: int = 0) -> int:
        """The number of refunds of an order."""
        return len(self._mock.orders[self._orders[order].order_id].refunds)

    @property
    def refund_ids(self) -> list[str]:
        """The ids of the first order's refunds."""
        return [each.refund_id for each in self._mock.orders[self.order_id].refunds]

    @property
    def judged(self) -> Judged:
        """The result of the judge."""
        return judge_client(SPEC, self._side, self._exchanges, self._known)

    def findings(self, requirement: str = "") -> tuple[Finding, ...]:
        """All findings, or those of one requirement."""
        return tuple(each for each in self.judged.findings if requirement in ("", each.requirement))

    def verdicts(self, requirement: str) -> set[str]:
        """The verdicts of one requirement."""
        return {each.verdict for each in self.findings(requirement)}

    def against(self) -> set[str]:
        """The requirements with FAIL or WARN."""
        return {each.requirement for each in self.findings() if each.verdict in ("FAIL", "WARN")}

    def _send(self, command: Command, sent: Sent, fault: Fault | None) -> Response | Failure:
        request = self._request(command, sent)
        self._now_s += sent.after_s
        served, outcome = self._met(request, sent, fault)
        timed = msgspec.structs.replace(outcome, elapsed_s=sent.lasts_s)
        self._exchanges.append(Exchange(request=request, outcome=timed, started_s=self._now_s))
        self._marks.append(
            Mark(
                fault=fault,
                served=served,
                at="elsewhere" if sent.elsewhere else "server",
                carried=sent.elsewhere == "with credentials",
            )
        )
        self._now_s += sent.lasts_s
        return timed

    def _met(
        self, request: Request, sent: Sent, fault: Fault | None
    ) -> tuple[tuple[Response, ...], Response | Failure]:
        """The responses of the server, and the outcome for the client."""
        if sent.elsewhere:
            return (), Response(status=404)
        match fault:
            case Cut("before") | Silent("before"):
                return (), Failure(kind="closed", message="")
            case Errored(when="before"):
                return (), error_response(fault, len(self._exchanges))
            case Redirected():
                return (), redirect("http://127.0.0.1:2/")
            case _:
                served = self._mock.respond(request, _BASE_URL)
        match fault:
            case Cut() | Silent():
                return (served,), Failure(kind="closed", message="")
            case Truncated():
                return (served,), Failure(kind="closed", message="", headers=served.headers)
            case Errored():
                return (served,), error_response(fault, len(self._exchanges))
            case Twice(answer=which):
                both = served, self._mock.respond(request, _BASE_URL)
                return both, both[which == "second"]
            case OtherRefund(lost=lost):
                other = self._mock.respond(other_refund(request), _BASE_URL)
                return (served, other), Failure(kind="closed", message="") if lost else served
            case Varied():
                return (served,), varied(served, fault)
            case _:
                left = Failure(kind="timeout", message="")
                return (served,), left if sent.leaves else served

    def _request(self, command: Command, sent: Sent) -> Request:
        order = self._orders[command.order if sent.order is None else sent.order]
        position = command.capture if sent.capture is None else sent.capture
        method, suffix = _PATHS[command.operation]
        capture_id = "" if position is None else order.capture_ids[position]
        body = command.arguments if sent.body is None else sent.body
        text = json.dumps(body) if body else ""
        headers = (("Content-Type", sent.content_type),) if text else ()
        if sent.key and (sent.method or method) != "GET":
            headers = (*headers, (KEY_HEADER, sent.key))
        path = (sent.path or suffix).format(capture_id=capture_id)
        return Request(
            method=sent.method or method,
            path=f"/ordermanagement/v1/orders/{order.order_id}{path}",
            headers=headers,
            body=Payload(text if sent.text is None else sent.text),
            credentials=sent.credentials,
        )


class Case(NamedTuple):
    """A requirement in one of its cases: a correct course and a wrong one.

    `case` is `seen` for requirements without cases.
    """

    requirement: str
    case: str
    right: Course
    wrong: Course

    def check(self) -> None:
        """The correct course violates nothing, the wrong one violates this requirement."""
        assert self._said(self.right) == {"PASS"}
        assert self.right.against() == set()
        assert self.wrong.verdicts(self.requirement) & {"FAIL", "WARN"}

    def _said(self, course: Course) -> set[str]:
        found = course.findings(self.requirement)
        return {each.verdict for each in found if self.case in each.aspects}
