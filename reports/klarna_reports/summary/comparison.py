"""Targets side by side: the result of a comparison, as values.

A difference is one of the targets only where they answered the same step of the same scenario
differently. Where only one of them received it, the verdicts differ, and the targets need not.
"""

from typing import Literal

import msgspec

from klarna_reports.record.record import Verdict
from klarna_reports.record.results import Overall
from klarna_specs.exchange import Exchange
from klarna_specs.spec import Level

__all__ = [
    "Cell",
    "Column",
    "Comparison",
    "Difference",
    "DifferenceKind",
    "Row",
    "Shown",
]

DifferenceKind = Literal["verdict", "answer", "unseen", "question"]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A target; `verdict` is None if it was not tested, and `reason` says why."""

    name: str
    folder: str
    base_url: str
    verdict: Overall | None
    exit_code: int
    reason: str
    started_at: str = ""
    run_id: str = ""
    seed: int = 0
    profile: str = ""
    specs: str = ""
    scenarios: int = 0
    requests_sent: int = 0
    stopped: str = ""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a requirement for a target; `verdict` is None if it has none.

    Where targets differ, `observed` are the statuses with error codes, or the interpretations, at
    the places where they do. `deviates`: the requirement is not met there.
    """

    verdict: Verdict | None
    observed: tuple[str, ...] = ()
    deviates: bool = False


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The exchanges of one target at a place: its name, the id of the scenario, their indices."""

    target: str
    scenario: str
    indices: tuple[int, ...]
    exchanges: tuple[Exchange, ...]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """How targets differ in a requirement.

    `verdict`: one meets it and another one does not. `answer`: the verdicts are equal, but not the
    statuses, error codes or interpretations. `unseen`: only some could be verified. `question`: the
    verdicts differ, but no request that several of them received shows it.

    `places` counts where the answers differ. `follows` names another difference that includes all
    of them. `shown` has the same step of the same scenario, for each target that differs.
    """

    kind: DifferenceKind
    sentence: str
    places: int = 0
    aspects: tuple[str, ...] = ()
    follows: str = ""
    shown: tuple[Shown, ...] = ()

    @property
    def is_of_targets(self) -> bool:
        """Whether the targets differ, and not only what was sent to them or seen."""
        return self.kind in ("verdict", "answer")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement, or a contradiction of the documentation (`operation` is empty)."""

    id: str
    level: Level
    operation: str
    statement: str
    cells: tuple[Cell, ...]
    difference: Difference | None = None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Targets side by side; the cells of a row are in the order of `targets`.

    `shared` is the number of scenarios that every tested target received in full, `partly` that of
    the others. `caveats` are sentences that say why the records are not fully comparable.

    >>> compared(spec, [Source(name="sandbox", folder="", record=record)] * 2).shared
    1
    """

    targets: tuple[Column, ...]
    shared: int
    partly: int
    caveats: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def differences(self) -> tuple[Row, ...]:
        """The rows where targets differ, without those that follow from others."""
        found = ((row, row.difference) for row in self.rows)
        return tuple(row for row, d in found if d and d.is_of_targets and not d.follows)

    @property
    def consequences(self) -> tuple[Row, ...]:
        """The rows where targets differ because they do in others."""
        return tuple(row for row in self.rows if row.difference and row.difference.follows)

    @property
    def incomparable(self) -> tuple[Row, ...]:
        """The rows with different verdicts where nothing shows that the targets differ."""
        found = ((row, row.difference) for row in self.rows)
        return tuple(row for row, d in found if d and not d.is_of_targets)

    @property
    def binding(self) -> tuple[Row, ...]:
        """The MUSTs that one target meets, and another one does not."""
        return tuple(
            row
            for row in self.rows
            if row.level == "MUST" and row.difference and row.difference.kind == "verdict"
        )
