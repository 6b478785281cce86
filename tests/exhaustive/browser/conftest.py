"""The fixtures of the tests of reports, and those of its pages in a browser."""

from ...reports.browser.conftest import browser, conformant, empty, opened, varied, varied_record
from ...reports.conftest import all_goals_pass, exchange, played, record, spec

__all__ = [
    "all_goals_pass",
    "browser",
    "conformant",
    "empty",
    "exchange",
    "opened",
    "played",
    "record",
    "spec",
    "varied",
    "varied_record",
]
