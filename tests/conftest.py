"""How many tests run at a time, and how Hypothesis looks for examples."""

import os
import sys

from hypothesis import HealthCheck, Phase, settings

# Without `explain`, because it runs a hundred more examples for each that `find` returns.
settings.register_profile(
    "random",
    deadline=None,
    phases=[phase for phase in Phase if phase is not Phase.explain],
    suppress_health_check=[HealthCheck.too_slow],
)
# The same examples in each run; `pytest --hypothesis-profile random` draws others, and more.
settings.register_profile(
    "repeatable", settings.get_profile("random"), derandomize=True, max_examples=50
)
settings.load_profile("repeatable")

# Tests start many processes, and each would compile all modules.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, because many tests wait for processes and timeouts."""
    return (os.cpu_count() or 1) + 1
