"""What the tests drive the toolkit with: its command line, a served mock, hostile servers."""

import fcntl
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import httpx
import pytest

from klarna_conformance import defaults
from klarna_conformance.cli.main import main
from klarna_conformance.run import progress

from .hostile import HostileServer

COMMAND = Path(sysconfig.get_path("scripts")) / "klarna-conformance"
AUTH = (defaults.USERNAME, defaults.PASSWORD)
FEW = (
    *("--requirement", "release.fully-captured-refused", "--market", "SE", "--examples", 0),
    *("--max-requests", 60),
)
"""The options of a plan of a few requests, whose requirement is verified."""


@dataclass(frozen=True)
class Finished:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


Cli = Callable[..., Finished]
"""Runs the command line with these arguments."""


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    """Runs the command line in this process, in a folder of its own.

    It prints no progress, because whether there is any depends on the speed of the machine.
    """
    monkeypatch.setattr(progress, "_EVERY_S", inf)
    for name in ("KLARNA_USERNAME", "KLARNA_PASSWORD", "KLARNA_CONFORMANCE_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Finished:
        monkeypatch.setattr(sys, "argv", ["klarna-conformance", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Finished(int(ended.value.code or 0), printed.out, printed.err)

    return run


@dataclass(frozen=True)
class Served:
    """A mock in a process of its own."""

    base_url: str
    client: httpx.Client

    def order(self, **plan: Any) -> dict[str, Any]:
        """The answer to an order plan: an order of 10000 captured at once by default."""
        whole = {"market": "SE", "currency": "SEK", "order_amount": 10_000, "captures": [10_000]}
        return self.client.post("/_control/orders", json={**whole, **plan}).json()

    def path(self, order: dict[str, Any], suffix: str = "") -> str:
        return f"/ordermanagement/v1/orders/{order['order_id']}{suffix}"

    def post(self, order: dict[str, Any], suffix: str, **more: Any) -> httpx.Response:
        return self.client.post(self.path(order, suffix), **more)

    def shown(self, order: dict[str, Any]) -> dict[str, Any]:
        """The order as it is now."""
        return self.client.get(self.path(order)).json()


Serve = Callable[..., Served]
"""Serves a mock with these options of its command."""


@pytest.fixture(scope="session")
def serve_mock() -> Iterator[Serve]:
    """Serves mocks, each a process that is ended by its own id."""
    ended: list[Callable[[], object]] = []

    def serve(*options: str) -> Served:
        process = subprocess.Popen(
            [COMMAND, "mock", "--port", "0", *options], stdout=subprocess.PIPE, text=True
        )
        base_url = process.stdout.readline().strip()
        client = httpx.Client(base_url=base_url, auth=AUTH, trust_env=False, timeout=300)
        ended.extend(
            (process.terminate, lambda: process.wait(300), process.stdout.close, client.close)
        )
        return Served(base_url, client)

    yield serve
    for end in ended:
        end()


@pytest.fixture
def target_file(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """Writes a target file for a mock (the shared one), with its credentials in the environment.

    Orders come from the mock itself by default.
    """
    username, password = AUTH
    monkeypatch.setenv("SANDBOX_USER", username)
    monkeypatch.setenv("SANDBOX_PASSWORD", password)

    def write(base_url: str = served.base_url, **members: object) -> Path:
        described = {
            "name": "a sandbox",
            "base_url": base_url,
            "credentials": {"username": "${SANDBOX_USER}", "password": "${SANDBOX_PASSWORD}"},
            "orders": {"provisioner": "http", "url": f"{base_url}/_control/orders"},
            **members,
        }
        path = tmp_path / "target.yaml"
        path.write_text(json.dumps(described))
        return path

    return write


@pytest.fixture(scope="session")
def served(serve_mock: Serve) -> Served:
    """A mock with its defaults; tests make orders of their own."""
    return serve_mock()


@pytest.fixture
def hostile() -> Iterator[Callable[..., str]]:
    """Serves misbehaviour; answers the base URL."""
    servers: list[HostileServer] = []

    def serve(behaviour: str, *, orders: bool = False) -> str:
        servers.append(HostileServer(behaviour, orders=orders))
        return servers[-1].base_url

    yield serve
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """The environment for commands in a process of their own, without credentials."""
    return {k: v for k, v in os.environ.items() if not k.startswith("KLARNA_")}


@pytest.fixture(scope="session")
def shared_run(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> Callable[..., Path]:
    """The folder of a run on the mock that is made once for the workers of all processors."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent

    def run(name: str, *options: object) -> Path:
        output = shared / name
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (output / "run.json").exists():
                command = [COMMAND, "run", *map(str, options), "--output", output]
                subprocess.run(
                    command, env=environment, check=False, timeout=600, capture_output=True
                )
        return output

    return run


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Tests that are coroutines run on asyncio."""
    return "asyncio"
