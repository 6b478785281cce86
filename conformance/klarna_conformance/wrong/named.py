"""Finds behaviours by their names in the catalogue."""

from collections.abc import Callable, Mapping
from inspect import isfunction
from types import ModuleType

from klarna_conformance.mock.deviation import Deviation

__all__ = ["functions_of"]


def functions_of(*modules: ModuleType) -> Mapping[str, Callable[..., Deviation]]:
    """The public functions of modules, by name with hyphens; each makes a deviation."""
    return {
        name.replace("_", "-"): make
        for module in modules
        for name, make in vars(module).items()
        if isfunction(make) and make.__module__ == module.__name__ and not name.startswith("_")
    }
