"""Renderings are written whole, beside each other, and can be made again."""

import pytest

from klarna_reports.record.record import Finding
from klarna_reports.render import FORMATS, write_renderings


def test_each_format_has_its_file(tmp_path, spec, record, played, all_goals_pass):
    summary = write_renderings(tmp_path / "new", spec, record(played(*all_goals_pass)))
    written = {path.name for path in (tmp_path / "new").iterdir()}
    assert written == {"run.json", "junit.xml", "report.html"}
    assert summary.verdict == "CONFORMANT"


OF_SERVERS = tuple(name for name in FORMATS if name != "certificate")


@pytest.mark.parametrize("name", OF_SERVERS)
def test_only_the_requested_formats_are_written(tmp_path, spec, record, name):
    write_renderings(tmp_path, spec, record(), formats=(name,))
    assert [path.name for path in tmp_path.iterdir()] == [FORMATS[name]]


def test_a_second_rendering_is_the_same_as_the_first(tmp_path, spec, record, played):
    failed = Finding(
        requirement="refund.status", verdict="FAIL", exchange=0, expected="201", observed="200"
    )
    for name in ("first", "second"):
        write_renderings(tmp_path / name, spec, record(played(failed)), OF_SERVERS)
    for file in map(FORMATS.__getitem__, OF_SERVERS):
        first, second = (tmp_path / name / file for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def test_an_older_rendering_is_replaced(tmp_path, spec, record):
    (tmp_path / "run.json").write_text("old")
    write_renderings(tmp_path, spec, record(), formats=("json",))
    assert (tmp_path / "run.json").read_text().startswith("{")
