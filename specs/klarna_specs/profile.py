"""Profile files: what another provider or edition does differently from the base specs."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from klarna_specs.file_schema import file_schema
from klarna_specs.spec import Level, Market, NotOffered, Source

__all__ = ["Change", "Hosts", "Limit", "Profile", "profile_schema"]

_Count = Annotated[int, msgspec.Meta(ge=0)]
_Text = Annotated[str, msgspec.Meta(min_length=1)]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Hosts(_Part, frozen=True):
    """Hosts where refunds move money, and base URLs of playgrounds by their short names."""

    production: tuple[_Text, ...] = ()
    presets: dict[str, _Text] = {}


class Change(_Part, frozen=True):
    """What differs in one requirement: its level, source or statement, or cases that are left out.

    `removed` is the reason why it does not apply; `source` is then the source of that reason.
    """

    level: Level | UnsetType = UNSET
    source: str = ""
    statement: str = ""
    without_cases: tuple[str, ...] = ()
    removed: str = ""


class Limit(_Part, frozen=True):
    """Bounds of a member of a body: of a number, a text (characters) or a list (entries)."""

    minimum: int | UnsetType = UNSET
    maximum: int | UnsetType = UNSET
    min_length: _Count | UnsetType = msgspec.field(default=UNSET, name="minLength")
    max_length: _Count | UnsetType = msgspec.field(default=UNSET, name="maxLength")
    min_items: _Count | UnsetType = msgspec.field(default=UNSET, name="minItems")
    max_items: _Count | UnsetType = msgspec.field(default=UNSET, name="maxItems")


class Profile(_Part, frozen=True):
    """The content of a profile file; everything but name and title is optional.

    `base` names the packaged profile that this one changes (none: the specs as they are).
    `sources`, `markets` and `groups` (lists of markets) are added, or replace those of the same
    name. `not_offered` is by operationId, `requirements` by id, `limits` by schema and member.
    """

    profile: Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9.-]*$")]
    title: _Text
    base: str = ""
    sources: dict[str, Source] = {}
    hosts: Hosts | None = None
    not_offered: dict[str, NotOffered] = {}
    requirements: dict[str, Change] = {}
    markets: dict[str, Market] = {}
    groups: dict[str, tuple[str, ...]] = {}
    limits: dict[str, dict[str, Limit]] = {}


def profile_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of profile files."""
    return file_schema(Profile, "profile", "Profile of klarna-conformance")
