"""What a response can depend on, from everything that is known to its rules alone. Pure."""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

from klarna_specs.bodies import violations
from klarna_specs.calls import Call
from klarna_specs.exchange import Response
from klarna_specs.json_value import as_object
from klarna_specs.oracle import Assessment
from klarna_specs.spec import Requirement, Spec

__all__ = ["Choices", "invalid_members", "keys_alone", "keys_of"]

_T = TypeVar("_T", bound=Hashable)
_MISSING = re.compile("'([^']+)' is a required property")


class Choices(Generic[_T]):
    """What was chosen in each situation, by keys from the most specific to the most general."""

    def __init__(self) -> None:
        self._counts: dict[Hashable, Counter[_T]] = {}

    def add(self, keys: Iterable[Hashable], choice: _T) -> None:
        """Adds a choice under each of its keys; of equally frequent ones the newest counts."""
        for key in keys:
            counts = self._counts.setdefault(key, Counter())
            counts[choice] = counts.pop(choice, 0) + 1

    def most(self, key: Hashable) -> int:
        """How often the most frequent choice under a key was made."""
        return max(self._counts.get(key, Counter[_T]()).values(), default=0)

    def candidates(self, keys: Iterable[Hashable]) -> Iterator[_T]:
        """What was chosen in such a situation: most specific, then most frequent first."""
        for key in keys:
            newest_first = reversed(self._counts.get(key, Counter[_T]()).items())
            yield from (each for each, _ in sorted(newest_first, key=lambda pair: -pair[1]))


def invalid_members(spec: Spec, call: Call) -> tuple[str, ...]:
    """The members of a body that violate its schemas, for example `order_lines[0].name`."""
    return tuple(member for member, _ in _invalid(spec, call))


def _invalid(spec: Spec, call: Call) -> Iterator[tuple[str, bool]]:
    """The invalid members, and whether each is missing."""
    body = call.operation.body
    if body is None or as_object(call.body) is None:
        return
    schemas = filter(None, (body.schema, body.limits))
    for each in next(filter(None, (violations(spec, s, call.body) for s in schemas)), ()):
        path, _, problem = each.partition(": ")
        missing = _MISSING.match(problem)
        parts = (path.removeprefix("$").removeprefix("."), missing[1] if missing else "")
        yield ".".join(filter(None, parts)), missing is not None


def keys_of(spec: Spec, assessment: Assessment, first: Response | None) -> tuple[Hashable, ...]:
    """The situation of a call, most specific first; `first` is the response to its key so far."""
    call, ledger = assessment.call, assessment.ledger
    broken, silent = assessment.broken, assessment.situation.silent
    rules = _ids((*broken, *silent))
    again = (assessment.replay, first.status if first else None)
    operation = (call.operation.operation, call.path_interpretation)
    written = (call.credentials, call.body_is, call.forms, _media(call))
    cases = tuple(
        f"{rule.id} {name}"
        for rule in (*broken, *silent)
        for name, case in rule.cases.items()
        if assessment.holds(case)
    )
    members = tuple((re.sub(r"\[\d+\]", "", name), gone) for name, gone in _invalid(spec, call))
    layout = ledger.layout if ledger else ""
    state = (layout, ledger.payment_method, bool(ledger.refunds)) if ledger else ()
    market = ledger.market if ledger else ""
    here = (
        (operation, rules, again, written, cases, members, state, market),
        (operation, rules, again, written, cases, members, state),
        (operation, rules, again, written, cases, members, layout),
        (operation, rules, again, written, cases, members),
        (operation, rules, again, written, cases),
        (operation, rules, again, call.forms),
        (operation, rules, assessment.replay),
    )
    if not rules:
        return here
    return (
        *here,
        (_anywhere(rules), again, written),
        (_anywhere(rules), assessment.replay, call.forms),
        (_anywhere(rules), assessment.replay),
    )


def keys_alone(assessment: Assessment, rule: Requirement) -> tuple[Hashable, ...]:
    """The keys of a call that breaks only one of the rules of another one."""
    call = assessment.call
    operation = (call.operation.operation, call.path_interpretation)
    ids = _ids([rule])
    return (operation, ids, assessment.replay), (_anywhere(ids), assessment.replay)


def _ids(rules: Iterable[Requirement]) -> tuple[str, ...]:
    return tuple(rule.id for rule in rules)


def _anywhere(rules: Iterable[str]) -> tuple[str, ...]:
    """The ids of rules without their operations: those of templates are alike."""
    return tuple(rule.partition(".")[2] for rule in rules)


def _media(call: Call) -> str:
    """The media type, where a refusal can be about it: 415 rather than 400."""
    return call.content_type if "media-type" in call.forms or call.body_is != "json" else ""
