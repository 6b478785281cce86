"""The oracle: which outcomes of a call the documentation allows, given the ledger. Pure."""

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, groupby
from typing import Any, Literal, NamedTuple

import msgspec

from klarna_specs.calls import Call
from klarna_specs.ledger import DAY_S, HOUR_S, KeyUse, Ledger
from klarna_specs.rules import Unsettled, evaluator
from klarna_specs.spec import STRENGTH, Kind, Operation, Requirement, Spec
from klarna_specs.variables import markets, variables

__all__ = ["Assessment", "Outcome", "Replay", "assess"]

Replay = Literal[
    "",
    "replay",
    "replay_other_body",
    "replay_of_refusal",
    "replay_of_silence",
    "replay_aged",
    "replay_elsewhere",
    "replay_expired",
]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """An allowed outcome: a success, a refusal, or the first response again.

    `responses` names the documented responses of that kind, `because` the requirements that
    allow it, `against` those (SHOULD, INFO) that recommend another outcome.

    >>> assess(spec, ledger, read_call(spec, refund(7000))).outcomes[0].kind
    'refusal'
    """

    kind: Kind | Literal["replay"]
    responses: tuple[str, ...]
    because: tuple[str, ...] = ()
    against: tuple[str, ...] = ()


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
    holds: Callable[[str], bool]

    @property
    def is_badly_written(self) -> bool:
        """Whether the request may be refused for its form, regardless of its content."""
        return any(rule.otherwise == "malformed" for rule in self.broken)

    @property
    def broken_alone(self) -> tuple[Requirement, ...]:
        """The broken rules without another broken rule of the same or a higher level."""
        return tuple(
            rule
            for rule in self.broken
            if not any(
                other is not rule and STRENGTH[other.level] >= STRENGTH[rule.level]
                for other in self.broken
            )
        )


def assess(
    spec: Spec, ledger: Ledger | None, call: Call, others: Iterable[Ledger] = ()
) -> Assessment:
    """Assesses a call on an order (None: no such order), given other known orders.

    >>> assess(spec, ledger, read_call(spec, refund(6000))).outcomes[0].responses
    ('created',)
    >>> assess(spec, ledger, read_call(spec, refund(6001))).outcomes[0].responses
    ('refused',)
    """
    others = tuple(others)
    sheet = _sheet(spec, call.operation)
    evaluate = evaluator(variables(spec, ledger, call, others), sheet.terms)

    def holds(expression: str) -> bool:
        try:
            return evaluate(expression) is True
        except Unsettled:
            return False

    kept, broken, silent = _rules(sheet.rules, sheet.together, evaluate, holds)
    replay, first = _replay(ledger, call, others)
    if any(rule.level == "MUST" and rule.otherwise in _GATES for rule in broken):
        replay, first = "", None
    outcomes, demanded_by = _outcomes(call, broken, silent, holds, replay)
    return Assessment(
        call=call,
        ledger=ledger,
        kept=kept,
        broken=broken,
        outcomes=outcomes,
        demanded_by=demanded_by,
        replay=replay,
        first=first,
        holds=holds,
    )


_GATES = ("unauthorized", "not_found")
"""Responses that a server may give before it reads the idempotency key."""


_KEPT, _BROKEN, _SILENT, _BESIDE = range(4)
"""The results of a rule; the last one if it does not concern the call or has no value."""


def _rules(
    rules: tuple[Requirement, ...],
    together: str,
    evaluate: Callable[[str], Any],
    holds: Callable[[str], bool],
) -> tuple[tuple[Requirement, ...], tuple[Requirement, ...], tuple[Requirement, ...]]:
    try:
        results = list(chain.from_iterable(evaluate(together)))
    except Unsettled:
        results = [_result(rule, evaluate, holds) for rule in rules]
    kept, broken, silent = (
        tuple(rule for rule, result in zip(rules, results, strict=True) if result == wanted)
        for wanted in (_KEPT, _BROKEN, _SILENT)
    )
    return kept, broken, silent


