"""A run from end to end, interrupted and resumed."""
