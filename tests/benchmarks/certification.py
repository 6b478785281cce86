"""A certification: how long it takes, and how much of that is the toolkit's own work.

Run it with `python tests/benchmarks/certification.py`; it certifies the reference client as the
command line does, and prints the time, the waiting that the faults make up, and the processor time
of both programs. It takes about a minute.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from klarna_specs.json_value import as_array, as_object

ADAPTER = "klarna_conformance.wrong.reference_adapter"
COMMAND = Path(sys.executable).with_name("klarna-conformance")


def main() -> None:
    """Certifies once and prints what it took."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(COMMAND), "client", "--quiet", "--output", folder, "--"]
        started = time.perf_counter()
        process = subprocess.Popen([*command, sys.executable, "-m", ADAPTER])
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        assert os.waitstatus_to_exitcode(status) == 0
        summary = json.loads(Path(folder, "run.json").read_text())
        lines = Path(folder, "journal.ndjson").read_text().splitlines()
    client_s = sum(_client_s(json.loads(line)) for line in lines)
    own_s = usage.ru_utime + usage.ru_stime
    sent = f"{summary['scenarios']} scenarios, {summary['requests_sent']} requests"
    print(
        f"{sent}: {wall_s:.1f} s, of which the client had {client_s:.1f} s "
        f"({client_s / wall_s:.0%}) between command and outcome; {own_s:.1f} s of processor time, "
        "the adapter's included "
        f"({own_s / wall_s:.0%})"
    )


def _client_s(line: object) -> float:
    client = as_object((as_object(line) or {}).get("client")) or {}
    episodes = as_array(client.get("episodes")) or ()
    return sum((as_object(episode) or {})["wall_s"] for episode in episodes)


if __name__ == "__main__":
    main()
