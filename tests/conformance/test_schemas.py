"""The published JSON Schemas say what the readers of the files say."""

import copy
import datetime
import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
import yaml

from klarna_conformance.certify.saved import SavedScenario
from klarna_conformance.cli.main import _group
from klarna_conformance.cli.schema import published_schemas
from klarna_conformance.errors import UsageError
from klarna_conformance.play.counterexample_file import Counterexample
from klarna_conformance.run.deviations_file import _File as Deviations
from klarna_conformance.target.provisioners.pool import _Pool as Pool
from klarna_conformance.target.target_file import _refuse_secrets, read_target
from klarna_conformance.target.target_file import _Target as Target
from klarna_specs.errors import SpecFileError
from klarna_specs.loader import SPEC_FILES
from klarna_specs.profile import Profile
from klarna_specs.profiles import SPEC_DIRECTORY
from klarna_specs.yaml_text import YamlText, parse_yaml

from .conftest import Cli

ROOT = Path(__file__).parents[2]
SCHEMAS = json.loads(json.dumps(published_schemas(_group)))
SHAPES = {
    "target": Target,
    "pool": Pool,
    "deviations": Deviations,
    "counterexample": Counterexample,
    "client-counterexample": SavedScenario,
    "profile": Profile,
    **SPEC_FILES,
}
OTHER_VALUES = (None, {}, [], "x", 7, -1.5, True)
ORDER = {"market": "SE", "currency": "SEK", "order_amount": 100, "captures": [100]}
SAVED = {"requirement": "r", "statement": "s", "expected": "e", "observed": "o"}
WRITTEN: dict[str, Any] = {
    "counterexample": SAVED
    | {
        "scenario": {
            "plan": ORDER,
            "steps": [
                {"do": "call", "operation": "refundOrder", "key": {"name": "a"}},
                {"do": "wait", "seconds": 3},
                {"do": "together", "steps": [{"do": "call", "operation": "getOrder"}]},
            ],
        }
    },
    "client-counterexample": {
        "requirement": "client.r",
        "statement": "s",
        "told": "t",
        "expected": "e",
        "scenario": {
            "orders": [ORDER],
            "commands": [
                {"operation": "refundOrder", "faults": [{"fault": "cut", "when": "after"}, None]}
            ],
        },
    },
}


def _plain(text: str) -> Any:
    """The values as an editor sees them: a date is a text."""
    return json.loads(json.dumps(parse_yaml("", text).root, default=datetime.date.isoformat))


def _blocks(page: str, key: str) -> Iterator[str]:
    text = (ROOT / "docs" / page).read_text("utf-8")
    return (b for b in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if f"{key}:" in b)


@cache
def _documents() -> tuple[tuple[str, str, Any], ...]:
    return tuple(_read_documents())


def _read_documents() -> Iterator[tuple[str, str, Any]]:
    for path in sorted((ROOT / "examples").glob("*.yaml")):
        yield "pool" if path.stem == "orders" else "target", path.name, _plain(path.read_text())
    for path in sorted((SPEC_DIRECTORY / "operations").glob("*.yaml")):
        yield "operation", path.name, _plain(path.read_text())
    for path in sorted((SPEC_DIRECTORY / "profiles").glob("*.yaml")):
        yield "profile", path.name, _plain(path.read_text())
    for name in sorted(SPEC_FILES.keys() - {"operation", "scenarios"}):
        (path,) = SPEC_DIRECTORY.rglob(f"{name}.yaml")
        yield name, path.name, _plain(path.read_text())
    for kind, page, key in (
        ("target", "target-file.md", "base_url"),
        ("deviations", "deviations.md", "deviations"),
        ("scenarios", "own-rules.md", "scenarios"),
    ):
        yield from ((kind, page, _plain(block)) for block in _blocks(page, key))
    yield from ((kind, "as saved", document) for kind, document in WRITTEN.items())


@cache
def _validator(kind: str) -> Any:
    return jsonschema_rs.validator_for(SCHEMAS[kind], validate_formats=True)


def _accepts(kind: str, document: Any) -> bool:
    return _validator(kind).is_valid(document)


