"""The judge of clients: what each requirement says of what a client did. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from klarna_conformance.judge.client.checks import CHECKS
from klarna_conformance.judge.client.uses import use_of
from klarna_conformance.judge.client.view import View, view_of
from klarna_reports.record.record import Finding
from klarna_specs.client.play import ClientSide, Command
from klarna_specs.client.requirements import ClientRequirement, client_requirements
from klarna_specs.exchange import Exchange
from klarna_specs.spec import Spec

__all__ = ["excuses", "findings_of", "judge_client", "keys_used"]


def judge_client(
    spec: Spec,
    side: ClientSide,
    exchanges: Sequence[Exchange],
    used: Mapping[str, str] | None = None,
) -> tuple[Finding, ...]:
    """The findings of one scenario with a client.

    `used` are the keys that scenarios before have used, with what for: a key is good once.
    """
    found: list[Finding] = []
    known = dict(used or {})
    around: tuple[Command, ...] = ()
    for episode in side.episodes:
        view = view_of(spec, episode, exchanges, side.marks, used=dict(known), around=around)
        found.extend(findings_of(view))
        known.update(_keys(view))
        around = (*around, episode.command)
    return tuple(found)


def keys_used(spec: Spec, side: ClientSide, exchanges: Sequence[Exchange]) -> dict[str, str]:
    """The idempotency keys of a scenario, each with what it was used for."""
    keys: dict[str, str] = {}
    for episode in side.episodes:
        view = view_of(spec, episode, exchanges, side.marks, used=keys, around=())
        keys.update(_keys(view))
    return keys


def _keys(view: View) -> Iterator[tuple[str, str]]:
    """Keys with what they were used for; what nothing was seen of stands in its own place."""
    if view.changes and view.before:
        use, told = (use_of(view.operation, view.before.order_id, t) for t in (None, view.told))
        for attempt in view.attempts:
            if attempt.key:
                yield attempt.key, told
        if not view.attempts:
            yield use, told


def findings_of(view: View, *, traffic: bool = False) -> Iterator[Finding]:
    """What the requirements say of an operation; with `traffic` those that need nothing else."""
    for requirement in client_requirements(view.spec):
        if requirement.of and view.operation not in requirement.of:
            continue
        if requirement.traffic or not traffic:
            yield from _findings(requirement, view)


def _findings(requirement: ClientRequirement, view: View) -> Iterator[Finding]:
    cases = tuple(case for case in requirement.cases if case in view.seen)
    for said in CHECKS[requirement.id](view):
        yield Finding(
            requirement=requirement.id,
            verdict=said.verdict,
            exchange=said.exchange,
            aspects=("seen", *cases),
            expected=said.expected,
            observed=said.observed,
        )


def excuses(spec: Spec, found: Collection[str]) -> Iterator[Finding]:
    """A finding for each conditional requirement of which nothing was found: it does not apply."""
    for requirement in client_requirements(spec):
        if requirement.conditional and requirement.id not in found:
            yield Finding(
                requirement=requirement.id,
                verdict="NOT_APPLICABLE",
                exchange=0,
                aspects=("seen", *requirement.cases),
                observed="the client never did what this is about",
            )
