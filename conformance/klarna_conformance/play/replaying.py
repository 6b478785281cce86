"""Replays one scenario on a target, as `replay` does."""

from klarna_conformance.play.discovery import discover_interpretations
from klarna_conformance.play.engine import play_and_judge
from klarna_conformance.play.preflight import preflight
from klarna_conformance.target.target import OpenTarget
from klarna_reports.record.record import Played
from klarna_specs.scenario import Scenario
from klarna_specs.spec import Spec

__all__ = ["replay_on"]


async def replay_on(spec: Spec, target: OpenTarget, scenario: Scenario, *, nonce: str) -> Played:
    """The scenario as played and judged; raises PreflightError if the target does not work."""
    async with target:
        await preflight(target)
        interpretations, _ = await discover_interpretations(spec, target, nonce)
        target.follow(interpretations)
        return await play_and_judge(spec, target, scenario, identifier="replay", nonce=nonce)
