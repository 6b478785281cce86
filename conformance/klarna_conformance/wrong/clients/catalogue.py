"""The catalogue of wrong and harmless clients, read from YAML."""

from collections import Counter
from functools import cache
from pathlib import Path

import msgspec

from klarna_conformance.errors import UsageError
from klarna_conformance.wrong.clients import (
    details,
    keys,
    rare,
    resending,
    sending,
    telling,
)
from klarna_conformance.wrong.reference import ReferenceClient
from klarna_specs.errors import SpecFileError
from klarna_specs.loader import shaped
from klarna_specs.yaml_text import parse_yaml

__all__ = ["ClientMutant", "client_mutants", "client_proofs"]

_MODULES = (keys, sending, rare, resending, telling, details)


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    client: str
    caught_by: tuple[str, ...] = ()


class ClientMutant(msgspec.Struct, frozen=True, kw_only=True):
    """A client, what is peculiar about it, and the requirements any of which may catch it.

    `caught_by` is empty for a harmless one, which nothing may catch.
    """

    id: str
    description: str
    client: type[ReferenceClient]
    caught_by: tuple[str, ...]

    @property
    def harmless(self) -> bool:
        """Whether nothing may catch it."""
        return not self.caught_by


@cache
def client_mutants() -> tuple[ClientMutant, ...]:
    """All of them, in the order of the file; raises UsageError where that is not right."""
    path = Path(__file__).with_name("clients.yaml")
    try:
        text = parse_yaml(path.name, path.read_text(encoding="utf-8"))
        listed: dict[str, tuple[_Entry, ...]] = shaped(text, dict[str, tuple[_Entry, ...]])
    except SpecFileError as exc:
        raise UsageError(str(exc)) from exc
    return tuple(_mutant(entry) for entry in listed["clients"])


def client_proofs() -> dict[str, int]:
    """How many wrong clients each requirement is known to catch, by its id."""
    return Counter(name for mutant in client_mutants() for name in mutant.caught_by)


def _mutant(entry: _Entry) -> ClientMutant:
    made = [vars(module)[entry.client] for module in _MODULES if entry.client in vars(module)]
    if not made:
        raise UsageError(f"clients.yaml: {entry.id}: there is no client {entry.client!r}")
    client: type[ReferenceClient] = made[0]
    description = (client.__doc__ or "").strip().split("\n\n")[0]
    return ClientMutant(
        id=entry.id, description=description, client=client, caught_by=entry.caught_by
    )
