"""Recorded traffic is judged by the same judge: what it shows is reported, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Cli

SMALL = (
    *("--operation", "releaseRemainingAuthorization", "--market", "SE", "--examples", 0),
    *("--max-requests", 150),
)
NO_HAR = "is no HAR file"


def _recorded(cli: Cli, folder: Path, *options: object) -> Path:
    cli("run", *SMALL, *options, "--no-shrink", "--output", folder)
    cli("report", folder, "--format", "har")
    return folder / "exchanges.har"


def _checked(cli: Cli, har: Path, folder: Path) -> tuple[int, dict[str, Any]]:
    finished = cli("check", har, "--side", "server", "--output", folder)
    return finished.code, json.loads((folder / "run.json").read_text())


def test_traffic_of_a_right_server_has_no_violation(cli: Cli, tmp_path: Path) -> None:
    code, summary = _checked(cli, _recorded(cli, tmp_path / "run"), tmp_path / "checked")
    verdicts = {each["id"]: each["verdict"] for each in summary["requirements"]}

    assert (code, summary["verdict"]) == (3, "NOT FULLY VERIFIED")
    assert set(verdicts.values()) <= {"PASS", "INFO", "NOT_RUN"}
    assert verdicts["release.fully-captured-refused"] == "PASS"
    assert verdicts["release.credentials-required"] == "NOT_RUN"


def test_a_violation_in_recorded_traffic_is_found(cli: Cli, tmp_path: Path) -> None:
    har = _recorded(cli, tmp_path / "run", "--mutant", "release-of-captured-orders")
    code, summary = _checked(cli, har, tmp_path / "checked")
    failed = {each["id"] for each in summary["requirements"] if each["verdict"] == "FAIL"}

    assert code == 1
    assert "release.fully-captured-refused" in failed


def test_an_order_that_was_never_read_is_judged_by_repeats_alone(cli: Cli, tmp_path: Path) -> None:
    har = _recorded(cli, tmp_path / "run")
    read = json.loads(har.read_text())
    entries = [e for e in read["log"]["entries"] if e["request"]["method"] != "GET"]
    har.write_text(json.dumps({"log": {**read["log"], "entries": entries}}))
    code, summary = _checked(cli, har, tmp_path / "checked")

    judged = {each["id"] for each in summary["requirements"] if each["verdict"] != "NOT_RUN"}

    assert code == 3
    assert judged == {"capture.replay-answered-alike"}


def test_no_output_has_recorded_credentials(cli: Cli, tmp_path: Path) -> None:
    har = _recorded(cli, tmp_path / "run")
    read = json.loads(har.read_text())
    for entry in read["log"]["entries"]:
        entry["request"]["headers"].append({"name": "Authorization", "value": "Basic c2VjcmV0LTQy"})
    har.write_text(json.dumps(read))
    _checked(cli, har, tmp_path / "checked")
    written = b"".join(p.read_bytes() for p in (tmp_path / "checked").rglob("*") if p.is_file())

    assert b"c2VjcmV0LTQy" not in written


@pytest.mark.parametrize("text", ["", "[]", '{"log": {}}', '{"log": {"entries": [{}]}}', "\udcff"])
def test_an_invalid_har_file_is_reported(text: str, cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "traffic.har"
    file.write_bytes(text.encode(errors="surrogateescape"))
    finished = cli("check", file, "--output", tmp_path / "checked")

    assert (finished.code, NO_HAR in finished.err) == (2, True)
    assert not (tmp_path / "checked").exists()
