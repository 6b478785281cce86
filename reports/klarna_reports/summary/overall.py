"""The verdict of a whole run, and the sentence that says it."""

from collections.abc import Sequence

import msgspec

from klarna_reports.record.record import Verdict
from klarna_reports.record.results import Overall, RequirementResult

__all__ = ["Evidence", "overall"]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the verdict of a run rests on.

    `verdicts` are those of all findings and requirements, `judged` is how many exchanges were,
    `stopped` says why the run ended early, `outdated` what is wrong with the list of known
    deviations.
    """

    results: tuple[RequirementResult, ...]
    verdicts: frozenset[Verdict]
    judged: int
    errors: tuple[str, ...]
    stopped: str
    outdated: tuple[str, ...]
    strict: bool
    partial_scope: bool


def overall(evidence: Evidence) -> tuple[Overall, str]:
    """The verdict of the run and one plain sentence that gives its reason."""
    if evidence.errors or "ERROR" in evidence.verdicts:
        return "INTERNAL ERROR", _internal_error(evidence)
    failed = _with_verdict(evidence, "FAIL")
    if failed:
        return "NONCONFORMANT", f"{_requirements(len(failed))} violated{_beside(failed)}."
    if evidence.outdated:
        return "NONCONFORMANT", f"The known deviations are out of date: {evidence.outdated[0]}."
    if evidence.strict and "WARN" in evidence.verdicts:
        return "NONCONFORMANT", "A recommendation is not followed, and the run was strict."
    unverified = _unverified(evidence)
    if unverified:
        return "NOT FULLY VERIFIED", unverified
    return _conformant(evidence)


def _beside(failed: Sequence[RequirementResult]) -> str:
    count = sum(bool(result.beside) for result in failed)
    told = "one" if count == 1 else f"{count}"
    return f", {told} of them only beside another" if count else ""


def _internal_error(evidence: Evidence) -> str:
    count = max(1, len(evidence.errors))
    places = "in one place" if count == 1 else f"in {count} places"
    return f"The toolkit itself failed {places}, so nothing should be concluded from this run."


def _unverified(evidence: Evidence) -> str:
    early = f": {evidence.stopped}" if evidence.stopped else ""
    if not evidence.judged:
        return f"No exchange was judged, so nothing is known about this target{early}."
    unseen = [r for r in _binding(evidence.results) if r.verdict == "NOT_RUN" or r.goals_missing]
    if unseen:
        told = f"{len(unseen)} of {len(_binding(evidence.results))} binding requirements"
        return f"Nothing wrong was seen, but {told} could not be fully seen{early}."
    if evidence.stopped:
        return f"Nothing wrong was seen, but the run is not whole: {evidence.stopped}."
    return ""


def _conformant(evidence: Evidence) -> tuple[Overall, str]:
    known = len(_with_verdict(evidence, "KNOWN"))
    where = " in the chosen scope" if evidence.partial_scope else ""
    if known:
        told = "one deviation that is" if known == 1 else f"{known} deviations that are"
        sentence = f"Every binding requirement{where} is met, but for {told} known and accepted."
        return "CONFORMANT WITH KNOWN DEVIATIONS", sentence
    count = len(_binding(evidence.results))
    every = "The one binding requirement" if count == 1 else f"All {count} binding requirements"
    verb = "was" if count == 1 else "were"
    return "CONFORMANT", f"{every}{where} {verb} seen and met."


def _binding(results: Sequence[RequirementResult]) -> list[RequirementResult]:
    return [result for result in results if result.level == "MUST"]


def _with_verdict(evidence: Evidence, verdict: Verdict) -> list[RequirementResult]:
    return [result for result in evidence.results if result.verdict == verdict]


def _requirements(count: int) -> str:
    return "One requirement is" if count == 1 else f"{count} requirements are"
