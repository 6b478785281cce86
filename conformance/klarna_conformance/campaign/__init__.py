"""Runs against all wrong servers and clients, which measure what the suite detects."""
