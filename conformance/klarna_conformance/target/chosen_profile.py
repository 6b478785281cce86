"""Which profile a run uses: the one that is named, or the one that its target belongs to."""

from pathlib import Path
from urllib.parse import urlsplit

from klarna_conformance.target.target_file import profile_named_in
from klarna_specs.profiles import DEFAULT_PROFILE, packaged_profiles
from klarna_specs.spec import ProfileFacts

__all__ = ["profile_of"]


def profile_of(target: str, named: str | None = None) -> str:
    """The profile `named` on the command line, else that of the preset, host or target file."""
    if named is not None:
        return named
    if preset := next((p.name for p in packaged_profiles() if target in p.presets), None):
        return preset
    if "://" in target:
        return next(
            (p.name for p in packaged_profiles() if _is_host_of(p, target)), DEFAULT_PROFILE
        )
    if target == "mock":
        return DEFAULT_PROFILE
    return profile_named_in(Path(target))


def _is_host_of(profile: ProfileFacts, url: str) -> bool:
    hosts = (*profile.production, *map(_host, profile.presets.values()))
    return _host(url) in hosts


def _host(url: str) -> str | None:
    """The host of a URL; None for a text that is none, which is refused elsewhere."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
