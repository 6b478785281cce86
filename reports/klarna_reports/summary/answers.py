"""What a target answered, place by place, so that targets can be compared.

A place is a step of a scenario, or the reads after it. Two targets are compared at the places of
the scenarios that both received.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal, NamedTuple

import msgspec

from klarna_reports.record.record import Finding, Played, Record
from klarna_reports.summary.tally import JUDGED
from klarna_specs.exchange import Exchange, Response
from klarna_specs.scenario import Scenario, steps_of
from klarna_specs.spec import Contradiction, Requirement, Spec

__all__ = ["Answer", "Answers", "Part", "Place", "Spot", "part_of", "place_of"]

Part = Literal["status", "error code", "other"]
"""The part of a response that an answer is about."""
_ID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}")
_DECIDED: frozenset[str] = frozenset({"error_status", "release_without_captures", "refund_bound"})
"""The contradictions whose interpretation is a status."""


class Place(NamedTuple):
    """The index of a step (None: before the first or after the last) and what was sent for it."""

    step: int | None
    purpose: str


class Spot(NamedTuple):
    """A place of a scenario, which is named by its digest."""

    scenario: bytes
    place: Place


class Answer(msgspec.Struct, frozen=True):
    """What one requirement or contradiction saw at a place.

    `values` are statuses with error codes, or interpretations; empty where only `deviates` counts,
    whether the requirement was not met. `exchanges` are the indices of the first such exchange and
    of the read that shows it.
    """

    deviates: bool
    values: tuple[str, ...]
    exchanges: tuple[int, ...]
    aspects: tuple[str, ...]


@dataclass(slots=True)
class _Heard:
    """The answers so far at one place of one requirement."""

    deviates: bool = False
    values: set[str] = field(default_factory=set[str])
    exchanges: tuple[int, ...] = ()
    aspects: set[str] = field(default_factory=set[str])


class Answers:
    """The answers of one target; scenarios that were not sent in full are left out.

    `positions` are the indices of the scenarios in the record, `steps` the numbers of their steps.
    """

    def __init__(self, spec: Spec, record: Record) -> None:
        self.positions: dict[bytes, int] = {}
        self.steps: dict[bytes, int] = {}
        self._found: dict[bytes, Mapping[tuple[str, Place], Answer]] = {}
        self._known: dict[Answer, Answer] = {}
        self._requirements = {  # without those that do not apply to a run
            each.id: each for each in spec.requirements if "traffic" not in each.needs
        }
        self._contradictions = frozenset(each.id for each in spec.contradictions)
        for position, played in enumerate(record.played):
            if played.shrunk_from or played.unavailable or played.error:
                continue
            name = _digest(played.scenario)
            if name not in self.positions:
                self.positions[name] = position
                self.steps[name] = len(steps_of(played.scenario))
                self._found[name] = self._answers(played)

    def at(self, scenario: bytes) -> Mapping[tuple[str, Place], Answer]:
        """The answers of a scenario by requirement (or contradiction) and place."""
        return self._found[scenario]

    def _answers(self, played: Played) -> Mapping[tuple[str, Place], Answer]:
        heard: defaultdict[tuple[str, Place], _Heard] = defaultdict(_Heard)
        for finding in played.findings:
            known = finding.requirement in self._requirements
            if finding.verdict in JUDGED and (known or finding.requirement in self._contradictions):
                self._hear(heard, played, finding)
        return {
            key: self._shared(
                Answer(
                    one.deviates,
                    tuple(sorted(one.values)),
                    one.exchanges,
                    tuple(sorted(one.aspects)),
                )
            )
            for key, one in heard.items()
        }

    def _hear(
        self, heard: dict[tuple[str, Place], _Heard], played: Played, finding: Finding
    ) -> None:
        exchange = played.exchanges[finding.exchange]
        requirement = self._requirements.get(finding.requirement)
        # Which of concurrent calls succeeds is a matter of time.
        values = (
            () if exchange.group is not None else tuple(_values(requirement, finding, exchange))
        )
        deviates = _deviates(requirement, finding)
        if not (values or deviates):
            return
        one = heard[finding.requirement, place_of(exchange)]
        if deviates > one.deviates or not one.exchanges:
            one.exchanges = played.exchanges_of(finding)
        one.deviates |= deviates
        one.values.update(values)
        one.aspects.update(finding.aspects)

    def _shared(self, answer: Answer) -> Answer:
        """One object for all equal answers: a run has many."""
        return self._known.setdefault(answer, answer)


def part_of(statement: Requirement | Contradiction) -> Part:
    """The part of a response that a requirement or contradiction is about."""
    if isinstance(statement, Contradiction):
        return "status" if statement.observe in _DECIDED else "other"
    if _decides(statement) or statement.check == "status":
        return "status"
    return "error code" if statement.check == "error_code" else "other"


def place_of(exchange: Exchange) -> Place:
    """The place of an exchange in its scenario."""
    return Place(exchange.step, exchange.purpose)


def _digest(scenario: Scenario) -> bytes:
    text = msgspec.json.encode(scenario, order="deterministic")
    return blake2b(text, digest_size=16).digest()


def _decides(requirement: Requirement) -> bool:
    """Whether it is about a request being accepted or refused."""
    return bool(requirement.rule) or requirement.check == "accepted"


def _deviates(requirement: Requirement | None, finding: Finding) -> bool:
    if requirement is None:
        return False
    if finding.verdict == "INFO":
        return not requirement.rule
    return finding.verdict in ("FAIL", "WARN", "KNOWN")


def _values(requirement: Requirement | None, finding: Finding, exchange: Exchange) -> Iterator[str]:
    if requirement is None:
        yield finding.interpretation
    elif requirement.check == "status":
        yield _status(exchange)
    elif requirement.check == "error_code":
        yield _error_code(exchange)
    elif _decides(requirement):
        if requirement.check or "broken" in finding.aspects or _deviates(requirement, finding):
            yield _decision(exchange)
    elif finding.verdict == "INFO":
        yield _ID.sub("", finding.observed)


def _decision(exchange: Exchange) -> str:
    """A success, whichever status it has, or the status and the error code of anything else."""
    if exchange.outcome.is_success:
        return "success"
    return f"{_status(exchange)} {_error_code(exchange)}".rstrip()


def _status(exchange: Exchange) -> str:
    outcome = exchange.outcome
    return str(outcome.status) if isinstance(outcome, Response) else f"no-response-{outcome.kind}"


def _error_code(exchange: Exchange) -> str:
    response = exchange.response
    if response is None or not response.is_refusal:
        return ""
    code = (response.body.members or {}).get("error_code")
    return code if isinstance(code, str) else ""
