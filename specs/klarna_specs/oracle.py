"""The oracle: which outcomes of a call the documentation allows, given the ledger."""

from collections.abc import Callable, Iterable

import msgspec

from klarna_specs.calls import Call
from klarna_specs.ledger import DAY_S, HOUR_S, KeyUse, Ledger
from klarna_specs.outcomes import Outcome, Replay
from klarna_specs.rules import evaluator
from klarna_specs.situation import Situation, holds, sheet_of
from klarna_specs.spec import Requirement, Spec
from klarna_specs.variables import Facts, variables

__all__ = ["Assessment", "assess"]


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """The assessment of a call by the documentation: rules kept and broken, allowed outcomes.

    `outcomes` lists every allowed outcome, the documented one first. `demanded_by` names the MUSTs
    that any other outcome breaks. `holds` evaluates an expression in this situation (False
    where it has no value).

    >>> assessment = assess(spec, ledger, read_call(spec, refund(7000)))
    >>> [requirement.id for requirement in assessment.broken]
    ['refund.within-captured-amount']
    """

    call: Call
    ledger: Ledger | None
    kept: tuple[Requirement, ...]
    broken: tuple[Requirement, ...]
    outcomes: tuple[Outcome, ...]
    demanded_by: tuple[Requirement, ...]
    replay: Replay
    first: KeyUse | None
    situation: Situation
    holds: Callable[[str], bool]

    @property
    def is_badly_written(self) -> bool:
        """Whether the request may be refused for its form, regardless of its content."""
        return any(rule.otherwise == "malformed" for rule in self.broken)

    @property
    def broken_alone(self) -> tuple[Requirement, ...]:
        """The broken rules without another broken rule of the same or a higher level."""
        return self.situation.broken_alone


def assess(
    spec: Spec, ledger: Ledger | None, call: Call, others: Iterable[Ledger] = ()
) -> Assessment:
    """Assesses a call on an order (None: no such order), given other known orders.

    >>> assess(spec, ledger, read_call(spec, refund(6000))).outcomes[0].responses
    ('created',)
    >>> assess(spec, ledger, read_call(spec, refund(6001))).outcomes[0].responses
    ('refused',)
    """
    facts = Facts(spec, ledger, call, tuple(others))
    sheet = sheet_of(spec, call.operation)
    situation = sheet.situation(facts)

    def in_situation(expression: str) -> bool:
        if sheet.covers(expression):
            return situation.holds(expression)
        return holds(evaluator(variables(facts), sheet.terms), expression)

    replay, first = ("", None) if situation.is_gated else _replay(facts)
    outcomes, demanded_by = situation.outcomes(replay)
    return Assessment(
        call=call,
        ledger=ledger,
        kept=situation.kept,
        broken=situation.broken,
        outcomes=outcomes,
        demanded_by=demanded_by,
        replay=replay,
        first=first,
        situation=situation,
        holds=in_situation,
    )


def _replay(facts: Facts) -> tuple[Replay, KeyUse | None]:
    ledger, call = facts.ledger, facts.call
    if call.key is None or ledger is None or not call.operation.changes:
        return "", None
    first = ledger.key_use(call.key)
    if first is None:
        elsewhere = next((use for o in facts.others if (use := o.key_use(call.key))), None)
        return ("replay_elsewhere", elsewhere) if elsewhere else ("", None)
    if (first.operation, first.capture_id) != (call.operation.operation, call.capture_id):
        return "replay_elsewhere", first
    if ledger.now_s - first.at_s >= DAY_S:
        return "replay_expired", first
    if first.answer is None:
        return "replay_of_silence", first
    if first.answer.success and ledger.now_s - first.at_s >= HOUR_S:
        return "replay_aged", first
    if not first.answer.success:
        return "replay_of_refusal", first
    return ("replay" if first.fingerprint == call.fingerprint else "replay_other_body"), first
