"""Judges exchanges by the specs. Pure: the same exchanges give the same findings."""

from klarna_conformance.judge.groups import judge

__all__ = ["judge"]
