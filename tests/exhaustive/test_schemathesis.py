"""`st run` with the hooks finds more wrong servers."""

from pathlib import Path

import pytest

from ..conformance.conftest import Serve
from ..conformance.test_schema_phase import assert_found


@pytest.mark.parametrize(
    ("mutant", "expected_message"),
    [
        ("location-of-another-refund", "created_can_be_read"),
        ("refund-id-missing", "Refund-Id or refund_id"),
    ],
)
def test_schemathesis_with_the_hooks_finds_more_wrong_servers(
    serve_mock: Serve,
    environment: dict[str, str],
    tmp_path: Path,
    mutant: str,
    expected_message: str,
) -> None:
    wrong = serve_mock("--mutant", mutant)
    assert_found(wrong, environment, tmp_path, "positive", expected_message)
