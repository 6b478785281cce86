"""A run may be sent in parts, and the parts come to what the whole would have."""

import json
import re
from collections import Counter
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest

from klarna_conformance.sharding import Shard, shard
from klarna_reports.record.journal import read_journal

from .conftest import Finished

Cli = Callable[..., Finished]
SMALL = ("--operation", "cancelOrder", "--market", "SE", "--examples", 0)


def _told(folder: Path) -> tuple[str, Counter[tuple[str, str]]]:
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


def test_the_parts_of_a_run_come_to_the_whole(cli: Cli, parts: list[Path], tmp_path: Path) -> None:
    whole = cli("run", *SMALL, "--output", tmp_path / "whole")
    merged = cli("report", *parts, "--output", tmp_path / "merged")
    sent = [{p.id for p in read_journal(f / "journal.ndjson").played} for f in parts]
    planned = {p.id for p in read_journal(tmp_path / "whole" / "journal.ndjson").played}

    assert (whole.code, merged.code) == (0, 0)
    assert _told(tmp_path / "merged") == _told(tmp_path / "whole")
    assert set().union(*sent) == planned
    assert sent[0] & sent[1] == {name for name in planned if name.startswith("r")}


def test_a_missing_part_leaves_the_whole_unverified(
    cli: Cli, parts: list[Path], tmp_path: Path
) -> None:
    finished = cli("report", *parts[:2], "--output", tmp_path / "merged")
    assert (finished.code, "without shard 3/3" in " ".join(finished.out.split())) == (3, True)


def test_parts_of_other_runs_and_whole_runs_are_not_merged(
    cli: Cli, parts: list[Path], tmp_path: Path
) -> None:
    cli("run", *SMALL, "--seed", 5, "--shard", "2/3", "--output", tmp_path / "other")
    for folders, told in [
        ((parts[0], tmp_path / "other"), "the seed differs"),
        ((parts[0], parts[0]), "shard 1/3 is given twice"),
    ]:
        finished = cli("report", *folders, "--output", tmp_path / "merged")
        assert (finished.code, told in finished.err) == (2, True)


def test_what_fails_in_one_part_fails_in_the_whole(cli: Cli, tmp_path: Path) -> None:
    folders = [tmp_path / "1", tmp_path / "2"]
    for number, folder in enumerate(folders, 1):
        cli("run", *SMALL, "--shard", f"{number}/2", "--output", folder, "--no-shrink")
    journal = folders[1] / "journal.ndjson"
    told = journal.read_text()
    violated = re.sub(
        r'("requirement":"cancel\.[^"]+","verdict":)"PASS"', r'\1"FAIL"', told, count=1
    )
    journal.write_text(violated)
    finished = cli("report", *folders, "--output", tmp_path / "merged")
    assert (finished.code, _told(tmp_path / "merged")[0]) == (1, "NONCONFORMANT")


@pytest.mark.parametrize("text", ["", "0/3", "4/3", "1/0", "1", "a/b", "-1/3", "1/3/5"])
def test_what_is_no_shard_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is no shard"):
        shard(text)


def test_all_parts_together_are_the_whole_and_no_two_share_anything() -> None:
    whole = list(range(11))
    parts = [Shard(number, 4).of(whole) for number in (1, 2, 3, 4)]
    assert sorted(chain(*parts)) == whole
