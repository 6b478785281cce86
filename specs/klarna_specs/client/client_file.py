"""Checks `client.yaml` against the rest of the specs, and completes it."""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from klarna_specs.checks import CLIENT_CHECKS
from klarna_specs.client.faults import FAULT_KINDS
from klarna_specs.client.requirements import CLIENT, client_operations
from klarna_specs.names import suggestion
from klarna_specs.spec import STRENGTH, ClientRequirement, Operation, Spec
from klarna_specs.yaml_text import Place, YamlText

__all__ = ["ClientFile", "completed_requirements"]

_GROUPS: Mapping[str, Callable[[Operation], bool]] = {
    "changing": lambda operation: operation.changes,
    "with-body": lambda operation: operation.body is not None,
}
"""The values of `of` besides single operations."""


class ClientFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of `client.yaml`."""

    requirements: tuple[ClientRequirement, ...]


def completed_requirements(
    spec: Spec, text: YamlText, file: ClientFile
) -> tuple[ClientRequirement, ...]:
    """Every client requirement, with operations in place of groups; raises SpecFileError."""
    _check_ids(text, file)
    for index, requirement in enumerate(file.requirements):
        for member, problem in _problems(spec, requirement):
            place = ("requirements", index, *member)
            raise text.error(place, f"{requirement.id}: {problem}")
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


def _check_ids(text: YamlText, file: ClientFile) -> None:
    seen: set[str] = set()
    for index, requirement in enumerate(file.requirements):
        if requirement.id in seen or not requirement.id.startswith(f"{CLIENT}."):
            problem = f"{requirement.id}: ids begin with client. and stand for one thing"
            raise text.error(("requirements", index), problem)
        seen.add(requirement.id)


def _problems(spec: Spec, requirement: ClientRequirement) -> Iterator[tuple[Place, str]]:
    """What does not fit the specs, and the member where it stands."""
    operations = client_operations(spec)
    if requirement.check not in CLIENT_CHECKS:
        problem = f"there is no check {requirement.check!r} of clients"
        yield ("check",), f"{problem}{suggestion(requirement.check, CLIENT_CHECKS)}"
    if unknown := set(requirement.of) - {*operations, *_GROUPS}:
        yield ("of",), f"clients are not judged on {', '.join(sorted(unknown))}"
    if unknown := set(requirement.watched) - spec.operations.keys():
        yield ("watched",), f"no operation is named {', '.join(sorted(unknown))}"
    if unknown := requirement.needs.keys() - {"seen", *requirement.cases}:
        named = ", ".join(sorted(unknown))
        yield ("needs",), f"it needs something for {named}, which is no case of it"
    for needed in requirement.needs.values():
        if unknown := set(needed) - {*operations, *FAULT_KINDS}:
            named = ", ".join(sorted(unknown))
            yield ("needs",), f"{named} is neither an operation nor a kind of fault"
    source = spec.sources.get(requirement.source)
    if source is None:
        yield ("source",), f"its source {requirement.source!r} is not in sources.yaml"
    elif STRENGTH[requirement.level] > STRENGTH[source.carries]:
        yield ("level",), f"{requirement.level} cannot rest on {requirement.source}"
