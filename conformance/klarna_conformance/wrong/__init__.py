"""Servers that are deliberately wrong, and servers that differ only where they may."""
