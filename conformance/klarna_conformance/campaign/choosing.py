"""Which mutants and harmless variants, of servers or of clients, a command line asks for."""

import difflib
from collections.abc import Sequence

from klarna_conformance.errors import UsageError
from klarna_conformance.sharding import Shard
from klarna_conformance.wrong.catalogue import Mutant, harmless_variants, mutants
from klarna_conformance.wrong.clients.catalogue import ClientMutant, client_mutants

__all__ = ["choose", "choose_clients"]


def choose(*, ids: Sequence[str], kinds: Sequence[str], shard: Shard | None) -> Sequence[Mutant]:
    """Those of these ids and classes (all, where none are named), or a part of them.

    Raises UsageError for a name that does not exist.
    """
    everything = (*mutants(), *harmless_variants())
    _check("mutant", ids, [mutant.id for mutant in everything])
    _check("class", kinds, [mutant.kind for mutant in everything])
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
    _check("client", ids, [mutant.id for mutant in everything])
    chosen = [mutant for mutant in everything if not ids or mutant.id in ids]
    return shard.of(chosen) if shard else chosen


def _check(what: str, named: Sequence[str], existing: Sequence[str]) -> None:
    for name in named:
        if name not in existing:
            close = difflib.get_close_matches(name, existing, n=3) or list(dict.fromkeys(existing))
            raise UsageError(f"there is no {what} {name!r}; did you mean {' or '.join(close[:5])}?")
