"""Accepted deviations: listed with an owner and an expiry date, and never forgotten."""

import json
from pathlib import Path
from typing import Any

import pytest

from ..conformance.conftest import Cli, Finished, Serve, Served

BOUND = "release.fully-captured-refused"
FEW = ("--requirement", BOUND, "--requirement", "release.status", "--examples", 0)


@pytest.fixture(scope="module")
def wrong(serve_mock: Serve) -> Served:
    """A server that accepts releases of fully captured orders."""
    return serve_mock("--mutant", "release-of-captured-orders")


def _file(folder: Path, **entry: Any) -> Path:
    accepted = {
        "requirement": BOUND,
        "reason": "fixed in May",
        "owner": "payments",
        "expires": "2999-01-01",
    }
    path = folder / "deviations.yaml"
    path.write_text(json.dumps({"deviations": [{**accepted, **entry}]}))
    return path


def _run(cli: Cli, target: str, folder: Path, *options: object) -> tuple[Finished, dict[str, Any]]:
    output = folder / "report"
    finished = cli("run", target, *FEW, "--no-shrink", "--output", output, *options)
    return finished, json.loads((output / "run.json").read_text())


def test_an_accepted_violation_is_known_and_the_run_conformant(
    cli: Cli, wrong: Served, tmp_path: Path
) -> None:
    finished, summary = _run(cli, wrong.base_url, tmp_path, "--deviations", _file(tmp_path))
    verdicts = {each["id"]: each["verdict"] for each in summary["requirements"]}

    assert (finished.code, summary["verdict"], verdicts[BOUND]) == (
        0,
        "CONFORMANT WITH KNOWN DEVIATIONS",
        "KNOWN",
    )
    page = (tmp_path / "report" / "report.html").read_text()
    assert "Accepted by payments until 1 Jan 2999: fixed in May" in page


def test_a_violation_with_another_fingerprint_fails(
    cli: Cli, wrong: Served, tmp_path: Path
) -> None:
    file = _file(tmp_path, fingerprint="000000000000")
    finished, summary = _run(cli, wrong.base_url, tmp_path, "--deviations", file)

    assert (finished.code, summary["verdict"]) == (1, "NONCONFORMANT")
    assert f"The accepted deviation {BOUND} 000000000000 matches no finding." in finished.out
    assert "--suggest-deviations" in summary["reason"]


def test_an_expired_entry_accepts_nothing(cli: Cli, wrong: Served, tmp_path: Path) -> None:
    file = _file(tmp_path, expires="2020-01-01")
    finished, summary = _run(cli, wrong.base_url, tmp_path, "--deviations", file)

    assert (finished.code, summary["verdict"]) == (1, "NONCONFORMANT")
    assert f"EXPIRED the accepted deviation {BOUND} on 1 Jan 2020 (owner: payments)" in finished.out


def test_an_entry_without_a_violation_is_an_error(cli: Cli, served: Served, tmp_path: Path) -> None:
    finished, summary = _run(cli, served.base_url, tmp_path, "--deviations", _file(tmp_path))

    assert (finished.code, summary["reason"]) == (
        1,
        f"The list of accepted deviations is out of date: {BOUND} does not occur any more: "
        "remove its entry.",
    )


def test_an_entry_that_was_not_judged_is_not_fully_verified(
    cli: Cli, served: Served, tmp_path: Path
) -> None:
    file = _file(tmp_path)
    finished, summary = _run(
        cli, served.base_url, tmp_path, "--deviations", file, "--max-requests", 1
    )

    assert (finished.code, summary["verdict"]) == (3, "NOT FULLY VERIFIED")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"requirement": "refund.nothing"}, "there is no requirement 'refund.nothing'"),
        ({"owner": " "}, "needs a reason and an owner"),
        ({"expires": "soon"}, "expires"),
        ({"until": "2999-01-01"}, "'until' is unknown"),
    ],
)
def test_an_invalid_file_is_reported_with_its_line(
    entry: dict[str, Any], message: str, cli: Cli, tmp_path: Path
) -> None:
    finished = cli("run", "--deviations", _file(tmp_path, **entry))

    assert (finished.code, message in finished.err, "deviations.yaml:1" in finished.err) == (
        2,
        True,
        True,
    )


def test_a_first_file_is_suggested_and_then_accepted(
    cli: Cli, wrong: Served, tmp_path: Path
) -> None:
    _run(cli, wrong.base_url, tmp_path)
    suggested = cli("report", tmp_path / "report", "--suggest-deviations")
    assert suggested.code == 0
    file = tmp_path / "suggested.yaml"
    file.write_text(
        suggested.out.replace("FILL IN: why", "known").replace("FILL IN: who", "me, who")
    )
    finished, _ = _run(cli, wrong.base_url, tmp_path, "--deviations", file)

    assert finished.code == 0


def test_findings_with_one_fingerprint_are_suggested_once(cli: Cli, tmp_path: Path) -> None:
    output = tmp_path / "report"
    wrong = ("--mutant", "refund-booked-by-lines", "--requirement", "refund.books-amount")
    cli("run", *wrong, "--market", "SE", "--examples", 0, "--no-shrink", "--output", output)
    suggested = cli("report", output, "--suggest-deviations").out
    found = json.loads((output / "run.json").read_text())["findings"]
    named = {(each["requirement"], each["fingerprint"]) for each in found}

    assert len(named) < len(found)
    assert suggested.count("requirement:") == len(named)
