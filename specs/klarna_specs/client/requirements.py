"""The client requirements, read from `client.yaml`."""

from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from typing import NoReturn

import msgspec

from klarna_specs.calls import read_call
from klarna_specs.client.faults import FAULT_KINDS
from klarna_specs.errors import SpecError
from klarna_specs.exchange import Request
from klarna_specs.loader import SPEC_DIRECTORY, shaped
from klarna_specs.spec import Level, Operation, Requirement, Spec
from klarna_specs.yaml_text import YamlText, parse_yaml

__all__ = [
    "CLIENT",
    "ClientRequirement",
    "client_operations",
    "client_requirements",
    "client_spec",
    "is_other_call",
]

CLIENT = "client"
"""The name in place of an operation in client requirements."""
_GROUPS: Mapping[str, Callable[[Operation], bool]] = {
    "changing": lambda operation: operation.changes,
    "with-body": lambda operation: operation.body is not None,
}
"""The values of `of` besides single operations."""
_LEVELS: tuple[Level, ...] = ("INFO", "SHOULD", "MUST")


class ClientRequirement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client requirement; `client.yaml` describes its members."""

    id: str
    level: Level
    statement: str
    check: str
    source: str
    section: str = ""
    of: tuple[str, ...] = ()
    cases: dict[str, str] = {}
    needs: dict[str, tuple[str, ...]] = {}
    conditional: bool = False
    traffic: bool = False

    def applies(self, operations: Collection[str], faults: Collection[str]) -> bool:
        """Whether it applies to a client with these operations and faults."""
        concerned = not self.of or not set(self.of).isdisjoint(operations)
        return concerned and self._possible("seen", {*operations, *faults})

    def wanted(self, operations: Collection[str], faults: Collection[str]) -> tuple[str, ...]:
        """The cases that can occur with these operations and faults only."""
        given = {*operations, *faults}
        return tuple(
            case
            for case in self.cases
            if (case not in FAULT_KINDS or case in faults) and self._possible(case, given)
        )

    def _possible(self, case: str, given: Collection[str]) -> bool:
        return case not in self.needs or not set(self.needs[case]).isdisjoint(given)


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    requirements: tuple[ClientRequirement, ...]


def client_operations(spec: Spec) -> tuple[str, ...]:
    """The operations that clients are certified for: changes of orders, of captures, then reads."""
    offered = [operation for operation in spec.operations.values() if operation.client]
    offered.sort(key=lambda operation: (not operation.changes, "{capture_id}" in operation.path))
    return tuple(operation.operation for operation in offered)


def client_requirements(spec: Spec, directory: Path | None = None) -> tuple[ClientRequirement, ...]:
    """Every client requirement, in the order of the file; raises SpecFileError."""
    text, file = _read(directory or SPEC_DIRECTORY / "client")
    _check(spec, text, file.requirements)
    operations = client_operations(spec)
    groups = {
        name: tuple(each for each in operations if belongs(spec.operations[each]))
        for name, belongs in _GROUPS.items()
    }
    return tuple(
        msgspec.structs.replace(
            each, of=tuple(name for named in each.of for name in groups.get(named) or (named,))
        )
        for each in file.requirements
    )


def is_other_call(spec: Spec, request: Request) -> bool:
    """Whether a request is a documented call outside the client requirements."""
    call = read_call(spec, request, followed=True)
    return call is not None and call.operation.operation in spec.followed


@cache
def _read(directory: Path) -> tuple[YamlText, _File]:
    path = directory / "client.yaml"
    try:
        text = parse_yaml(str(path), path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise SpecError(f"cannot read {path}: {exc}") from exc
    return text, shaped(text, _File)


def _check(spec: Spec, text: YamlText, listed: tuple[ClientRequirement, ...]) -> None:
    seen: set[str] = set()
    for index, requirement in enumerate(listed):

        def refuse(problem: str, at: int = index, name: str = requirement.id) -> NoReturn:
            raise text.error(("requirements", at), f"{name}: {problem}")

        if requirement.id in seen or not requirement.id.startswith(f"{CLIENT}."):
            refuse("ids begin with client. and stand for one thing")
        seen.add(requirement.id)
        if unknown := set(requirement.of) - {*client_operations(spec), *_GROUPS}:
            refuse(f"clients are not judged on {', '.join(sorted(unknown))}")
        if unknown := requirement.needs.keys() - {"seen", *requirement.cases}:
            refuse(f"it needs something for {', '.join(sorted(unknown))}, which is no case of it")
        for needed in requirement.needs.values():
            if unknown := set(needed) - {*client_operations(spec), *FAULT_KINDS}:
                refuse(f"{', '.join(sorted(unknown))} is neither an operation nor a kind of fault")
        source = spec.sources.get(requirement.source)
        if source is None:
            refuse(f"its source {requirement.source!r} is not in sources.yaml")
        if _LEVELS.index(requirement.level) > _LEVELS.index(source.carries):
            refuse(f"{requirement.level} cannot rest on {requirement.source}")


def client_spec(
    spec: Spec,
    *,
    operations: Collection[str] | None = None,
    faults: Collection[str] = FAULT_KINDS,
    traffic: bool = False,
    servers: bool = False,
    casewise: bool = True,
) -> Spec:
    """The specs with the client requirements: besides those of servers, or in their place.

    What cannot occur with these operations and faults is no goal. With `traffic` only exchanges
    are known; a requirement that depends on more has a goal that cannot occur. Without `casewise`
    one case is enough for a requirement.
    """
    whole = not casewise or traffic
    operations = client_operations(spec) if operations is None else operations
    made = tuple(
        Requirement(
            id=each.id,
            level=each.level,
            statement=each.statement,
            source=each.source,
            section=each.section,
            operation=CLIENT,
            check=CLIENT,
            cases={} if whole else dict.fromkeys(each.wanted(operations, faults), ""),
        )
        for each in client_requirements(spec)
        if each.applies(operations, faults)
    )
    client = Operation(
        operation=CLIENT,
        prefix=CLIENT,
        summary="The behaviour of a client on commands.",
        method="POST",
        paths={},
        source="page",
        success="",
        responses={},
        requirements=made,
    )
    replace = msgspec.structs.replace
    if servers:
        return replace(spec, operations={**spec.operations, CLIENT: client})
    bare = {name: replace(each, requirements=()) for name, each in spec.operations.items()}
    return replace(spec, operations={**bare, CLIENT: client}, contradictions=(), untested=())
