"""Judges exchanges in turn, while the ledgers follow what is observed. Pure."""

from collections.abc import Callable, Iterable
from copy import copy
from typing import Any

from klarna_conformance.judge.results import Inconclusive, Mismatch, Result, finding_of, passed
from klarna_conformance.judge.server.adoption import noted
from klarna_conformance.judge.server.answered import Answered, answered
from klarna_conformance.judge.server.certainty import Certainty
from klarna_conformance.judge.server.checks import OF_BODY
from klarna_conformance.judge.server.comparison import order_agrees
from klarna_conformance.judge.server.elsewhere import (
    RECENT_S,
    Ahead,
    Elsewhere,
    Stale,
    explanation,
    unseen_changes,
)
from klarna_conformance.judge.server.interpretations import path_followed
from klarna_conformance.judge.server.later import Awaited, Decided, LaterReads
from klarna_conformance.judge.server.ledgers import Ledgers
from klarna_conformance.judge.server.named_ids import NamedIds, ids_named_by
from klarna_conformance.judge.server.response_members import json_object, shows_order, summary_of
from klarna_conformance.judge.server.tables import tables_of
from klarna_reports.record.record import Finding, ProvidedOrder, TargetFacts
from klarna_specs.calls import Call, read_call
from klarna_specs.exchange import Exchange, Response
from klarna_specs.ledger import Ledger
from klarna_specs.oracle import assess
from klarna_specs.outcomes import Outcome
from klarna_specs.spec import Requirement, Spec

__all__ = ["Judging", "Numbered"]

_DEPENDING_ON_ORDER = ("accepted", "same_answer", "order_agrees")
"""The checks that depend on which of several calls came first."""
Numbered = tuple[int, Exchange]
"""An exchange with its index in the scenario."""


