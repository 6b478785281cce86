"""Judges traffic that others sent: the server's side of it, the client's, or both."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from klarna_conformance.judge.client.judging import excuses
from klarna_conformance.judge.client.keys import KeyBook
from klarna_conformance.judge.client.traffic import judge_traffic
from klarna_conformance.network.network import Seen
from klarna_conformance.record.recording import Recorder
from klarna_conformance.run.events import (
    Event,
    Excused,
    Finished,
    NotJudged,
    ScenarioFinished,
    Started,
)
from klarna_conformance.run.running import recorded_header
from klarna_conformance.traffic.har_file import UNNAMED, Recorded
from klarna_conformance.traffic.recorded import judged_orders
from klarna_conformance.traffic.redirected import carried_away
from klarna_conformance.wrong.clients.catalogue import client_proofs
from klarna_reports.record.record import Footer, Played, Side, TargetFacts, Unjudged
from klarna_specs.calls import read_call
from klarna_specs.client.play import ClientSide, Mark
from klarna_specs.goals import Scope
from klarna_specs.scenario import Scenario
from klarna_specs.spec import Spec

__all__ = ["Watched", "judged_traffic", "seen_by"]

_TIMELESS = "no times are recorded, and it depends on one: on Retry-After, or on expires_at"


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """Traffic in the order in which the requests began, as clients saw it.

    `upstream` is how the server saw it, if that differs. `marks` are what only the network knew,
    one for each exchange, or empty. `wall_s` is the duration, in seconds.
    """

    facts: TargetFacts
    traffic: tuple[Recorded, ...]
    upstream: tuple[Recorded, ...] | None = None
    marks: tuple[Mark, ...] = ()
    wall_s: float = 0.0


def seen_by(facts: TargetFacts, seen: Seen) -> Watched:
    """What a network saw in front of a server."""
    traffic = tuple(
        Recorded(
            origin=facts.base_url,
            began_s=seen.began_s + exchange.started_s,
            ended_s=seen.began_s + exchange.started_s + exchange.outcome.elapsed_s,
            exchange=exchange,
        )
        for exchange in seen.exchanges
    )
    return Watched(facts=facts, traffic=traffic, marks=seen.marks, wall_s=seen.wall_s)


def judged_traffic(
    spec: Spec,
    watched: Watched,
    recorder: Recorder,
    *,
    sides: Collection[Side],
    requirements: tuple[str, ...] = (),
    strict: bool = False,
    command: str = "",
) -> Iterator[Event]:
    """The verdicts on traffic; with `requirements` only these count."""
    facts, text = watched.facts, recorder.text(command)
    header = recorded_header(spec, facts, command=text, strict=strict)
    yield Started(
        msgspec.structs.replace(
            header,
            watched=tuple(sorted(sides)),
            proofs={**header.proofs, **client_proofs()},
            scope=Scope(requirements=requirements),
            followed=_followed(spec, watched) if "server" in sides else (),
        )
    )
    if timeless := [each.exchange.request for each in watched.traffic if _is_timeless(spec, each)]:
        first = f"{timeless[0].method} {timeless[0].path}"
        listed = (Unjudged(request=first, reason=_TIMELESS, count=len(timeless)),)
        yield NotJudged(recorder.unjudged(listed))
    if "server" in sides:
        served = watched.traffic if watched.upstream is None else watched.upstream
        yield from judged_orders(spec, facts, served, recorder)
    if "client" in sides:
        yield from _judged_clients(spec, watched, recorder)
    yield Finished(Footer(wall_s=round(watched.wall_s, 3), requests_sent=len(watched.traffic)))


def _is_timeless(spec: Spec, each: Recorded) -> bool:
    """Whether what can be said of a call depends on a time that is not recorded."""
    if each.timed or (response := each.exchange.response) is None:
        return False
    if response.status == 429:
        return response.header("Retry-After") is not None
    call = read_call(spec, each.exchange.request)
    rules = call.operation.requirements if call and response.is_refusal else ()
    return any("order.ended" in requirement.rule for requirement in rules if requirement.rule)


def _followed(spec: Spec, watched: Watched) -> tuple[str, ...]:
    """The operations in the traffic that a run never sends."""
    calls = (read_call(spec, each.exchange.request, followed=True) for each in watched.traffic)
    called = {call.operation.operation for call in calls if call}
    return tuple(name for name in spec.followed if name in called)


def _judged_clients(spec: Spec, watched: Watched, recorder: Recorder) -> Iterator[Event]:
    """The requests about each order, with what the requirements say of their sender.

    A key that is used for several orders of a server is reported at its second use.
    """
    known: defaultdict[str, KeyBook] = defaultdict(KeyBook)
    found: set[str] = set()
    excused: set[str] = set()
    away = carried_away(() if watched.marks else watched.traffic)
    for number, ((origin, _), places) in enumerate(_by_order(spec, watched, away).items(), 1):
        began_s = watched.traffic[places[0]].began_s
        exchanges = tuple(
            msgspec.structs.replace(
                watched.traffic[place].exchange,
                started_s=round(watched.traffic[place].began_s - began_s, 6),
            )
            for place in places
        )
        marks = _marks(watched, places, away)
        judged = judge_traffic(spec, exchanges, marks, known[origin])
        known[origin] = judged.keys | known[origin]
        found |= {finding.requirement for finding in judged.findings}
        excused |= judged.occasions
        played = Played(
            id=f"c{number:04}",
            scenario=Scenario(plan=None, steps=()),
            exchanges=exchanges,
            findings=judged.findings,
            client=ClientSide(orders=(), episodes=(), marks=marks),
        )
        yield ScenarioFinished(recorder.played(played))
    never = tuple(each for each in excuses(spec, found) if each.requirement in excused)
    if never:
        yield Excused(never)


def _marks(watched: Watched, places: Sequence[int], away: Mapping[int, int]) -> tuple[Mark, ...]:
    """What is known of exchanges beside themselves; empty for recordings where that is nothing."""
    if watched.marks:
        return tuple(watched.marks[place] for place in places)
    known = tuple(
        Mark(
            recorded=True,
            at="elsewhere" if place in away else "server",
            carried=place in away,
            untimed=not watched.traffic[place].timed,
        )
        for place in places
    )
    return known if set(known) - {Mark(recorded=True)} else ()


def _by_order(
    spec: Spec, watched: Watched, away: Mapping[int, int]
) -> Mapping[tuple[str, str], list[int]]:
    """The positions of the traffic by server and order; what is about no order is by itself.

    A request that followed a redirect `away` is beside the one that was redirected.
    """
    places: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for place in range(len(watched.traffic)):
        each = watched.traffic[away.get(place, place)]
        call = read_call(spec, each.exchange.request)
        if each.unjudged == UNNAMED:
            continue
        if call or each.origin == watched.facts.base_url:
            places[each.origin, call.order_id if call else ""].append(place)
    return places
