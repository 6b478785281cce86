"""How many tests run at a time."""

import os


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, because many tests wait for processes and timeouts."""
    return (os.cpu_count() or 1) + 1
