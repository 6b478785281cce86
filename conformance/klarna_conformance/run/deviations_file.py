"""Files of accepted deviations: read, checked against the specs, and suggested."""

from datetime import date, timedelta
from pathlib import Path

import msgspec

from klarna_conformance.errors import UsageError, unknown_name
from klarna_reports.record.record import AcceptedDeviation
from klarna_reports.record.results import Summary
from klarna_specs.errors import SpecFileError
from klarna_specs.loader import shaped
from klarna_specs.spec import Spec
from klarna_specs.yaml_text import parse_yaml

__all__ = ["read_deviations", "suggested_deviations"]

_SUGGESTED_DAYS = 90


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    deviations: tuple[AcceptedDeviation, ...]


def read_deviations(path: Path, spec: Spec) -> tuple[AcceptedDeviation, ...]:
    """The entries of a file; raises UsageError with the line of the problem."""
    try:
        text = parse_yaml(str(path), path.read_text(encoding="utf-8"))
        deviations = shaped(text, _File).deviations
        known = [requirement.id for requirement in spec.requirements]
        for index, deviation in enumerate(deviations):
            place = ("deviations", index)
            if deviation.requirement not in known:
                problem = unknown_name("requirement", deviation.requirement, known)
                raise text.error((*place, "requirement"), problem)
            if not (deviation.reason.strip() and deviation.owner.strip()):
                raise text.error(place, "an accepted deviation needs a reason and an owner")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"{path} cannot be read: {exc}") from exc
    except SpecFileError as exc:
        raise UsageError(str(exc)) from exc
    return deviations


def suggested_deviations(summary: Summary, today: date) -> str:
    """A file with the failures of a run, as YAML; owner and reason are to be filled in."""
    failed = [f for f in summary.findings if f.verdict == "FAIL"]
    named = dict.fromkeys((f.requirement, f.fingerprint) for f in failed)
    entries = [
        {
            "requirement": requirement,
            "fingerprint": fingerprint,
            "reason": "",
            "owner": "",
            "expires": f"{today + timedelta(days=_SUGGESTED_DAYS)}",
        }
        for requirement, fingerprint in named
    ]
    return msgspec.yaml.encode({"deviations": entries}).decode()
