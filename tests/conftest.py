"""How many tests run at a time; no example of a property has a deadline."""

import os

from hypothesis import settings

settings.register_profile("without a deadline", deadline=None)
settings.load_profile("without a deadline")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, because many tests wait for processes and timeouts."""
    return (os.cpu_count() or 1) + 1
