"""Reads the spec files, checks them, and makes one `Spec` of them."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import msgspec

from klarna_specs.cache_files import cached, decoded_folder, digest
from klarna_specs.checking import Origins, check_spec
from klarna_specs.client.client_file import ClientFile, completed_requirements
from klarna_specs.errors import SpecError
from klarna_specs.file_schema import file_schema
from klarna_specs.page import PageIndex
from klarna_specs.plan import LAYOUTS
from klarna_specs.profile_changes import changed
from klarna_specs.profiles import DEFAULT_PROFILE, SPEC_DIRECTORY, ReadProfile, facts_of, read_chain
from klarna_specs.scenario import Scenario
from klarna_specs.shaping import shaped
from klarna_specs.spec import (
    Contradiction,
    ErrorCode,
    Form,
    Level,
    Market,
    Operation,
    Requirement,
    ResponseSpec,
    Source,
    Spec,
    Untested,
    required_amount,
)
from klarna_specs.yaml_text import YamlText, parse_yaml

__all__ = ["SPEC_DIRECTORY", "SPEC_FILES", "load", "load_page_index", "spec_schemas"]


class _Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    applies_to: Literal[
        "all", "order", "capture", "refund", "body", "limits", "changing", "reading"
    ]
    level: Level
    statement: str
    source: str
    elsewhere: Level | None = None
    section: str = ""
    when: str = ""
    rule: str = ""
    otherwise: str = ""
    check: str = ""
    upon: tuple[str, ...] = ()
    cases: dict[str, str] = {}
    only_with: dict[str, Literal["required", "amount"]] = {}


class _Common(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    responses: dict[str, ResponseSpec]
    requirements: tuple[_Template, ...]


class _Markets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    markets: dict[str, Market]
    groups: dict[str, tuple[str, ...]]
    pay_later_methods: tuple[str, ...]
    extension_days: tuple[int, ...]


_APPLIES: Mapping[str, Callable[[Operation], bool]] = {
    "all": lambda _: True,
    "order": lambda operation: "{order_id}" in operation.path,
    "capture": lambda operation: "{capture_id}" in operation.path,
    "refund": lambda operation: "{refund_id}" in operation.path,
    "body": lambda operation: operation.body is not None,
    "limits": lambda operation: operation.body is not None and bool(operation.body.limits),
    "changing": lambda operation: operation.changes,
    "reading": lambda operation: not operation.changes,
}


def load(directory: Path | None = None, profile: str = DEFAULT_PROFILE, *, text: str = "") -> Spec:
    """The specs in a directory (those of the package by default) under a profile, checked.

    `profile` is the name of one in the directory, or the path of a file; with `text`, that is the
    content of the file. Raises SpecFileError with file and line where a file does not have the
    shape it should have, names something that is not there, or holds an expression that cannot be
    compiled, and SpecError for an unknown profile.

    >>> len(load().operations)
    10
    """
    return _load(directory or SPEC_DIRECTORY, profile, text)


def load_page_index(directory: Path | None = None) -> PageIndex:
    """The requirements that claim each statement of the page; raises SpecFileError."""
    path = (directory or SPEC_DIRECTORY) / "page.yaml"
    return shaped(parse_yaml(str(path), _read_text(path)), PageIndex)


@cache
def _load(root: Path, profile: str, text: str) -> Spec:
    """The specs, decoded before if their files and the code of this package are the same ones."""
    chain = read_chain(profile, root, text)
    paths = [root / f"{name}.yaml" for name in ("common", "markets", *_LISTS, "followed")]
    paths += [_file(root, "client/client.yaml"), *sorted((root / "schemas").glob("*.json"))]
    paths += sorted((root / "operations").glob("*.yaml"))
    paths += [path for path in (root / "scenarios.yaml",) if path.exists()]
    parts = [part for path in paths for part in (path.name, _read_text(path))]
    parts += [part for each in chain for part in (each.file, each.content)]
    name = f"spec-{digest(*parts, _own_state())}.json"
    return cached(decoded_folder(), name, Spec, lambda: _under(chain, _decoded(root)))


def _under(chain: Sequence[ReadProfile], spec: Spec) -> Spec:
    """The specs with the changes of each profile, the base first."""
    for each in chain:
        spec = changed(spec, each.profile, each.parsed)
    fingerprint = hashlib.sha256(
        "\n".join([spec.fingerprint, *(e.content for e in chain)]).encode()
    )
    profiles = {
        f"profiles/{e.profile.profile}.yaml": hashlib.sha256(e.content.encode()).hexdigest()
        for e in chain
    }
    return msgspec.structs.replace(
        spec,
        profile=facts_of(chain),
        fingerprint=fingerprint.hexdigest()[:12],
        files=spec.files | profiles,
    )


@cache
def _own_state() -> str:
    """Identifies the code of this package and the libraries that decode and compile."""
    libraries = ("common-expression-language", "jsonschema-rs", "msgspec", "pyyaml")
    sources = sorted(SPEC_DIRECTORY.rglob("*.py"))
    return digest(*map(version, libraries), *(path.read_text("utf-8") for path in sources))


class _Files:
    """The files of a directory, with the hash of each that was read and the fingerprint of all."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.hashes: dict[str, str] = {}
        self._all = hashlib.sha256()

    @property
    def fingerprint(self) -> str:
        return self._all.hexdigest()[:12]

    def text(self, name: str) -> str:
        text = _read_text(_file(self.root, name))
        self._all.update(text.encode())
        self.hashes[name] = hashlib.sha256(text.encode()).hexdigest()
        return text

    def yaml(self, name: str) -> YamlText:
        return parse_yaml(str(_file(self.root, name)), self.text(name))

    def schemas(self) -> dict[str, Any]:
        paths = sorted((self.root / "schemas").glob("*.json"))
        return {path.stem: _schema(path, self.text(f"schemas/{path.name}")) for path in paths}


