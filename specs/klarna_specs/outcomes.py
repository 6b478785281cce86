"""Which outcomes of a call are allowed, given the rules that it breaks. Pure."""

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from klarna_specs.spec import STRENGTH, Kind, Operation, Requirement

__all__ = ["GATES", "Outcome", "Replay", "allowed_outcomes"]

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
GATES = ("unauthorized", "not_found")
"""Responses that a server may give before it reads the idempotency key."""


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


def allowed_outcomes(
    operation: Operation,
    broken: tuple[Requirement, ...],
    silent: tuple[Requirement, ...],
    holds: Callable[[str], bool],
    replay: Replay,
) -> tuple[tuple[Outcome, ...], tuple[Requirement, ...]]:
    """The allowed outcomes of a call, and the MUSTs that any other outcome breaks.

    It breaks the rules in `broken`, and the documentation leaves those in `silent` open.
    """
    fresh, demanded_by = _fresh_outcomes(operation, broken, silent, holds)
    if not replay:
        return fresh, demanded_by
    again = Outcome(kind="replay", responses=(), because=_checked_on(operation, replay, holds))
    if replay == "replay":
        return (again,), ()
    if replay == "replay_of_silence":
        # Whether the first call took effect is unknown; the response may follow either.
        success = Outcome(kind="success", responses=(operation.success,))
        return (success, Outcome(kind="refusal", responses=_any_refusal(operation))), ()
    # A success must suit this call, or be the first response again; a refusal is always allowed.
    accepted = tuple(outcome for outcome in fresh if outcome.kind == "success")
    refused = Outcome(kind="refusal", responses=_refusals_first(operation, fresh))
    demanded_by = () if accepted else demanded_by
    if replay in ("replay_other_body", "replay_of_refusal", "replay_aged"):
        return (again, *accepted, refused), demanded_by
    if fresh[0].kind == "refusal":
        return (refused, *accepted, again), demanded_by
    return (*accepted, refused, again), demanded_by


def _checked_on(operation: Operation, replay: str, holds: Callable[[str], bool]) -> tuple[str, ...]:
    return tuple(
        r.id for r in operation.requirements if replay in r.upon and (not r.when or holds(r.when))
    )


def _fresh_outcomes(
    operation: Operation,
    broken: tuple[Requirement, ...],
    silent: tuple[Requirement, ...],
    holds: Callable[[str], bool],
) -> tuple[tuple[Outcome, ...], tuple[Requirement, ...]]:
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
            named |= dict.fromkeys(_any_refusal(operation))
        names = tuple(sorted(named, key=lambda name: name not in GATES))
        return (Outcome(kind="refusal", responses=names, because=_ids(musts)),), tuple(musts)
    accepting = _accepting(operation, holds)
    success = Outcome(kind="success", responses=(operation.success,), because=_ids(accepting))
    open_rules = [rule for rule in (*broken, *silent) if rule.level == "INFO" or rule in silent]
    wishes = [*refusing["SHOULD"], *refusing["INFO"], *silent]
    refusal_names = tuple(dict.fromkeys(rule.otherwise for rule in wishes))
    if open_rules or not refusal_names:
        refusal_names = tuple(dict.fromkeys((*refusal_names, *_any_refusal(operation))))
    refusal = Outcome(kind="refusal", responses=refusal_names, because=_ids(wishes))
    softening = [rule for rule in broken if operation.responses[rule.otherwise].kind == "success"]
    if open_rules:
        # No outcome is required; the outcome of a SHOULD comes first, else a refusal by any rule.
        wished = refusing["SHOULD"]
        against = _ids(rule for rule in open_rules if rule.level == "INFO")
        pair = (
            msgspec.structs.replace(success, against=(*_ids(wished), *against)),
            msgspec.structs.replace(refusal, against=against),
        )
        refuses = any(operation.responses[r.otherwise].kind == "refusal" for r in open_rules)
        return (tuple(reversed(pair)) if wished or refuses else pair), ()
    if refusing["SHOULD"]:
        return (
            refusal,
            msgspec.structs.replace(success, against=_ids(refusing["SHOULD"])),
        ), ()
    if softening:
        return (success, msgspec.structs.replace(refusal, against=_ids(softening))), ()
    if not accepting or accepting[0].level == "INFO":
        against = _ids(accepting[:1])
        refused = Outcome(kind="refusal", responses=_any_refusal(operation), against=against)
        return (success, refused), ()
    return (success,), accepting


def _any_refusal(operation: Operation) -> tuple[str, ...]:
    responses = operation.responses.items()
    return tuple(name for name, r in responses if r.kind == "refusal" and name not in GATES)


def _refusals_first(operation: Operation, fresh: tuple[Outcome, ...]) -> tuple[str, ...]:
    """All refusals of the operation, first those that apply to the call without a key."""
    deserved = [
        name for outcome in fresh if outcome.kind == "refusal" for name in outcome.responses
    ]
    return tuple(dict.fromkeys((*deserved, *_any_refusal(operation))))


def _accepting(operation: Operation, holds: Callable[[str], bool]) -> tuple[Requirement, ...]:
    """The requirements to accept a valid call, the most specific one first."""
    found = [
        requirement
        for requirement in operation.requirements
        if requirement.check == "accepted" and (not requirement.when or holds(requirement.when))
    ]
    return tuple(reversed(found))


def _ids(requirements: Iterable[Requirement]) -> tuple[str, ...]:
    return tuple(requirement.id for requirement in requirements)
