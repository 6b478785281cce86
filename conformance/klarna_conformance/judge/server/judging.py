"""Judges exchanges in turn, while the ledgers follow what is seen."""

from collections.abc import Collection, Iterable
from copy import copy
from typing import Any
from urllib.parse import unquote

import msgspec

from klarna_conformance.judge.server.checks import CHECKS, OF_BODY, Seen
from klarna_conformance.judge.server.elsewhere import (
    Elsewhere,
    Recent,
    done_elsewhere,
    unseen_changes,
)
from klarna_conformance.judge.server.later import Awaited, Decided, LaterReads
from klarna_conformance.judge.server.observers import OBSERVERS
from klarna_conformance.judge.server.reading import (
    Kind,
    answer_of,
    expected_response,
    json_object,
    kind_of,
    matching,
    may_answer_again,
    offered_days,
    reading_followed,
    told,
    told_ids,
    wanted,
)
from klarna_conformance.judge.server.state import (
    Excused,
    Mismatch,
    NotTold,
    Result,
    adopted,
    noted,
    order_agrees,
)
from klarna_reports.record.record import Finding, ProvidedOrder, TargetFacts, Verdict
from klarna_specs.calls import Call, read_call
from klarna_specs.effects import moved_on
from klarna_specs.exchange import Exchange, Response
from klarna_specs.goals import cells
from klarna_specs.ledger import Answer, Ledger, open_ledger
from klarna_specs.oracle import Assessment, Outcome, assess
from klarna_specs.spec import Level, Requirement, Spec

__all__ = ["Judging", "Numbered"]

_CONFLICT = 409
_SEEN_LATELY_S = 600
"""So soon after an order was read nobody else is taken to have changed it."""
_TELLING_ORDER = ("accepted", "same_answer", "order_agrees")
"""The checks that depend on which of several calls came first."""
Numbered = tuple[int, Exchange]
"""An exchange with its index in the scenario."""
_VIOLATED: dict[Level, Verdict] = {"MUST": "FAIL", "SHOULD": "WARN", "INFO": "INFO"}


class _Answered(msgspec.Struct, frozen=True, kw_only=True):
    """A call with its assessment, and what its response says; `outcome` is None if not allowed."""

    index: int
    exchange: Exchange
    assessment: Assessment
    kind: Kind
    answer: Answer | None
    outcome: Outcome | None

    @property
    def call(self) -> Call:
        return self.assessment.call

    @property
    def is_refused_in_flight(self) -> bool:
        """Whether a call was refused because of one at the same time, which is not documented.

        So may a repeated call be, and any call for a conflict (409).
        """
        if self.exchange.group is None or self.answer is None or self.kind != "refusal":
            return False
        return self.assessment.replay == "replay" or self.answer.status == _CONFLICT

    @property
    def names(self) -> set[str]:
        """The names under which requirements speak of this response."""
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


