"""What judging costs: a default run beside the bare requests that it sends, in one process.

Run it with `python tests/benchmarks/overhead.py`; it prints requests a second and the ratio.
"""

import asyncio
import tempfile
import time
from pathlib import Path

from klarna_conformance import defaults
from klarna_conformance.limits import Limits
from klarna_conformance.plan.planning import make_plan
from klarna_conformance.run.keeping import Keeper, consume
from klarna_conformance.run.running import RunOptions, run
from klarna_conformance.target.opening import open_target
from klarna_specs.goals import Scope
from klarna_specs.loader import load


def main() -> None:
    """Runs both and prints what they took."""
    spec, seed = load(), defaults.SEED
    plan = make_plan(spec, scope=Scope(), seed=seed, examples=defaults.EXAMPLES, dry_run=False)
    options = RunOptions(seed=seed, scope=Scope(), limits=Limits(concurrency=1))
    with tempfile.TemporaryDirectory() as directory:
        started = time.perf_counter()
        keeper = Keeper(spec, Path(directory))
        events = run(spec, open_target("mock", spec, seed=seed), plan, options)
        asyncio.run(consume(events, keeper))
        judged_s = time.perf_counter() - started
        record = keeper.record
    requests = [e.request for played in record.played for e in played.exchanges]

    async def bare() -> None:
        async with open_target("mock", spec, seed=seed) as target:
            for request in requests:
                await target.send(request)

    started = time.perf_counter()
    asyncio.run(bare())
    bare_s = time.perf_counter() - started
    print(f"{len(requests)} requests: bare {bare_s:.2f} s, judged {judged_s:.2f} s")
    print(f"ratio {judged_s / bare_s:.2f}, {(judged_s - bare_s) / len(requests) * 1e6:.0f} us each")


if __name__ == "__main__":
    main()
