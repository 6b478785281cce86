"""Commands for clients, and the faults of their requests: a table, and strategies.

The names are imported when they are first used: only strategies need Hypothesis.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from klarna_strategies.clients.drawn import client_scenarios, simpler_scenarios
    from klarna_strategies.clients.faults import fault_plans
    from klarna_strategies.clients.table import client_table

__all__ = ["client_scenarios", "client_table", "fault_plans", "simpler_scenarios"]

_MODULES = {
    "client_scenarios": "drawn",
    "client_table": "table",
    "fault_plans": "faults",
    "simpler_scenarios": "drawn",
}

if not TYPE_CHECKING:  # a type checker reads the imports above, and reports a misspelled name

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
