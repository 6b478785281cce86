"""The first screen of a report: what was tested, what failed, what was not tested."""

from dataclasses import dataclass, field

from klarna_reports.page.deviations import Cause, Deviations
from klarna_reports.record.record import Played, Record
from klarna_reports.record.results import RequirementResult, Summary
from klarna_reports.summary.judged import sides
from klarna_reports.words.wording import cut, scope_lines
from klarna_specs.client.faults import FAULT_KINDS
from klarna_specs.client.requirements import CLIENT, client_operations
from klarna_specs.spec import Spec

__all__ = ["Orders", "Overview", "overview", "unseen"]

_CAUSES = 4
_LEVELS = ("MUST", "SHOULD", "INFO")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The content of the first screen.

    `causes` are the first few violations that are not consequences of others, `more` counts the
    remaining ones. `limits` says what was not tested, and why.
    """

    tested: tuple[str, ...]
    causes: tuple[Cause, ...]
    more: int
    consequences: int
    limits: tuple[str, ...]
    unseen_binding: int
    unseen_others: int


@dataclass(slots=True)
class Orders:
    """Markets and capture layouts of the orders that got requests, and how many were refused."""

    markets: set[str] = field(default_factory=set[str])
    layouts: set[str] = field(default_factory=set[str])
    refused: int = 0

    def add(self, played: Played) -> None:
        """Adds the order of a scenario."""
        plan = played.scenario.plan
        if played.exchanges and plan:
            self.markets.add(plan.market)
            self.layouts.add(plan.layout)
        self.refused += played.unavailable is not None


def overview(
    spec: Spec, record: Record, summary: Summary, deviations: Deviations, orders: Orders
) -> Overview:
    """The first screen of this run."""
    causes = deviations.causes("FAIL")
    left_out = unseen(summary)
    binding = sum(result.level == "MUST" for result in left_out)
    return Overview(
        tested=_tested(record, summary, orders),
        causes=tuple(causes[:_CAUSES]),
        more=max(0, len(causes) - _CAUSES),
        consequences=sum(one.verdict == "FAIL" for each in causes for one in each.consequences),
        limits=_limits(spec, record, summary, orders.refused),
        unseen_binding=binding,
        unseen_others=len(left_out) - binding,
    )


def unseen(summary: Summary) -> list[RequirementResult]:
    """The requirements with goals that did not occur."""
    found = [r for r in summary.requirements if r.verdict == "NOT_RUN" or r.goals_missing]
    return sorted(found, key=lambda result: _LEVELS.index(result.level))


def _tested(record: Record, summary: Summary, orders: Orders) -> tuple[str, ...]:
    if not summary.exchanges:
        return ("Nothing: no exchange was judged.",)
    operations = {result.operation for result in summary.requirements}
    binding = sum(result.level == "MUST" for result in summary.requirements)
    certified = record.header.certified
    of = "a client" if operations == {CLIENT} else _counted(len(operations), "operation")
    met = f"; {_counted(len(certified.faults), 'kind')} of faults" if certified else ""
    made = (
        f"Orders of {_counted(len(orders.markets), 'market')}, captured in "
        f"{_counted(len(orders.layouts), 'way')}{met}."
    )
    return (
        f"{_counted(len(summary.requirements), 'requirement')} of {of}, {binding} binding.",
        *([made] if orders.markets else []),
        f"{_counted(summary.requests_sent, 'request')} in "
        f"{_counted(summary.scenarios, 'scenario')}; "
        f"{_counted(summary.exchanges, 'exchange')} judged.",
    )


def _limits(spec: Spec, record: Record, summary: Summary, refused: int) -> tuple[str, ...]:
    watched = "client" in sides(record)
    lines = _limits_of_clients(spec, record) if watched else scope_lines(summary)
    for name, operation in spec.operations.items():
        if operation.not_offered:
            lines.append(f"{name}: {record.header.profile.title} does not offer it.")
    if summary.target.is_mock and "server" in sides(record):
        lines.insert(0, "A real server: the target was the built-in mock.")
    if summary.stopped:
        lines.append(f"The run ended early: {summary.stopped.removesuffix('.')}.")
    if refused:
        lines.append(f"No order could be provisioned for {_counted(refused, 'scenario')}.")
    for each in summary.unjudged:
        requests = _counted(each.count, "request")
        lines.append(f"{requests} (first {cut(each.request, 120)}): {each.reason}.")
    if spec.fingerprint != summary.specs:
        lines.append(
            "This report was made with other specs than the run: requirements may have changed."
        )
    return tuple(lines)


def _limits_of_clients(spec: Spec, record: Record) -> list[str]:
    certified = record.header.certified
    if certified is None:
        return ["The client's commands and reported outcomes: traffic does not show them."]
    lines = ["A real server: the client called the built-in mock."]
    if certified.unsupported:
        lines.append(
            f"Operations that the client does not support: {', '.join(certified.unsupported)}."
        )
    others = [name for name in client_operations(spec) if name not in certified.operations]
    if left := [name for name in others if name not in certified.unsupported]:
        lines.append(f"Operations that were not selected: {', '.join(left)}.")
    if without := [kind for kind in FAULT_KINDS if kind not in certified.faults]:
        lines.append(f"Faults that were not selected: {', '.join(without)}.")
    return lines


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
