"""Counterexamples: failing requirements, each with the smallest scenario that shows it."""

import math
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from klarna_conformance.errors import UsageError
from klarna_conformance.play.engine import play_and_judge
from klarna_conformance.play.shrinking import shrink
from klarna_conformance.target.target import Target
from klarna_reports.record.record import Finding, Played
from klarna_reports.summary.replay import counterexample_name
from klarna_reports.words.curl import curl_line
from klarna_reports.words.timeline import timeline
from klarna_specs.client.requirements import CLIENT
from klarna_specs.errors import SpecFileError
from klarna_specs.json_value import as_object
from klarna_specs.loader import shaped
from klarna_specs.scenario import Scenario, steps_of
from klarna_specs.spec import Spec
from klarna_specs.yaml_text import parse_yaml

__all__ = [
    "Counterexample",
    "find_counterexample",
    "find_counterexamples",
    "read_counterexample",
    "smallest_failing",
]

_BUDGET_EACH, _BUDGET_ALL = 300, 2_000
"""The most candidates for one requirement, and for all of them."""
_SECONDS_ALL = 20.0
"""The time for all candidates, in seconds: slow targets get longer counterexamples."""


class Counterexample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is saved of a counterexample: enough to read it, to replay it, and to send it by hand.

    `timeline` says when each of several concurrent calls was sent and answered, in milliseconds.
    """

    requirement: str
    statement: str
    expected: str
    observed: str
    scenario: Scenario
    curl: tuple[str, ...] = ()
    timeline: tuple[str, ...] = ()

    def save(self, directory: Path) -> Path:
        """Writes it to a file named for the requirement."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / counterexample_name(self.requirement)
        path.write_bytes(msgspec.yaml.encode(self))
        return path


def read_counterexample(path: Path) -> Counterexample:
    """Reads a saved counterexample; raises UsageError with the line of what is wrong in it."""
    try:
        text = path.read_text(encoding="utf-8")
        saved = parse_yaml(str(path), text)
        if str((as_object(saved.root) or {}).get("requirement", "")).startswith(f"{CLIENT}."):
            raise UsageError(
                f"{path} is of a client: play it with `client --replay {path} -- ADAPTER`"
            )
        return shaped(saved, Counterexample)
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"{path} cannot be read: {exc}") from exc
    except SpecFileError as exc:
        raise UsageError(str(exc)) from exc


def smallest_failing(all_played: Iterable[Played]) -> dict[str, Played]:
    """For each requirement that failed, the scenario with the fewest steps and exchanges."""
    smallest: dict[str, Played] = {}
    for played in all_played:
        for requirement in {f.requirement for f in played.findings if f.verdict == "FAIL"}:
            known = smallest.get(requirement)
            if known is None or _length(played) < _length(known):
                smallest[requirement] = played
    return smallest


def _length(played: Played) -> tuple[int, int]:
    return len(steps_of(played.scenario)), len(played.exchanges)


async def find_counterexamples(
    spec: Spec,
    target: Target,
    failing: Iterable[Played],
    *,
    nonce: str,
    known: Sequence[Played] = (),
    go_on: Callable[[], bool] = lambda: True,
) -> AsyncIterator[tuple[Played, Counterexample]]:
    """For each requirement that failed, the shrunk scenario as played, and what is saved of it.

    Leaves out the requirements of the `known` counterexamples, and ends when `go_on` is false.
    """
    smallest = smallest_failing(failing)
    for requirement in smallest_failing(known):
        smallest.pop(requirement, None)
    until_s = time.monotonic() + _SECONDS_ALL
    budget = min(_BUDGET_EACH, _BUDGET_ALL // max(len(smallest), 1))
    for number, (requirement, played) in enumerate(smallest.items(), 1 + len(known)):
        if not go_on():
            return
        yield await find_counterexample(
            spec,
            target,
            requirement,
            played,
            identifier=f"c{number:04}",
            nonce=nonce,
            budget=budget,
            until_s=until_s,
        )


async def find_counterexample(
    spec: Spec,
    target: Target,
    requirement: str,
    failing: Played,
    *,
    identifier: str,
    nonce: str,
    budget: int = _BUDGET_EACH,
    until_s: float = math.inf,
) -> tuple[Played, Counterexample]:
    """Shrinks a failing scenario; returns it as played, with what is saved of it.

    Plays at most `budget` candidates, and none after `until_s` (monotonic clock).
    """
    attempts = 0

    async def still_fails(scenario: Scenario) -> Played | None:
        nonlocal attempts
        if time.monotonic() > until_s:
            return None
        attempts += 1
        played = await play_and_judge(
            spec,
            target,
            scenario,
            identifier=identifier,
            nonce=f"{nonce}:{identifier}:{attempts}",
        )
        return played if _failure(played, requirement) else None

    shrunk = await shrink(failing, still_fails, budget=budget)
    shrunk = msgspec.structs.replace(shrunk, id=identifier, shrunk_from=failing.id)
    finding = _failure(shrunk, requirement)
    assert finding is not None
    steps = [e for e in shrunk.exchanges if e.purpose == "step"] or shrunk.exchanges
    counterexample = Counterexample(
        requirement=requirement,
        statement=spec.requirement(requirement).statement,
        expected=finding.expected,
        observed=finding.observed,
        scenario=shrunk.scenario,
        curl=tuple(curl_line(target.facts.base_url, exchange.request) for exchange in steps),
        timeline=timeline(shrunk.exchanges),
    )
    return shrunk, counterexample


def _failure(played: Played, requirement: str) -> Finding | None:
    failures = (f for f in played.findings if f.requirement == requirement and f.verdict == "FAIL")
    return next(failures, None)