def _decoded(root: Path) -> Spec:
    files = _Files(root)
    common, markets = files.yaml("common.yaml"), files.yaml("markets.yaml")
    templates: _Common = shaped(common, _Common)
    described: _Markets = shaped(markets, _Markets)
    origins = Origins(common=common, markets=markets)
    schemas = files.schemas()
    operations = _operations(files, templates, schemas, origins)
    lists = {name: files.yaml(f"{name}.yaml") for name in _LISTS}
    origins.lists.update(lists)
    scenarios: tuple[Scenario, ...] = ()
    if (root / "scenarios.yaml").exists():
        origins.lists["scenarios"] = files.yaml("scenarios.yaml")
        scenarios = _listed(origins.lists["scenarios"], "scenarios")
    beside = files.yaml("followed.yaml")
    client = files.yaml("client/client.yaml")
    followed: dict[str, Operation] = {}
    for index, each in enumerate(_listed(beside, "followed")):
        # An operation with its own file is tested, not only followed.
        if each.operation not in operations:
            followed[each.operation] = _completed(each, templates, schemas)
            origins.operations[each.operation] = beside, ("followed", index)
    spec = Spec(
        operations=operations,
        **{name: _listed(lists[name], name) for name in _LISTS},
        markets=described.markets,
        market_groups=described.groups,
        layout_groups={
            "captured": tuple(x for x in LAYOUTS if not x.startswith("none")),
            # Whether an order without captures can be released is documented inconsistently.
            "undisputed": tuple(x for x in LAYOUTS if x != "none-released"),
        },
        pay_later_methods=described.pay_later_methods,
        extension_days=described.extension_days,
        schemas=schemas,
        fingerprint=files.fingerprint,
        files=files.hashes,
        followed=followed,
        scenarios=scenarios,
    )
    check_spec(spec, origins)
    return msgspec.structs.replace(
        spec, client_requirements=completed_requirements(spec, client, shaped(client, ClientFile))
    )


