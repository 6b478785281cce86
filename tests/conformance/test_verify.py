"""`verify`: what was altered in the files of a run is found, and nothing else is."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import klarna_specs

from .conftest import COMMAND, Finished, Served

Cli = Callable[..., Finished]
SMALL = (
    *("--operation", "releaseRemainingAuthorization", "--market", "SE", "--examples", 0),
    *("--max-requests", 80),
)
EVERY_FORMAT = "json,junit,html,sarif,ctrf,markdown,github,badge,har,pytest,in-toto"


@pytest.fixture(scope="module")
def signed_run(
    shared_run: Callable[..., Path],
    environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A run with all formats and a statement."""
    folder = tmp_path_factory.mktemp("signed") / "evidence"
    shutil.copytree(shared_run("evidence", *SMALL), folder)
    command = [COMMAND, "report", folder, "--format", EVERY_FORMAT]
    subprocess.run(command, env=environment, capture_output=True, check=False)
    return folder


@pytest.fixture
def evidence(signed_run: Path, cli: Cli, tmp_path: Path) -> Callable[..., tuple[Path, Finished]]:
    """A copy of a run with all formats and a statement, altered; and its verification."""

    def verified(alter: Callable[[Path], object], *options: str) -> tuple[Path, Finished]:
        folder = tmp_path / "evidence"
        shutil.copytree(signed_run, folder)
        alter(folder)
        return folder, cli("verify", folder, *options)

    return verified


def _replace(file: str, pattern: str, new: str) -> Callable[[Path], object]:
    def alter(folder: Path) -> None:
        text = (folder / file).read_text()
        changed, count = re.subn(pattern, new, text, count=1)
        assert count == 1
        (folder / file).write_text(changed)

    return alter


def _lines(change: Callable[[list[Any]], object]) -> Callable[[Path], object]:
    """Alters the lines of the journal, as JSON."""

    def alter(folder: Path) -> None:
        path = folder / "journal.ndjson"
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        change(lines)
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))

    return alter


def _scenario(lines: list[Any]) -> Any:
    """The first judged scenario with a release that was accepted."""
    return next(line for line in lines if _release(line) is not None)


def _release(line: Any) -> Any:
    if not line.get("id", "").startswith("s"):
        return None
    released = (e for e in line["exchanges"] if "release-remaining" in e["request"]["path"])
    return next((e for e in released if e["outcome"].get("status") == 204), None)


def _status(lines: list[Any]) -> None:
    _release(_scenario(lines))["outcome"]["status"] = 500


def _finding(lines: list[Any]) -> None:
    _scenario(lines)["findings"][0]["verdict"] = "FAIL"


def _amount(lines: list[Any]) -> None:
    (order,) = _scenario(lines)["orders"]
    order["plan"]["captures"] = [order["plan"]["order_amount"]]


def _without_statement(alter: Callable[[Path], object]) -> Callable[[Path], object]:
    """The same without the statement: then recomputing alone has to show it."""

    def altered(folder: Path) -> None:
        (folder / "statement.intoto.json").unlink()
        alter(folder)

    return altered


