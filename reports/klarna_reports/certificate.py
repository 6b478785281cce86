"""`certificate.html`: what a client was put through and what came of it, on two sheets of paper."""

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from klarna_reports.client_wording import scenario_text
from klarna_reports.record import Played, Record
from klarna_reports.results import ReportedFinding, Summary
from klarna_reports.shown import visible
from klarna_specs.client.faults import Refused, words_of
from klarna_specs.client.play import (
    ClientScenario,
    Done,
    Ended,
    Episode,
    Mark,
    Mute,
    RefusedIt,
    Told,
    Unknown,
)
from klarna_specs.exchange import Exchange, Response

__all__ = ["Arrow", "Counterexample", "render_certificate"]

_MOST_SHOWN = 4
_MOST_ARROWS = 14
_LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """One line of a sequence diagram: between which lanes (0 client, 1 network, 2 server), text."""

    start: int
    end: int
    text: str
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """A violated requirement, the sentence that tells it, and what went to and fro."""

    requirement: str
    told: str
    expected: str
    observed: str
    arrows: tuple[Arrow, ...]
    left_out: int


def render_certificate(record: Record, summary: Summary) -> str:
    """The certificate of a client as one HTML page; the record has to be of one."""
    assert record.header.certified is not None
    shown = [f for f in summary.findings if f.verdict == "FAIL"][:_MOST_SHOWN]
    wanted = {finding.scenario for finding in shown}
    played = {each.id: each for each in record.played if each.id in wanted}
    return _template().render(
        summary=summary,
        certified=record.header.certified,
        counterexamples=[_counterexample(f, played[f.scenario]) for f in shown],
        more=sum(r.verdict == "FAIL" for r in summary.requirements)
        - len({f.requirement for f in shown}),
    )


def _counterexample(finding: ReportedFinding, played: Played) -> Counterexample:
    assert played.client is not None
    side = played.client
    commands = tuple(episode.command for episode in side.episodes)
    scenario = ClientScenario(orders=side.orders, commands=commands)
    arrows = [arrow for episode in side.episodes for arrow in _arrows(episode, played, side.marks)]
    return Counterexample(
        requirement=finding.requirement,
        told=scenario_text(scenario),
        expected=finding.expected,
        observed=finding.observed,
        arrows=tuple(arrows[:_MOST_ARROWS]),
        left_out=max(0, len(arrows) - _MOST_ARROWS),
    )


def _arrows(episode: Episode, played: Played, marks: tuple[Mark, ...]) -> list[Arrow]:
    told = Arrow(start=0, end=0, text=f"told: {episode.command.operation}")
    arrows = [told]
    if any(isinstance(fault, Refused) for fault in episode.command.faults):
        arrows.append(Arrow(start=0, end=1, text="no connection possible", lost=True))
    for index in range(episode.first, episode.first + episode.count):
        arrows += _exchanged(played.exchanges[index], marks[index])
    return [*arrows, Arrow(start=0, end=0, text=_outcome(episode.told))]


def _exchanged(exchange: Exchange, mark: Mark) -> list[Arrow]:
    request, outcome = exchange.request, exchange.outcome
    key = request.header("klarna-idempotency-key")
    name = f"{request.method} {request.path.rsplit('/', 1)[-1]}"
    asked = f"{name}, key {key[:8]}" if key else name
    arrows = [Arrow(start=0, end=2 if mark.served else 1, text=asked, lost=not mark.served)]
    for served in mark.served:
        reached = isinstance(outcome, Response) and outcome.status == served.status
        arrows.append(
            Arrow(start=2, end=0 if reached else 1, text=str(served.status), lost=not reached)
        )
    if isinstance(outcome, Response) and not any(s.status == outcome.status for s in mark.served):
        arrows.append(Arrow(start=1, end=0, text=str(outcome.status)))
    if mark.fault is not None:
        arrows.append(Arrow(start=1, end=1, text=words_of(mark.fault)))
    return arrows


def _outcome(told: Told) -> str:
    match told:
        case Done(refund_id=refund_id):
            return f"tells done, {refund_id}"[:_LONGEST] if refund_id else "tells done"
        case RefusedIt(error_code=code):
            return f"tells refused, {code}"[:_LONGEST] if code else "tells refused"
        case Unknown():
            return "tells unknown"
        case Mute(after_s=after_s):
            return f"tells nothing within {after_s:g} s"
        case Ended():
            return "breaks down"
        case _:
            return "does not support it"


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("klarna_reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (files("klarna_reports") / "templates" / "certificate.css").read_text("utf-8")
    shared: dict[str, Any] = environment.globals
    shared.update(
        style=Markup(style),  # noqa: S704 (it is our own file)
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )
    return environment.get_template("certificate.html.j2")


def _finalized(value: Any) -> Any:
    """Invisible characters are shown as escapes, whatever came from outside."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
