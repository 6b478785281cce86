"""A run may be sent in parts, and the parts come to what the whole would have."""

import json
import os
import re
import subprocess
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest
import yaml

from klarna_conformance.sharding import CI_VARIABLES, CiVariables, Shard, shard
from klarna_reports.record.journal import read_journal

from .conftest import COMMAND, Cli

CI_PAGE = (Path(__file__).parents[2] / "docs" / "ci.md").read_text(encoding="utf-8")
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


def _in_job(**variables: str) -> dict[str, str]:
    """The environment of this process with no variables of a CI but these."""
    read = {name for ci in CI_VARIABLES for name in (ci.index, ci.total)}
    return {name: text for name, text in os.environ.items() if name not in read} | variables


@pytest.mark.parametrize("ci", CI_VARIABLES, ids=lambda ci: ci.index)
def test_auto_names_every_shard_from_the_variables_of_a_ci(ci: CiVariables) -> None:
    jobs = [{ci.index: str(ci.first + n), ci.total: "12"} for n in range(12)]
    assert [shard("auto", job) for job in jobs] == [Shard(n, 12) for n in range(1, 13)]


@pytest.mark.parametrize("ci", CI_VARIABLES, ids=lambda ci: ci.index)
@pytest.mark.parametrize(
    ("offset", "total"),
    [(-1, "4"), (4, "4"), (0, "0"), (0, "four"), (0, "4.0"), (0, "-1"), (0, "10000"), (0, "²")],
)
def test_auto_refuses_jobs_that_are_no_shard(ci: CiVariables, offset: int, total: str) -> None:
    index = str(ci.first + offset)
    with pytest.raises(ValueError, match="are no shard") as refused:
        shard("auto", {ci.index: index, ci.total: total})
    assert f"{ci.index}={index!r} and {ci.total}={total!r} ({ci.ci})" in str(refused.value)


@pytest.mark.parametrize("ci", CI_VARIABLES, ids=lambda ci: ci.index)
def test_auto_with_half_of_the_variables_lists_what_it_found(ci: CiVariables) -> None:
    for name, other in [(ci.index, ci.total), (ci.total, ci.index)]:
        with pytest.raises(ValueError, match="auto needs the index and the total") as refused:
            shard("auto", {name: "1", other: ""})
        assert str(refused.value).endswith(f"found {name}='1'")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (
            {"KLARNA_SHARD_INDEX": "2", "KLARNA_SHARD_TOTAL": "4", "CIRCLE_NODE_INDEX": "0"}
            | {"CIRCLE_NODE_TOTAL": "1"},
            "3/4",
        ),
        (
            {"JOB_COMPLETION_INDEX": "2", "KLARNA_SHARD_TOTAL": "4", "CI_NODE_INDEX": "1"}
            | {"CI_NODE_TOTAL": "1"},
            "3/4",
        ),
        ({"JOB_COMPLETION_INDEX": "2", "CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "3"}, "1/3"),
        ({"CI_NODE_TOTAL": "1", "CIRCLE_NODE_INDEX": "1", "CIRCLE_NODE_TOTAL": "2"}, "2/2"),
    ],
    ids=["own-before-circleci", "kubernetes-with-own-total", "gitlab-in-a-pod", "half-gitlab"],
)
def test_auto_chooses_between_the_variables_of_two_cis(
    variables: dict[str, str], expected: str
) -> None:
    assert str(shard("auto", variables)) == expected


def test_auto_refuses_a_total_of_ours_with_the_index_of_a_ci() -> None:
    job = {"KLARNA_SHARD_TOTAL": "4", "CIRCLE_NODE_INDEX": "0", "CIRCLE_NODE_TOTAL": "1"}
    with pytest.raises(ValueError, match="found KLARNA_SHARD_TOTAL='4', CIRCLE_NODE_INDEX='0'"):
        shard("auto", job)


def test_process_runs_the_shard_of_its_ci_job(tmp_path: Path) -> None:
    finished = subprocess.run(
        [COMMAND, "run", *map(str, SMALL), "--shard", "auto", "--output", tmp_path / "part"],
        env=_in_job(BUILDKITE_PARALLEL_JOB="1", BUILDKITE_PARALLEL_JOB_COUNT="3"),
        check=False,
    )
    header = read_journal(tmp_path / "part" / "journal.ndjson").header
    assert finished.returncode == 3
    assert header.shard == "2/3"
    assert "--shard 2/3 " in header.command, "it can be resumed outside of the job"


@pytest.mark.parametrize("command", ["run", "mutants"])
def test_command_without_a_ci_job_exits_with_2_and_names_variables(
    command: str, tmp_path: Path
) -> None:
    finished = subprocess.run(
        [COMMAND, command, "--shard", "auto"],
        env=_in_job(CI_NODE_TOTAL="1"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    message = " ".join(finished.stderr.split())
    assert (finished.returncode, "found CI_NODE_TOTAL='1'" in message) == (2, True)
    assert [ci.index for ci in CI_VARIABLES if f"{ci.index} and {ci.total}" not in message] == []


def test_page_about_ci_lists_the_variables_that_auto_reads() -> None:
    rows = re.findall(r"^\| (.+?) \| `(\w+)` \| (\d) \| `(\w+)` \|$", CI_PAGE, re.MULTILINE)
    assert rows == [(ci.ci, ci.index, str(ci.first), ci.total) for ci in CI_VARIABLES]


def test_examples_for_a_ci_set_as_many_shards_as_jobs() -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```", CI_PAGE, re.DOTALL | re.MULTILINE)
    github, gitlab, kubernetes = map(yaml.safe_load, blocks[-3:])
    job = kubernetes["spec"]
    container = job["template"]["spec"]["containers"][0]

    assert {
        name: text
        for name, text in github["jobs"]["shard"]["env"].items()
        if name.startswith("KLARNA_SHARD")
    } == {
        "KLARNA_SHARD_INDEX": "${{ strategy.job-index }}",
        "KLARNA_SHARD_TOTAL": "${{ strategy.job-total }}",
    }
    assert gitlab["shard"]["parallel"] == 4
    assert container["env"] == [{"name": "KLARNA_SHARD_TOTAL", "value": str(job["completions"])}]
