"""Selects mutants and harmless variants of servers and clients by the command line."""

from collections.abc import Sequence

from klarna_conformance.errors import check_names
from klarna_conformance.sharding import Shard
from klarna_conformance.wrong.catalogue import Mutant, harmless_variants, mutants
from klarna_conformance.wrong.clients.catalogue import ClientMutant, client_mutants
from klarna_specs.spec import Spec

__all__ = ["choose", "choose_clients"]


def choose(
    spec: Spec, *, ids: Sequence[str], kinds: Sequence[str], shard: Shard | None
) -> Sequence[Mutant]:
    """Mutants and harmless variants with these ids or classes (all by default), or a shard of them.

    Those that are no mutants under the profile of the specs are left out. Raises UsageError for an
    unknown name.
    """
    everything = (*mutants(), *harmless_variants())
    check_names("mutant", ids, [mutant.id for mutant in everything])
    check_names("class", kinds, [mutant.kind for mutant in everything])
    chosen = [
        mutant
        for mutant in everything
        if ((not ids and not kinds) or mutant.id in ids or mutant.kind in kinds)
        and _is_wrong(spec, mutant)
    ]
    return shard.of(chosen) if shard else chosen


def _is_wrong(spec: Spec, mutant: Mutant) -> bool:
    """Whether a mutant changes something, and a requirement that detects it can be violated."""
    groups = spec.market_groups
    changed = not mutant.groups or any(
        set(change.add) - set(groups[name]) or set(change.drop) & set(groups[name])
        for name, change in mutant.groups.items()
    )
    binding = {requirement.id for requirement in spec.requirements if requirement.level != "INFO"}
    return changed and (not mutant.caught_by or not binding.isdisjoint(mutant.caught_by))


def choose_clients(*, ids: Sequence[str], shard: Shard | None) -> Sequence[ClientMutant]:
    """Wrong and harmless clients with these ids (all by default), or a shard of them.

    Raises UsageError for an unknown name.
    """
    everything = client_mutants()
    check_names("client", ids, [mutant.id for mutant in everything])
    chosen = [mutant for mutant in everything if not ids or mutant.id in ids]
    return shard.of(chosen) if shard else chosen
