"""A run may be sent in parts, and the parts come to what the whole would have."""

import json
import re
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from klarna_conformance.sharding import Shard, shard
from klarna_reports.record.journal import read_journal

from .conftest import Cli

SMALL = ("--operation", "cancelOrder", "--market", "SE", "--examples", 0)


def _result(folder: Path) -> tuple[str, Counter[tuple[str, str]]]:
    summary = json.loads((folder / "run.json").read_text())
    verdicts = Counter((each["id"], each["verdict"]) for each in summary["requirements"])
    return summary["verdict"], verdicts


@pytest.fixture
def parts(cli: Cli, tmp_path: Path) -> list[Path]:
    folders = [tmp_path / f"part-{number}" for number in (1, 2, 3)]
    for number, folder in enumerate(folders, 1):
        finished = cli("run", *SMALL, "--shard", f"{number}/3", "--output", folder)
        assert (finished.code, f"shard {number}/3" in finished.out) == (3, True)
    return folders


def test_merged_shards_equal_the_whole_run(cli: Cli, parts: list[Path], tmp_path: Path) -> None:
    whole = cli("run", *SMALL, "--output", tmp_path / "whole")
    merged = cli("report", *parts, "--output", tmp_path / "merged")
    sent = [{p.id for p in read_journal(f / "journal.ndjson").played} for f in parts]
    planned = {p.id for p in read_journal(tmp_path / "whole" / "journal.ndjson").played}

    assert (whole.code, merged.code) == (0, 0)
    assert _result(tmp_path / "merged") == _result(tmp_path / "whole")
    assert set().union(*sent) == planned
    assert sent[0] & sent[1] == {name for name in planned if name.startswith("r")}


def test_a_missing_shard_is_not_fully_verified(cli: Cli, parts: list[Path], tmp_path: Path) -> None:
    finished = cli("report", *parts[:2], "--output", tmp_path / "merged")
    assert (finished.code, "without shard 3/3" in " ".join(finished.out.split())) == (3, True)


def test_shards_of_different_runs_are_not_merged(
    cli: Cli, parts: list[Path], tmp_path: Path
) -> None:
    cli("run", *SMALL, "--seed", 5, "--shard", "2/3", "--output", tmp_path / "other")
    for folders, message in [
        ((parts[0], tmp_path / "other"), "the seed differs"),
        ((parts[0], parts[0]), "shard 1/3 is given twice"),
    ]:
        finished = cli("report", *folders, "--output", tmp_path / "merged")
        assert (finished.code, message in finished.err) == (2, True)


def test_a_failure_in_one_shard_fails_the_merged_run(cli: Cli, tmp_path: Path) -> None:
    folders = [tmp_path / "1", tmp_path / "2"]
    for number, folder in enumerate(folders, 1):
        cli("run", *SMALL, "--shard", f"{number}/2", "--output", folder, "--no-shrink")
    journal = folders[1] / "journal.ndjson"
    passed = r'("requirement":"cancel\.[^"]+","verdict":)"PASS"'
    violated = re.sub(passed, r'\1"FAIL"', journal.read_text(), count=1)
    journal.write_text(violated)
    finished = cli("report", *folders, "--output", tmp_path / "merged")
    assert (finished.code, _result(tmp_path / "merged")[0]) == (1, "NONCONFORMANT")


@pytest.mark.parametrize("text", ["", "0/3", "4/3", "1/0", "1", "a/b", "-1/3", "1/3/5"])
def test_an_invalid_shard_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="is no shard"):
        shard(text)


def test_shards_are_disjoint_and_complete() -> None:
    whole = list(range(11))
    parts = [Shard(number, 4).of(whole) for number in (1, 2, 3, 4)]
    assert sorted(chain(*parts)) == whole
