"""A whole run of the default plan on the mock: all is seen, and nothing fails."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from klarna_specs.loader import load

SPEC = load()


@pytest.fixture(scope="session")
def full_run(shared_run: Callable[..., Path]) -> dict[str, Any]:
    """`run.json` of a whole run on the mock with default options."""
    return json.loads((shared_run("full") / "run.json").read_text())


def test_the_mock_is_conformant(full_run: dict[str, Any]) -> None:
    assert (full_run["verdict"], full_run["exit_code"], full_run["findings"]) == (
        "CONFORMANT",
        0,
        [],
    )


def test_every_must_of_the_page_passes_on_the_mock_with_evidence(full_run: dict[str, Any]) -> None:
    page = {name for name, operation in SPEC.operations.items() if operation.on_page}
    seen = [
        (each["verdict"], each["evidence"] > 0)
        for each in full_run["requirements"]
        if each["level"] == "MUST" and each["operation"] in page
    ]

    assert (len(page), set(seen)) == (4, {("PASS", True)})


def test_every_requirement_is_seen_on_the_mock(full_run: dict[str, Any]) -> None:
    unseen = [
        r["id"]
        for r in full_run["requirements"]
        if r["verdict"] != "NOT_APPLICABLE" and (r["goals_missing"] or not r["evidence"])
    ]

    assert unseen == []


def test_every_contradiction_that_can_be_observed_is_observed_on_the_mock(
    full_run: dict[str, Any],
) -> None:
    silent = [
        each["id"]
        for each in full_run["contradictions"]
        if not each["followed"] and not each["unobserved"]
    ]

    assert silent == []
