"""The targets of a comparison: what was recorded of each, and what it answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from klarna_reports.record.record import Played, Record, Verdict
from klarna_reports.record.results import Summary
from klarna_reports.summary.answers import Answers, Spot, place_of
from klarna_reports.summary.comparison import Column, Shown
from klarna_reports.summary.judged import recorded_spec
from klarna_reports.summary.summary import summarise
from klarna_specs.exchange import Exchange
from klarna_specs.spec import Spec

__all__ = ["Source", "Tested", "untested"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A target to compare: a unique name, the folder of its run, and the record.

    The record is None if there was no run; then `problem` says why, with its `exit_code`. `spec` is
    by default that of the comparison, under the profile of the record.

    >>> Source(name="sandbox", folder="sandbox", record=record).problem
    ''
    """

    name: str
    folder: str
    record: Record | None
    problem: str = ""
    exit_code: int = 0
    spec: Spec | None = None


@dataclass(frozen=True, slots=True)
class Tested:
    """A target that was tested: its record, its specs, its results, and its answers.

    `demands` holds for each requirement what it demands: equal texts are the same demand.
    """

    source: Source
    spec: Spec
    record: Record
    summary: Summary
    answers: Answers
    verdicts: Mapping[str, Verdict]
    beside: Mapping[str, str]
    demands: Mapping[str, str]

    @classmethod
    def of(cls, spec: Spec, source: Source) -> "Tested":
        assert source.record is not None
        header = source.record.header
        if source.spec or header.profile != spec.profile:
            spec = source.spec or recorded_spec(header)
        summary = summarise(spec, source.record)
        return cls(
            source,
            spec,
            source.record,
            summary,
            Answers(spec, source.record),
            {result.id: result.verdict for result in summary.requirements},
            {result.id: result.beside for result in summary.requirements},
            {
                each.id: repr(each) if spec.fingerprint == header.specs else header.specs
                for each in spec.requirements
            },
        )

    @property
    def judged_by_other_specs(self) -> bool:
        """Whether the specs that judged its run are not those at hand."""
        return self.spec.fingerprint != self.record.header.specs

    @property
    def column(self) -> Column:
        summary = self.summary
        return Column(
            name=self.source.name,
            folder=self.source.folder,
            base_url=summary.target.base_url,
            verdict=summary.verdict,
            exit_code=summary.exit_code,
            reason=summary.reason,
            started_at=summary.started_at,
            run_id=summary.run_id,
            seed=summary.seed,
            profile=summary.profile,
            specs=summary.specs,
            scenarios=summary.scenarios,
            requests_sent=summary.requests_sent,
            stopped=summary.stopped,
        )

    def shown(self, spot: Spot, model: Sequence[Exchange]) -> Shown:
        """The exchanges at a place that correspond to those of another target."""
        played = self.played(spot.scenario)
        indices = [i for each in model if (i := _corresponding(played, each)) is not None]
        indices = list(dict.fromkeys(indices))
        return Shown(
            target=self.source.name,
            scenario=played.id,
            indices=tuple(indices),
            exchanges=tuple(played.exchanges[i] for i in indices),
        )

    def played(self, scenario: bytes) -> Played:
        return self.record.played[self.answers.positions[scenario]]


def untested(source: Source) -> Column:
    return Column(
        name=source.name,
        folder=source.folder,
        base_url="",
        verdict=None,
        exit_code=source.exit_code,
        reason=source.problem,
    )


def _corresponding(played: Played, model: Exchange) -> int | None:
    """The exchange at the same place, of the same kind if there is one."""
    here = [i for i, e in enumerate(played.exchanges) if place_of(e) == place_of(model)]
    kind = _kind(model)
    return next((i for i in here if _kind(played.exchanges[i]) == kind), here[0] if here else None)


def _kind(exchange: Exchange) -> tuple[str, int]:
    return exchange.request.method, exchange.request.path.count("/")
