"""A sequence diagram of client, network and server."""

from collections.abc import Collection
from dataclasses import dataclass

from klarna_reports.record.record import Played
from klarna_reports.words.amounts import major
from klarna_reports.words.client_wording import instruction_text, reported_outcome
from klarna_specs.calls import KEY_HEADER
from klarna_specs.client.faults import Refused, words_of
from klarna_specs.client.play import Episode, Mark
from klarna_specs.exchange import Exchange
from klarna_specs.ledger import Ledger

__all__ = ["Arrow", "Lanes", "lanes"]

_LONGEST = 60
_KEY_SHOWN = 8
_CLIENT, _NETWORK, _SERVER = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """One line between two lanes (0 client, 1 network, 2 server), or a note at one of them.

    `lost` means that the message did not arrive; `number` is the number of the exchange that
    starts here, from 1; `marked` means that a finding is about it.
    """

    start: int
    end: int
    text: str
    lost: bool = False
    number: int | None = None
    marked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """The lines from top to bottom, and how many were omitted above them."""

    arrows: tuple[Arrow, ...]
    left_out: int

    @property
    def described(self) -> str:
        """The diagram as text, for screen readers."""
        names = ("client", "network", "server")
        return " ".join(
            f"{names[arrow.start]}: {arrow.text}."
            if arrow.start == arrow.end
            else f"{names[arrow.start]} to {names[arrow.end]}: {arrow.text}"
            f"{', lost' if arrow.lost else ''}."
            for arrow in self.arrows
        )


def lanes(played: Played, marked: Collection[int], *, most: int) -> Lanes:
    """The diagram of a client scenario; `marked` are the exchanges that a finding is about.

    At most `most` lines are drawn: the last ones up to the marked exchanges and their outcome.
    """
    side = played.client
    marks = side.marks if side else ()
    until = max(marked, default=len(played.exchanges) - 1)
    arrows: list[Arrow] = []
    drawn = 0
    for episode in side.episodes if side else ():
        if episode.first > until and arrows:
            break
        drawn = episode.first + episode.count
        arrows += _episode(episode, played, marks, marked)
    for index in range(drawn, until + 1):
        arrows += _exchanged(index, played.exchanges[index], _mark(marks, index), marked)
    return Lanes(arrows=tuple(arrows[-most:]), left_out=max(0, len(arrows) - most))


def _mark(marks: tuple[Mark, ...], index: int) -> Mark:
    return marks[index] if index < len(marks) else Mark()


def _episode(
    episode: Episode, played: Played, marks: tuple[Mark, ...], marked: Collection[int]
) -> list[Arrow]:
    arrows = [
        _remark(_CLIENT, f"command: {instruction_text(episode.command, episode.before.currency)}")
    ]
    money = episode.before.refunded_amount != episode.after.refunded_amount
    if money:
        arrows.append(_remark(_SERVER, _refunded(episode.before)))
    if any(isinstance(fault, Refused) for fault in episode.command.faults):
        text = "no connection possible"
        arrows.append(Arrow(start=_CLIENT, end=_NETWORK, text=text, lost=True))
    for index in range(episode.first, episode.first + episode.count):
        arrows += _exchanged(index, played.exchanges[index], _mark(marks, index), marked)
    if money:
        arrows.append(_remark(_SERVER, _refunded(episode.after)))
    return [*arrows, _remark(_CLIENT, reported_outcome(episode.reported)[:_LONGEST])]


def _refunded(ledger: Ledger) -> str:
    return f"{major(ledger.refunded_amount, ledger.currency)} refunded"


def _remark(lane: int, text: str) -> Arrow:
    return Arrow(start=lane, end=lane, text=text)


def _exchanged(index: int, exchange: Exchange, mark: Mark, marked: Collection[int]) -> list[Arrow]:
    """The request as far as it got, the server's response, and what the client received."""
    answer = exchange.response
    served = mark.served or ((answer,) if answer and mark.fault is None else ())
    reached = _SERVER if served else _NETWORK
    arrows = [
        Arrow(
            start=_CLIENT,
            end=reached,
            text=_request_text(exchange),
            lost=not served,
            number=index + 1,
            marked=index in marked,
        )
    ]
    for response in served:
        through = answer is not None and answer.status == response.status
        end = _CLIENT if through else _NETWORK
        arrows.append(Arrow(start=_SERVER, end=end, text=f"{response.status}", lost=not through))
    if mark.fault is not None:
        arrows.append(_remark(_NETWORK, words_of(mark.fault)))
    if answer and answer.status not in {response.status for response in served}:
        arrows.append(Arrow(start=_NETWORK, end=_CLIENT, text=f"{answer.status}"))
    return arrows


def _request_text(exchange: Exchange) -> str:
    request = exchange.request
    key = request.header(KEY_HEADER)
    name = f"{request.method} {request.path.rsplit('/', 1)[-1]}"[:_LONGEST]
    return f"{name}, key {key[:_KEY_SHOWN]}" if key else name
