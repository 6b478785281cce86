"""Responses in the terms of the oracle: kind, answer, matching outcome. Pure."""

from collections.abc import Mapping, Sequence, Set
from functools import cached_property
from typing import Literal

import msgspec

from klarna_conformance.http.locations import Leads, Nowhere, created_id, follow
from klarna_conformance.judge.server.evidence import Evidence
from klarna_conformance.judge.server.response_members import json_object
from klarna_specs.calls import Call
from klarna_specs.exchange import Exchange, Response
from klarna_specs.ledger import Answer
from klarna_specs.oracle import Assessment
from klarna_specs.outcomes import Outcome
from klarna_specs.rules import Unsettled, evaluator
from klarna_specs.spec import ResponseSpec, Spec

__all__ = ["Answered", "Kind", "answered", "may_answer_again"]

_CONFLICT = 409
Kind = Literal["success", "refusal", "neither"]


class Answered(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A call with its assessment, and what its response says; `outcome` is None if not allowed.

    `leads` is where its Location leads to; None if no response came, as `answer`.
    """

    index: int
    exchange: Exchange
    assessment: Assessment
    kind: Kind
    leads: Leads | Nowhere | None
    answer: Answer | None
    outcome: Outcome | None

    @property
    def call(self) -> Call:
        return self.assessment.call

    def evidence(
        self,
        spec: Spec,
        correlation_ids: Mapping[str, str],
        resource_ids: Set[tuple[str, str]],
        *,
        recorded: bool,
    ) -> Evidence:
        """What checks of the response read; the ids are those that came before it."""
        return Evidence(
            spec=spec,
            exchange=self.exchange,
            assessment=self.assessment,
            expected=self.expected,
            leads=self.leads,
            answer=self.answer,
            correlation_ids=correlation_ids,
            resource_ids=resource_ids,
            recorded=recorded,
        )

    @cached_property
    def here(self) -> tuple[str, str] | None:
        """The cells of decision tables that the order is in before the call; None without one."""
        ledger = self.assessment.ledger
        return (f"market={ledger.market}", f"layout={ledger.layout}") if ledger else None

    @cached_property
    def expected(self) -> ResponseSpec | None:
        """The documented response that it should be."""
        names, responses = self.names, self.call.operation.responses
        return next((each for name, each in responses.items() if name in names), None)

    @property
    def expected_outcome(self) -> str:
        """The documented outcome, in words."""
        outcome = self.assessment.outcomes[0]
        responses = self.call.operation.responses
        match outcome.kind:
            case "replay":
                return "the answer of the first call again"
            case "success":
                status = " or ".join(str(s) for s in responses[outcome.responses[0]].status)
                return f"success ({status})"
            case "refusal":
                named = (responses[name] for name in outcome.responses)
                statuses = sorted({str(s) for each in named for s in each.status})
                return f"a refusal ({' or '.join(statuses)})"

    @property
    def is_retry(self) -> bool:
        """Whether it repeats a call without a response: with its key, in time, all of it."""
        first = self.assessment.first
        alike = first is not None and first.fingerprint == self.call.fingerprint
        return self.assessment.replay == "replay_of_silence" and alike

    @property
    def is_of_either(self) -> bool:
        """Whether a success may be of the call without a response under its key, of other content.

        The key alone counts: what the first call requested may have been done, or this.
        """
        silent = self.assessment.replay == "replay_of_silence"
        return silent and self.kind == "success" and not self.is_retry

    @property
    def is_refused_in_flight(self) -> bool:
        """Whether a call was refused because of one at the same time, which is not documented.

        So may a repeated call be, and any call for a conflict (409).
        """
        if self.exchange.group is None or self.answer is None or self.kind != "refusal":
            return False
        return self.assessment.replay == "replay" or self.answer.status == _CONFLICT

    @cached_property
    def names(self) -> frozenset[str]:
        """The names that requirements have for this response (`upon`)."""
        return frozenset(self._names())

    def _names(self) -> set[str]:
        names = {"any"}
        if self.kind == "neither":
            return names
        if self.is_refused_in_flight:
            return names | {"error", "refusal"}
        replay = self.assessment.replay
        refused = self.answer is not None and not self.answer.success
        responses = self.outcome.responses if self.outcome else ()
        if replay == "replay_of_silence":
            return names | {"replay"}
        if replay:
            names.add(replay)
        if refused and "unauthorized" not in responses:
            names.add("error")
        if self.outcome is not None and self.outcome.kind == "replay":
            return names
        if self.kind == "success" and self.outcome is not None:
            names.add(self.call.operation.success)
        elif refused:
            names.add("refusal")
            if len(responses) == 1:
                names.add(responses[0])
        return names


def answered(
    bases: Sequence[str], index: int, exchange: Exchange, assessment: Assessment
) -> Answered:
    """An exchange with its assessment, and what its response says."""
    kind = _kind_of(exchange, assessment)
    response = exchange.outcome
    came = isinstance(response, Response)
    leads = follow(bases, exchange.request, response) if came else None
    answer = _answer_of(exchange, assessment.call, leads)
    return Answered(
        index=index,
        exchange=exchange,
        assessment=assessment,
        kind=kind,
        leads=leads,
        answer=answer,
        outcome=_matching(assessment, kind, answer),
    )


def _kind_of(exchange: Exchange, assessment: Assessment) -> Kind:
    """Whether a response says yes or no, or neither of them (5xx, 3xx, no response)."""
    response = exchange.outcome
    if not isinstance(response, Response) or response.truncated:
        return "neither"
    if response.is_refusal:
        return "refusal"
    if not response.is_success:
        return "neither"
    return "refusal" if _refuses_by_success(exchange, assessment) else "success"


def _refuses_by_success(exchange: Exchange, assessment: Assessment) -> bool:
    """Whether a success says no after all, such as an empty list of options."""
    refusals = [o for o in assessment.outcomes if o.kind == "refusal"]
    responses = assessment.call.operation.responses
    conditions = [c for o in refusals for name in o.responses if (c := responses[name].or_success)]
    body = json_object(exchange) if conditions else None
    if body is None:
        return False
    try:
        return bool(evaluator({"response": lambda: body}, {})(conditions[0]))
    except Unsettled:
        return False


def _answer_of(exchange: Exchange, call: Call, leads: Leads | Nowhere | None) -> Answer | None:
    """What a repeated call would have to be answered with again; None where no response came."""
    response = exchange.outcome
    if not isinstance(response, Response):
        return None
    body = json_object(exchange) if response.is_refusal else None
    return Answer(
        success=response.is_success,
        status=response.status,
        resource_id=created_id(response, call.operation.responses[call.operation.success]),
        location=leads.path if isinstance(leads, Leads) else response.header("Location"),
        error_code=str(body["error_code"]) if body and "error_code" in body else None,
    )


def _matching(assessment: Assessment, kind: Kind, answer: Answer | None) -> Outcome | None:
    """The allowed outcome that a response is, the documented one first; None where it is none.

    A success without an id may be the first answer again, where it can be nothing else.
    """
    again = next((o for o in assessment.outcomes if o.kind == "replay"), None)
    if again and (assessment.replay == "replay" or _answers_again(assessment, answer)):
        return again
    of_its_kind = next((o for o in assessment.outcomes if o.kind == kind), None)
    if of_its_kind is None and again and answer and may_answer_again(assessment, answer):
        return again
    return of_its_kind


def _answers_again(assessment: Assessment, answer: Answer | None) -> bool:
    first = assessment.first
    if first is None or answer is None:
        return False
    before = [each for each in (first.answer, *first.later) if each]
    operation = assessment.call.operation
    elsewhere = assessment.replay == "replay_elsewhere"
    if any(_same(each, answer, elsewhere=elsewhere) for each in before):
        return True
    documented = operation.responses[operation.success].status
    odd = answer.success and answer.status not in documented
    return odd and not elsewhere and answer in before  # there it may be the status of every success


def may_answer_again(assessment: Assessment, answer: Answer) -> bool:
    """Whether a success without an id could be the first answer, that of a call with the same key.

    Where no answer to that came, it could. Without a Location, so could one with an id that may
    count from 1 in each order.
    """
    first = assessment.first
    if first is None or not answer.success or answer.location:
        return False
    if answer.resource_id and assessment.replay != "replay_elsewhere":
        return False
    return first.answer is None or answer in (first.answer, *first.later)


def _same(before: Answer, answer: Answer, *, elsewhere: bool) -> bool:
    """Whether both answers name the same resource, or refuse alike.

    Ids may count from 1 in each order, and separately for captures and refunds, so that the id
    alone does not say that an answer is that of a call `elsewhere`.
    """
    if not (before.success and answer.success):
        return before == answer
    if not elsewhere and before.resource_id is not None and answer.resource_id is not None:
        return before.resource_id == answer.resource_id
    return before.location is not None and before.location == answer.location