def _result(rule: Requirement, evaluate: Callable[[str], Any], holds: Callable[[str], bool]) -> int:
    if rule.when and not holds(rule.when):
        return _BESIDE
    if rule.silent and holds(rule.silent):
        return _SILENT
    try:
        return _KEPT if evaluate(rule.rule) else _BROKEN
    except Unsettled:
        return _BESIDE


class _Sheet(NamedTuple):
    """The rules of an operation, the expression for the results of all, and its terms."""

    spec: Spec
    operation: Operation
    rules: tuple[Requirement, ...]
    together: str
    terms: Mapping[str, str]


_SHEETS: dict[tuple[int, int], _Sheet] = {}
"""Recently used sheets; each holds its spec, so that the identities in the key stay unique."""
_MOST_SHEETS = 256


def _sheet(spec: Spec, operation: Operation) -> _Sheet:
    key = id(spec), id(operation)
    known = _SHEETS.get(key)  # another thread may clear it at any time
    if known is None:
        rules = tuple(requirement for requirement in operation.requirements if requirement.rule)
        groups = (_group(when, tuple(these)) for when, these in groupby(rules, lambda r: r.when))
        together = f"[{', '.join(groups)}]"
        known = _Sheet(spec, operation, rules, together, {**operation.terms, **_constants(spec)})
        if len(_SHEETS) >= _MOST_SHEETS:
            _SHEETS.clear()
        _SHEETS[key] = known
    return known


def _constants(spec: Spec) -> Mapping[str, str]:
    """The members of `markets` as terms: most expressions that name one do not come to read it."""
    return {f"markets.{name}": json.dumps(group) for name, group in markets(spec).items()}


def _group(when: str, rules: tuple[Requirement, ...]) -> str:
    """The expression for the results of rules with the same condition."""
    results = ", ".join(
        f"({rule.silent or 'false'}) ? {_SILENT} : ({rule.rule}) ? {_KEPT} : {_BROKEN}"
        for rule in rules
    )
    return f"({when}) ? [{results}] : {[_BESIDE] * len(rules)}" if when else f"[{results}]"


def _outcomes(
    call: Call,
    broken: tuple[Requirement, ...],
    silent: tuple[Requirement, ...],
    holds: Callable[[str], bool],
    replay: Replay,
) -> tuple[tuple[Outcome, ...], tuple[Requirement, ...]]:
    fresh, demanded_by = _fresh_outcomes(call, broken, silent, holds)
    if not replay:
        return fresh, demanded_by
    again = Outcome(kind="replay", responses=(), because=_checked_on(call, replay, holds))
    if replay == "replay":
        return (again,), ()
    if replay == "replay_of_silence":
        # Whether the first call took effect is unknown; the response may follow either.
        success = Outcome(kind="success", responses=(call.operation.success,))
        return (success, Outcome(kind="refusal", responses=_any_refusal(call))), ()
    # A success must suit this call, or be the first response again; a refusal is always allowed.
    accepted = tuple(outcome for outcome in fresh if outcome.kind == "success")
    refused = Outcome(kind="refusal", responses=_refusals_first(call, fresh))
    demanded_by = () if accepted else demanded_by
    if replay in ("replay_other_body", "replay_of_refusal", "replay_aged"):
        return (again, *accepted, refused), demanded_by
    if fresh[0].kind == "refusal":
        return (refused, *accepted, again), demanded_by
    return (*accepted, refused, again), demanded_by


def _checked_on(call: Call, replay: str, holds: Callable[[str], bool]) -> tuple[str, ...]:
    return tuple(
        r.id
        for r in call.operation.requirements
        if replay in r.upon and (not r.when or holds(r.when))
    )


