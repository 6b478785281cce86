"""Certifying clients: sending them commands, injecting faults, judging their requests."""
