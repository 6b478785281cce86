"""The catalogue of mutants and harmless variants, read from YAML."""

from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from klarna_conformance.errors import UsageError
from klarna_specs.cache_files import cached, decoded_folder, digest
from klarna_specs.errors import SpecFileError
from klarna_specs.shaping import shaped
from klarna_specs.yaml_text import parse_yaml

__all__ = ["Mutant", "ResponseChange", "harmless_variants", "mutants"]


class _Noun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class GroupChange(_Noun, frozen=True):
    """Markets that are wrongly added to or dropped from a documented group."""

    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


class ResponseChange(_Noun, frozen=True):
    """A change of responses before they are sent.

    `of` names operations (all if empty), `where` the kind of response or the name of a documented
    one. The change starts with the `from_nth` such response on an order (`from_nth_ever` on the
    server). `headers` are set (null: removed); `{id}`, `{location}`, `{order}` and `{base}` are
    replaced. `members` of a JSON object are set, `drop` removed; `text` is another body, `wrap` a
    member that contains the whole body, `cut` the length to which it is truncated.
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
    """A server with one deviation.

    `fails` and `warns` name examples (`examples.py`) and the exact requirements with FAIL or WARN
    there, except those that a response is as described. `caught_by` names the requirements of which
    at least one must detect the mutant in a run; the default is the requirements in `fails`. It is
    empty for harmless variants.

    The deviation consists of changed `rules` (by requirement id), `terms` (by operation), `groups`
    of markets, rewritten `responses`, and a named `behaviour` with `arguments`.
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
    """All mutants in the order of the catalogue, with their class in `kind`."""
    return _read("mutants.yaml")


@cache
def harmless_variants() -> tuple[Mutant, ...]:
    """All harmless variants."""
    return _read("harmless.yaml")


def _read(name: str) -> tuple[Mutant, ...]:
    """The mutants of a file, decoded before if it and this module are the same ones."""
    path = Path(__file__)
    text = path.with_name(name).read_text(encoding="utf-8")
    parts = digest(text, path.read_text(encoding="utf-8"), version("msgspec"), version("pyyaml"))
    kept_as = f"{path.stem}-{parts}.json"
    return cached(decoded_folder(), kept_as, tuple[Mutant, ...], lambda: _decoded(name, text))


def _decoded(name: str, text: str) -> tuple[Mutant, ...]:
    try:
        classes: _Catalogue = shaped(parse_yaml(name, text), dict[str, _Class])
    except SpecFileError as exc:
        raise UsageError(str(exc)) from exc
    return tuple(
        msgspec.structs.replace(mutant, kind=kind, caught_by=mutant.caught_by or _failing(mutant))
        for kind, listed in classes.items()
        for mutant in listed.mutants
    )


def _failing(mutant: Mutant) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in mutant.fails.values() for name in names))