def _fresh_outcomes(
    call: Call,
    broken: tuple[Requirement, ...],
    silent: tuple[Requirement, ...],
    holds: Callable[[str], bool],
) -> tuple[tuple[Outcome, ...], tuple[Requirement, ...]]:
    operation = call.operation
    refusing = {
        level: [
            rule
            for rule in broken
            if rule.level == level and operation.responses[rule.otherwise].kind == "refusal"
        ]
        for level in STRENGTH
    }
    musts = refusing["MUST"]
    if musts:
        # A server may first detect that the body exceeds a described limit, or another reason that
        # it need not accept; then the response does not say which rule it is for.
        named = dict.fromkeys(rule.otherwise for rule in (*musts, *refusing["SHOULD"]))
        if silent or len(broken) > len(musts):
            named |= dict.fromkeys(_any_refusal(call))
        names = tuple(sorted(named, key=lambda name: name not in _GATES))
        return (Outcome(kind="refusal", responses=names, because=_ids(musts)),), tuple(musts)
    accepting = _accepting(call, holds)
    success = Outcome(kind="success", responses=(operation.success,), because=_ids(accepting))
    open_rules = [rule for rule in (*broken, *silent) if rule.level == "INFO" or rule in silent]
    wishes = [*refusing["SHOULD"], *refusing["INFO"], *silent]
    refusal_names = tuple(dict.fromkeys(rule.otherwise for rule in wishes))
    if open_rules or not refusal_names:
        refusal_names = tuple(dict.fromkeys((*refusal_names, *_any_refusal(call))))
    refusal = Outcome(kind="refusal", responses=refusal_names, because=_ids(wishes))
    softening = [rule for rule in broken if operation.responses[rule.otherwise].kind == "success"]
    if open_rules:
        # No outcome is required; the outcome of a SHOULD comes first, else that of the first rule.
        wished = refusing["SHOULD"]
        against = _ids(rule for rule in open_rules if rule.level == "INFO")
        pair = (
            msgspec.structs.replace(success, against=(*_ids(wished), *against)),
            msgspec.structs.replace(refusal, against=against),
        )
        first_refuses = operation.responses[open_rules[0].otherwise].kind == "refusal"
        return (tuple(reversed(pair)) if wished or first_refuses else pair), ()
    if refusing["SHOULD"]:
        return (
            refusal,
            msgspec.structs.replace(success, against=_ids(refusing["SHOULD"])),
        ), ()
    if softening:
        return (success, msgspec.structs.replace(refusal, against=_ids(softening))), ()
    if not accepting:
        return (success, Outcome(kind="refusal", responses=_any_refusal(call))), ()
    return (success,), accepting


def _any_refusal(call: Call) -> tuple[str, ...]:
    responses = call.operation.responses.items()
    return tuple(name for name, r in responses if r.kind == "refusal" and name not in _GATES)


def _refusals_first(call: Call, fresh: tuple[Outcome, ...]) -> tuple[str, ...]:
    """All refusals of the operation, first those that apply to the call without a key."""
    deserved = [
        name for outcome in fresh if outcome.kind == "refusal" for name in outcome.responses
    ]
    return tuple(dict.fromkeys((*deserved, *_any_refusal(call))))


def _accepting(call: Call, holds: Callable[[str], bool]) -> tuple[Requirement, ...]:
    """The requirements to accept a valid call, the most specific one first."""
    found = [
        requirement
        for requirement in call.operation.requirements
        if requirement.check == "accepted" and (not requirement.when or holds(requirement.when))
    ]
    return tuple(reversed(found))


def _ids(requirements: Iterable[Requirement]) -> tuple[str, ...]:
    return tuple(requirement.id for requirement in requirements)


def _replay(
    ledger: Ledger | None, call: Call, others: tuple[Ledger, ...]
) -> tuple[Replay, KeyUse | None]:
    if call.key is None or ledger is None or not call.operation.changes:
        return "", None
    first = ledger.key_use(call.key)
    if first is None:
        elsewhere = next((use for o in others if (use := o.key_use(call.key))), None)
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
