"""What a server decided where the documentation leaves the choice open, as a record shows it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from klarna_reports.record.journal import read_journal
from klarna_specs.exchange import Exchange, NotJson, Response

__all__ = ["choices", "independent_server", "share_alike"]

_OPAQUE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:ord|cap|ref)\.\d+|\d{12}")
_OF_THE_CONNECTION = ("connection", "content-length", "date", "transfer-encoding")
Choices = dict[tuple[str, int, str], object]


@contextmanager
def independent_server() -> Iterator[str]:
    """The base URL of the server of `independent_server.py`, in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("independent_server.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


def choices(directory: Path) -> Choices:
    """Each choice by scenario, exchange and name; ids are no choices."""
    return {
        (played.id, number, name): _plain(choice)
        for played in read_journal(directory / "journal.ndjson").played
        for number, exchange in enumerate(played.exchanges)
        if exchange.group is None
        for name, choice in _choices(exchange)
    }


def share_alike(target: Choices, mock: Choices) -> float:
    """The share of a target's choices that a mock made too; both met the same requests."""
    return sum(mock.get(place) == choice for place, choice in target.items()) / len(target)


def _choices(exchange: Exchange) -> Iterator[tuple[str, object]]:
    response = exchange.outcome
    assert isinstance(response, Response)
    yield "status", response.status
    yield "headers", [n for n, _ in response.headers if n.lower() not in _OF_THE_CONNECTION]
    yield "content type", response.header("content-type")
    try:
        body = response.body.json()
    except NotJson:
        yield "body", response.body.text
        return
    yield "layout of JSON", response.body.text.count("\n") > 0
    if isinstance(body, dict):
        yield "members", list(body)
        yield from ((f"member {name}", value) for name, value in body.items())
    else:
        yield "body", body


def _plain(choice: object) -> Any:
    """The choice without ids; a list of headers or members is one choice."""
    return _OPAQUE.sub("#", repr(choice))
