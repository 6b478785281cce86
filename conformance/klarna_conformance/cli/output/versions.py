"""The versions of this program and of what it depends on."""

import platform
import re
from importlib.metadata import requires, version
from typing import Any

__all__ = ["versions"]

_PACKAGE = "klarna-conformance"


def versions() -> dict[str, Any]:
    """Versions for bug reports and caches: of the program, its dependencies and its specs.

    Each profile has the fingerprint of the specs under it; `specs` is that of the default one.
    """
    from klarna_specs.loader import load
    from klarna_specs.profiles import DEFAULT_PROFILE, profile_names

    specs = {name: load(profile=name).fingerprint for name in profile_names()}
    needed = (each for each in requires(_PACKAGE) or () if "extra ==" not in each)
    names = sorted(re.split(r"[^\w.-]", each, maxsplit=1)[0] for each in needed)
    return {
        _PACKAGE: version(_PACKAGE),
        "python": platform.python_version(),
        "specs": specs[DEFAULT_PROFILE],
        "profiles": specs,
        "dependencies": {name: version(name) for name in names},
    }
