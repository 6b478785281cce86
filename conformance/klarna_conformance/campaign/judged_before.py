"""Judges scenarios of many servers, and those that come again only once.

Most of what a mutant answers is what every other server answers, but for the ids.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence

import msgspec

from klarna_conformance.judge.server import judge
from klarna_reports.record.record import Finding, ProvidedOrder, TargetFacts
from klarna_specs.exchange import Exchange
from klarna_specs.spec import Spec

__all__ = ["JudgedBefore"]

_VARYING = re.compile(
    rb"(?P<id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{12}(?=-))"
    rb'|(?P<time>"(?:started|elapsed|waited)_s":[0-9.e+-]+|\\"klarna_reference\\":\\"\w*\\")',
    re.IGNORECASE,
)
"""Ids, of which only counts which are equal, and what no server requirement reads."""


class JudgedBefore:
    """A judge that remembers exchanges without a violation; use it with one spec only."""

    def __init__(self) -> None:
        self._innocent: set[bytes] = set()

    def __call__(
        self,
        spec: Spec,
        facts: TargetFacts,
        orders: Iterable[ProvidedOrder],
        exchanges: Sequence[Exchange],
    ) -> tuple[Finding, ...]:
        """The findings; none for exchanges that were judged before and violate nothing."""
        orders = tuple(orders)
        digest = _digest(msgspec.json.encode((facts, orders, exchanges)))
        if digest in self._innocent:
            return ()
        findings = judge(spec, facts, orders, exchanges)
        if not any(finding.verdict in ("FAIL", "WARN") for finding in findings):
            self._innocent.add(digest)
        return findings


def _digest(written: bytes) -> bytes:
    known: dict[bytes, bytes] = {}

    def plain(varying: re.Match[bytes]) -> bytes:
        identifier = varying["id"]
        return b"" if identifier is None else known.setdefault(identifier, b"%d" % len(known))

    return hashlib.blake2b(_VARYING.sub(plain, written), digest_size=16).digest()
