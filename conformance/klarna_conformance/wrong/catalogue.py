"""The catalogue of mutants and harmless variants, read from YAML."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from klarna_conformance.errors import UsageError
from klarna_specs.errors import SpecFileError
from klarna_specs.loader import shaped
from klarna_specs.yaml_text import parse_yaml

__all__ = ["Mutant", "ResponseChange", "harmless_variants", "mutants"]


class _Noun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class GroupChange(_Noun, frozen=True):
    """Markets that a group of the documentation wrongly has, or lacks."""

    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


class ResponseChange(_Noun, frozen=True):
    """How responses are rewritten on their way out.

    `of` names operations (all, where empty), `where` the kind of response or the name of a
    documented one. It begins with the `from_nth` such response on an order (`from_nth_ever`
    on the server). `headers` are set (null: taken away); `{id}`, `{location}`, `{order}` and
    `{base}` are filled in. `members` of a JSON object are set, `drop` taken away; `text` is
    another body, `wrap` a member that the whole body is put into; `cut` the length that is left.
    """

    of: tuple[str, ...] = ()
    where: str = "any"
    from_nth: int = 1
    from_nth_ever: int = 1
    status: int | None = None
    headers: dict[str, str | None] = {}
    members: dict[str, Any] = {}
    drop: tuple[str, ...] = ()
    text: str | None = None
    wrap: str | None = None
    cut: int | None = None


class Mutant(_Noun, frozen=True):
    """A server that deviates in one way.

    `fails` and `warns` name examples (`examples.py`), and for each of them exactly the requirements
    that it fails or does not follow there; that a response is not as described is left out.
    `caught_by` names the requirements any of which may catch it in a run: where nothing else is
    given, those that it fails on its examples, and none for a harmless variant.

    The deviation is made of changed `rules` (by requirement id), `terms` (by operation), `groups`
    of markets, rewritten `responses`, and a `behaviour` by name with its `arguments`.
    """

    id: str
    description: str
    kind: str = ""
    caught_by: tuple[str, ...] = ()
    fails: dict[str, tuple[str, ...]] = {}
    warns: dict[str, tuple[str, ...]] = {}
    rules: dict[str, str] = {}
    terms: dict[str, dict[str, str]] = {}
    groups: dict[str, GroupChange] = {}
    responses: tuple[ResponseChange, ...] = ()
    behaviour: str = ""
    arguments: dict[str, Any] = {}


class _Class(_Noun, frozen=True):
    title: str
    mutants: tuple[Mutant, ...]


_Catalogue = dict[str, _Class]


@cache
def mutants() -> tuple[Mutant, ...]:
    """All mutants, their class in `kind`, in the order of the catalogue."""
    return _read("mutants.yaml")


@cache
def harmless_variants() -> tuple[Mutant, ...]:
    """All harmless variants."""
    return _read("harmless.yaml")


def _read(name: str) -> tuple[Mutant, ...]:
    path = Path(__file__).with_name(name)
    try:
        classes: _Catalogue = shaped(
            parse_yaml(name, path.read_text(encoding="utf-8")), dict[str, _Class]
        )
    except SpecFileError as exc:
        raise UsageError(str(exc)) from exc
    return tuple(
        msgspec.structs.replace(mutant, kind=kind, caught_by=mutant.caught_by or _failing(mutant))
        for kind, listed in classes.items()
        for mutant in listed.mutants
    )


def _failing(mutant: Mutant) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in mutant.fails.values() for name in names))
