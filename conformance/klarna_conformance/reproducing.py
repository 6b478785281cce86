"""Plays one scenario again from a test, as the files that `report --format pytest` writes do."""

import asyncio
import os
import uuid
from typing import Any

import msgspec

from klarna_conformance import defaults
from klarna_conformance.errors import PreflightError
from klarna_conformance.play.replaying import replay_on
from klarna_conformance.target.opening import open_target
from klarna_specs.loader import load
from klarna_specs.profiles import DEFAULT_PROFILE
from klarna_specs.scenario import Scenario

__all__ = ["violations"]


def violations(
    requirement: str, scenario: Any, target: str | None = None, *, profile: str = DEFAULT_PROFILE
) -> list[str]:
    """What the server does against the requirement in this scenario, a sentence each.

    `scenario` is one as JSON values; `target` a target file, a URL or `mock`, by default what the
    environment variable KLARNA_TARGET says; `profile` is that of the run. Raises
    msgspec.ValidationError for what is no scenario, UsageError for what is no target, and
    PreflightError where its order cannot be had.
    """
    spec = load(profile=profile)
    opened = open_target(
        target or os.environ.get("KLARNA_TARGET", "mock"), spec, seed=defaults.SEED
    )
    played = asyncio.run(
        replay_on(spec, opened, msgspec.convert(scenario, Scenario), nonce=str(uuid.uuid4()))
    )
    if played.unavailable:
        raise PreflightError(f"no order can be had: {played.unavailable.reason}")
    return [
        f"expected {found.expected}, observed {found.observed}"
        for found in played.findings
        if found.requirement == requirement and found.verdict == "FAIL"
    ]
