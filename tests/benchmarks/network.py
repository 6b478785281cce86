"""A run over a slow network, and a long one: how well it keeps busy, and how much memory it takes.

Run it with `python tests/benchmarks/network.py`; it prints a ratio for a latency of 100 ms, and the
most memory that a run of more than 50,000 exchanges held. It takes some minutes.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from klarna_conformance import defaults

COMMAND = Path(sys.executable).with_name("klarna-conformance")
LATENCY_MS = 100
EXAMPLES_FOR_50_000 = 3_700


@contextmanager
def mock(*options: object) -> Iterator[str]:
    """The base URL of a mock that is served while it is used."""
    command = [str(COMMAND), "mock", *map(str, options)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def run(base_url: str, *options: object) -> tuple[dict[str, int], float, float]:
    """What a run came to, how long it took in seconds, and the most memory it held, in MB."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(COMMAND), "run", base_url, "--quiet", "--output", folder]
        started = time.perf_counter()
        process = subprocess.Popen([*command, *map(str, options)], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        assert os.waitstatus_to_exitcode(status) == 0
        summary = json.loads(Path(folder, "run.json").read_text())
        orders = Path(folder, "journal.ndjson").read_text().count('"capture_ids":[')
    return {**summary, "orders": orders}, wall_s, usage.ru_maxrss / 1000


def main() -> None:
    """Runs both and prints what they took."""
    with mock("--latency", LATENCY_MS) as base_url:
        summary, wall_s, _ = run(base_url)
    requests = summary["requests_sent"] + summary["orders"]
    least_s = requests * LATENCY_MS / 1000 / defaults.CONCURRENCY
    print(
        f"{requests} requests (with provisioning) of {LATENCY_MS} ms, {defaults.CONCURRENCY} at "
        f"a time: {wall_s:.0f} s, {wall_s / least_s:.2f} times the {least_s:.0f} s of waiting"
    )
    with mock() as base_url:
        summary, wall_s, memory_mb = run(base_url, "--examples", EXAMPLES_FOR_50_000)
    print(f"{summary['requests_sent']} requests: {wall_s:.0f} s, {memory_mb:.0f} MB at most")


if __name__ == "__main__":
    main()
