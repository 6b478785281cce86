"""The catalogue of wrong and harmless clients: every class of this package that has an id."""

from collections import Counter
from collections.abc import Iterator
from functools import cache

import msgspec

from klarna_conformance.wrong.clients import details, keys, rare, resending, sending, telling
from klarna_conformance.wrong.reference import ReferenceClient

__all__ = ["ClientMutant", "client_mutants", "client_proofs"]

_MODULES = (keys, sending, rare, resending, telling, details)


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
    """All clients: the wrong ones, then the reference and other harmless ones."""
    listed = [
        ClientMutant(
            id=client.id,
            description=(client.__doc__ or "").split("\n\n")[0],
            client=client,
            caught_by=vars(client).get("caught_by", ()),
        )
        for client in (ReferenceClient, *_clients())
    ]
    return tuple(sorted(listed, key=lambda each: each.harmless))


def client_proofs() -> dict[str, int]:
    """How many wrong clients each requirement is known to catch, by its id."""
    return Counter(name for mutant in client_mutants() for name in mutant.caught_by)


def _clients() -> Iterator[type[ReferenceClient]]:
    """The classes with an id of their own; those without are parts of others."""
    for module in _MODULES:
        for client in vars(module).values():
            own = isinstance(client, type) and client.__module__ == module.__name__
            if own and "id" in vars(client):
                yield client
