"""A pytest file that reproduces the violations of a run, one test per requirement."""

import json
import re
from collections.abc import Iterator

import msgspec

from klarna_reports.record.record import Played, Record
from klarna_reports.record.results import ReportedFinding, Summary
from klarna_specs.profiles import DEFAULT_PROFILE

__all__ = ["pytest_file"]

_HEAD = '''"""Reproduces the violations of a conformance run: each test fails until it is fixed.

KLARNA_TARGET names the server: a target file, a URL, or `mock` (the default).
"""

import json

from klarna_conformance.reproducing import violations
'''

_NOTHING = "# No requirement was violated, so there is nothing to reproduce.\n"


def pytest_file(record: Record, summary: Summary) -> str:
    """The Python text of the tests: the first finding of each violated requirement.

    Without a violation there is no test.
    """
    first: dict[str, ReportedFinding] = {}
    for finding in summary.findings:
        if finding.verdict == "FAIL":
            first.setdefault(finding.requirement, finding)
    wanted = {finding.scenario for finding in first.values()}
    scenarios = {played.id: played for played in record.played if played.id in wanted}
    profile = record.header.profile.argument
    chosen = "" if profile == DEFAULT_PROFILE else f", profile={profile!r}"
    tests = [_test(finding, scenarios[finding.scenario], chosen) for finding in first.values()]
    return "\n\n".join([_HEAD, *(tests or [_NOTHING])])


def _test(finding: ReportedFinding, played: Played, chosen: str) -> str:
    return "\n".join(_lines(finding, played, chosen)) + "\n"


def _lines(finding: ReportedFinding, played: Played, chosen: str) -> Iterator[str]:
    name = re.sub(r"\W+", "_", finding.requirement, flags=re.ASCII)
    yield f"def test_{name}() -> None:"
    yield f"    # expected: {_comment(finding.expected)}"
    yield f"    # observed: {_comment(finding.observed)}"
    yield "    scenario = json.loads("
    yield '        r"""'
    yield _as_json(played)
    yield '        """'
    yield "    )"
    yield f"    assert violations({finding.requirement!r}, scenario{chosen}) == []"


def _comment(text: str) -> str:
    """A text on one line, in ASCII that can be printed."""
    return ascii(" ".join(text.split()))[1:-1][:200]


def _as_json(played: Played) -> str:
    """The scenario as JSON in ASCII, in which three quotes never stand in a row."""
    return json.dumps(msgspec.to_builtins(played.scenario), indent=2)
