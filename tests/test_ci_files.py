"""The action, the examples for CI systems and containers, and the files of a release are valid."""

import re
import subprocess
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import tree_sitter_groovy
import yaml
from click.testing import CliRunner
from tree_sitter import Language, Parser

ROOT = Path(__file__).parents[1]
check_jsonschema: Any = import_module("check_jsonschema").main
FILES = {
    "action.yml": ("github-actions",),
    ".github/workflows/*.yaml": ("github-workflows",),
    "examples/ci/github*.yaml": ("github-workflows",),
    "conformance/klarna_conformance/cli/starters/github.yaml": ("github-workflows",),
    "conformance/klarna_conformance/cli/starters/gitlab.yaml": (
        *("gitlab-ci", "--data-transform", "gitlab-ci"),
    ),
    "examples/ci/gitlab.yaml": ("gitlab-ci", "--data-transform", "gitlab-ci"),
    "examples/ci/azure-pipelines.yml": ("azure-pipelines", "--regex-variant", "nonunicode"),
    "examples/container/compose.yaml": ("compose-spec",),
    "CITATION.cff": ("citation-file-format",),
}


def _problems(files: list[Path], schema: str, *options: str) -> str:
    arguments = ["--builtin-schema", f"vendor.{schema}", *options, *map(str, files)]
    checked = CliRunner().invoke(check_jsonschema, arguments)
    return checked.output if checked.exit_code else ""


@pytest.mark.parametrize("pattern", FILES)
def test_a_file_has_the_form_that_its_reader_publishes(pattern: str, tmp_path: Path) -> None:
    files = sorted(ROOT.glob(pattern))
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("runs: 3\nservices: 3\nstages: 3\njobs: 3\njob: {script: 3}\n")

    assert files
    assert _problems(files, *FILES[pattern]) == ""
    assert _problems([wrong], *FILES[pattern])


def test_the_jenkinsfile_is_groovy() -> None:
    parser = Parser(Language(tree_sitter_groovy.language()))
    text = (ROOT / "examples/ci/Jenkinsfile").read_bytes()

    assert not parser.parse(text).root_node.has_error
    assert parser.parse(text.replace(b"}", b"", 1)).root_node.has_error


def _scripts() -> list[Any]:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    return [step for step in action["runs"]["steps"] if "run" in step]


def test_inputs_of_the_action_reach_scripts_by_the_environment_only() -> None:
    assert len(_scripts()) >= 4
    assert not any("${{" in step["run"] for step in _scripts())


def test_shellcheck_finds_nothing_in_the_scripts(tmp_path: Path) -> None:
    files: list[Path] = [ROOT / ".ci/run", *(ROOT / "scripts").glob("*.sh")]
    for number, step in enumerate(_scripts()):
        files.append(tmp_path / f"{number}.sh")
        files[-1].write_text(step["run"])
    shell = ["shellcheck", "--shell=bash", "--exclude=SC1091", *files]
    checked = subprocess.run(shell, capture_output=True, text=True, check=False)

    assert checked.stdout == ""


def test_the_citation_names_the_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())

    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]


def test_the_changelog_keeps_its_form() -> None:
    headings = re.findall(r"^(##+) (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}

    assert headings[0] == ("##", "[Unreleased]")
    assert {text for level, text in headings if level == "###"} <= kinds
    assert all(
        re.fullmatch(r"\[Unreleased\]|\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", text)
        for level, text in headings
        if level == "##"
    )


def test_the_container_copies_files_that_exist_and_runs_without_rights() -> None:
    lines = (ROOT / "Containerfile").read_text().replace("\\\n", " ").splitlines()
    copied = [line.split()[1:-1] for line in lines if re.match(r"COPY (?!--from)", line)]
    _, final = "\n".join(lines).split("\nFROM ")[-2:]

    assert copied
    assert all((ROOT / name).exists() for names in copied for name in names)
    assert "\nUSER 10001\n" in final
    assert 'ENTRYPOINT ["klarna-conformance"]' in final
    assert "HEALTHCHECK" in final
