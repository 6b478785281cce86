"""The catalogue of wrong and harmless clients: every class of this package that has an id."""

from collections import Counter
from collections.abc import Iterator
from functools import cache

import msgspec

from klarna_conformance.wrong.clients import details, keys, rare, reporting, resending, sending
from klarna_conformance.wrong.reference import ReferenceClient

__all__ = ["ClientMutant", "client_mutants", "client_proofs"]

_MODULES = (keys, sending, rare, resending, reporting, details)


class ClientMutant(msgspec.Struct, frozen=True, kw_only=True):
    """A client, its defect, and the requirements of which at least one must detect it.

    `caught_by` is empty for harmless clients, which no requirement may fail.
    """

    id: str
    description: str
    client: type[ReferenceClient]
    caught_by: tuple[str, ...]

    @property
    def harmless(self) -> bool:
        """Whether no requirement may fail for it."""
        return not self.caught_by


@cache
def client_mutants() -> tuple[ClientMutant, ...]:
    """All clients: the wrong ones, then the reference and other harmless ones."""
    listed = [
        ClientMutant(
            id=client.id,
            description=(client.__doc__ or "").split("\n\n")[0],
            client=client,
            caught_by=client.caught_by,
        )
        for client in (ReferenceClient, *_clients())
    ]
    return tuple(sorted(listed, key=lambda each: each.harmless))


def client_proofs() -> dict[str, int]:
    """The number of wrong clients that each requirement detects, by its id."""
    return Counter(name for mutant in client_mutants() for name in mutant.caught_by)


def _clients() -> Iterator[type[ReferenceClient]]:
    """The classes with their own id; those without are parts of others."""
    for module in _MODULES:
        for client in vars(module).values():
            own = isinstance(client, type) and client.__module__ == module.__name__
            if own and "id" in vars(client):
                yield client
