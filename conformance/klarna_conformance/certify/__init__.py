"""Certifying clients: telling them what to do, disturbing their calls, judging what they did."""
