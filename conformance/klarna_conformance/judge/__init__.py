"""Judges exchanges by the specs. Pure: the same exchanges give the same findings."""

from klarna_conformance.judge.groups import certain_findings, judge
from klarna_conformance.judge.lagging import shows_what_was_done

__all__ = ["certain_findings", "judge", "shows_what_was_done"]
