"""The test items of a server's requirements: `klarna::refundOrder::refund.location`."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import pytest

from klarna_conformance.testing.complaint import KlarnaWarning
from klarna_conformance.testing.server_run import Broke, Outcome
from klarna_reports.record.results import ReportedFinding, RequirementResult, Summary
from klarna_reports.words.printable import inert
from klarna_reports.words.wording import day
from klarna_specs.spec import Requirement, Spec

__all__ = ["SUITE", "RequirementItem", "markers", "named_as", "suite_items"]

SUITE = "klarna"
"""The first part of the ids of all items."""
_Node = TypeVar("_Node", bound=pytest.Item | pytest.Collector)
_EVERY = "klarna_suite"
_SHOWN = 2
"""How many findings of a requirement are shown; the report has more."""


def named_as(requirement: Requirement) -> str:
    """The id of the item of a requirement."""
    return f"{SUITE}::{requirement.operation}::{requirement.id}"


def suite_items(
    session: pytest.Session,
    requirements: Iterable[Requirement],
    outcome: Callable[[], Outcome],
) -> Iterator[pytest.Item]:
    """An item for each requirement; `outcome` starts the run, and returns its outcome."""
    suite = _below(
        session,
        ServerRequirements,
        name=SUITE,
        nodeid=SUITE,
        requirements=tuple(requirements),
        outcome=outcome,
    )
    yield from session.genitems(suite)


def markers(spec: Spec) -> Iterator[tuple[str, str]]:
    """The markers of the items, each with what it means."""
    yield _EVERY, "every requirement of --klarna-target"
    for level in ("must", "should", "info"):
        yield f"klarna_{level}", f"the requirements of this level of --klarna-target ({level})"
    for operation in spec.operations:
        yield f"klarna_{operation}", f"the requirements of {operation} of --klarna-target"


def _below(parent: pytest.Collector, kind: type[_Node], **more: Any) -> _Node:
    make: Any = kind
    return make.from_parent(parent, **more)


class ServerRequirements(pytest.Collector):
    """All requirements, by operation."""

    def __init__(
        self,
        *,
        requirements: tuple[Requirement, ...],
        outcome: Callable[[], Outcome],
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.requirements = requirements
        self.outcome = outcome

    def collect(self) -> Iterator[pytest.Collector]:
        """A collector for each operation."""
        for operation in dict.fromkeys(each.operation for each in self.requirements):
            yield _below(self, OperationRequirements, name=operation, suite=self)


class OperationRequirements(pytest.Collector):
    """The requirements of one operation."""

    def __init__(self, *, suite: ServerRequirements, **more: Any) -> None:
        super().__init__(**more)
        self._suite = suite

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each requirement."""
        for each in self._suite.requirements:
            if each.operation == self.name:
                yield _below(
                    self, RequirementItem, name=each.id, requirement=each, suite=self._suite
                )


class RequirementItem(pytest.Item):
    """Passes if the target meets one requirement."""

    def __init__(self, *, requirement: Requirement, suite: ServerRequirements, **more: Any) -> None:
        super().__init__(**more)  # pyright: ignore[reportUnknownMemberType]
        self.requirement = requirement
        self._suite = suite
        self._summary: Summary | None = None
        for name in (_EVERY, f"klarna_{requirement.level.lower()}"):
            self.add_marker(name)
        self.add_marker(f"klarna_{requirement.operation}")

    def setup(self) -> None:
        """Starts the run, if it did not run yet."""
        outcome = self._suite.outcome()
        if isinstance(outcome, Broke):
            pytest.fail(inert(outcome.problem), pytrace=False)
        self._summary = outcome.summary

    def runtest(self) -> None:
        """Maps the verdict to an outcome of pytest."""
        assert self._summary is not None
        summary = self._summary
        result = next(r for r in summary.requirements if r.id == self.requirement.id)
        findings = [f for f in summary.findings if f.requirement == result.id]
        text = inert(_text(result, findings))
        self.user_properties.append(("klarna_verdict", result.verdict))
        match result.verdict:
            case "PASS":
                return
            case "INFO":
                self.add_report_section("call", SUITE, text)
            case "WARN" if not summary.strict:
                self.warn(KlarnaWarning(text))
            case "KNOWN":
                pytest.xfail(inert(f"{result.reason} ({_accepted(summary, result)})"))
            case "NOT_APPLICABLE":
                pytest.skip(inert(f"{result.id}: NOT_APPLICABLE: {result.reason}"))
            case "NOT_RUN" if result.level != "MUST":
                pytest.skip(inert(f"{result.id}: NOT_RUN: {result.reason}"))
            case _:
                pytest.fail(text, pytrace=False)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """How a report names the item."""
        return self.path, 0, f"{self.name} of {self.requirement.operation}"


def _accepted(summary: Summary, result: RequirementResult) -> str:
    """Who accepts a violation, until when, and why."""
    entries = (each for each in summary.deviations if each.requirement == result.id)
    return "; ".join(f"{e.owner} until {day(e.expires)}: {e.reason}" for e in entries)


def _text(result: RequirementResult, findings: list[ReportedFinding]) -> str:
    """The statement, the verdict, and some findings, as in the report."""
    parts = [f"{result.statement} ({result.id}, {result.level}: {result.verdict})"]
    if result.beside:
        parts.append(
            f"  It was seen only together with {result.beside}, and is probably a consequence."
        )
    if not findings:
        parts.append(f"  {result.reason}")
    parts.extend(_finding_text(finding) for finding in findings[:_SHOWN])
    more = result.unlisted + sum(finding.count for finding in findings[_SHOWN:])
    if more:
        parts.append(f"  and {more} more findings")
    return "\n".join(parts)


def _finding_text(finding: ReportedFinding) -> str:
    times = f" (seen {finding.count} times)" if finding.count > 1 else ""
    lines = [f"  expected: {finding.expected}", f"  observed: {finding.observed}{times}"]
    if finding.curl:
        lines.append(f"  {finding.curl}")
    return "\n".join(lines)