TAMPERED = {
    "status of a response": (_lines(_status), "journal.ndjson, scenario s"),
    "finding of a scenario": (_lines(_finding), "journal.ndjson, scenario s"),
    "findings left out": (
        _lines(lambda lines: _scenario(lines).update(findings=[])),
        "recorded no finding",
    ),
    "order of a scenario": (_lines(_amount), "journal.ndjson, scenario s"),
    "scenario left out": (
        _lines(lambda lines: lines.remove(_scenario(lines))),
        "recorded nothing, expected the planned scenario",
    ),
    "scenario twice": (
        _lines(lambda lines: lines.insert(-1, _scenario(lines))),
        "recorded 2 times, expected once",
    ),
    "invented excuse": (
        _lines(
            lambda lines: lines.insert(
                -1,
                {
                    "line": "excuses",
                    "findings": [
                        {
                            "requirement": "release.accepted",
                            "verdict": "NOT_APPLICABLE",
                            "exchange": 0,
                        }
                    ],
                },
            )
        ),
        "excuse of release.accepted",
    ),
    "specs of the run": (_replace("journal.ndjson", '"specs":"[^"]+"', '"specs":"0"'), "specs"),
    "verdict of the run": (
        _replace("run.json", '"verdict": "[A-Z ]+"', '"verdict": "NONCONFORMANT"'),
        'run.json, verdict: recorded "NONCONFORMANT", expected "',
    ),
    "verdict of a requirement": (
        _replace("run.json", '"verdict": "PASS"', '"verdict": "FAIL"'),
        '].verdict: recorded "FAIL", expected "PASS"',
    ),
    "count of requests": (
        _replace("run.json", '"requests_sent": ', '"requests_sent": 1'),
        "run.json, requests_sent",
    ),
    "run.json that is no JSON": (_replace("run.json", "{", ""), "run.json: recorded no JSON"),
    "text of the report": (_replace("report.html", "<h2", "<h2 hidden"), "report.html"),
    "JUnit result": (_replace("junit.xml", "<testcase", "<testcase "), "junit.xml"),
    "badge": (_replace("badge.svg", "<svg", "<svg "), "badge.svg"),
    "SARIF": (_replace("report.sarif", "{", "{ "), "report.sarif"),
}


@pytest.mark.parametrize("kind", TAMPERED)
@pytest.mark.parametrize("signed", [True, False], ids=["signed", "alone"])
def test_what_was_altered_is_named(
    evidence: Callable[..., tuple[Path, Finished]], kind: str, signed: bool
) -> None:
    alter, named = TAMPERED[kind]
    _, finished = evidence(alter if signed else _without_statement(alter))
    mismatches = [line for line in finished.out.splitlines() if line.startswith("MISMATCH")]

    assert finished.code == 1
    assert any(named in line for line in mismatches), mismatches
    by_digest = any("statement.intoto.json" in line for line in mismatches)
    assert by_digest is signed


@pytest.mark.parametrize(
    ("pattern", "new", "named"),
    [
        ('"sha256": "[0-9a-f]{64}"', f'"sha256": "{"0" * 64}"', "journal.ndjson: recorded 0000"),
        ('"result": "[A-Z]+"', '"result": "WARNED"', 'result: recorded "WARNED"'),
        ('"passedTests": \\[\n +"[^"]+",', '"passedTests": [', "passedTests: recorded"),
        ('"name": "junit.xml"', '"name": "junit2.xml"', "junit2.xml: recorded"),
        (
            '("specs/common.yaml",\\s+"digest": {\\s+"sha256": ")[^"]+',
            "\\g<1>1",
            "specs/common.yaml: recorded 1, expected",
        ),
    ],
    ids=["digest", "result", "passed test", "name of a file", "digest of a spec file"],
)
def test_altered_statement_is_named(
    evidence: Callable[..., tuple[Path, Finished]], pattern: str, new: str, named: str
) -> None:
    _, finished = evidence(_replace("statement.intoto.json", pattern, new))

    assert (finished.code, f"statement.intoto.json, {named}" in finished.out) == (1, True)


def test_missing_file_of_a_statement_is_named(
    evidence: Callable[..., tuple[Path, Finished]],
) -> None:
    _, finished = evidence(lambda folder: (folder / "junit.xml").unlink())

    assert (finished.code, "expected no file" in finished.out) == (1, True)


def test_report_of_another_run_is_named(
    evidence: Callable[..., tuple[Path, Finished]], shared_run: Callable[..., Path]
) -> None:
    other = shared_run("other-evidence", *SMALL, "--seed", 7)
    _, finished = evidence(lambda folder: shutil.copy(other / "report.html", folder))

    assert (finished.code, "report.html: recorded another text" in finished.out) == (1, True)


