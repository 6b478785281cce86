"""The record of a run, its journal file, and the results computed from it."""
