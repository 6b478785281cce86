"""Runs the suite against each mutant and harmless variant, in parallel processes."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from klarna_conformance.campaign.judged_before import JudgedBefore
from klarna_conformance.executors.workers import Call, Workers
from klarna_conformance.plan.dry_run import MockTarget
from klarna_conformance.plan.planning import make_plan
from klarna_conformance.plan.planning_cache import PlanningCache
from klarna_conformance.play.counterexample_file import smallest_failing
from klarna_conformance.play.counterexamples import find_counterexample
from klarna_conformance.play.discovery import discover_interpretations
from klarna_conformance.play.engine import play_and_judge
from klarna_conformance.wrong.catalogue import Mutant
from klarna_conformance.wrong.making import make_mutant
from klarna_reports.record.record import Played
from klarna_specs.goals import Scope
from klarna_specs.loader import load
from klarna_specs.profiles import DEFAULT_PROFILE
from klarna_specs.scenario import Scenario, steps_of
from klarna_specs.spec import Spec

__all__ = ["Campaign", "Trial", "Trials", "try_mutants"]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """The result of the suite for one mutant or harmless variant.

    `killed_by` counts the failing scenarios by requirement, including WARN for requirements in
    `caught_by`; `requests_to_kill` is the number of requests until the first failure, `steps` the
    length of the shrunk counterexample of a requirement in `caught_by` (both None without one).
    """

    id: str
    kind: str
    harmless: bool
    caught_by: tuple[str, ...]
    killed_by: dict[str, int]
    requests: int
    requests_to_kill: int | None
    steps: int | None
    error: str = ""

    @property
    def as_wanted(self) -> bool:
        """Whether a requirement in `caught_by` detected a mutant, or none a harmless variant."""
        if self.error:
            return False
        if self.harmless:
            return not self.killed_by
        return any(requirement in self.killed_by for requirement in self.caught_by)


class Trials(msgspec.Struct, frozen=True, kw_only=True):
    """All trials of a campaign, with its options for a repetition."""

    seed: int
    examples: int
    trials: tuple[Trial, ...]

    @property
    def survivors(self) -> tuple[Trial, ...]:
        """Mutants that no requirement in `caught_by` detected."""
        return tuple(t for t in self.trials if not t.harmless and not t.as_wanted)

    @property
    def false_alarms(self) -> tuple[Trial, ...]:
        """Harmless variants for which a requirement failed."""
        return tuple(t for t in self.trials if t.harmless and not t.as_wanted)


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a campaign; `full` continues after a mutant was detected, to fill the matrix.

    `max_requests` is the request budget of the plan.
    """

    seed: int
    examples: int
    max_requests: int | None = None
    no_cache: bool = False
    specs: Path | None = None
    profile: str = DEFAULT_PROFILE
    full: bool = False


def try_mutants(chosen: Sequence[Mutant], campaign: Campaign, workers: Workers) -> Iterator[Trial]:
    """Yields a trial for each mutant; a mutant without `caught_by` is harmless.

    The plan is the same for all mutants, and covers every goal early: most are detected soon.
    """
    spec = load(campaign.specs, campaign.profile)
    plan = make_plan(
        spec,
        scope=Scope(),
        seed=campaign.seed,
        examples=campaign.examples,
        max_requests=campaign.max_requests,
        cache=PlanningCache.of_user(disabled=campaign.no_cache),
    )
    state = _State(spec, campaign, plan.scenarios, JudgedBefore())
    with workers.open(state, repeatable=True) as executor:
        for trial in [executor.submit(_finished_trial, mutant) for mutant in chosen]:
            yield trial.result()


@dataclass(frozen=True, slots=True)
class _State:
    """What all trials have in common."""

    spec: Spec
    campaign: Campaign
    scenarios: tuple[Scenario, ...]
    judging: JudgedBefore


def _finished_trial(call: Call[_State], mutant: Mutant) -> Trial:
    return asyncio.run(_trial(mutant, call))


async def _trial(mutant: Mutant, call: Call[_State]) -> Trial:
    state, spec, campaign = call.state, call.state.spec, call.state.campaign
    target = MockTarget(make_mutant(spec, mutant, seed=campaign.seed))
    interpretations, _ = await discover_interpretations(spec, target, "")
    target.facts = msgspec.structs.replace(target.facts, interpretations=interpretations)
    failing: list[Played] = []
    sent, first, error = 0, None, ""
    for number, scenario in enumerate(state.scenarios, 1):
        if call.ended():
            break
        played = await play_and_judge(
            spec, target, scenario, identifier=f"s{number:04}", judging=state.judging
        )
        sent += len(played.exchanges)
        if error := played.error and f"{played.id}: {played.error}":
            break
        if violated := _violated(played, mutant):
            first = first or sent
            failing.append(played)
            if not campaign.full and violated.intersection(mutant.caught_by):
                break
    smallest = smallest_failing(spec, failing)
    wanted = next((name for name in mutant.caught_by if name in smallest), None)
    steps = None
    if wanted:
        shrunk, _ = await find_counterexample(
            spec, target, wanted, smallest[wanted], identifier="c0001", nonce=""
        )
        steps = len(steps_of(shrunk.scenario))
    return Trial(
        id=mutant.id,
        kind=mutant.kind,
        harmless=not mutant.caught_by,
        caught_by=mutant.caught_by,
        killed_by=_killers(failing, mutant),
        requests=sent,
        requests_to_kill=first,
        steps=steps,
        error=error,
    )


def _violated(played: Played, mutant: Mutant) -> set[str]:
    """The requirements that a scenario violates, including WARN for those in `caught_by`."""
    return {
        finding.requirement
        for finding in played.findings
        if finding.verdict == "FAIL"
        or (finding.verdict == "WARN" and finding.requirement in mutant.caught_by)
    }


def _killers(failing: Iterable[Played], mutant: Mutant) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for played in failing:
        counted.update(_violated(played, mutant))
    return dict(counted.most_common())
