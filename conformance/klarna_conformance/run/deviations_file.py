"""Files of known deviations: read, checked against the specs, and suggested for a first time."""

from datetime import date, timedelta
from pathlib import Path

import msgspec

from klarna_conformance.errors import UsageError
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
    """The entries of a file; raises UsageError with the line of what is wrong in it."""
    try:
        text = parse_yaml(str(path), path.read_text(encoding="utf-8"))
        deviations = shaped(text, _File).deviations
        for index, deviation in enumerate(deviations):
            place = ("deviations", index)
            if not any(r.id == deviation.requirement for r in spec.requirements):
                problem = f"there is no requirement {deviation.requirement!r}; `list` shows them"
                raise text.error((*place, "requirement"), problem)
            if not (deviation.reason.strip() and deviation.owner.strip()):
                raise text.error(place, "a reason and an owner are needed: somebody accepts this")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"{path} cannot be read: {exc}") from exc
    except SpecFileError as exc:
        raise UsageError(str(exc)) from exc
    return deviations


def suggested_deviations(summary: Summary, today: date) -> str:
    """A file with what failed in a run, for somebody to fill in owner and reason, as YAML."""
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