class Judging:
    """What was judged so far of one scenario: the findings, and what they rest on.

    Calls at a path that is another reading of the documentation than the one that the target
    follows are observed only.
    """

    def __init__(self, spec: Spec, facts: TargetFacts, orders: Iterable[ProvidedOrder]) -> None:
        self.findings: list[Finding] = []
        self._spec = spec
        self._facts = facts
        self._ledgers = {order.order_id: order.ledger or _opened(order) for order in orders}
        self._read = dict(self._ledgers)
        self._recent: dict[str, tuple[Recent, ...]] = {}
        self.elsewhere: tuple[int, str, Elsewhere] | None = None
        self.told_ids: Collection[str] = ()
        self.reads_after: Collection[int] = ()
        shared = any(ledger.shared for ledger in self._ledgers.values())
        self._later = LaterReads(facts.bases, behind_others=shared)
        self._correlation_ids: dict[str, str] = {}
        self._resource_ids: set[tuple[str, str, str]] = set()
        """Order, kind and id of what answers said was made."""
        self._led_to: set[str] = set()
        self._open: set[int] = set()
        self._diverging: int | None = None
        self._advised: int | None = None

    def copy(self) -> "Judging":
        """The same judging so far, to be continued apart."""
        other = copy(self)
        other.findings = list(self.findings)
        other._ledgers = dict(self._ledgers)
        other._read = dict(self._read)
        other._recent = dict(self._recent)
        other._later = self._later.copy()
        other._correlation_ids = dict(self._correlation_ids)
        other._resource_ids = set(self._resource_ids)
        other._led_to = set(self._led_to)
        other._open = set(self._open)
        return other

    def is_certain(self, finding: Finding) -> bool:
        """Whether every server that does as documented would give occasion for a finding.

        It would not after a call that may be answered in several ways or is only advised to be
        accepted, nor in or after a concurrent group, of which the order of arrival decides what
        happens. Only what a verdict rests on has to be that certain.
        """
        if self._spec.requirement(finding.requirement).level != "MUST":
            return True
        if self._advised is not None and finding.exchange > self._advised:
            return False
        last = max(finding.exchange, finding.witness or 0)
        within = self._diverging is None or last < self._diverging
        return within and finding.exchange not in self._open

    @property
    def state(self) -> str:
        """The state of all orders, to be compared: which came first does not count."""
        return repr([_regardless_of_order(ledger) for ledger in self._ledgers.values()])

    def deviates_since(self, count: int, *, all_matters: bool, should: bool) -> bool:
        """Whether a requirement was violated after the first `count` findings.

        Unless `all_matters`, only those count that tell what was done, refused or repeated. With
        `should` recommendations that tell so count too.
        """
        return any(
            (finding.verdict == "FAIL" and (all_matters or self._tells_order(finding.requirement)))
            or (should and finding.verdict == "WARN" and self._tells_order(finding.requirement))
            for finding in self.findings[count:]
        )

    def deviations_since(self, count: int) -> tuple[int, int]:
        """How many FAILs and WARNs there are after the first `count` findings."""
        verdicts = [finding.verdict for finding in self.findings[count:]]
        return verdicts.count("FAIL"), verdicts.count("WARN")

    def _tells_order(self, name: str) -> bool:
        requirement = self._spec.requirement(name)
        return bool(requirement.rule) or requirement.check in _TELLING_ORDER

    def look_at_all(self, exchanges: Iterable[Numbered]) -> None:
        """Judges some exchanges in turn."""
        for index, exchange in exchanges:
            self.look_at(index, exchange)

    def look_at(self, index: int, exchange: Exchange) -> None:
        """Judges the next exchange; being asked to wait (429) is no answer that could be judged.

        Unless it did not stop however often it was waited for.
        """
        response = exchange.outcome
        if exchange.purpose == "cut":
            return
        if isinstance(response, Response) and response.status == 429:
            self._never_let_through(index, exchange)
            return
        call = read_call(self._spec, exchange.request, followed=True)
        if call is not None and self._may_have_done_anything(exchange, call):
            return
        if call is not None and self._is_about_elsewhere(index, exchange, call):
            return
        self._decide(self._later.read_resource(index, exchange))
        if call is None or self._told_but_not_booked(call):
            return
        answered = self._answered(index, exchange, self._assessed(exchange, call))
        self._note_if_open(answered)
        self._observe(answered)
        if call.path_reading != reading_followed(self._facts, call.operation):
            self._move(answered)
            return
        if answered.kind != "neither" and not answered.is_refused_in_flight:
            self._judge_outcome(answered)
        awaited = self._judge_response(answered)
        self._decide(self._await(answered, awaited))
        self._move(answered)

    def _note_if_open(self, answered: _Answered) -> None:
        grouped = answered.exchange.group is not None
        demands = [requirement.level for requirement in answered.assessment.demanded_by]
        advised = "MUST" not in demands and answered.exchange.purpose == "step"
        if answered.call.operation.changes and demands and advised and self._advised is None:
            self._advised = answered.index
        if not grouped and len(answered.assessment.outcomes) == 1:
            return
        self._open.add(answered.index)
        if self._diverging is None and (grouped or answered.call.operation.changes):
            self._diverging = answered.index

    def _may_have_done_anything(self, exchange: Exchange, call: Call) -> bool:
        """Notes that a call changed the order in a way that is not recorded.

        Such is a call without its body, and one that may repeat another for all that is known of
        its key.
        """
        ledger = self._ledgers.get(call.order_id)
        if ledger is None or not call.operation.changes:
            return False
        repeats = call.key_is_masked and (
            call.fingerprint in ledger.fingerprints
            or not told_ids(call, exchange.outcome).isdisjoint(self._named)
        )
        if not repeats and not (call.operation.body and exchange.request.unrecorded):
            return False
        self._ledgers[call.order_id] = ledger.after_silence(call)
        return True

    def learn(self, index: int, order_id: str, change: Elsewhere) -> None:
        """Takes note of what calls did that are not recorded, and that a read showed."""
        self._ledgers[order_id] = change.applied(self._ledgers[order_id])
        result = Mismatch("the order as recorded calls left it", change.said)
        self._inform("order.changed-elsewhere", index, result)

    def _is_about_elsewhere(self, index: int, exchange: Exchange, call: Call) -> bool:
        """Learns what a read shows of calls that are not recorded, or that it is a stale one.

        True where nothing else can be said of the exchange.
        """
        ledger = self._ledgers.get(call.order_id)
        response = exchange.outcome
        if ledger is None or not ledger.shared or not isinstance(response, Response):
            return False
        unknown = (call.refund_id and ledger.refund(call.refund_id) is None) or (
            call.capture_id and ledger.capture(call.capture_id) is None
        )
        if unknown and response.is_success:
            return not {call.refund_id, call.capture_id} & self._named
        order = json_object(exchange) if call.operation.shows == "order" else None
        if order is None or not response.is_success or not _is_of(call, order):
            return False
        return not ledger.uncertain and self._is_explained(index, ledger, order)

    def _is_explained(self, index: int, ledger: Ledger, order: dict[str, Any]) -> bool:
        known = noted(ledger, order)
        if not isinstance(order_agrees(known, order), Mismatch) and _amount_agrees(known, order):
            if known != ledger:
                self._ledgers[ledger.order_id] = known
                self.elsewhere = (index, ledger.order_id, Elsewhere(shown=order))
            return False
        recent = self._recent.get(ledger.order_id, ())
        change = done_elsewhere(ledger, order, recent, self.told_ids)
        if change is not None:
            self.elsewhere = (index, ledger.order_id, change)
            self.learn(index, ledger.order_id, change)
            return False
        before = self._read[ledger.order_id]
        stale = bool(recent) and not isinstance(order_agrees(before, order), Mismatch)
        if not stale or not any(each > index for each in self.reads_after):
            return False
        result = Mismatch("what was done, at the first read", "the state before it")
        self._inform("order.settles-at-once", index, result)
        return True

    def _inform(self, identifier: str, index: int, result: Result) -> None:
        requirement = self._spec.requirement(identifier)
        awaited = Awaited(requirement=requirement, level="INFO", index=index, aspects=("seen",))
        self._settle(awaited, result)

    def _never_let_through(self, index: int, exchange: Exchange) -> None:
        """Being asked to wait is a finding where it did not help to wait."""
        call = read_call(self._spec, exchange.request)
        if call is None or not exchange.earlier:
            return
        observed = f"status 429, also after waiting {exchange.waited_s:.0f} s"
        for requirement in call.operation.requirements:
            if requirement.check == "complete_response":
                result = Mismatch("an answer, after as long as the server asked to wait", observed)
                self._settle(
                    Awaited(requirement=requirement, level=requirement.level, index=index), result
                )

    @property
    def _named(self) -> set[str]:
        """The ids of what answers said was made, and those that their Locations end in."""
        return {identifier for _, _, identifier in self._resource_ids} | self._led_to

    def _told_but_not_booked(self, call: Call) -> bool:
        """Whether a read is of what an answer told, though the ledger knows of no such thing."""
        ledger = self._ledgers.get(call.order_id)
        if ledger is not None and ledger.uncertain and not call.operation.changes:
            return bool(call.refund_id or call.capture_id)
        wanted = {call.capture_id, call.refund_id} & self._named
        known = {c.capture_id for o in self._ledgers.values() for c in o.captures}
        known |= {r.refund_id for o in self._ledgers.values() for r in o.refunds}
        return bool(wanted - known)

    def _assessed(self, exchange: Exchange, call: Call) -> Assessment:
        ledger = self._ledgers.get(call.order_id)
        others = [o for identifier, o in self._ledgers.items() if identifier != call.order_id]
        at = ledger.at(exchange.clock_s) if ledger else None
        return assess(self._spec, at, call, others)

    def _answered(self, index: int, exchange: Exchange, assessment: Assessment) -> _Answered:
        kind = kind_of(exchange, assessment)
        answer = answer_of(self._facts.bases, exchange, assessment.call)
        return _Answered(
            index=index,
            exchange=exchange,
            assessment=assessment,
            kind=kind,
            answer=answer,
            outcome=matching(assessment, kind, answer),
        )

    def _judge_outcome(self, answered: _Answered) -> None:
        """Whether it may be answered this way at all: yes, no, or the first answer again."""
        assessment, outcome = answered.assessment, answered.outcome
        result = Mismatch(wanted(assessment), told(answered.exchange))
        if outcome is None and self._fits_unseen_changes(answered):
            self._inform("order.changed-elsewhere", answered.index, result)
            return
        if outcome is None:
            accepting = assessment.demanded_by[0].check == "accepted"
            blamed = assessment.demanded_by[:1] if accepting else assessment.demanded_by
            for requirement in blamed:
                alone = accepting or requirement in assessment.broken_alone
                aspect = "seen" if accepting else "broken"
                self._settle(self._awaited(answered, requirement, aspect if alone else ""), result)
            return
        for rule in assessment.broken:
            if rule.id in outcome.against:
                alone = rule in assessment.broken_alone
                self._settle(self._awaited(answered, rule, "broken" if alone else ""), result)
        if outcome.kind != "replay":
            self._pass_rules(answered, outcome)

    def _fits_unseen_changes(self, answered: _Answered) -> bool:
        """Whether what somebody else may have done since the order was read explains an answer.

        Only where that was long before, and nothing shows the order again.
        """
        ledger = answered.assessment.ledger
        if ledger is None or not ledger.shared or any(n > answered.index for n in self.reads_after):
            return False
        if ledger.now_s - self._read[ledger.order_id].now_s < _SEEN_LATELY_S:
            return False
        for changed in unseen_changes(ledger):
            assessment = assess(self._spec, changed, answered.call)
            kind = kind_of(answered.exchange, assessment)
            if matching(assessment, kind, answered.answer) is not None:
                return True
        return False

    def _pass_rules(self, answered: _Answered, outcome: Outcome) -> None:
        assessment = answered.assessment
        responses = answered.call.operation.responses
        seen: list[tuple[Requirement, str]] = [
            (rule, "broken")
            for rule in assessment.broken_alone
            if rule.id not in outcome.against and responses[rule.otherwise].kind == answered.kind
        ]
        if answered.kind == "success":
            seen += [(rule, "kept") for rule in assessment.kept]
            seen += [(r, "seen") for r in assessment.demanded_by if r.check == "accepted"]
        for requirement, aspect in seen:
            self._settle(self._awaited(answered, requirement, aspect), None)

    def _judge_response(self, answered: _Answered) -> list[Awaited]:
        """Checks the response itself; returns the requirements that later reads decide."""
        assessment, names = answered.assessment, answered.names
        seen = Seen(
            spec=self._spec,
            bases=self._facts.bases,
            exchange=answered.exchange,
            assessment=assessment,
            expected=expected_response(answered.call, names),
            answer=answered.answer,
            correlation_ids=self._correlation_ids,
            resource_ids={
                (kind, identifier)
                for order_id, kind, identifier in self._resource_ids
                if order_id == answered.call.order_id
            },
        )
        awaited: list[Awaited] = []
        for requirement in answered.call.operation.requirements:
            if names.isdisjoint(requirement.upon):
                continue
            if requirement.when and not assessment.holds(requirement.when):
                continue
            this = self._awaited(answered, requirement, "seen")
            outcome = answered.exchange.outcome
            if (
                isinstance(outcome, Response)
                and outcome.unrecorded
                and requirement.check in OF_BODY
            ):
                continue
            if check := CHECKS.get(requirement.check):
                self._settle(this, check(seen))
            else:
                awaited.append(this)
        self._tell(seen)
        return awaited

    def _await(self, answered: _Answered, awaited: list[Awaited]) -> Iterable[Decided]:
        call, order = answered.call, json_object(answered.exchange)
        if call.operation.shows == "order":
            ledger = answered.assessment.ledger
            if ledger is None or order is None or answered.kind != "success":
                return ()
            if not _is_of(call, order):
                return ()
            return self._later.read_order(answered.index, ledger, order, awaited)
        self._later.await_order(call.order_id, awaited)
        created = call.operation.responses[call.operation.success]
        if call.operation.success not in answered.names:
            return ()
        return self._later.await_resource(answered.exchange, call.body, created, awaited)

    def _move(self, answered: _Answered) -> None:
        """Moves the ledger on by what was observed."""
        ledger, call = answered.assessment.ledger, answered.call
        if ledger is None:
            return
        order = json_object(answered.exchange)
        days = offered_days(answered.exchange)
        if call.operation.changes:
            ledger = _changed(ledger, answered)
            recent = Recent(call, answered.kind == "success")
            self._recent[call.order_id] = (*self._recent.get(call.order_id, ()), recent)
        elif answered.kind == "success" and call.operation.shows == "order" and order:
            if _is_of(call, order):
                ledger = self._read[call.order_id] = adopted(ledger, order)
                self._recent[call.order_id] = ()
        elif call.operation.shows == "extension_options" and days is not None:
            ledger = ledger.with_options(call.capture_id or "", days)
        self._ledgers[call.order_id] = ledger

    def _tell(self, seen: Seen) -> None:
        correlation_id = (json_object(seen.exchange) or {}).get("correlation_id")
        if isinstance(correlation_id, str):
            self._correlation_ids.setdefault(correlation_id, seen.assessment.call.key or "")
        call = seen.assessment.call
        if seen.answer is not None and seen.answer.resource_id:
            kind = call.operation.responses[call.operation.success].creates or ""
            self._resource_ids.add((call.order_id, kind, seen.answer.resource_id))
        if seen.answer is not None and seen.answer.success and seen.answer.location:
            self._led_to.add(unquote(seen.answer.location.rsplit("/", 1)[-1]))

    def _observe(self, answered: _Answered) -> None:
        if not isinstance(answered.exchange.outcome, Response):
            return
        for contradiction in self._spec.contradictions:
            observer = OBSERVERS.get(contradiction.observe)
            reading = observer and observer(answered.assessment, answered.exchange.outcome)
            if reading:
                finding = Finding(
                    requirement=contradiction.id,
                    verdict="INFO",
                    exchange=answered.index,
                    reading=reading,
                )
                self.findings.append(finding)

    def _decide(self, decided: Iterable[Decided]) -> None:
        for each in decided:
            self._settle(each.awaited, each.result, each.witness)

    def _settle(self, awaited: Awaited, result: Result, witness: int | None = None) -> None:
        if isinstance(result, NotTold):
            return
        requirement, verdict, expected, observed = awaited.requirement, "PASS", "", ""
        if isinstance(result, Excused):
            verdict, observed = "NOT_APPLICABLE", result.reason
        elif result is not None:
            verdict, expected = _VIOLATED[awaited.level], result.expected
            observed = result.observed
        finding = Finding(
            requirement=requirement.id,
            verdict=verdict,
            exchange=awaited.index,
            aspects=awaited.aspects,
            witness=witness,
            expected=expected,
            observed=observed,
        )
        self.findings.append(finding)

    def _awaited(self, answered: _Answered, requirement: Requirement, aspect: str) -> Awaited:
        """A requirement on an exchange; without an `aspect` no goal of it is served there."""
        assessment = answered.assessment
        return Awaited(
            requirement=requirement,
            level=self._spec.level(requirement, assessment.holds),
            index=answered.index,
            aspects=self._aspects(requirement, assessment, aspect) if aspect else (),
        )

    def _aspects(
        self, requirement: Requirement, assessment: Assessment, aspect: str
    ) -> tuple[str, ...]:
        """The goals that this exchange serves: the aspect itself, its cases, its table cells."""
        cases = [name for name, case in requirement.cases.items() if assessment.holds(case)]
        across = requirement.broken_across if aspect == "broken" else requirement.across
        ledger = assessment.ledger
        if not across or ledger is None:
            return (aspect, *cases)
        here = (("market", ledger.market), ("layout", ledger.layout))
        table = cells(self._spec, across)
        return (aspect, *cases, *(f"{d}={v}" for d, v in table if (d, v) in here))