class Judging:
    """What was judged so far of one scenario: the findings, and what they rest on.

    Calls at a path that is another interpretation of the documentation than the one that the
    target follows are observed only. `elsewhere` is what the last exchange showed of calls that
    are not recorded: its index, the order, and the change.
    """

    def __init__(
        self, spec: Spec, facts: TargetFacts, orders: Iterable[ProvidedOrder], ahead: Ahead
    ) -> None:
        self.findings: list[Finding] = []
        self.elsewhere: tuple[int, str, Elsewhere] | None = None
        self._spec = spec
        self._tables = tables_of(spec)
        self._facts = facts
        self._bases = facts.bases
        self._ahead = ahead
        self._ledgers = Ledgers(orders)
        self._later = LaterReads(ahead)
        self._ids = NamedIds()
        self._certainty = Certainty()
        self._doubted: tuple[Answered, ...] = ()
        """Wrong responses that an earlier call with an unknown effect would explain."""

    def copy(self) -> "Judging":
        """The same judging so far, to be continued separately."""
        other = copy(self)
        other.findings = list(self.findings)
        other._ledgers = self._ledgers.copy()
        other._later = self._later.copy()
        other._ids = self._ids.copy()
        other._certainty = self._certainty.copy()
        return other

    def is_certain(self, finding: Finding) -> bool:
        """Whether a run would reach a finding on any other server that does as documented.

        Only what a verdict rests on, a MUST, has to be that certain.
        """
        must = self._spec.requirement(finding.requirement).level == "MUST"
        return not must or self._certainty.covers(finding)

    @property
    def state(self) -> str:
        """The state of all orders, to be compared, whatever led to it in which order."""
        return self._ledgers.state

    def deviates_since(self, count: int, *, all_matters: bool, should: bool) -> bool:
        """Whether a requirement was violated after the first `count` findings.

        Unless `all_matters`, only those count that show what was done, refused or repeated. With
        `should`, so do recommendations that show it.
        """
        return any(
            (finding.verdict == "FAIL" and (all_matters or self._depends_on_order(finding)))
            or (should and finding.verdict == "WARN" and self._depends_on_order(finding))
            for finding in self.findings[count:]
        )

    def deviations_since(self, count: int) -> tuple[int, int]:
        """How many FAILs and WARNs there are after the first `count` findings."""
        verdicts = [finding.verdict for finding in self.findings[count:]]
        return verdicts.count("FAIL"), verdicts.count("WARN")

    def _depends_on_order(self, finding: Finding) -> bool:
        requirement = self._spec.requirement(finding.requirement)
        return bool(requirement.rule) or requirement.check in _DEPENDING_ON_ORDER

    def judge_all(self, exchanges: Iterable[Numbered]) -> None:
        """Judges some exchanges in turn."""
        for index, exchange in exchanges:
            self.judge(index, exchange)

    def judge(self, index: int, exchange: Exchange) -> None:
        """Judges the next exchange; a 429 is judged only where waiting did not end it."""
        response = exchange.outcome
        if exchange.purpose == "cut":
            return
        if isinstance(response, Response) and response.status == 429:
            self._judge_rate_limit(index, exchange)
            return
        call = read_call(self._spec, exchange.request, followed=True)
        if call is not None and self._has_unknown_effect(exchange, call):
            return
        if call is not None and self._is_about_elsewhere(index, exchange, call):
            return
        self._decide(self._later.read_resource(index, exchange))
        if call is None or self._reads_unbooked(call):
            return
        assessment = self._ledgers.assessed(self._spec, exchange, call)
        seen = answered(self._bases, index, exchange, assessment)
        self._certainty.note(seen)
        self._observe(seen)
        followed = path_followed(self._facts, call.operation)
        if call.path_interpretation != followed and call.operation.not_offered is None:
            self._ledgers.move(seen)
            return
        if seen.kind != "neither" and not seen.is_refused_in_flight:
            self._judge_outcome(seen)
        awaited = self._judge_response(seen)
        self._ids.note(seen)
        self._decide(self._await(seen, awaited))
        self._ledgers.move(seen)

    def _has_unknown_effect(self, exchange: Exchange, call: Call) -> bool:
        """Notes that a call changed the order in a way that is not recorded.

        Such is a call without its body, and one that may repeat another because its key is masked.
        """
        ledger = self._ledgers.get(call.order_id)
        if ledger is None or not call.operation.changes:
            return False
        repeats = call.key_is_masked and (
            call.fingerprint in ledger.fingerprints
            or not ids_named_by(call, exchange.outcome).isdisjoint(self._ids.resources)
        )
        if not repeats and not (call.operation.body and exchange.request.unrecorded):
            return False
        self._ledgers.put(ledger.after_silence(call))
        return True

    def learn(self, index: int, order_id: str, change: Elsewhere) -> None:
        """Applies what a read showed of calls that are not recorded."""
        ledger = self._ledgers.get(order_id)
        assert ledger is not None
        self._ledgers.put(change.applied(ledger))
        result = Mismatch("the order as recorded calls left it", change.said)
        self._inform("order.changed-elsewhere", index, result)

    def _is_about_elsewhere(self, index: int, exchange: Exchange, call: Call) -> bool:
        """Learns what a read shows of calls that are not recorded, or that it is a stale one.

        Returns whether the exchange shows nothing else.
        """
        ledger = self._ledgers.get(call.order_id)
        response = exchange.outcome
        if ledger is None or not ledger.shared or not isinstance(response, Response):
            return False
        unknown = (call.refund_id and ledger.refund(call.refund_id) is None) or (
            call.capture_id and ledger.capture(call.capture_id) is None
        )
        if unknown and response.is_success:
            return not {call.refund_id, call.capture_id} & self._ids.resources
        order = json_object(exchange) if call.operation.shows == "order" else None
        if order is None or not response.is_success or not shows_order(order, call.order_id):
            return False
        read_at = ledger.at(exchange.clock_s)
        return not ledger.uncertain and self._is_stale(index, read_at, order)

    def _is_stale(self, index: int, ledger: Ledger, order: dict[str, Any]) -> bool:
        """Whether a read comes too early; learns from one that does not what others did."""
        known = noted(ledger, order)
        if not isinstance(order_agrees(known, order), Mismatch) and _amount_agrees(known, order):
            if known != ledger:
                self._ledgers.put(known)
                self.elsewhere = (index, ledger.order_id, Elsewhere(shown=order))
            return False
        why = explanation(
            ledger,
            order,
            before=self._ledgers.at_read(ledger.order_id),
            recent=self._ledgers.recent(ledger.order_id),
            created_ids=self._ahead.created_ids,
        )
        match why:
            case Elsewhere():
                self.elsewhere = (index, ledger.order_id, why)
                self.learn(*self.elsewhere)
            case Stale() if any(each > index for each in self._ahead.reads):
                result = Mismatch("what was done, at the first read", "the state before it")
                self._inform("order.settles-at-once", index, result)
                return True
            case _:
                pass
        return False

    def _inform(self, identifier: str, index: int, result: Result) -> None:
        requirement = self._spec.requirement(identifier)
        awaited = Awaited(requirement=requirement, level="INFO", index=index, aspects=("seen",))
        self._report(awaited, result)

    def _judge_rate_limit(self, index: int, exchange: Exchange) -> None:
        """A 429 is a finding where it came after waiting too."""
        call = read_call(self._spec, exchange.request)
        if call is None or not exchange.earlier:
            return
        observed = f"status 429, also after waiting {exchange.waited_s:.0f} s"
        result = Mismatch("an answer, after the wait that Retry-After requests", observed)
        for requirement in call.operation.requirements:
            if requirement.check == "complete_response":
                level = requirement.level
                self._report(Awaited(requirement=requirement, level=level, index=index), result)

    def _reads_unbooked(self, call: Call) -> bool:
        """Whether a read is of what a response named, though no ledger has such a thing."""
        if not (call.refund_id or call.capture_id):
            return False
        ledger = self._ledgers.get(call.order_id)
        if ledger is not None and ledger.uncertain and not call.operation.changes:
            return True
        named = {call.capture_id, call.refund_id} & self._ids.resources
        return bool(named - self._ledgers.resource_ids)

    def _judge_outcome(self, seen: Answered) -> None:
        """Whether it may be answered this way at all: yes, no, or the first answer again."""
        outcome = seen.outcome
        if outcome is not None and not outcome.against:
            if outcome.kind != "replay":
                self._pass_rules(seen, outcome)
            self._inform_of_refusal(seen)
            return
        if self._is_explained(seen, self._ledgers.possible):
            self._doubted = (*self._doubted, seen)
        else:
            self._deviates(seen)

    def _inform_of_refusal(self, seen: Answered) -> None:
        """Whether a rightly refused call broke a condition by what its client had read before."""
        call, ledger = seen.call, seen.assessment.ledger
        if ledger is None or not ledger.shared or seen.kind != "refusal":
            return
        if seen.assessment.is_badly_written:
            return
        read = self._ledgers.at_read(ledger.order_id).at(ledger.now_s)
        known = {rule.id for rule in assess(self._spec, read, call).broken}
        for rule in seen.assessment.broken:
            if rule.level == "MUST" and rule.id in known and call.operation.changes:
                observed = "one that it does not allow, by what the order showed before"
                result = Mismatch(f"a request that {rule.id} allows", observed)
                self._inform("order.refused-as-read", seen.index, result)
                return

    def _deviates(self, seen: Answered) -> None:
        """Reports the requirements that a response with the wrong outcome violates."""
        assessment, outcome = seen.assessment, seen.outcome
        result = Mismatch(seen.expected_outcome, summary_of(seen.exchange))
        if outcome is None and self._fits_unseen_changes(seen):
            self._inform("order.changed-elsewhere", seen.index, result)
            return
        if outcome is None:
            accepting = assessment.demanded_by[0].check == "accepted"
            blamed = assessment.demanded_by[:1] if accepting else assessment.demanded_by
            for requirement in blamed:
                alone = accepting or requirement in assessment.broken_alone
                aspect = "seen" if accepting else "broken"
                aspects = self._tables.aspects(seen, requirement, aspect) if alone else ()
                self._conclude(seen, requirement, aspects, result)
            return
        for rule in assessment.broken:
            if rule.id in outcome.against:
                alone = rule in assessment.broken_alone
                aspects = self._tables.aspects(seen, rule, "broken") if alone else ()
                self._conclude(seen, rule, aspects, result)
        for requirement in self._tables.refused(seen, outcome):
            aspects = self._tables.aspects(seen, requirement, "seen")
            self._conclude(seen, requirement, aspects, result)
        if outcome.kind != "replay":
            self._pass_rules(seen, outcome)

    def _fits_unseen_changes(self, seen: Answered) -> bool:
        """Whether what somebody else may have done since the order was read explains a response.

        Only where that was long before, and nothing shows the order again.
        """
        ledger = seen.assessment.ledger
        if ledger is None or not ledger.shared:
            return False
        if self._ahead.may_have_ended(ledger, seen.index, seen.call):
            return seen.kind == "refusal"
        if any(n > seen.index for n in self._ahead.reads):
            return False
        if ledger.now_s - self._ledgers.at_read(ledger.order_id).now_s < RECENT_S:
            return False
        return self._is_explained(seen, unseen_changes)

    def _is_explained(
        self, seen: Answered, ledgers_of: Callable[[Ledger], Iterable[Ledger]]
    ) -> bool:
        """Whether a response is right for another ledger that the order may have."""
        ledger = seen.assessment.ledger
        if ledger is None:
            return False
        assessed = (assess(self._spec, each, seen.call) for each in ledgers_of(ledger))
        again = (answered(self._bases, seen.index, seen.exchange, each) for each in assessed)
        return any(each.outcome is not None and not each.outcome.against for each in again)

    def _decide_doubted(self, ledger: Ledger, order: dict[str, Any]) -> None:
        """Reports the doubted responses if a read shows that the unclear calls had no effect."""
        doubted = [each for each in self._doubted if each.call.order_id == ledger.order_id]
        self._doubted = tuple(each for each in self._doubted if each not in doubted)
        if not isinstance(order_agrees(ledger, order), Mismatch):
            for each in doubted:
                self._deviates(each)

    def _pass_rules(self, seen: Answered, outcome: Outcome) -> None:
        for requirement, aspects in self._tables.met(seen, outcome):
            self.findings.append(passed(requirement.id, seen.index, aspects=aspects))

    def _judge_response(self, seen: Answered) -> list[Awaited]:
        """Checks the response itself; returns the requirements that later reads decide."""
        outcome = seen.exchange.outcome
        made = self._ids.created_for(seen.call.order_id)
        evidence = seen.evidence(
            self._spec, self._ids.correlation_ids, made, recorded=self._ahead.recorded
        )
        unrecorded = isinstance(outcome, Response) and outcome.unrecorded
        awaited: list[Awaited] = []
        for requirement, check, aspects in self._tables.checks(seen):
            if unrecorded and requirement.check in OF_BODY:
                continue
            if check is None:
                awaited.append(self._awaited(seen, requirement, aspects))
            else:
                self._conclude(seen, requirement, aspects, check(evidence))
        return awaited

    def _await(self, seen: Answered, awaited: list[Awaited]) -> Iterable[Decided]:
        call = seen.call
        if call.operation.shows == "order":
            ledger, order = seen.assessment.ledger, json_object(seen.exchange)
            if ledger is None or order is None or seen.kind != "success":
                return ()
            if not shows_order(order, call.order_id):
                return ()
            self._decide_doubted(ledger, order)
            return self._later.read_order(seen.index, ledger, order, awaited)
        self._later.await_order(call.order_id, awaited)
        if call.operation.success not in seen.names:
            return ()
        return self._later.await_resource(seen, awaited)

    def _observe(self, seen: Answered) -> None:
        response = seen.exchange.outcome
        if not isinstance(response, Response):
            return
        for identifier, observer in self._tables.observers:
            if followed := observer(seen.assessment, response):
                finding = Finding(
                    requirement=identifier,
                    verdict="INFO",
                    exchange=seen.index,
                    interpretation=followed,
                )
                self.findings.append(finding)

    def _decide(self, decided: Iterable[Decided]) -> None:
        for each in decided:
            self._report(each.awaited, each.result, each.witness)

    def _report(self, awaited: Awaited, result: Result, witness: int | None = None) -> None:
        finding = finding_of(
            awaited.requirement.id,
            awaited.level,
            awaited.index,
            result,
            aspects=awaited.aspects,
            witness=witness,
        )
        if finding is not None:
            self.findings.append(finding)

    def _conclude(
        self, seen: Answered, requirement: Requirement, aspects: tuple[str, ...], result: Result
    ) -> None:
        """Reports what a requirement finds in an exchange, unless it is inconclusive."""
        if result is None:
            self.findings.append(passed(requirement.id, seen.index, aspects=aspects))
        elif not isinstance(result, Inconclusive):
            self._report(self._awaited(seen, requirement, aspects), result)

    def _awaited(
        self, seen: Answered, requirement: Requirement, aspects: tuple[str, ...]
    ) -> Awaited:
        return Awaited(
            requirement=requirement,
            level=self._spec.level(requirement, seen.assessment.holds),
            index=seen.index,
            aspects=aspects,
            effect=seen.call.operation.effect,
        )


def _amount_agrees(ledger: Ledger, order: dict[str, Any]) -> bool:
    return order.get("order_amount") in (None, ledger.order_amount)
