"""Verdicts from traffic that others sent: HAR, proxy, records."""
