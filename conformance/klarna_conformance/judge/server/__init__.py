"""Judges exchanges by the specs. Pure: the same exchanges give the same findings."""

from klarna_conformance.judge.server.groups import judge, rated_findings
from klarna_conformance.judge.server.read_retries import shows_what_was_done

__all__ = ["judge", "rated_findings", "shows_what_was_done"]
