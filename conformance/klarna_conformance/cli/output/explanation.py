"""An explanation of a request as lines of text."""

from collections.abc import Iterable, Iterator

from klarna_reports.words.amounts import major
from klarna_specs.explaining import ExpectedResponse, ExplainedLine, ExplainedRule, Explanation
from klarna_specs.ledger import Ledger
from klarna_specs.spec import STRENGTH, Level, Requirement, Spec

__all__ = ["explanation_lines"]


def explanation_lines(spec: Spec, ledger: Ledger, explanation: Explanation) -> Iterator[str]:
    """The lines that the command line prints."""
    yield f"{explanation.operation}: {explanation.request}"
    yield _order(ledger)
    if _lacks_options(spec, ledger, explanation):
        yield "What the capture offers is not known: read its extension options first."
    yield ""
    yield _verdict(explanation)
    for identifier in explanation.because:
        yield _deciding(spec.requirement(identifier), explanation.levels[identifier])
    yield from _responses("Response", explanation.responses)
    yield from _responses("Also allowed", explanation.otherwise)
    yield from _titled("Violations in the body", explanation.violations)
    yield from _titled("Amounts", _sums(ledger, explanation))
    yield from _titled("Order lines", map(_line, explanation.lines))
    yield from _titled("Allocation to captures", _allocation(ledger, explanation))
    yield from _titled("Rules", _rules(explanation))


def _order(ledger: Ledger) -> str:
    amounts = (
        f"{name.replace('_', ' ')} {major(getattr(ledger, f'{name}_amount'), ledger.currency)}"
        for name in ("order", "captured", "refunded", "remaining_authorized")
    )
    return f"Order in {ledger.market or 'an unknown market'}, {ledger.layout}: {', '.join(amounts)}"


def _lacks_options(spec: Spec, ledger: Ledger, explanation: Explanation) -> bool:
    """Whether the request chooses from extension options that were not read."""
    operation = spec.operations.get(explanation.operation)
    extends = operation is not None and operation.effect == "extend_due_date"
    return extends and all(each.offered_days is None for each in ledger.captures)


def _verdict(explanation: Explanation) -> str:
    outcome, other = ("accepted", "refused")[:: 1 if explanation.accepted else -1]
    if explanation.level == "INFO":
        mock = f"the mock {'accepts' if explanation.accepted else 'refuses'} it"
        return f"{outcome.upper()} or {other}: the documentation leaves it open, {mock}; because of"
    return f"{outcome.upper()}: it {explanation.level.lower()} be {outcome}, because of"


def _deciding(requirement: Requirement, level: Level) -> str:
    line = f"  {level:<6} {requirement.id}: {requirement.statement}"
    if level == requirement.level:
        return line
    sources = " or ".join(requirement.weaker)
    return f"{line} {level} here: the request has what only the {sources} allows."


def _titled(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = [f"  {line}" for line in lines]
    if found:
        yield from ("", title, *found)


def _responses(title: str, responses: tuple[ExpectedResponse, ...]) -> Iterator[str]:
    """Equal responses are one line, with the requirements on all of them."""
    on: dict[str, list[str]] = {}
    for response in responses:
        on.setdefault(_response(response), []).extend(response.because)
    lines = (
        f"{line} ({', '.join(dict.fromkeys(ids))})" if ids else line for line, ids in on.items()
    )
    return _titled(title, lines)


def _response(response: ExpectedResponse) -> str:
    status = " or ".join(map(str, response.status))
    code = f" {' or '.join(response.error_code)}" if response.error_code else ""
    return status + code


def _sums(ledger: Ledger, explanation: Explanation) -> Iterator[str]:
    for name, amount in explanation.sums.items():
        yield f"{name.replace('_', ' ')}: {major(amount, ledger.currency)}"


def _line(line: ExplainedLine) -> str:
    parts = [
        _compared("total", line.total_amount, line.expected_total_amount, line.total_agrees),
        _compared("tax", line.total_tax_amount, line.expected_tax_amount, line.tax_agrees),
    ]
    where = f"; in capture {' and '.join(line.captures)}" if line.captures else ""
    kind = f" ({line.type})" if line.type else ""
    return f"{line.number} {line.name or 'without a name'}{kind}: {', '.join(parts)}{where}"


def _compared(name: str, amount: int | None, expected: int | None, agrees: bool | None) -> str:
    if amount is None:
        return f"no {name}" + ("" if expected is None else f" ({expected} expected)")
    if expected is None:
        return f"{name} {amount}"
    return f"{name} {amount} " + ("agrees" if agrees else f"differs from {expected}")


def _allocation(ledger: Ledger, explanation: Explanation) -> Iterator[str]:
    allocation = explanation.allocation
    if allocation is None:
        return
    for each in allocation.captures:
        lines = ", ".join(map(str, each.lines))
        amount, captured = (
            major(a, ledger.currency) for a in (each.lines_amount, each.captured_amount)
        )
        yield f"capture {each.capture_id}: line {lines}, {amount} of {captured} captured"
    if allocation.to == "captures":
        yield "allocated by reference"
    for reason in allocation.reasons:
        known = "not known" if allocation.to == "unknown" else "stays on the order"
        yield f"{known}: {reason}"


def _rules(explanation: Explanation) -> Iterator[str]:
    shown = [rule for rule in explanation.rules if rule.result != "kept" or rule.conditional]
    shown.sort(key=lambda rule: (rule.result, -STRENGTH[rule.level]))
    yield from map(_rule, shown)
    kept = len(explanation.rules) - len(shown)
    yield f"{kept} more rules are kept (--format json lists them)"


def _rule(rule: ExplainedRule) -> str:
    return f"{rule.result:<6} {rule.level:<6} {rule.id}: {rule.statement}"
