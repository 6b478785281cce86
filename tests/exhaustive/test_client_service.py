"""Whole certifications of clients that run as a service."""

import json
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from klarna_conformance.wrong.clients.keys import NewKeyEachAttempt
from klarna_conformance.wrong.reference import ReferenceClient

from ..conformance.certify.services import Service, with_client
from ..conformance.conftest import Cli

EXAMPLE = Path(__file__).parents[2] / "examples" / "adapters" / "http" / "service.py"
LOST = ("--faults", "lost", "--examples", 0, "--operations", "refundOrder", "--timeout", "200ms")


def adapter_of(folder: Path) -> str:
    header = json.loads((folder / "journal.ndjson").read_text().splitlines()[0])
    return header["certified"]["adapter"]


def test_a_service_with_a_right_client_is_conformant(cli: Cli, tmp_path: Path) -> None:
    with Service(with_client(ReferenceClient)) as service:
        finished = cli("client", *LOST, "--quiet", "--output", tmp_path, "--http", service.url)

    assert (finished.out.split()[0], finished.code, finished.err) == ("CONFORMANT", 0, "")
    assert adapter_of(tmp_path) == service.url
    assert service.url in (tmp_path / "certificate.html").read_text()


def test_a_wrong_client_in_a_service_is_found_and_replayed(cli: Cli) -> None:
    with Service(with_client(NewKeyEachAttempt)) as service:
        finished = cli("client", *LOST, "--http", service.url)
        replay = next(line for line in finished.out.splitlines() if "Replay:" in line)
        replayed = cli(*shlex.split(replay.partition("klarna-conformance ")[2]))

    assert finished.code == 1
    assert "FAIL client.once" in finished.out
    assert replay.endswith(f" --http {service.url}")
    assert replayed.code == 1


def test_copies_of_a_client_in_a_service_have_sessions(cli: Cli) -> None:
    with Service(with_client(ReferenceClient)) as service:
        finished = cli("client", *LOST, "--quiet", "--workers", 2, "--http", service.url)
    sessions = {message.get("session") for message in service.messages} - {None}

    assert (finished.out.split()[0], finished.code, finished.err) == ("CONFORMANT", 0, "")
    assert len(sessions) == service.hellos > 2


@pytest.fixture
def example() -> Iterator[str]:
    """The URL of the example, which runs as a service."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    service = subprocess.Popen([sys.executable, EXAMPLE, str(port)], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/conformance"
    service.terminate()
    service.wait(60)


def test_the_example_is_conformant(cli: Cli, example: str) -> None:
    finished = cli("client", *LOST, "--quiet", "--http", example)

    assert (finished.out.split()[0], finished.code, finished.err) == ("CONFORMANT", 0, "")
