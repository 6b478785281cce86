"""Every default of a run, in one place."""

from pathlib import Path
from typing import Final

__all__ = [
    "CLIENT_EXAMPLES",
    "CONCURRENCY",
    "EXAMPLES",
    "OUTPUT",
    "PASSWORD",
    "SEED",
    "TIMEOUT_S",
    "USERNAME",
]

OUTPUT: Final = Path("conformance-report")
SEED: Final = 20260101
"""The seed of a run for which none is given: the same scenarios night after night."""
EXAMPLES: Final = 120
"""How many scenarios are drawn beside the enumerated ones."""
CLIENT_EXAMPLES: Final = 20
"""How many scenarios for a client are drawn beside those of the table."""
CONCURRENCY: Final = 8
TIMEOUT_S: Final = 30.0
"""The timeout of one exchange, in seconds."""
USERNAME: Final = "PK00000_mock"
"""The mock's user."""
PASSWORD: Final = "mock-shared-secret"  # noqa: S105 - it opens nothing but the mock
"""The mock's password."""
