"""Commands for clients, and the faults of their requests: a table, and strategies.

The names are imported when they are first used: only strategies need Hypothesis.
"""

from typing import TYPE_CHECKING

from klarna_specs.on_use import imported_on_use

if TYPE_CHECKING:
    from klarna_strategies.clients.drawn import client_scenarios, simpler_scenarios
    from klarna_strategies.clients.faults import fault_plans
    from klarna_strategies.clients.table import client_table

__all__ = ["client_scenarios", "client_table", "fault_plans", "simpler_scenarios"]

_NAMES = {
    "drawn": ("client_scenarios", "simpler_scenarios"),
    "faults": ("fault_plans",),
    "table": ("client_table",),
}

if not TYPE_CHECKING:  # a type checker reads the imports above, and reports a misspelled name
    __getattr__ = imported_on_use(__name__, _NAMES)
