"""Packages whose names are imported when they are first used, so that importing them is free."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

__all__ = ["imported_on_use"]


def imported_on_use(package: str, names: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """The `__getattr__` of a package that exports these names, by the module that has them."""
    modules = {name: module for module, those in names.items() for name in those}

    def exported(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{modules[name]}"), name)

    return exported
