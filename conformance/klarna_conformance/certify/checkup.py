"""Trying an adapter before its client is judged: what is wrong with it is no finding."""

from collections.abc import Collection, Iterator
from itertools import islice

from klarna_conformance.adapter_protocol import Adapter, Ready
from klarna_conformance.certify.driving import Stage
from klarna_conformance.errors import AdapterError
from klarna_specs.client.play import ClientScenario, Ended, Mute, Unsupported
from klarna_specs.client.requirements import client_operations
from klarna_specs.spec import Spec
from klarna_strategies.clients import client_table

__all__ = ["operations_of", "try_adapter"]

_MOST_TRIED = 40


def operations_of(spec: Spec, ready: Ready, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The operations to certify: those that are wanted and that the adapter has.

    With none wanted, all are.

    Raises AdapterError for names that are no operations, and where none is left.
    """
    offered = client_operations(spec)
    known = ", ".join(offered)
    if unknown := [name for name in ready.operations if name not in offered]:
        raise AdapterError(
            f"the adapter has operations {unknown}; clients are certified for {known}"
        )
    chosen = tuple(name for name in wanted or offered if name in ready.operations)
    if not chosen:
        told = ", ".join(ready.operations) or "none"
        raise AdapterError(f"there is nothing to certify: the adapter has {told} of {known}")
    return chosen


async def try_adapter(
    spec: Spec, stage: Stage, adapter: Adapter, operations: tuple[str, ...]
) -> None:
    """Checks what only the adapter can have wrong; raises AdapterError.

    It has to say that it does not support what does not exist; it has to have what it said; and
    something of all that it is told has to reach the server at the address that it was given.
    """
    told = await adapter.do("noSuchOperation", "00000000-0000-4000-8000-000000000000", {})
    if not isinstance(told, Unsupported):
        raise AdapterError(
            'the adapter was told an operation that does not exist; it has to answer {"outcome": '
            f'"unsupported"}}, and answered {_named(told)}'
        )
    reached = False
    for operation in operations:
        course = await stage.play(next(_calm(spec, [operation])))
        told = course.side.episodes[0].told
        if isinstance(told, Unsupported):
            raise AdapterError(f"the adapter said that it has {operation}, and does not support it")
        reached = reached or bool(course.exchanges)
    if not reached and not await _reaches(spec, stage, operations):
        raise AdapterError(
            f"nothing was sent to {stage.network.base_url}, whatever the adapter was told; it "
            f"answered {_named(told)}. It has to use the base_url that it is told, and no proxy"
        )


async def _reaches(spec: Spec, stage: Stage, operations: tuple[str, ...]) -> bool:
    """Whether anything else arrives: a client may break down at what is plain, and not at more."""
    for scenario in islice(_calm(spec, operations), _MOST_TRIED):
        course = await stage.play(scenario)
        if course.exchanges:
            return True
        if isinstance(course.side.episodes[0].told, Mute):
            return False
    return False


def _calm(spec: Spec, operations: Collection[str]) -> Iterator[ClientScenario]:
    return client_table(spec, operations=operations, faults=[])


def _named(told: object) -> str:
    match told:
        case Mute(after_s=after_s):
            return f"nothing within {after_s:g} s"
        case Ended(reason=reason):
            return f"nothing, and ended: {reason}"
        case _:
            return type(told).__name__.lower().replace("refusedit", "refused")
