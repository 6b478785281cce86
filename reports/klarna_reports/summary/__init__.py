"""Computes verdicts, causes and changes from a record."""
