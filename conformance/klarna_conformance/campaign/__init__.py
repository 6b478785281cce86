"""Runs against every wrong server and client, to see what is detected."""
