"""Renderings of real runs: comparisons, JSON, and generated tests."""

import json
import re
import subprocess
from pathlib import Path

from .conftest import COMMAND, FEW, Cli, Serve

WRONG = "release-of-captured-orders"


def test_diff_reports_broken_and_fixed_requirements(cli: Cli, tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    cli("run", *FEW, "--output", good)
    cli("run", *FEW, "--mutant", WRONG, "--output", bad)
    broken, fixed, same = cli("diff", good, bad), cli("diff", bad, good), cli("diff", good, good)
    changes = json.loads(cli("diff", good, bad, "--format", "json").out)
    shown = cli("diff", good, bad, "--format", "markdown")

    assert (broken.code, fixed.code, same.code) == (1, 0, 0)
    assert f"broken   MUST   {FEW[1]} (PASS -> FAIL)" in broken.out
    assert f"fixed    MUST   {FEW[1]} (FAIL -> PASS)" in fixed.out
    assert [each["kind"] for each in changes["changes"]] == ["broken"]
    assert (shown.code, shown.out.splitlines()[0]) == (1, "## CONFORMANT → NONCONFORMANT")
    assert "| ❌ broken | MUST | release.fully\\-captured\\-refused | PASS | FAIL | A " in shown.out


def test_every_format_has_the_same_sentence(cli: Cli, tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    cli("run", *FEW, "--output", good)
    ran = cli("run", *FEW, "--mutant", WRONG, "--output", bad)
    cli("report", bad, "--format", "json,junit,html,sarif,ctrf,markdown,github")
    (cause,) = json.loads((bad / "run.json").read_text())["causes"]
    sentence = cause["sentence"]
    texts = {path.name: path.read_text() for path in bad.iterdir() if path.suffix}
    escaped = re.sub(r"([\\(){}<>#+!|~&:@-])", r"\\\1", sentence)

    assert sentence == "A release was accepted (204) where a refusal (403) was expected."
    for name in ("junit.xml", "report.html", "report.sarif", "ctrf.json", "annotations.txt"):
        assert sentence in texts[name], name
    assert escaped in texts["report.md"]
    assert sentence in ran.out
    assert sentence in cli("diff", good, bad).out
    assert escaped in cli("diff", good, bad, "--format", "markdown").out


def test_a_run_is_printed_as_json(cli: Cli, tmp_path: Path) -> None:
    finished = cli("run", *FEW, "--format", "json", "--output", tmp_path)
    assert json.loads(finished.out) == json.loads((tmp_path / "run.json").read_text())


def test_generated_tests_fail_on_the_wrong_server_only(
    cli: Cli, serve_mock: Serve, environment: dict[str, str], tmp_path: Path
) -> None:
    cli("run", *FEW, "--mutant", WRONG, "--output", tmp_path)
    cli("report", tmp_path, "--format", "pytest")

    def outcome(target: str) -> int:
        command = [
            *(str(COMMAND.with_name("python")), "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-c", "/dev/null", "--rootdir", str(tmp_path)),
            str(tmp_path / "test_counterexamples.py"),
        ]
        environ = {**environment, "KLARNA_TARGET": target}
        return subprocess.run(command, env=environ, capture_output=True, check=False).returncode

    assert outcome(serve_mock("--mutant", WRONG).base_url) == 1
    assert outcome(serve_mock().base_url) == 0
