"""Clients that are wrong in one way each, and harmless ones: small changes of the reference."""
