"""`compare` lists the known differences of two servers, and no other ones."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conformance.conftest import COMMAND
from .differing_mock import DIFFERING

TWELVE = {
    **dict.fromkeys(DIFFERING, "answer"),
    "extension.again": "answer",
    "options.content-type": "verdict",
    "contradiction.created-body": "answer",
    "contradiction.currency-case": "answer",
    "contradiction.error-message-member": "answer",
    "contradiction.header-names": "answer",
}


@pytest.fixture
def servers() -> Iterator[list[str]]:
    """The addresses of a plain mock and of one with twelve differences, each a process."""
    differing = Path(__file__).with_name("differing_mock.py")
    commands = ([COMMAND, "mock", "--port", "0"], [sys.executable, differing])
    started = [subprocess.Popen(each, stdout=subprocess.PIPE, text=True) for each in commands]
    yield [process.stdout.readline().strip() for process in started]
    for process in started:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def test_twelve_known_differences_are_listed_and_no_others(
    servers: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    run = [COMMAND, "run", *servers, "--max-requests", "2500", "--no-shrink", "--output", tmp_path]
    ran = subprocess.run(run, env=environment, check=False, capture_output=True, text=True)
    folders = [path.parent for path in sorted(tmp_path.glob("*/journal.ndjson"))]
    compare = [COMMAND, "compare", *folders, "--format", "json"]
    compared = subprocess.run(compare, env=environment, check=False, capture_output=True, text=True)
    comparison = json.loads(compared.stdout)
    found = {
        row["id"]: row["difference"]["kind"]
        for row in comparison["rows"]
        if row["difference"]
        and row["difference"]["kind"] in ("verdict", "answer")
        and not row["difference"]["follows"]
    }

    assert (ran.returncode, compared.returncode) == (1, 1)
    assert found == TWELVE
    assert comparison["partly"] == 0
    for row in comparison["rows"]:
        if row["id"] in TWELVE:
            shown = row["difference"]["shown"]
            assert len({each["scenario"] for each in shown}) == 1
            assert len({json.dumps(each["exchanges"]) for each in shown}) == 2
