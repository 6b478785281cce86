"""What is detected: our suite beside Schemathesis alone, on the same mutants.

Run it with `python tests/benchmarks/detection.py`; `--help` lists the bounds. The suite is run as
`klarna-conformance mutants` runs it. Schemathesis is `st run` on the emitted OpenAPI document, with
its default checks and with our hooks, which give it real orders; the two checks that the hooks add
are left out. It prints Markdown, and goes nowhere but to the loopback interface.
"""

import json
import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

import click

from klarna_conformance import defaults
from klarna_conformance.campaign.servers import Campaign, Trial, try_mutants
from klarna_conformance.executors.workers import Workers
from klarna_conformance.mock.server import Mock
from klarna_conformance.mock.serving import MockServer
from klarna_conformance.openapi import compile_openapi
from klarna_conformance.testing.loop import LoopThread
from klarna_conformance.wrong.catalogue import Mutant, harmless_variants, mutants
from klarna_conformance.wrong.making import make_mutant
from klarna_specs.loader import load

ST = Path(sysconfig.get_path("scripts")) / "st"
ADDED_CHECKS = "refusal_says_why,created_can_be_read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What Schemathesis made of one server.

    `failed` names the checks that failed on the first request that failed any (none where it found
    nothing); `requests` and `seconds` are those until then, or all. The requests with which the
    hooks make orders are not counted, nor is the start of the process.
    """

    failed: tuple[str, ...]
    requests: int
    seconds: float
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How Schemathesis is run; `timeout_s` bounds each of its processes."""

    seed: int
    max_examples: int
    timeout_s: int


@click.command()
@click.option("--each", type=click.IntRange(1), default=3, show_default=True)
@click.option("--harmless", type=click.IntRange(0), default=10, show_default=True)
@click.option("--max-examples", type=click.IntRange(1), default=10, show_default=True)
@click.option("--seed", default=defaults.SEED, show_default=True)
@click.option("--timeout", "timeout_s", type=click.IntRange(1), default=180, show_default=True)
def main(each: int, harmless: int, max_examples: int, seed: int, timeout_s: int) -> None:
    """Try the first EACH mutants of every class, and HARMLESS variants from all over their list."""
    wrong = [m for _, kind in groupby(mutants(), lambda m: m.kind) for m in list(kind)[:each]]
    right = _spread(harmless_variants(), harmless)
    settings = Settings(seed=seed, max_examples=max_examples, timeout_s=timeout_s)

    # Ours comes first: its pool forks, which a process with a server thread had better not do.
    started = time.perf_counter()
    campaign = Campaign(seed=seed, examples=defaults.EXAMPLES)
    ours = {trial.id: trial for trial in try_mutants([*wrong, *right], campaign, Workers())}
    ours_s = time.perf_counter() - started

    started = time.perf_counter()
    control = _attempt(Mock(load(), seed=seed), settings)
    theirs: dict[str, Attempt] = {}
    for number, mutant in enumerate([*wrong, *right], 1):
        attempt = _attempt(make_mutant(load(), mutant, seed=seed), settings)
        theirs[mutant.id] = attempt
        said = attempt.error or ", ".join(attempt.failed) or "nothing"
        click.echo(f"{number}/{len(wrong) + len(right)} {mutant.id}: {said}", err=True)
    theirs_s = time.perf_counter() - started

    _print_settings(settings)
    _print_table(wrong, ours, theirs)
    _print_harmless(right, control, ours, theirs)
    _print_times(wrong, theirs, ours_s, theirs_s)
    _print_details(wrong, ours, theirs)