def _changes(document: Any) -> Iterator[Any]:
    """The document with one value changed, left out or added: each kind of place once."""
    seen: set[tuple[Any, ...]] = set()

    def places(value: Any, place: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        general = tuple("*" if isinstance(step, int) else step for step in place)
        if general not in seen:
            seen.add(general)
            yield place
        parts = enumerate(value) if isinstance(value, list) else ()
        for step, part in value.items() if isinstance(value, dict) else parts:
            yield from places(part, (*place, step))

    for *above, last in [place for place in places(document, ()) if place]:
        for value in (*OTHER_VALUES, ...):
            changed = copy.deepcopy(document)
            parent = changed
            for step in above:
                parent = parent[step]
            if value is not ...:
                parent[last] = value
            elif last != "do":  # whatever has one shape only is read without its tag
                del parent[last]
                yield copy.deepcopy(changed)
                if isinstance(parent, dict):
                    parent["unexpected"] = 1
            yield changed


def _has_shape(kind: str, document: Any) -> bool:
    try:
        if kind == "target":
            _refuse_secrets(YamlText("", document, {}))
        msgspec.convert(document, SHAPES[kind])
    except (msgspec.ValidationError, SpecFileError):
        return False
    return True


def test_schema_accepts_every_example_and_shipped_file() -> None:
    refused = [
        (kind, name) for kind, name, document in _documents() if not _accepts(kind, document)
    ]

    assert refused == []
    assert {kind for kind, _, _ in _documents()} == SHAPES.keys()


@pytest.mark.parametrize("kind", sorted(SHAPES))
def test_schema_and_reader_refuse_the_same_changes(kind: str) -> None:
    document = next(d for k, _, d in _documents() if k == kind)
    verdicts = [(_has_shape(kind, each), _accepts(kind, each), each) for each in _changes(document)]

    assert [each for read, accepted, each in verdicts if read != accepted] == []
    assert {read for read, _, _ in verdicts} == {True, False}


def test_every_schema_is_one_and_is_named_by_its_id(cli: Cli) -> None:
    listed = cli("schema").out

    for name, schema in SCHEMAS.items():
        assert schema["$id"] == f"urn:klarna-conformance:schema:{name}:1"
        assert jsonschema_rs.meta.is_valid(schema)
        assert f"{name:<22} {schema['title']}" in listed
    assert json.loads(cli("schema", "target").out) == SCHEMAS["target"]
    assert "did you mean target" in cli("schema", "traget").err


def test_editor_examples_name_published_schemas() -> None:
    editors = ROOT / "examples" / "editors"
    settings = json.loads((editors / "settings.json").read_text())
    associated = [
        *settings["yaml.schemas"],
        *settings["evenBetterToml.schema.associations"].values(),
    ]
    catalogue = json.loads((editors / "schemastore.json").read_text())
    page = (ROOT / "docs" / "editors.md").read_text()
    names = {Path(each).name.removesuffix(".schema.json") for each in associated}
    listed = {each["name"].split()[1] for each in catalogue}

    assert {"name", "description", "fileMatch", "url"} == {key for e in catalogue for key in e}
    assert names | listed <= SCHEMAS.keys()
    assert {"target", "operation", "deviations", "scenarios", "counterexample"} <= listed
    assert all(each["url"].endswith(f"-{each['name'].split()[1]}.json") for each in catalogue)
    assert names == set(re.search(r"for name in (.*); do", page)[1].split())


def test_shipped_schema_of_targets_is_the_printed_one() -> None:
    shipped = files("klarna_conformance").joinpath("schemas", "target.schema.json")

    assert json.loads(shipped.read_text("utf-8")) == SCHEMAS["target"]


@pytest.mark.parametrize("written", ["hunter2", 2024, "${A}${B}", None])
def test_credential_in_a_target_file_is_refused_and_not_quoted(
    written: object, tmp_path: Path
) -> None:
    document = _plain((ROOT / "examples" / "customer-token.yaml").read_text())
    path = tmp_path / "sandbox.yaml"
    for section, name in (("credentials", "password"), ("orders", "token")):
        changed = copy.deepcopy(document)
        changed[section][name] = written
        path.write_text(yaml.safe_dump(changed))

        assert not _accepts("target", changed)
        with pytest.raises(UsageError, match="come from the environment") as refused:
            read_target(path)
        assert str(written) not in str(refused.value).replace(str(path), "")


@pytest.mark.parametrize("written", ["30", "10 m", "1d", "20", "20/min"])
def test_duration_or_rate_that_is_none_is_refused_by_both(
    written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLARNA_USERNAME", "merchant")
    monkeypatch.setenv("KLARNA_PASSWORD", "secret")
    member = "rate" if "2" in written else "timeout"
    document = _plain((ROOT / "examples" / "pool.yaml").read_text())
    document["limits"][member] = written
    path = tmp_path / "sandbox.yaml"
    path.write_text(yaml.safe_dump(document))

    assert not _accepts("target", document)
    with pytest.raises(UsageError, match=r"is no (duration|rate)"):
        read_target(path)
