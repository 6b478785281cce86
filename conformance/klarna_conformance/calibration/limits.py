"""What a record did not show, where a calibrated mock does as documented. Pure."""

from collections.abc import Iterator, Sequence

from klarna_conformance.calibration.learning import Calibration
from klarna_specs.spec import Requirement, Spec

__all__ = ["limits_of"]

_LISTED = 6
"""So many names of a list are printed."""


def limits_of(spec: Spec, calibration: Calibration) -> Iterator[str]:
    """What a mock is calibrated by, and what is not taken over: a line each."""
    yield f"Calibrated by {calibration.exchanges} exchanges of {calibration.target}."
    if calibration.violations:
        yield f"Not imitated: {calibration.violations} exchanges that were judged violations."
    unseen = [name for name in spec.operations if name not in calibration.elapsed_s]
    if unseen:
        yield f"Not recorded, therefore as documented: {_listed(unseen)}."
    undecided = [
        requirement.id
        for name, operation in spec.operations.items()
        for requirement in operation.requirements
        if name not in unseen and _is_open(requirement)
    ]
    undecided += [each.id for each in spec.contradictions if each.observe]
    undecided = [identifier for identifier in undecided if identifier not in calibration.decided]
    if undecided:
        yield f"Choices that the record does not show: {_listed(undecided)}."


def _is_open(requirement: Requirement) -> bool:
    repeated = any(name.startswith("replay") for name in requirement.upon)
    return requirement.level != "MUST" and (bool(requirement.rule) or repeated)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")