def _regardless_of_order(ledger: Ledger) -> tuple[object, ...]:
    """What an order came to, whatever the order in which it came to it."""
    keys = ((use.key, use.operation, use.fingerprint, use.answer) for use in ledger.keys)
    return (
        ledger.amounts,
        ledger.released,
        ledger.cancelled,
        ledger.uncertain,
        *(sorted(map(repr, part)) for part in (ledger.captures, ledger.refunds, keys)),
    )


def _opened(order: ProvidedOrder) -> Ledger:
    return open_ledger(order.plan, order.order_id, order.capture_ids, order.rest)


def _amount_agrees(ledger: Ledger, order: dict[str, Any]) -> bool:
    return order.get("order_amount") in (None, ledger.order_amount)


def _is_of(call: Call, order: dict[str, Any]) -> bool:
    """Whether an order is the one that was asked for, as far as it tells."""
    return order.get("order_id") in (None, call.order_id)


def _changed(ledger: Ledger, answered: _Answered) -> Ledger:
    """The ledger after a call that could change the order; uncertain where it is not known how."""
    if answered.kind == "neither" or answered.answer is None:
        return ledger.after_silence(answered.call)
    outcome, first = answered.outcome, answered.assessment.first
    again = outcome is not None and outcome.kind == "replay"
    if answered.assessment.replay == "replay_of_silence" and first is not None:
        again = first.amounts != ledger.amounts
    effect = answered.kind == "success" and not again
    moved = moved_on(ledger, answered.call, answered.answer, effect=effect)
    if answered.kind == "success" and set(ledger.silent) == {answered.call.key}:
        # However often it was sent without an answer, under its key it happened once.
        moved = msgspec.structs.replace(moved, uncertain=False, silent=())
    undocumented = outcome is None and not ledger.shared
    if effect and (undocumented or may_answer_again(answered.assessment, answered.answer)):
        # What a call does that should have been refused is not documented, nor can a repeated
        # one that tells no id be told from a new one: a read shows it. Of a shared order the read
        # has to show as well what others did that made the call right.
        return msgspec.structs.replace(moved, uncertain=True)
    return moved
