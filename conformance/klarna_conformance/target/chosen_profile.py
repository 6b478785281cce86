"""Which profile a run uses: the one that is named, or the one that its target belongs to."""

from pathlib import Path

from klarna_conformance.target.target_file import profile_named_in
from klarna_specs.profiles import DEFAULT_PROFILE, packaged_profiles

__all__ = ["profile_of"]


def profile_of(target: str, named: str | None = None) -> str:
    """The profile `named` on the command line, else that of a preset or of a target file."""
    if named is not None:
        return named
    if preset := next((p.name for p in packaged_profiles() if target in p.presets), None):
        return preset
    if target == "mock" or "://" in target:
        return DEFAULT_PROFILE
    return profile_named_in(Path(target))
