"""Which mutants and harmless variants a command line asks for."""

import difflib
import re
from collections.abc import Sequence

from klarna_conformance.errors import UsageError
from klarna_conformance.mutants.catalogue import Mutant, harmless_variants, mutants

__all__ = ["choose"]


def choose(*, ids: Sequence[str], kinds: Sequence[str], shard: str | None) -> list[Mutant]:
    """Those of these ids and classes (all, where none are named), or a part of them.

    Raises UsageError for a name that does not exist, and for a shard that is not I/N.
    """
    everything = (*mutants(), *harmless_variants())
    _check("mutant", ids, [mutant.id for mutant in everything])
    _check("class", kinds, [mutant.kind for mutant in everything])
    chosen = [
        mutant
        for mutant in everything
        if (not ids and not kinds) or mutant.id in ids or mutant.kind in kinds
    ]
    return _part(chosen, shard) if shard else chosen


def _check(what: str, named: Sequence[str], existing: Sequence[str]) -> None:
    for name in named:
        if name not in existing:
            close = difflib.get_close_matches(name, existing, n=3) or list(dict.fromkeys(existing))
            raise UsageError(f"there is no {what} {name!r}; did you mean {' or '.join(close[:5])}?")


def _part(chosen: list[Mutant], shard: str) -> list[Mutant]:
    match = re.fullmatch(r"(\d+)/(\d+)", shard)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise UsageError(f"{shard!r} is no shard; write for example 1/4")
    return chosen[int(match[1]) - 1 :: int(match[2])]
