"""A run suggests a file of accepted deviations, which is refused until somebody owns them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .conftest import Cli

RULE = "release.fully-captured-refused"
WRONG = (
    *("run", "--requirement", RULE, "--market", "SE", "--examples", 0, "--max-requests", 60),
    *("--mutant", "release-of-captured-orders", "--no-shrink"),
)


def test_a_suggested_file_is_refused_until_it_is_filled_in(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "known.yaml"
    first = cli(*WRONG, "--suggest-deviations", file.name)
    text = file.read_text()
    refused = cli(*WRONG, "--deviations", file.name)
    file.write_text(text.replace("FILL IN: why this is accepted", "fixed in May"))
    ownerless = cli(*WRONG, "--deviations", file.name)
    file.write_text(re.sub('FILL IN[^"]*', "payments", text))
    accepted = cli(*WRONG, "--deviations", file.name)
    expires = datetime.now(UTC).date() + timedelta(days=30)

    assert (first.code, "Fill in the owners and reasons in known.yaml" in first.err) == (1, True)
    assert "  # A release was accepted (204) where a refusal (403) was expected.\n" in text
    assert f'expires: "{expires}"' in text
    assert (refused.code, "known.yaml:5: fill in the reason" in refused.err) == (2, True)
    assert (ownerless.code, "known.yaml:6: fill in the owner" in ownerless.err) == (2, True)
    assert "KNOWN " in accepted.out


def test_a_file_that_exists_is_not_overwritten(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "known.yaml").write_text("deviations: []\n")
    finished = cli(*WRONG, "--suggest-deviations", "known.yaml")

    assert (finished.code, "known.yaml exists" in finished.err) == (2, True)
    assert not (tmp_path / "conformance-report").exists()


def test_a_run_without_failures_suggests_nothing(cli: Cli, tmp_path: Path) -> None:
    finished = cli(*WRONG[:-3], "--suggest-deviations", "known.yaml")

    assert (finished.code, (tmp_path / "known.yaml").exists()) == (0, False)
