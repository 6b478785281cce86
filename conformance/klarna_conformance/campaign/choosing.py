"""Which mutants and harmless variants, of servers or of clients, a command line asks for."""

from collections.abc import Sequence

from klarna_conformance.errors import check_names
from klarna_conformance.sharding import Shard
from klarna_conformance.wrong.catalogue import Mutant, harmless_variants, mutants
from klarna_conformance.wrong.clients.catalogue import ClientMutant, client_mutants

__all__ = ["choose", "choose_clients"]


def choose(*, ids: Sequence[str], kinds: Sequence[str], shard: Shard | None) -> Sequence[Mutant]:
    """Those of these ids and classes (all, where none are named), or a part of them.

    Raises UsageError for a name that does not exist.
    """
    everything = (*mutants(), *harmless_variants())
    check_names("mutant", ids, [mutant.id for mutant in everything])
    check_names("class", kinds, [mutant.kind for mutant in everything])
    chosen = [
        mutant
        for mutant in everything
        if (not ids and not kinds) or mutant.id in ids or mutant.kind in kinds
    ]
    return shard.of(chosen) if shard else chosen


def choose_clients(*, ids: Sequence[str], shard: Shard | None) -> Sequence[ClientMutant]:
    """The wrong and harmless clients of these ids (all, where none are named), or a part of them.

    Raises UsageError for a name that does not exist.
    """
    everything = client_mutants()
    check_names("client", ids, [mutant.id for mutant in everything])
    chosen = [mutant for mutant in everything if not ids or mutant.id in ids]
    return shard.of(chosen) if shard else chosen
