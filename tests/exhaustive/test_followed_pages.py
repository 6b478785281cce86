"""The tutorial and the guides, followed step by step: their commands run, and end as they say."""

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ..conformance.conftest import AUTH, COMMAND, Served
from ..documented import DOCS, Block, blocks, commands

SCOPE = " --requirement refund.replay-booked-once"
SMALL = " --examples 0 --max-requests 150 --no-shrink"
"""What makes a run of a guide small; the tutorial runs as printed."""
ELSEWHERE = (
    "cosign ",  # signs with an account
    "gh ",
    "klarna-conformance drift page.md",  # the repository has no copy of the page
    "klarna-conformance proxy playground-eu",  # other hosts
    "klarna-conformance run acme-sandbox",
    "klarna-conformance client -- ",  # whole certifications: test_example_adapters.py
    "klarna-conformance client --http",  # test_client_service.py
    "klarna-conformance client --replay",  # test_client_command.py
    "mkdocs build",  # .ci/run does, as the next two
    "pip install",
    "python -m venv",
    "st run",  # what it generates changes with its version
)
ENDS = {
    "klarna-conformance check": 3,  # it is of a small run, which shows few requirements
    "klarna-conformance run --mutant": 1,
}
"""The exit codes of commands other than 0, where the page does not say one."""
GUIDES = (
    "calibrated-mock",
    "client-certification",
    "compare",
    "defaults",
    "deviations",
    "drift",
    "editors",
    "evidence",
    "explain",
    "kustom",
    "own-rules",
    "profiles",
    "pytest",
    "report",
    "schemathesis",
    "watching",
)
Follow = Callable[..., list[str]]
"""Does what a page says, with `small` runs or whole ones; answers the commands that it ran."""


@pytest.fixture
def follow(tmp_path: Path, environment: dict[str, str]) -> Iterator[Follow]:
    serving: list[subprocess.Popen[str]] = []
    environment = {
        **environment,
        "KLARNA_USERNAME": AUTH[0],
        "KLARNA_PASSWORD": AUTH[1],
        "PATH": f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}",
    }

    def stop() -> None:
        while serving:
            server = serving.pop()
            server.terminate()
            server.communicate(timeout=60)

    def start(line: str) -> None:
        stop()
        server = subprocess.Popen(
            line.split(), cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
        )
        serving.append(server)
        assert server.stdout is not None
        assert server.stdout.readline().startswith("http://127.0.0.1:")

    def run(line: str, expected: int) -> str:
        ended = subprocess.run(
            ["sh", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert ended.returncode == expected, f"{line}\n{ended.stdout[-3000:]}{ended.stderr[-3000:]}"
        return ended.stdout

    def follow_page(name: str, *, small: bool) -> list[str]:
        page = (DOCS / f"{name}.md").read_text("utf-8").replace("8080", _free_port())
        ran: list[str] = []
        printed = ""
        for block in blocks(page):
            _write(tmp_path, block)
            said = re.search(r"exit code is (\d)", block.after)
            lines = [line for line in commands(block) if line and not line.startswith(ELSEWHERE)]
            printed = "" if lines else printed
            for line in lines:
                ran.append(line)
                if line.startswith("export "):
                    variable, _, value = line.removeprefix("export ").partition("=")
                    environment[variable] = value
                elif line.startswith("klarna-conformance mock"):
                    start(line)
                else:
                    usual = next((ENDS[each] for each in ENDS if line.startswith(each)), 0)
                    if small and line.startswith("klarna-conformance run"):
                        line += SCOPE * ("--requirement" not in line) + SMALL
                    elif small and line.startswith("pytest ") and "-k" not in line.split():
                        line += " -k refund.replay-booked-once"
                    printed += run(line, int(said[1]) if said else usual)
            if name == "tutorial" and block.kind == "text":
                assert [line for line in block.text.splitlines() if line not in printed] == []
        return ran

    yield follow_page
    stop()


def _free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def _write(folder: Path, block: Block) -> None:
    """Writes the file that a block names in its first line, or changes the one in a diff."""
    named = re.match(r"# (append to )?(\S+\.(?:py|toml|yaml))\n", block.text)
    if named:
        path = folder / named[2]
        path.write_text((path.read_text() if named[1] else "") + block.text[named.end() :])
    if block.kind == "diff":
        lines = block.text.splitlines(keepends=True)
        old, new = ("".join(line[1:] for line in lines if line[0] in f" {sign}") for sign in "-+")
        path = folder / "shop.py"
        assert path.read_text().count(old) == 1
        path.write_text(path.read_text().replace(old, new))


def test_the_tutorial_works_as_printed(follow: Follow) -> None:
    assert len(follow("tutorial", small=False)) == 9


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, served: Served) -> Path:
    """A folder with the files that the guides expect."""
    folder = tmp_path_factory.mktemp("prepared")
    for target in ("my-sandbox", "stub"):
        described = {
            "name": target,
            "base_url": served.base_url,
            "credentials": {"username": "${KLARNA_USERNAME}", "password": "${KLARNA_PASSWORD}"},
            "orders": {"provisioner": "http", "url": f"{served.base_url}/_control/orders"},
        }
        (folder / f"{target.removeprefix('my-')}.yaml").write_text(json.dumps(described))
    (folder / "known.yaml").write_text("deviations: []\n")
    (folder / "refund.json").write_text('{"refunded_amount": 100}')
    (folder / "order.json").write_text('{"market": "SE", "order_amount": 100, "captures": [100]}')
    shutil.copy(DOCS.parent / "examples/adapters/python/adapter.py", folder)
    (folder / "order.yaml").write_text(_printed(folder, "openapi"))
    _printed(folder, "run", *(SCOPE + SMALL).split())
    _printed(folder, "report", "conformance-report", "--format", "har")
    shutil.copy(folder / "conformance-report/exchanges.har", folder / "traffic.har")
    shutil.copytree(folder / "conformance-report", folder / "last-weeks-report")
    return folder


def _printed(folder: Path, *arguments: str) -> str:
    command = [COMMAND, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", GUIDES)
def test_the_commands_of_a_guide_work(
    name: str, follow: Follow, prepared: Path, tmp_path: Path
) -> None:
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    assert follow(name, small=True)
