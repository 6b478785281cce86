"""The decision tables written out by plain loops, so that every goal of the specs is served."""

from klarna_strategies.tables.table import scenario_table

__all__ = ["scenario_table"]
