"""Commands for clients, and the faults of their requests: a table, and strategies."""

from klarna_strategies.clients.drawn import client_scenarios, simpler_scenarios
from klarna_strategies.clients.faults import fault_plans
from klarna_strategies.clients.table import client_table

__all__ = ["client_scenarios", "client_table", "fault_plans", "simpler_scenarios"]
