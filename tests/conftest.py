"""How many tests run at a time, and how Hypothesis looks for examples."""

import os
import sys

from hypothesis import HealthCheck, Phase, settings

# The same examples in each run, whatever the machine; `--hypothesis-profile default` draws others.
# Without `explain`, because it runs a hundred more examples for each that `find` returns.
settings.register_profile(
    "repeatable",
    deadline=None,
    max_examples=50,
    derandomize=True,
    phases=[phase for phase in Phase if phase is not Phase.explain],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")

# Tests start many processes, and each would compile all modules.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, because many tests wait for processes and timeouts."""
    return (os.cpu_count() or 1) + 1
