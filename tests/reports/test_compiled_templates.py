"""Templates are compiled once for all processes, and again where the cache does not hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment

from klarna_reports.page.templating import page_template
from klarna_specs.cache_files import DIRECTORY_VARIABLE


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    """The names of the templates that are compiled, with a cache in `tmp_path`."""
    names: list[str] = []
    whole = Environment.compile

    def counted(environment: Environment, source: Any, name: str, *others: Any) -> Any:
        names.append(name)
        return whole(environment, source, name, *others)

    monkeypatch.setattr(Environment, "compile", counted)
    monkeypatch.setenv(DIRECTORY_VARIABLE, str(tmp_path))
    page_template.cache_clear()
    yield names
    page_template.cache_clear()


def _templates() -> None:
    page_template.cache_clear()  # as another process has it
    page_template("certificate.html.j2", styles=("report.css",))


def test_second_process_compiles_no_template(compiled: list[str]) -> None:
    _templates()
    assert compiled.pop()
    compiled.clear()
    _templates()
    assert compiled == []


def test_damaged_template_is_compiled_again(compiled: list[str], tmp_path: Path) -> None:
    _templates()
    before = list(compiled)
    for path in (tmp_path / "templates").iterdir():
        path.write_bytes(path.read_bytes()[:-9] + b"elsewhere")
    _templates()
    assert compiled == before * 2


def test_no_cache_compiles_again(compiled: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DIRECTORY_VARIABLE, "")
    _templates()
    before = list(compiled)
    _templates()
    assert compiled == before * 2
