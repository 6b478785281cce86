"""Situations: what the rules of an operation say of calls that are alike."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain, groupby
from threading import Lock
from typing import Any

from klarna_specs.outcomes import GATES, Outcome, Replay, allowed_outcomes
from klarna_specs.rules import Unsettled, evaluator, members_read
from klarna_specs.spec import STRENGTH, Operation, Requirement, Spec
from klarna_specs.variables import MEMBERS, Facts, markets, request

__all__ = ["Sheet", "Situation", "holds", "sheet_of"]


class Situation:
    """What the rules say of all calls of an operation that are alike in what the rules read.

    `noted` is what the readers of its assessments keep for the next one. Thread-safe.
    """

    def __init__(self, sheet: "Sheet", made: Mapping[str, Any]) -> None:
        self._sheet = sheet
        self._evaluate = evaluator(
            {
                **{name: partial(made.__getitem__, name) for name in made},
                "markets": lambda: markets(sheet.spec),
            },
            sheet.terms,
        )
        self._held: dict[str, bool] = {}
        self._lock = Lock()
        self._outcomes: dict[Replay, tuple[tuple[Outcome, ...], tuple[Requirement, ...]]] = {}
        self.kept, self.broken, self.silent = _rules(
            sheet.rules, sheet.together, self._evaluate, self.holds
        )
        self.broken_alone = tuple(filter(self._is_alone, self.broken))
        self.is_gated = any(r.level == "MUST" and r.otherwise in GATES for r in self.broken)
        self.noted: dict[object, Any] = {}

    def holds(self, expression: str) -> bool:
        """Whether an expression that reads no more than the rules is true."""
        held = self._held.get(expression)
        if held is None:
            with self._lock:
                held = self._held[expression] = holds(self._evaluate, expression)
        return held

    def outcomes(self, replay: Replay) -> tuple[tuple[Outcome, ...], tuple[Requirement, ...]]:
        """The allowed outcomes of a call that is such a replay, and who demands them."""
        known = self._outcomes.get(replay)
        if known is None:
            known = self._outcomes[replay] = allowed_outcomes(
                self._sheet.operation, self.broken, self.silent, self.holds, replay
            )
        return known

    def _is_alone(self, rule: Requirement) -> bool:
        return not any(
            other is not rule and STRENGTH[other.level] >= STRENGTH[rule.level]
            for other in self.broken
        )


def holds(evaluate: Callable[[str], Any], expression: str) -> bool:
    """Whether an expression is true; false where it has no value."""
    try:
        return evaluate(expression) is True
    except Unsettled:
        return False


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


class Sheet:
    """The rules of an operation, the expression for the results of all, and its terms."""

    def __init__(self, spec: Spec, operation: Operation) -> None:
        self.spec, self.operation = spec, operation
        self.rules = tuple(
            requirement for requirement in operation.requirements if requirement.rule
        )
        groups = (_group(w, tuple(these)) for w, these in groupby(self.rules, lambda r: r.when))
        self.together = f"[{', '.join(groups)}]"
        self.terms = {**operation.terms, **_constants(spec)}
        self._reads: dict[str, frozenset[str]] = {}
        for expression in (self.together, *_conditions(operation)):
            for variable, names in members_read(expression, self.terms).items():
                self._reads[variable] = self._reads.get(variable, frozenset()) | names
        self._wanted = {
            name: tuple(m for m in MEMBERS[name] if {m, ""} & self._reads[name])
            for name in MEMBERS
            if name in self._reads
        }
        self._covered: dict[str, bool] = {}
        self._situations: dict[str, Situation] = {}

    def situation(self, facts: Facts) -> Situation:
        """What the rules say of a call; calls that are alike in what the rules read share it."""
        made = {name: facts.members(name, names) for name, names in self._wanted.items()}
        if "request" in self._reads:
            made["request"] = request(facts)
        alike = repr(made)
        known = self._situations.get(alike)  # another thread may clear it at any time
        if known is None:
            known = Situation(self, made)
            if len(self._situations) >= _MOST_SITUATIONS:
                self._situations.clear()
            if len(alike) <= _LONGEST_ALIKE:
                self._situations[alike] = known
        return known

    def covers(self, expression: str) -> bool:
        """Whether an expression reads no more than the requirements."""
        known = self._covered.get(expression)
        if known is None:
            read = members_read(expression, self.terms).items()
            known = all(names <= self._reads.get(variable, frozenset()) for variable, names in read)
            self._covered[expression] = known
        return known


def _conditions(operation: Operation) -> Iterator[str]:
    for requirement in operation.requirements:
        yield from filter(None, (requirement.when, *requirement.cases.values()))
        yield from requirement.weaker.values()


_SHEETS: dict[tuple[int, int], Sheet] = {}
"""Recently used sheets; each holds its spec, so that the identities in the key stay unique."""
_MOST_SHEETS = 256
_MOST_SITUATIONS = 256
_LONGEST_ALIKE = 4096
"""The length in characters of what the rules read, up to which a situation is kept."""


def sheet_of(spec: Spec, operation: Operation) -> Sheet:
    """The sheet of an operation, made once."""
    key = id(spec), id(operation)
    known = _SHEETS.get(key)  # another thread may clear it at any time
    if known is None:
        known = Sheet(spec, operation)
        if len(_SHEETS) >= _MOST_SHEETS:
            _SHEETS.clear()
        _SHEETS[key] = known
    return known


def _constants(spec: Spec) -> dict[str, str]:
    """The members of `markets` as terms: most expressions that name one do not come to read it."""
    return {f"markets.{name}": json.dumps(group) for name, group in markets(spec).items()}


def _group(when: str, rules: tuple[Requirement, ...]) -> str:
    """The expression for the results of rules with the same condition."""
    results = ", ".join(
        f"({rule.silent or 'false'}) ? {_SILENT} : ({rule.rule}) ? {_KEPT} : {_BROKEN}"
        for rule in rules
    )
    return f"({when}) ? [{results}] : {[_BESIDE] * len(rules)}" if when else f"[{results}]"