def test_other_specs_are_named_and_no_verdict_is_recomputed(
    evidence: Callable[..., tuple[Path, Finished]], tmp_path: Path
) -> None:
    specs = tmp_path / "specs"
    shutil.copytree(Path(klarna_specs.__file__).parent, specs)
    markets = specs / "markets.yaml"
    markets.write_text(markets.read_text() + "# another one\n")
    _, finished = evidence(lambda _: None, "--specs", str(specs))

    assert (finished.code, "specs/markets.yaml: recorded" in finished.out) == (1, True)
    assert "verdicts were not recomputed" in finished.out


def test_unaltered_evidence_is_verified_by_its_statement(
    evidence: Callable[..., tuple[Path, Finished]],
) -> None:
    folder, finished = evidence(lambda _: None, "--format", "json")
    statement = json.loads((folder / "statement.intoto.json").read_text())
    result = json.loads(finished.out)
    digests = {each["name"]: each["digest"]["sha256"] for each in statement["subject"]}

    assert (finished.code, result["mismatches"], result["notes"]) == (0, [], [])
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert digests == {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in digests
    }
    assert {"journal.ndjson", "run.json", "report.html"} <= set(digests)
    specs = Path(klarna_specs.__file__).parent
    for each in statement["predicate"]["configuration"]:
        path = specs / each["name"].removeprefix("specs/")
        assert each["digest"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_each_test_is_in_one_list_and_an_unverified_must_failed(
    evidence: Callable[..., tuple[Path, Finished]],
) -> None:
    folder, _ = evidence(lambda _: None)
    predicate = json.loads((folder / "statement.intoto.json").read_text())["predicate"]
    run = json.loads((folder / "run.json").read_text())
    listed = [*predicate["passedTests"], *predicate["warnedTests"], *predicate["failedTests"]]
    unseen = {
        r["id"] for r in run["requirements"] if (r["verdict"], r["level"]) == ("NOT_RUN", "MUST")
    }

    assert len(listed) == len(set(listed)) > 10
    assert unseen <= set(predicate["failedTests"])
    assert predicate["result"] == ("FAILED" if run["exit_code"] else "PASSED")


def test_statement_may_be_elsewhere_and_must_be_one(
    evidence: Callable[..., tuple[Path, Finished]], cli: Cli, tmp_path: Path
) -> None:
    folder, _ = evidence(lambda _: None)
    elsewhere = tmp_path / "signed.json"
    (folder / "statement.intoto.json").rename(elsewhere)

    assert cli("verify", folder, "--statement", elsewhere).code == 0
    statement = json.loads(elsewhere.read_text())
    (folder / "other.json").write_text(json.dumps({**statement, "predicateType": "other"}))
    (folder / "bare.json").write_text(json.dumps({**statement, "subject": [{"name": "a"}]}))
    for name, problem in (
        ("run.json", "is not an in-toto statement"),
        ("journal.ndjson", "is not an in-toto statement"),
        ("no.json", "cannot be read"),
        ("other.json", "has no predicate of type"),
        ("bare.json", "a descriptor has no name or no sha256"),
    ):
        finished = cli("verify", folder, "--statement", folder / name)
        assert (finished.code, finished.out, finished.err.count("\n")) == (2, "", 1)
        assert problem in finished.err


def test_folder_without_a_record_cannot_be_verified(cli: Cli, tmp_path: Path) -> None:
    finished = cli("verify", tmp_path)

    assert (finished.code, finished.err.startswith("Error: ")) == (2, True)


def test_nonconformant_run_with_counterexamples_is_verified(cli: Cli, tmp_path: Path) -> None:
    cli("run", *SMALL, "--mutant", "release-of-captured-orders", "--output", tmp_path)
    cli("report", tmp_path, "--format", "in-toto")
    statement = json.loads((tmp_path / "statement.intoto.json").read_text())
    finished = cli("verify", tmp_path)

    assert (finished.code, "MISMATCH" in finished.out) == (0, False)
    assert statement["predicate"]["result"] == "FAILED"
    assert "release.fully-captured-refused" in statement["predicate"]["failedTests"]


@pytest.mark.parametrize(
    "options",
    [
        ("--strict",),
        ("--profile", "kustom"),
        ("--profile", "klarna-2024", "--workers", 2),
        ("--shard", "1/2"),
    ],
    ids=["strict", "profile", "workers", "shard"],
)
def test_unaltered_run_is_verified(cli: Cli, tmp_path: Path, options: tuple[object, ...]) -> None:
    cli("run", *SMALL, *options, "--output", tmp_path)
    cli("report", tmp_path, "--format", "in-toto")
    finished = cli("verify", tmp_path, "--format", "json")

    assert (finished.code, json.loads(finished.out)["mismatches"]) == (0, [])


@pytest.mark.parametrize("options", [("--max-requests", 30), ("--shard", "1/2")], ids=str)
def test_part_of_a_run_is_no_evidence_that_all_was_recorded(
    cli: Cli, tmp_path: Path, options: tuple[object, ...]
) -> None:
    cli("run", *SMALL, "--mutant", "cancel-refused-409", *options, "--output", tmp_path)
    journal = tmp_path / "journal.ndjson"
    lines = journal.read_text().splitlines(keepends=True)
    played = [n for n, line in enumerate(lines) if json.loads(line).get("exchanges")]
    del lines[played[0]]
    journal.write_text("".join(lines))

    verified = cli("verify", tmp_path)
    assert "all planned scenarios are recorded" not in verified.out
    assert "note      which scenarios were sent was not verified" in verified.out


def test_second_run_into_a_folder_notes_what_its_page_compares(cli: Cli, tmp_path: Path) -> None:
    for _ in range(2):
        cli("run", *SMALL, "--output", tmp_path)
    alone = cli("verify", tmp_path)
    (tmp_path / "report.html").write_text((tmp_path / "report.html").read_text() + " ")
    cli("report", tmp_path, "--format", "in-toto")

    assert (alone.code, "its changes were not compared" in alone.out) == (0, True)
    assert "its changes were not compared" not in cli("verify", tmp_path).out


def test_certificate_names_the_digest_of_the_statement(
    cli: Cli, tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = tmp_path / "client"
    adapter = (sys.executable, "-m", "klarna_conformance.wrong.reference_adapter")
    options = (
        "--operation",
        "releaseRemainingAuthorization",
        "--faults",
        "none",
        "--examples",
        "0",
    )
    subprocess.run(
        [COMMAND, "client", *options, "--output", folder, "--", *adapter],
        env=environment,
        capture_output=True,
        check=False,
    )
    cli("report", folder, "--format", "in-toto")
    subjects = json.loads((folder / "statement.intoto.json").read_text())["subject"]
    (journal,) = [each for each in subjects if each["name"] == "journal.ndjson"]
    verified = cli("verify", folder)
    altered = _replace("certificate.html", "</h1>", " </h1>")
    altered(folder)

    assert journal["digest"]["sha256"] in (folder / "certificate.html").read_text()
    assert (verified.code, cli("verify", folder).code) == (0, 1)


def test_watched_traffic_is_verified(cli: Cli, served: Served, tmp_path: Path) -> None:
    run, watched = tmp_path / "run", tmp_path / "watched"
    cli("run", *SMALL, "--output", run)
    cli("report", run, "--format", "har")
    cli("check", run / "exchanges.har", "--output", watched)
    cli("report", watched, "--format", "in-toto")
    verified = cli("verify", watched)

    def change(lines: list[Any]) -> None:
        first = next(line for line in lines if line.get("exchanges"))
        first["exchanges"][0]["outcome"]["status"] = 502

    _lines(change)(watched)

    assert (verified.code, "MISMATCH" in verified.out) == (0, False)
    assert cli("verify", watched).code == 1
