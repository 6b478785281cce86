"""The verdict of a whole run, and its reason."""

from collections.abc import Sequence

import msgspec

from klarna_reports.record.record import Verdict
from klarna_reports.record.results import Overall, RequirementResult

__all__ = ["Evidence", "overall"]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the verdict of a run rests on.

    `verdicts` are those of all findings and requirements, `judged` counts judged exchanges,
    `stopped` says why the run ended early, `outdated` lists accepted deviations to
    remove, `renewable` those whose fingerprint may only need to be renewed.
    """

    results: tuple[RequirementResult, ...]
    verdicts: frozenset[Verdict]
    judged: int
    errors: tuple[str, ...]
    stopped: str
    outdated: tuple[str, ...]
    renewable: tuple[str, ...]
    strict: bool
    partial_scope: bool


def overall(evidence: Evidence) -> tuple[Overall, str]:
    """The verdict of the run and its reason in one sentence."""
    if evidence.errors or "ERROR" in evidence.verdicts:
        return "INTERNAL ERROR", _internal_error(evidence)
    failed = _with_verdict(evidence, "FAIL")
    if failed:
        sentence = f"{_requirements(len(failed))} violated{_by_causes(failed)}."
        return "NONCONFORMANT", sentence + _incomplete(evidence) + _renewal(evidence.renewable)
    if evidence.outdated:
        return (
            "NONCONFORMANT",
            f"The list of accepted deviations is out of date: {evidence.outdated[0]}.",
        )
    if evidence.strict and "WARN" in evidence.verdicts:
        return "NONCONFORMANT", "A recommendation is not followed in a strict run."
    unverified = _unverified(evidence)
    if unverified:
        return "NOT FULLY VERIFIED", unverified
    return _conformant(evidence)


def _by_causes(failed: Sequence[RequirementResult]) -> str:
    causes = sum(not result.beside for result in failed)
    if causes == len(failed):
        return ""
    return f", probably by {'one cause' if causes == 1 else f'{causes} causes'}"


def _incomplete(evidence: Evidence) -> str:
    return f" The run is incomplete: {evidence.stopped}." if evidence.stopped else ""


def _renewal(names: Sequence[str]) -> str:
    """How to renew accepted deviations whose findings have been reworded since."""
    if not names:
        return ""
    return (
        f" The accepted deviation {names[0]} matches no finding. If only the wording of the "
        "finding changed, renew its fingerprint: `klarna-conformance report DIR "
        "--suggest-deviations` prints the current ones."
    )


def _internal_error(evidence: Evidence) -> str:
    count = max(1, len(evidence.errors))
    places = "in one place" if count == 1 else f"in {count} places"
    return f"klarna-conformance itself failed {places}; draw no conclusion from this run."


def _unverified(evidence: Evidence) -> str:
    early = f": {evidence.stopped}" if evidence.stopped else ""
    if not evidence.judged:
        return f"No exchange was judged{early}."
    unseen = [r for r in _binding(evidence.results) if r.verdict == "NOT_RUN" or r.goals_missing]
    if unseen:
        count = f"{len(unseen)} of {len(_binding(evidence.results))} binding requirements"
        return f"No violation was found, but {count} could not be fully verified{early}."
    if evidence.stopped:
        return f"No violation was found, but the run is incomplete: {evidence.stopped}."
    binding = _binding(evidence.results)
    if binding and not _applicable(binding):
        return "Nothing was verified: no binding requirement in the scope applies to this target."
    return ""


def _conformant(evidence: Evidence) -> tuple[Overall, str]:
    known = len(_with_verdict(evidence, "KNOWN"))
    where = " in the selected scope" if evidence.partial_scope else ""
    if known:
        accepted = "one accepted deviation" if known == 1 else f"{known} accepted deviations"
        sentence = f"Every binding requirement{where} is met, except for {accepted}."
        return "CONFORMANT WITH KNOWN DEVIATIONS", sentence
    binding = _binding(evidence.results)
    count = len(_applicable(binding))
    every = "The one binding requirement" if count == 1 else f"All {count} binding requirements"
    which = " that applies" if count == 1 else " that apply"
    verb = "is" if count == 1 else "are"
    some = which if count < len(binding) else ""
    return "CONFORMANT", f"{every}{some}{where} {verb} verified and met."


def _binding(results: Sequence[RequirementResult]) -> list[RequirementResult]:
    return [result for result in results if result.level == "MUST"]


def _applicable(results: Sequence[RequirementResult]) -> list[RequirementResult]:
    return [result for result in results if result.verdict != "NOT_APPLICABLE"]


def _with_verdict(evidence: Evidence, verdict: Verdict) -> list[RequirementResult]:
    return [result for result in evidence.results if result.verdict == verdict]


def _requirements(count: int) -> str:
    return "One requirement is" if count == 1 else f"{count} requirements are"