def _spread(listed: Sequence[Mutant], count: int) -> list[Mutant]:
    """So many of them, at even distances."""
    count = min(count, len(listed))
    return [listed[number * len(listed) // count] for number in range(count)]


def _attempt(mock: Mock, settings: Settings) -> Attempt:
    """Lets Schemathesis at this server until something fails."""
    with tempfile.TemporaryDirectory() as name, _served(mock) as base_url:
        folder = Path(name)
        document = compile_openapi(load(), version="3.0")
        (folder / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
        try:
            ended = subprocess.run(
                _command(base_url, settings),
                env=os.environ | _variables(base_url),
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=settings.timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            error = f"not done after {settings.timeout_s} s"
            return Attempt(failed=(), requests=0, seconds=settings.timeout_s, error=error)
        events = folder / "events.ndjson"
        read = _read(events.read_text(encoding="utf-8")) if events.exists() else None
    if read is None or ended.returncode != bool(read.failed):
        error = f"st ended with {ended.returncode}: {(ended.stderr or ended.stdout)[-500:]}"
        return Attempt(failed=(), requests=0, seconds=0, error=error)
    return read


def _command(base_url: str, settings: Settings) -> list[str]:
    bounds = [f"--max-examples={settings.max_examples}", f"--seed={settings.seed}", "--workers=1"]
    stops = ["--max-failures=1", "--no-shrink", "--generation-database=none"]
    report = ["--report=ndjson", "--report-ndjson-path=events.ndjson", "--no-color"]
    checks = [f"--exclude-checks={ADDED_CHECKS}"]
    return [str(ST), "run", "openapi.json", f"--url={base_url}", *bounds, *stops, *report, *checks]


def _variables(base_url: str) -> dict[str, str]:
    return {
        "SCHEMATHESIS_HOOKS": "klarna_conformance.hooks",
        "KLARNA_PROVISIONER_URL": f"{base_url}/_control/orders",
        "KLARNA_USERNAME": defaults.USERNAME,
        "KLARNA_PASSWORD": defaults.PASSWORD,
    }


def _read(events: str) -> Attempt | None:
    """The results in the events; None where the last of them is missing."""
    said = [next(iter(json.loads(line).items())) for line in events.splitlines()]
    started = next((event["timestamp"] for name, event in said if name == "EngineStarted"), None)
    ended = next((event["timestamp"] for name, event in said if name == "EngineFinished"), None)
    if started is None or ended is None:
        return None
    recorders = [event["recorder"] for name, event in said if name == "ScenarioFinished"]
    sent = sorted(
        (
            (at["timestamp"], _failed(r["checks"].get(case, [])))
            for r, case, at in _cases(recorders)
        ),
        key=lambda one: one[0],
    )
    for number, (at, failed) in enumerate(sent, 1):
        if failed:
            return Attempt(failed=failed, requests=number, seconds=at - started)
    return Attempt(failed=(), requests=len(sent), seconds=ended - started)


def _cases(recorders: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str, Any]]:
    for recorder in recorders:
        for case, interaction in recorder["interactions"].items():
            yield recorder, case, interaction


def _failed(checks: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(c["name"] for c in checks if c["status"] == "failure"))


@contextmanager
def _served(mock: Mock) -> Iterator[str]:
    """Serves it on a free port of the loopback interface, in a thread of its own."""
    loop = LoopThread()
    server = MockServer(mock, username=defaults.USERNAME, password=defaults.PASSWORD)
    loop.call(server.open())
    try:
        yield server.base_url
    finally:
        loop.call(server.close())
        loop.close()


def _print_settings(settings: Settings) -> None:
    print(
        f"Seed {settings.seed}; ours with {defaults.EXAMPLES} drawn scenarios, Schemathesis with "
        f"{settings.max_examples} examples. Python {platform.python_version()}, "
        + ", ".join(f"{n} {version(n)}" for n in ("klarna-conformance", "schemathesis"))
        + f", hypothesis {version('hypothesis')}.\n"
    )


def _print_table(
    wrong: Sequence[Mutant], ours: dict[str, Trial], theirs: dict[str, Attempt]
) -> None:
    print("| class | mutants | ours killed | Schemathesis killed | median requests |")
    print("|---|--:|--:|--:|--:|")
    rows = [(kind, list(of)) for kind, of in groupby(wrong, lambda mutant: mutant.kind)]
    for title, listed in (*rows, ("all", list(wrong))):
        caught = [ours[m.id] for m in listed if ours[m.id].as_wanted]
        found = [theirs[m.id] for m in listed if theirs[m.id].failed]
        requests = (
            _median([t.requests_to_kill for t in caught if t.requests_to_kill]),
            _median([a.requests for a in found]),
        )
        print(
            f"| {title} | {len(listed)} | {len(caught)} | {len(found)} | {' / '.join(requests)} |"
        )


def _median(counts: Sequence[float]) -> str:
    return f"{median(counts):g}" if counts else "-"


def _print_harmless(
    right: Sequence[Mutant], control: Attempt, ours: dict[str, Trial], theirs: dict[str, Attempt]
) -> None:
    on_mock = control.error or ", ".join(control.failed) or "nothing"
    print(f"\nOn the mock itself Schemathesis objects to {on_mock} ({control.requests} requests).")
    ours_wrong = [
        f"{m.id} ({', '.join(ours[m.id].killed_by)})" for m in right if ours[m.id].killed_by
    ]
    theirs_wrong = [
        f"{m.id} ({', '.join(theirs[m.id].failed)})" for m in right if theirs[m.id].failed
    ]
    for who, alarms in (("ours", ours_wrong), ("Schemathesis", theirs_wrong)):
        said = "; ".join(alarms) or "none"
        print(f"False alarms on {len(right)} harmless variants, {who}: {len(alarms)} ({said})")


def _print_times(
    wrong: Sequence[Mutant], theirs: dict[str, Attempt], ours_s: float, theirs_s: float
) -> None:
    found = [theirs[m.id] for m in wrong if theirs[m.id].failed]
    missed = [theirs[m.id] for m in wrong if not theirs[m.id].failed and not theirs[m.id].error]
    print(f"Seconds to the first kill, Schemathesis: median {_median_s(found)}.")
    print(
        f"Schemathesis' runs without one: median {_median_s(missed)}, "
        f"{_median([a.requests for a in missed])} requests."
    )
    print(f"Seconds for all servers: ours {ours_s:.0f}, Schemathesis {theirs_s:.0f}.")


def _median_s(attempts: Sequence[Attempt]) -> str:
    return f"{median(a.seconds for a in attempts):.1f} s" if attempts else "-"


def _print_details(
    wrong: Sequence[Mutant], ours: dict[str, Trial], theirs: dict[str, Attempt]
) -> None:
    by_check = Counter(name for m in wrong for name in theirs[m.id].failed)
    print("\nSchemathesis' checks:", ", ".join(f"{n} {c}" for n, c in by_check.most_common()))
    for mutant in wrong:
        attempt, trial = theirs[mutant.id], ours[mutant.id]
        said = attempt.error or ", ".join(attempt.failed) or "-"
        print(f"- {mutant.kind} {mutant.id}: {'killed' if trial.as_wanted else 'SURVIVED'}; {said}")
    for identifier, trial in ours.items():
        if trial.error:
            print(f"- {identifier}: our suite ended early: {trial.error}")


if __name__ == "__main__":
    sys.exit(main())