def _operations(
    files: _Files, templates: _Common, schemas: Mapping[str, Any], origins: Origins
) -> dict[str, Operation]:
    """The operations with a file of their own; notes where each stands."""
    operations: dict[str, Operation] = {}
    for path in _operation_files(files.root):
        text = files.yaml(f"operations/{path.name}")
        operation = _completed(shaped(text, Operation), templates, schemas)
        if operation.operation in operations:
            raise text.error(("operation",), f"there is another file of {operation.operation!r}")
        operations[operation.operation] = operation
        origins.operations[operation.operation] = text, ()
    return operations


_LISTS = ("sources", "errors", "forms", "contradictions", "untested")
_UNDER_ONE_KEY: Mapping[str, Any] = {
    "sources": dict[str, Source],
    "errors": dict[str, ErrorCode],
    "forms": dict[str, Form],
    "contradictions": tuple[Contradiction, ...],
    "untested": tuple[Untested, ...],
    "followed": tuple[Operation, ...],
    "scenarios": tuple[Scenario, ...],
}
"""The files with one list or table under a key of the same name."""
SPEC_FILES: Mapping[str, Any] = {
    "operation": Operation,
    "common": _Common,
    "markets": _Markets,
    "client": ClientFile,
    "page": PageIndex,
    **{
        name: msgspec.defstruct(name, [(name, shape)], frozen=True, forbid_unknown_fields=True)
        for name, shape in _UNDER_ONE_KEY.items()
    },
}
"""The shape of each kind of spec file."""


def spec_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema (2020-12) of each kind of spec file."""
    return {
        name: file_schema(shape, name, f"Spec file ({name}) of klarna-conformance")
        for name, shape in SPEC_FILES.items()
    }


def _file(root: Path, name: str) -> Path:
    """A file of the specs; the package's where a folder describes servers only."""
    alone = name == "client/client.yaml" and not (root / name).exists()
    return (SPEC_DIRECTORY if alone else root) / name


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise SpecError(f"cannot read {path}: {exc}") from exc


def _operation_files(root: Path) -> list[Path]:
    files = sorted((root / "operations").glob("*.yaml"))
    if not files:
        raise SpecError(
            f"there are no operations in {root / 'operations'}: *.yaml files belong there"
        )
    return sorted(files, key=lambda path: ("refund-order" not in path.stem, path.stem))


def _schema(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as exc:
        raise SpecError(f"cannot read the schema {path}: {exc}") from exc


def _listed(text: YamlText, key: str) -> Any:
    return getattr(shaped(text, SPEC_FILES[key]), key)


def _completed(operation: Operation, common: _Common, schemas: Mapping[str, Any]) -> Operation:
    schema: Mapping[str, Any] = schemas.get(operation.body.schema, {}) if operation.body else {}
    had = {"required": bool(schema.get("required")), "amount": bool(required_amount(schema))}
    made = tuple(
        _instance(template, operation, had)
        for template in common.requirements
        if _APPLIES[template.applies_to](operation)
    )
    own = tuple(
        msgspec.structs.replace(requirement, operation=operation.operation)
        for requirement in operation.requirements
    )
    return msgspec.structs.replace(
        operation,
        requirements=own + made,
        responses={**operation.responses, **common.responses},
    )


def _instance(template: _Template, operation: Operation, had: Mapping[str, bool]) -> Requirement:
    shared: dict[str, Any] = {
        name: value
        for name, value in msgspec.structs.asdict(template).items()
        if name in Requirement.__struct_fields__
    }
    cases = {
        name: case
        for name, case in template.cases.items()
        if had.get(template.only_with.get(name, ""), True)
    }
    level = template.level if operation.on_page else template.elsewhere or template.level
    identifier = f"{operation.prefix}.{template.id}"
    shared |= {"id": identifier, "level": level, "cases": cases}
    return Requirement(**shared, operation=operation.operation)
