"""Compares the records of several targets, requirement by requirement."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from klarna_reports.errors import ComparisonError
from klarna_reports.record.journal import FILE_NAME, read_journal
from klarna_reports.record.record import Verdict
from klarna_reports.record.results import Summary
from klarna_reports.summary.answers import Answer, Part, Spot, part_of
from klarna_reports.summary.compared_target import Source, Tested, untested
from klarna_reports.summary.comparison import (
    Cell,
    Column,
    Comparison,
    Difference,
    DifferenceKind,
    Row,
    Shown,
)
from klarna_reports.summary.judged import recorded_spec
from klarna_specs.spec import Contradiction, Requirement, Spec

__all__ = ["compared", "compared_folders"]

_WHOLE = ".described-response"
"""How the ids of requirements about all of a response end."""


def compared(spec: Spec, sources: Sequence[Source]) -> Comparison:
    """Compares runs of servers; the records may be of any seeds, plans, specs and profiles.

    >>> sources = [Source(name="sandbox", folder="conformance-report", record=record)] * 2
    >>> compared(spec, sources).differences
    ()
    """
    tested = [Tested.of(spec, each) for each in sources if each.record]
    by_name = {each.source.name: each for each in tested}
    columns = tuple(
        by_name[each.name].column if each.name in by_name else untested(each) for each in sources
    )
    return _Comparing(spec, columns, tested).comparison()


def compared_folders(
    spec: Spec, folders: Sequence[Path], directory: Path | None = None
) -> Comparison:
    """Compares the runs of servers in these folders, by the specs in a `directory`.

    Without one, those of the package are taken. Raises JournalError, and ComparisonError for
    records with no scenario in common.

    >>> compared_folders(spec, [Path("conformance-report"), Path("./conformance-report/.")])
    Traceback (most recent call last):
    klarna_reports.errors.ComparisonError: conformance-report is given twice
    """
    if len(folders) < 2:
        raise ComparisonError("a comparison needs the folders of two runs or more")
    records = [read_journal(folder / FILE_NAME) for folder in folders]
    for folder, record in zip(folders, records, strict=True):
        if record.header.certified or record.header.watched:
            raise ComparisonError(f"{folder} is not the record of `run`: only servers are compared")
    names = _names([record.header.target.name for record in records], folders)
    comparison = compared(
        spec,
        [
            Source(
                name=name,
                folder=str(folder),
                record=record,
                spec=recorded_spec(record.header, directory),
            )
            for name, folder, record in zip(names, folders, records, strict=True)
        ],
    )
    if not comparison.shared:
        raise ComparisonError("no scenario was sent in full to every target: nothing to compare")
    return comparison


def _names(targets: Sequence[str], folders: Sequence[Path]) -> list[str]:
    """The names of the targets, with their folders where they are equal."""
    folder_names = [str(folder) for folder in folders]
    if twice := next((each for each in folder_names if folder_names.count(each) > 1), None):
        raise ComparisonError(f"{twice} is given twice")
    return [
        f"{name} ({folder})" if targets.count(name) > 1 else name
        for name, folder in zip(targets, folder_names, strict=True)
    ]


@dataclass(slots=True)
class _Found:
    """Where targets differ in one requirement: the spots with their parts, the aspects."""

    parts: set[tuple[Spot, Part]]
    aspects: set[str]
    first: Spot
    by_verdict: bool = False


class _Comparing:
    """One comparison in the making."""

    def __init__(self, spec: Spec, columns: Sequence[Column], tested: Sequence[Tested]) -> None:
        self._columns = columns
        self._tested = tested
        self._places = [
            next((t for t in tested if t.source.name == column.name), None) for column in columns
        ]
        received = [frozenset(each.answers.positions) for each in tested]
        self._anywhere = frozenset[bytes]().union(*received)
        self._everywhere = self._anywhere.intersection(*received)
        self._found: dict[str, _Found] = {}
        specs = [each.spec for each in reversed(tested)] or [spec]  # the first target's count
        self._requirements = {
            each.id: each
            for spec in specs
            for each in (*(e.requirement for e in spec.inapplicable), *spec.requirements)
        }
        self._contradictions = {each.id: each for spec in specs for each in spec.contradictions}
        self._statements = {**self._requirements, **self._contradictions}

    def comparison(self) -> Comparison:
        for scenario in sorted(self._anywhere, key=self._rank):
            self._compare(scenario)
        rows = [*self._requirement_rows(), *self._contradiction_rows()]
        follows = self._consequences()
        return Comparison(
            targets=tuple(self._columns),
            shared=len(self._everywhere),
            partly=len(self._anywhere - self._everywhere),
            caveats=tuple(self._caveats()),
            rows=tuple(self._with_difference(row, follows) for row in rows),
        )

    def _rank(self, scenario: bytes) -> tuple[int, int, bytes]:
        """The shortest scenarios come first: the first one is shown."""
        holders = [each.answers for each in self._tested if scenario in each.answers.positions]
        return holders[0].steps[scenario], min(a.positions[scenario] for a in holders), scenario

    def _compare(self, scenario: bytes) -> None:
        holders = [each for each in self._tested if scenario in each.answers.positions]
        answers = [each.answers.at(scenario) for each in holders]
        if len(answers) < 2:
            return
        for name, place in dict.fromkeys(key for each in answers for key in each):
            found = [each.get((name, place)) for each in answers]
            demands = [each.demands.get(name) for each in holders]
            self._compare_at(Spot(scenario, place), name, found, demands)

    def _compare_at(
        self,
        spot: Spot,
        name: str,
        answers: Sequence[Answer | None],
        demands: Sequence[str | None],
    ) -> None:
        """Compares answers under any specs, verdicts only where the requirement is the same."""
        judged = {
            (demand, bool(each and each.deviates))
            for each, demand in zip(answers, demands, strict=True)
            if demand is not None
        }
        by_verdict = len(judged) > len({demand for demand, _ in judged})
        values = {each.values for each in answers if each and each.values}
        if not by_verdict and len(values) < 2:
            return
        found = self._found.setdefault(name, _Found(set(), set(), spot))
        found.by_verdict |= by_verdict
        found.parts.update((spot, part) for part in self._parts(name, values))
        found.aspects.update(aspect for each in answers if each for aspect in each.aspects)

    def _parts(self, name: str, values: Iterable[tuple[str, ...]]) -> set[Part]:
        own = part_of(self._statements[name])
        shown = [value.partition(" ") for each in values for value in each]
        if own != "status" or len(shown) < 2:
            return {own}
        statuses, codes = ({each[i] for each in shown} for i in (0, 2))
        named: tuple[tuple[Part, int], ...] = (
            ("status", len(statuses)),
            ("error code", len(codes)),
        )
        return {part for part, count in named if count > 1}

    def _consequences(self) -> Mapping[str, str]:
        """For each difference that others include, one of them."""
        covering: dict[tuple[Spot, Part], str] = {}
        follows: dict[str, str] = {}
        for name in sorted(self._found, key=lambda name: _summing(self._statements[name])):
            parts = self._found[name].parts
            roots = (each.beside.get(name, "") for each in self._tested)
            root = next((root for root in roots if root in self._found), "")
            root = root or self._including(covering, parts, name)
            if root:
                follows[name] = root
            else:
                covering.update({each: name for each in parts if each not in covering})
        return follows

    def _including(
        self,
        covering: Mapping[tuple[Spot, Part], str],
        parts: Iterable[tuple[Spot, Part]],
        name: str,
    ) -> str:
        """A difference in the same parts of the same responses; empty if some are in no other."""
        if name.endswith(_WHOLE):  # it is about every part
            spots = {spot: other for (spot, _), other in covering.items()}
            others = [spots.get(spot, "") for spot, _ in parts]
        else:
            others = [covering.get(each, "") * (each[1] != "other") for each in parts]
        return others[0] if all(others) else ""

    def _requirement_rows(self) -> Iterable[Row]:
        named = {name for each in self._tested for name in each.verdicts}
        for requirement in self._requirements.values():
            if requirement.id in named:
                yield Row(
                    id=requirement.id,
                    level=requirement.level,
                    operation=requirement.operation,
                    statement=requirement.statement,
                    cells=tuple(self._cell(each, requirement.id) for each in self._places),
                )

    def _contradiction_rows(self) -> Iterable[Row]:
        for contradiction in self._contradictions.values():
            if contradiction.observe:
                yield Row(
                    id=contradiction.id,
                    level="INFO",
                    operation="",
                    statement=contradiction.statement,
                    cells=tuple(self._followed(each, contradiction.id) for each in self._places),
                )

    def _cell(self, tested: Tested | None, name: str) -> Cell:
        if tested is None:
            return Cell(verdict=None)
        found = self._found.get(name)
        seen = [] if found is None else _answers_at(tested, name, {s for s, _ in found.parts})
        return Cell(
            verdict=tested.verdicts.get(name),
            observed=tuple(sorted({value for each in seen for value in each.values})),
            deviates=any(each.deviates for each in seen),
        )

    def _followed(self, tested: Tested | None, name: str) -> Cell:
        if tested is None:
            return Cell(verdict=None)
        known = tested.summary.contradictions
        followed = {
            interpretation for each in known if each.id == name for interpretation in each.followed
        }
        cell = self._cell(tested, name)
        verdict: Verdict = "INFO" if followed else "NOT_RUN"
        observed = cell.observed if name in self._found else tuple(sorted(followed))
        return msgspec.structs.replace(cell, verdict=verdict, observed=observed)

    def _with_difference(self, row: Row, follows: Mapping[str, str]) -> Row:
        found = self._found.get(row.id)
        verdicts = {_violated(cell.verdict) for cell, t in self._cells(row) if t}
        if found is None and len(verdicts) < 2:
            return row
        if found is None:
            kind: DifferenceKind = (
                "unseen" if len(verdicts - {"NOT_RUN", "NOT_APPLICABLE", None}) < 2 else "question"
            )
            difference = Difference(kind=kind, sentence=self._verdict_sentence(row))
        else:
            by_verdict = found.by_verdict and len(verdicts) > 1
            difference = Difference(
                kind="verdict" if by_verdict else "answer",
                sentence=self._answer_sentence(row),
                places=len({spot for spot, _ in found.parts}),
                aspects=tuple(sorted(found.aspects)),
                follows=follows.get(row.id, ""),
                shown=tuple(self._shown(row.id, found.first)),
            )
        return msgspec.structs.replace(row, difference=difference)

    def _cells(self, row: Row) -> Iterable[tuple[Cell, Tested | None]]:
        return zip(row.cells, self._places, strict=True)

    def _verdict_sentence(self, row: Row) -> str:
        return "; ".join(
            f"{t.source.name}: {cell.verdict or 'not in scope'}"
            for cell, t in self._cells(row)
            if t
        )

    def _answer_sentence(self, row: Row) -> str:
        return "; ".join(
            f"{t.source.name}: {_said(cell, row.id, t.summary)}"
            for cell, t in self._cells(row)
            if t
        )

    def _shown(self, name: str, spot: Spot) -> Iterable[Shown]:
        """The exchanges of the first target with each different answer."""
        holders = [t for t in self._tested if spot.scenario in t.answers.positions]
        answers = [t.answers.at(spot.scenario).get((name, spot.place)) for t in holders]
        leading = max(answers, key=lambda a: (a is not None and a.deviates, a is not None))
        assert leading is not None
        played = holders[answers.index(leading)].played(spot.scenario)
        model = [played.exchanges[i] for i in leading.exchanges]
        seen: set[tuple[bool, tuple[str, ...]]] = set()
        for tested, answer in zip(holders, answers, strict=True):
            state = (answer.deviates, answer.values) if answer else (False, ())
            if state not in seen:
                seen.add(state)
                yield tested.shown(spot, model)

    def _caveats(self) -> Iterable[str]:
        headers = [each.record.header for each in self._tested]
        differing: Sequence[tuple[str, Iterable[object]]] = (
            ("seeds", (header.seed for header in headers)),
            ("scopes", (repr(header.scope) for header in headers)),
            (
                "profiles: verdicts are compared where the requirement is the same",
                (header.profile.argument for header in headers),
            ),
            ("versions of this program", (repr(sorted(h.versions.items())) for h in headers)),
        )
        for what, values in differing:
            if len(set(values)) > 1:
                yield f"The records have different {what}."
        others = any(each.judged_by_other_specs for each in self._tested)
        if others and len({header.specs for header in headers}) > 1:
            yield "The records have different specs: answers are compared, verdicts are not."
        for each in self._tested:
            if each.summary.stopped:
                yield f"The run on {each.source.name} is not complete: {each.summary.stopped}."
        for column in self._columns:
            if column.verdict is None:
                yield f"{column.name} was not tested: {column.reason}"
        if partly := len(self._anywhere - self._everywhere):
            total = partly + len(self._everywhere)
            yield (
                f"{len(self._everywhere)} of {total} scenarios were sent in full to every target; "
                "a verdict that rests on others proves no difference."
            )


def _summing(statement: Requirement | Contradiction) -> int:
    """Rules come first, then checks of one member, then what sums up others."""
    if isinstance(statement, Contradiction):
        return 2
    if statement.id.endswith(_WHOLE):
        return 3
    return 0 if statement.rule or statement.check == "accepted" else 1


def _answers_at(tested: Tested, name: str, spots: Iterable[Spot]) -> list[Answer]:
    held = (s for s in spots if s.scenario in tested.answers.positions)
    found = (tested.answers.at(s.scenario).get((name, s.place)) for s in held)
    return [answer for answer in found if answer]


def _violated(verdict: Verdict | None) -> Verdict | None:
    """The verdict without what was accepted: that differs between lists, not between targets."""
    return "FAIL" if verdict == "KNOWN" else verdict


def _said(cell: Cell, name: str, summary: Summary) -> str:
    """What a target answered, or else how it deviates."""
    values = " or ".join(cell.observed)
    if values:
        return f"{values} (deviates)" if cell.deviates else values
    if not cell.deviates:
        return "does not deviate"
    sentences = (each.sentence for each in summary.findings if each.requirement == name)
    return next(filter(None, sentences), "deviates").rstrip(".")
