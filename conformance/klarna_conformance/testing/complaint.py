"""The failure message or the warnings of a test whose client violates requirements."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from klarna_reports.record.record import Finding
from klarna_reports.words.printable import inert
from klarna_specs.calls import KEY_HEADER, read_call
from klarna_specs.client.faults import words_of
from klarna_specs.client.play import Mark
from klarna_specs.exchange import Exchange, Response
from klarna_specs.spec import ClientRequirement, Spec

__all__ = ["Complaint", "KlarnaWarning", "complaint"]

_SHOWN = 4
"""How many exchanges are shown with a finding: its own, and earlier attempts at the call."""
_LONGEST_BODY = 160


class KlarnaWarning(UserWarning):
    """A SHOULD of the documentation is violated."""


class Complaint(NamedTuple):
    """The id and a text of each MUST (`failed`) and each SHOULD (`warned`) that is violated.

    `about` describes the commands that the client got, if it got any.
    """

    failed: tuple[tuple[str, str], ...]
    warned: tuple[tuple[str, str], ...]
    about: str = ""
    unsupported: bool = False

    def failure(self, *, strict: bool) -> str:
        """The message of the failed test, with the warnings; empty if the test passes."""
        everything = (*self.failed, *self.warned)
        counted = everything if strict else self.failed
        if not counted:
            return ""
        ids = ", ".join(requirement for requirement, _ in counted)
        doing = f" ({self.about})" if self.about else ""
        texts = (text for _, text in everything)
        return "\n\n".join((f"{ids}: violated by the client{doing}", *texts))


def complaint(
    spec: Spec,
    findings: Sequence[Finding],
    exchanges: Sequence[Exchange],
    marks: Sequence[Mark],
    *,
    about: str = "",
    unsupported: bool = False,
) -> Complaint:
    """The texts of the findings; `about` describes the commands that the client got, if any.

    `unsupported` means that the client supports none of them.
    """
    lines = _Lines(spec, exchanges, marks)
    failed = tuple(_texts(spec, findings, "FAIL", lines))
    warned = tuple(_texts(spec, findings, "WARN", lines))
    return Complaint(failed, warned, inert(about), unsupported)


def _texts(
    spec: Spec, findings: Iterable[Finding], verdict: Literal["FAIL", "WARN"], lines: "_Lines"
) -> Iterator[tuple[str, str]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.verdict == verdict:
            found.setdefault(finding.requirement, []).append(finding)
    for requirement in spec.client_requirements:
        if requirement.id in found:
            yield requirement.id, _text(requirement, found[requirement.id], lines)


def _text(requirement: ClientRequirement, findings: Sequence[Finding], lines: "_Lines") -> str:
    first, count = findings[0], len(findings)
    times = f" (seen {count} times)" if count > 1 else ""
    parts = [
        f"{requirement.id} ({requirement.level}): {requirement.statement}",
        _indented(f"expected: {first.expected}"),
        _indented(f"observed: {first.observed}{times}"),
        *lines.of(first.exchange),
    ]
    return inert("\n".join(parts))


def _indented(text: str) -> str:
    return textwrap.indent(text, "  ")


class _Lines:
    """Exchanges as text, an exchange with the earlier attempts at the same call."""

    def __init__(self, spec: Spec, exchanges: Sequence[Exchange], marks: Sequence[Mark]) -> None:
        self._exchanges = exchanges
        self._marks = marks
        self._subjects = [_subject(spec, exchange) for exchange in exchanges]

    def of(self, index: int) -> Iterator[str]:
        """The lines of an exchange, after those of the earlier attempts."""
        if index >= len(self._exchanges):
            return
        alike = [i for i in range(index + 1) if self._subjects[i] == self._subjects[index]]
        for number in alike[-_SHOWN:]:
            marker = ">" if number == index else " "
            mark = self._marks[number] if number < len(self._marks) else Mark()
            for text in _shown(self._exchanges[number], mark):
                yield f"  {marker} {text}"
                marker = " "


def _subject(spec: Spec, exchange: Exchange) -> object:
    """What an exchange is about: those with the same are shown together."""
    call = read_call(spec, exchange.request)
    if call is None:
        return exchange.request.method, exchange.request.path
    return call.operation.operation, call.order_id, call.capture_id


def _shown(exchange: Exchange, mark: Mark) -> Iterator[str]:
    request, outcome = exchange.request, exchange.outcome
    key = request.header(KEY_HEADER)
    yield f"{request.method} {request.path}" + (f"  {KEY_HEADER}: {key}" if key else "")
    if request.body.text:
        yield f"    {_cut(request.body.text)}"
    if isinstance(outcome, Response):
        came = f"{outcome.status} {_cut(outcome.body.text)}".rstrip()
    else:
        came = outcome.message
    fault = f" [{words_of(mark.fault)}]" if mark.fault else ""
    yield f"    -> {came}{fault}"


def _cut(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST_BODY else f"{plain[:_LONGEST_BODY]}..."
