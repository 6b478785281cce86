"""What runs cost: CPU, time and memory of commands, in one table.

Run it with `python tests/benchmarks/speed.py`; it takes some minutes. The last rows have 3 and 10
times as many random scenarios as by default, or as many times as the arguments say (`speed.py 3`).
Times depend on the machine, so the first line is that of 10 million additions. CPU is that of all
processes of a command, memory that of the largest of them. Plans are in a cache of their own, empty
at first.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from klarna_conformance import defaults
from klarna_conformance.mock.server import Mock
from klarna_reports.record.journal import read_journal
from klarna_reports.record.record import Played
from klarna_specs.exchange import Payload, Request, Response
from klarna_specs.loader import load

COMMAND = Path(sys.executable).with_name("klarna-conformance")
BASE_URL = "http://mock"
MORE_EXAMPLES = (3, 10)
REQUIREMENT = "refund.replay-booked-once"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Cost(NamedTuple):
    """CPU and elapsed time in seconds, and memory in MB."""

    cpu_s: float
    wall_s: float
    memory_mb: float


def additions_s() -> float:
    """The CPU time of 10 million additions in a plain loop, in seconds."""
    began_s, total = time.process_time(), 0
    for _ in range(10_000_000):
        total += 2
    return time.process_time() - began_s


def cost(cache: Path, *arguments: object) -> Cost:
    """What a command costs that ends with a verdict or with success."""
    began_s = time.perf_counter()
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    process = subprocess.Popen(
        [str(COMMAND), *map(str, arguments)], stdout=subprocess.DEVNULL, env=environment
    )
    _, status, used = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 3), arguments
    wall_s = time.perf_counter() - began_s
    return Cost(used.ru_utime + used.ru_stime, wall_s, used.ru_maxrss / 1024)


def raw_s(scenarios: Iterable[Played]) -> tuple[int, float]:
    """How many requests there are, and the CPU time in which a mock alone answers them."""
    mock, count, used_s = Mock(load(), seed=defaults.SEED), 0, 0.0
    for played in scenarios:
        ids: dict[str, str] = {}
        clock_s = 0
        for order in played.orders:
            made = mock.make_order(order.plan)
            ids |= {order.order_id: made.order_id}
            ids |= dict(zip(order.capture_ids, made.capture_ids, strict=True))
        for exchange in played.exchanges:
            request = _with_ids(exchange.request, ids)
            mock.advance(exchange.clock_s - clock_s)
            clock_s = exchange.clock_s
            began_s = time.process_time()
            response = mock.respond(request, BASE_URL)
            used_s += time.process_time() - began_s
            count += 1
            assert isinstance(exchange.outcome, Response)
            assert response.status == exchange.outcome.status, request
            ids |= dict(zip(_ids(exchange.outcome), _ids(response), strict=False))
    return count, used_s


def _ids(response: Response) -> list[str]:
    return _ID.findall(f"{response.headers}{response.body.text}")


def _with_ids(request: Request, ids: dict[str, str]) -> Request:
    """A recorded request as the listener of another mock, with other ids, passes it on.

    Authentication schemes are valid in any case.
    """

    def here(text: str) -> str:
        return _ID.sub(lambda found: ids.get(found[0], found[0]), text)

    body = Payload(here(request.body.text), request.body.encoding)
    credentials = "valid" if request.credentials == "other_case_scheme" else request.credentials
    path = here(request.path)
    return msgspec.structs.replace(request, path=path, body=body, credentials=credentials)


def show(label: str, cost: Cost, beside: str = "") -> None:
    """Prints a line of the table."""
    figures = f"{cost.cpu_s:.1f} | {cost.wall_s:.1f} | {cost.memory_mb:.0f}"
    print(f"| `{label}` | {figures} | {beside} |", flush=True)


def main() -> None:
    """Measures and prints line by line."""
    print(f"10 million additions: {additions_s():.2f} s, {os.cpu_count()} cores", flush=True)
    print("| command | CPU, s | time, s | memory, MB | notes |\n|---|---:|---:|---:|---|")
    with tempfile.TemporaryDirectory() as folder:
        cache, output = Path(folder, "cache"), Path(folder, "report")
        one = ("run", "--output", output, "--workers", 1)
        show("plan", cost(cache, "plan"))
        show("plan --no-cache", cost(cache, "plan", "--no-cache"))
        default = cost(cache, *one)
        run = json.loads((output / "run.json").read_text())
        count, alone_s = raw_s(read_journal(output / "journal.ndjson").played)
        each_us = default.cpu_s / run["requests_sent"] * 1e6
        overhead = f"{each_us:.0f} us a request, the mock alone {alone_s / count * 1e6:.0f} us"
        show("run --workers 1", default, overhead)
        show("report DIR", cost(cache, "report", output))
        two = cost(cache, "run", "--output", output, "--workers", 2)
        show("run --workers 2", two, f"{two.wall_s / default.wall_s:.2f} of the time with one")
        for limit in (("--requirement", REQUIREMENT), ("--max-requests", "1063")):
            show(" ".join(("run", *limit)), cost(cache, *one, *limit))
        for times in map(int, sys.argv[1:]) if sys.argv[1:] else MORE_EXAMPLES:
            more = ("--examples", times * defaults.EXAMPLES)
            cost(cache, "plan", *more)
            much = cost(cache, *one, *more)
            ratio = f"{much.cpu_s / default.cpu_s:.1f} times the CPU"
            memory = f"{much.memory_mb / default.memory_mb:.2f} times the memory"
            show(f"run --examples {more[1]}", much, f"{ratio}, {memory}")


if __name__ == "__main__":
    main()
