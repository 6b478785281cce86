"""What changed between two runs, requirement by requirement."""

from collections.abc import Collection, Mapping
from typing import Literal, get_args

import msgspec

from klarna_reports.record.record import Verdict
from klarna_reports.record.results import MET, Overall, RequirementResult, Summary
from klarna_reports.words.finding_sentence import without_amounts
from klarna_specs.spec import Level

__all__ = ["KINDS", "Change", "ChangeKind", "Changes", "changes_between"]

ChangeKind = Literal["broken", "fixed", "changed", "added", "removed"]
KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)
"""The kinds of changes between two runs, the most urgent first."""

_VIOLATED: frozenset[Verdict] = frozenset({"FAIL", "ERROR"})
_STRICTLY: frozenset[Verdict] = _VIOLATED | frozenset[Verdict](("WARN",))


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement with another verdict or cause; `was` or `now` is None if not in that run.

    `broken`: violated now, and not before. `fixed`: violated before, and met now. `changed`: any
    other pair of verdicts, such as a violation that could not be verified again, and a violation
    with another cause than before.

    The sentences are those of the violation (empty if there was none); `root` is the requirement
    that it probably is a consequence of.
    """

    kind: ChangeKind
    requirement: str
    operation: str
    level: Level
    statement: str
    was: Verdict | None
    now: Verdict | None
    sentence_before: str = ""
    sentence: str = ""
    root: str = ""

    @property
    def text(self) -> str:
        """What was or is observed, in one line; empty if nothing was violated."""
        if self.sentence and self.root:
            return f"Probably a consequence of {self.root}."
        if self.sentence and self.sentence_before:
            return f"{self.sentence} Before: {self.sentence_before}"
        return self.sentence or (f"Before: {self.sentence_before}" if self.sentence_before else "")


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """The differences between an earlier and a later run.

    `unchanged` counts the other requirements; `caveats` are sentences that say why the runs are not
    fully comparable.

    >>> changes_between(summary, summary).old_verdict
    'NONCONFORMANT'
    """

    old_run: str
    old_started_at: str
    old_verdict: Overall
    new_run: str
    new_verdict: Overall
    changes: tuple[Change, ...]
    unchanged: int
    caveats: tuple[str, ...] = ()

    def of_kind(self, kind: ChangeKind) -> tuple[Change, ...]:
        """The changes of this kind, in the order of the specs."""
        return tuple(change for change in self.changes if change.kind == kind)


def changes_between(old: Summary, new: Summary) -> Changes:
    """The changes from `old` to `new`; a WARN is a violation if the run was strict.

    >>> changes_between(summary, summary).changes
    ()
    """
    before = {result.id: result for result in old.requirements}
    after = {result.id: result for result in new.requirements}
    violated = _STRICTLY if new.strict else _VIOLATED
    both = [(before.get(name), after.get(name)) for name in {**after, **before}]
    if old.scope != new.scope:  # a requirement out of scope was neither added nor removed
        both = [(was, now) for was, now in both if _compares(was, now, violated)]
    sentences = (_sentences(old, violated), _sentences(new, violated))
    found = [_change(was, now, violated, *sentences) for was, now in both]
    changes = [change for change in found if change is not None]
    changes.sort(key=lambda change: (KINDS.index(change.kind), bool(change.root)))
    return Changes(
        old_run=old.run_id,
        old_started_at=old.started_at,
        old_verdict=old.verdict,
        new_run=new.run_id,
        new_verdict=new.verdict,
        changes=tuple(changes),
        unchanged=len(both) - len(changes),
        caveats=_caveats(old, new),
    )


def changes_since(old: Summary | None, new: Summary) -> Changes | None:
    """The changes since an earlier run; None without one that has a requirement in common.

    A run against a server and the certification of a client have none in common.
    """
    names = {result.id for result in new.requirements}
    if old is None or names.isdisjoint(result.id for result in old.requirements):
        return None
    return changes_between(old, new)


def _compares(
    was: RequirementResult | None, now: RequirementResult | None, violated: Collection[Verdict]
) -> bool:
    return now is not None and (was is not None or now.verdict in violated)


def _sentences(summary: Summary, violated: Collection[Verdict]) -> dict[str, str]:
    """The sentence of the first violation of each requirement."""
    found = reversed([each for each in summary.findings if each.verdict in violated])
    return {each.requirement: each.sentence for each in found}


def _change(
    was: RequirementResult | None,
    now: RequirementResult | None,
    violated: Collection[Verdict],
    before: Mapping[str, str],
    after: Mapping[str, str],
) -> Change | None:
    result = now or was
    if result is None:
        return None
    earlier, later = before.get(result.id, ""), after.get(result.id, "")
    if was and now and was.verdict == now.verdict:
        other = without_amounts(earlier) != without_amounts(later)
        if not (earlier and later and other) or now.beside:
            return None
    return Change(
        kind=_kind(was, now, violated),
        requirement=result.id,
        operation=result.operation,
        level=result.level,
        statement=result.statement,
        was=was.verdict if was else None,
        now=now.verdict if now else None,
        sentence_before=earlier,
        sentence=later,
        root=now.beside if now else "",
    )


def _kind(
    was: RequirementResult | None, now: RequirementResult | None, violated: Collection[Verdict]
) -> ChangeKind:
    if now is None:
        return "removed"
    if now.verdict in violated and (was is None or was.verdict not in violated):
        return "broken"
    if was is None:
        return "added"
    return "fixed" if was.verdict in violated and now.verdict in MET else "changed"


def _caveats(old: Summary, new: Summary) -> tuple[str, ...]:
    differing = (
        ("The runs have different targets.", old.target.base_url != new.target.base_url),
        ("The runs have different profiles.", old.profile != new.profile),
        ("The runs were judged by different specs.", old.specs != new.specs),
        ("The runs have different scopes.", old.scope != new.scope),
        ("The earlier run ended early.", bool(old.stopped)),
        ("The later run ended early.", bool(new.stopped)),
    )
    return tuple(sentence for sentence, holds in differing if holds)
