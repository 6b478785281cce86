"""The day, for servers whose dates their clients compare with their own clock."""

import time

from klarna_specs.ledger import DAY_S

__all__ = ["today_s"]


def today_s() -> float:
    """When today began in UTC (Unix time, seconds)."""
    now_s = time.time()
    return now_s - now_s % DAY_S
