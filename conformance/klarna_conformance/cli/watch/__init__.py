"""The commands that judge traffic of others: `check`, `proxy`, and `mock` with --judge."""
