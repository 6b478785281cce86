"""Judges what a client did and reported, command by command. Pure."""

from collections.abc import Collection, Iterator, Sequence

import msgspec

from klarna_conformance.judge.client.checks import CHECKS
from klarna_conformance.judge.client.keys import KeyBook, Use
from klarna_conformance.judge.client.view import View, view_of
from klarna_conformance.judge.results import finding_of
from klarna_reports.record.record import Finding
from klarna_specs.client.play import ClientSide, Command, Done, Ended, TimedOut, Unknown
from klarna_specs.exchange import Exchange
from klarna_specs.spec import Spec

__all__ = ["Judged", "excuses", "findings_of", "judge_client"]

_NO_KEYS = KeyBook()


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What a judge of clients says of some exchanges, and the keys that were used until then.

    `occasions` are the conditional requirements that the traffic could have shown.
    """

    findings: tuple[Finding, ...]
    keys: KeyBook
    occasions: frozenset[str] = frozenset()


def judge_client(
    spec: Spec, side: ClientSide, exchanges: Sequence[Exchange], known: KeyBook = _NO_KEYS
) -> Judged:
    """Judges one scenario with a client.

    `known` are the keys of earlier scenarios, to which its own are added: a key is good for one
    operation.
    """
    found: list[Finding] = []
    keys = known
    around: tuple[Command, ...] = ()
    for episode in side.episodes:
        keys = keys.after_restart() if episode.command.restarted else keys
        view = view_of(spec, episode, exchanges, side.marks, keys=keys, around=around)
        found.extend(findings_of(view))
        keys |= _keys(view)
        around = (*around, episode.command)
    return Judged(findings=tuple(found), keys=keys)


def _keys(view: View) -> KeyBook:
    if not view.changes or view.before is None:
        return KeyBook()
    use = Use(
        view.operation,
        view.before.order_id,
        unknown=isinstance(view.reported, Unknown | TimedOut | Ended),
        done=isinstance(view.reported, Done),
    )
    return KeyBook(
        {attempt.key: use for attempt in view.attempts if attempt.key},
        {} if view.attempts else {use.place: use},
        frozenset((use.place,)),
    )


def findings_of(view: View, *, traffic: bool = False) -> Iterator[Finding]:
    """The findings about an operation; with `traffic`, those that need nothing else."""
    for requirement in view.spec.client_requirements:
        watched = requirement.watched if traffic else ()
        if requirement.of and view.operation not in (*requirement.of, *watched):
            continue
        if traffic and not requirement.traffic:
            continue
        cases = tuple(case for case in requirement.cases if case in view.seen)
        for each in CHECKS[requirement.check](view):
            finding = finding_of(
                requirement.id,
                requirement.level,
                each.exchange,
                each.result,
                aspects=("seen", *cases),
            )
            if finding is not None:
                yield finding


def excuses(spec: Spec, found: Collection[str]) -> Iterator[Finding]:
    """A finding for each conditional requirement without any: it does not apply."""
    for requirement in spec.client_requirements:
        if requirement.conditional and requirement.id not in found:
            yield Finding(
                requirement=requirement.id,
                verdict="NOT_APPLICABLE",
                exchange=0,
                aspects=("seen", *requirement.cases),
                observed="the client never did this",
            )
