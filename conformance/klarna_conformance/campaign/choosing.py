"""Selects mutants and harmless variants of servers and clients by the command line."""

from collections.abc import Sequence

from klarna_conformance.errors import check_names
from klarna_conformance.sharding import Shard
from klarna_conformance.wrong.catalogue import Mutant, harmless_variants, mutants
from klarna_conformance.wrong.clients.catalogue import ClientMutant, client_mutants

__all__ = ["choose", "choose_clients"]


def choose(*, ids: Sequence[str], kinds: Sequence[str], shard: Shard | None) -> Sequence[Mutant]:
    """Mutants and harmless variants with these ids or classes (all by default), or a shard of them.

    Raises UsageError for an unknown name.
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
    """Wrong and harmless clients with these ids (all by default), or a shard of them.

    Raises UsageError for an unknown name.
    """
    everything = client_mutants()
    check_names("client", ids, [mutant.id for mutant in everything])
    chosen = [mutant for mutant in everything if not ids or mutant.id in ids]
    return shard.of(chosen) if shard else chosen
