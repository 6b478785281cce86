"""Applies a profile to the specs that it is based on. Pure."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from klarna_specs.json_value import as_object
from klarna_specs.names import suggestion
from klarna_specs.profile import Change, Profile
from klarna_specs.spec import (
    NEVER,
    STRENGTH,
    ClientRequirement,
    Inapplicable,
    NotOffered,
    Operation,
    Requirement,
    Source,
    Spec,
)
from klarna_specs.yaml_text import Place, YamlText

__all__ = ["changed"]

_R = TypeVar("_R", Requirement, ClientRequirement)
_REFUSED_AS = "not_found"
_COMPLEMENT = "no_"
"""A group of this prefix and the name of another one has the markets that are not in that one."""


def changed(spec: Spec, profile: Profile, text: YamlText) -> Spec:
    """The specs with the changes of a profile; raises SpecFileError at the offending line."""
    for place, problem in (*_unknown_names(spec, profile), *_market_problems(spec, profile)):
        raise text.error(place, problem)
    sources = {**spec.sources, **profile.sources}
    for place, problem in _requirement_problems(spec, sources, profile):
        raise text.error(place, problem)
    made = msgspec.structs.replace(
        spec, sources=sources, schemas=_schemas(spec, profile, text), **_markets(spec, profile)
    )
    return msgspec.structs.replace(
        made,
        operations={n: _operation(made, profile, each) for n, each in spec.operations.items()},
        followed={n: _operation(made, profile, each) for n, each in spec.followed.items()},
        client_requirements=tuple(
            _changed(sources, each, profile.requirements.get(each.id, Change()))
            for each in spec.client_requirements
        ),
    )


def _unknown_names(spec: Spec, profile: Profile) -> Iterator[tuple[Place, str]]:
    """The places of names that do not exist, each with a suggestion."""
    operations = {**spec.operations, **spec.followed}
    requirements = {*_requirements(spec), *(each.id for each in spec.client_requirements)}
    sources = {**spec.sources, **profile.sources}
    named: list[tuple[str, Collection[str], Place, Collection[str]]] = [
        ("operation", profile.not_offered, ("not_offered",), operations),
        ("requirement", profile.requirements, ("requirements",), requirements),
        ("schema", profile.limits, ("limits",), spec.schemas),
        ("group of markets", profile.groups, ("groups",), spec.market_groups),
    ]
    named += [
        ("source", (each.source,), ("not_offered", name, "source"), sources)
        for name, each in profile.not_offered.items()
    ]
    named += [
        ("source", (each.source,), ("requirements", name, "source"), sources)
        for name, each in profile.requirements.items()
        if each.source
    ]
    for what, names, place, known in named:
        for name in names:
            if name not in known:
                at = (*place, name) if len(place) == 1 else place
                yield at, f"there is no {what} {name!r}{suggestion(name, known)}"


def _market_problems(spec: Spec, profile: Profile) -> Iterator[tuple[Place, str]]:
    markets = {**spec.markets, **profile.markets}
    for name, group in profile.groups.items():
        for index, market in enumerate(group):
            if market not in markets:
                problem = f"there is no market {market!r}{suggestion(market, markets)}"
                yield ("groups", name, index), problem


def _requirements(spec: Spec) -> Mapping[str, Requirement]:
    return {r.id: r for operation in spec.documented for r in operation.requirements}


def _requirement_problems(
    spec: Spec, sources: Mapping[str, Source], profile: Profile
) -> Iterator[tuple[Place, str]]:
    known: dict[str, Any] = {**_requirements(spec), **{r.id: r for r in spec.client_requirements}}
    for name, change in profile.requirements.items():
        place, requirement = ("requirements", name), known[name]
        source, level = change.source or requirement.source, change.level
        if level and STRENGTH[level] > STRENGTH[sources[source].carries]:
            carried = f"{source}, which carries {sources[source].carries}"
            yield (*place, "level"), f"{name}: {level} cannot rest on {carried}"
        if change.removed and isinstance(requirement, ClientRequirement):
            yield (*place, "removed"), f"{name} is of clients; give it the level INFO instead"
        for case in change.without_cases:
            if case not in requirement.cases:
                problem = f"{name} has no case {case!r}{suggestion(case, requirement.cases)}"
                yield (*place, "without_cases"), problem


def _markets(spec: Spec, profile: Profile) -> dict[str, Any]:
    markets = dict(sorted({**spec.markets, **profile.markets}.items()))
    groups = {**spec.market_groups, **profile.groups}
    for name in profile.groups:
        complement = f"{_COMPLEMENT}{name}"
        if complement in groups and complement not in profile.groups:
            groups[complement] = tuple(code for code in markets if code not in groups[name])
    return {"markets": markets, "market_groups": groups}


def _schemas(spec: Spec, profile: Profile, text: YamlText) -> dict[str, Any]:
    schemas = dict(spec.schemas)
    for name, members in profile.limits.items():
        schema = schemas[name]
        described = as_object(schema.get("properties")) or {}
        for member in members:
            if member not in described:
                problem = f"{name} has no member {member!r}{suggestion(member, described)}"
                raise text.error(("limits", name, member), problem)
        bounded = {
            n: {**described[n], **msgspec.to_builtins(limit)} for n, limit in members.items()
        }
        schemas[name] = {**schema, "properties": {**described, **bounded}}
    return schemas


def _operation(spec: Spec, profile: Profile, operation: Operation) -> Operation:
    why = profile.not_offered.get(operation.operation)
    if why is not None and operation.not_offered is None:
        return _withdrawn(spec, profile, operation, why)
    kept: list[Requirement] = []
    removed: list[Inapplicable] = []
    for requirement in operation.requirements:
        change = profile.requirements.get(requirement.id, Change())
        if change.removed:
            source = change.source or requirement.source
            removed.append(
                Inapplicable(requirement=requirement, reason=_said(spec, change.removed, source))
            )
        else:
            kept.append(_changed(spec.sources, requirement, change))
    return msgspec.structs.replace(
        operation,
        requirements=tuple(kept),
        inapplicable=(*operation.inapplicable, *removed),
    )


def _withdrawn(spec: Spec, profile: Profile, operation: Operation, why: NotOffered) -> Operation:
    """The operation with one requirement, which reports whether a server has it nevertheless."""
    reason = _said(
        spec, f"{profile.title} does not offer {operation.operation}: {why.reason}", why.source
    )
    reported = Requirement(
        id=f"{operation.prefix}.not-offered",
        level="INFO",
        operation=operation.operation,
        statement=f"{profile.title} does not offer this operation: {why.reason}",
        source=why.source,
        rule=NEVER,
        otherwise=_REFUSED_AS,
    )
    return msgspec.structs.replace(
        operation,
        requirements=(reported,),
        inapplicable=(
            *operation.inapplicable,
            *(Inapplicable(requirement=each, reason=reason) for each in operation.requirements),
        ),
        client=False,
        not_offered=why,
    )


def _said(spec: Spec, reason: str, source: str) -> str:
    """A reason with its source."""
    named = spec.sources[source]
    return f"{reason} (source: {', '.join(filter(None, (named.title, named.address)))})"


def _changed(sources: Mapping[str, Source], requirement: _R, change: Change) -> _R:
    """A requirement with its changes; its level is at most what its source carries."""
    source = change.source or requirement.source
    level = change.level or min(
        requirement.level, sources[source].carries, key=STRENGTH.__getitem__
    )
    return msgspec.structs.replace(
        requirement,
        level=level,
        source=source,
        statement=change.statement or requirement.statement,
        cases={n: case for n, case in requirement.cases.items() if n not in change.without_cases},
    )
