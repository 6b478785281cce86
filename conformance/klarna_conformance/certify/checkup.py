"""Checking an adapter before its client is judged: its errors are no findings."""

from collections.abc import Collection, Iterator
from itertools import islice

from klarna_conformance.adapter_protocol import Adapter, Ready
from klarna_conformance.certify.driving import Stage
from klarna_conformance.errors import AdapterError
from klarna_specs.client.play import ClientScenario, Ended, TimedOut, Unsupported
from klarna_specs.client.requirements import client_operations
from klarna_specs.spec import Spec
from klarna_strategies.clients import client_table

__all__ = ["check_adapter", "operations_of"]

_MOST_CHECKED = 40


def operations_of(spec: Spec, ready: Ready, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The operations to certify: those that are wanted and that the adapter supports.

    With none wanted, all are that the provider offers. Raises AdapterError for unknown names, and
    if none is left.
    """
    offered = client_operations(spec)
    known = ", ".join(offered)
    not_offered = {o.operation for o in spec.operations.values() if o.not_offered}
    if unknown := [name for name in ready.operations if name not in {*offered, *not_offered}]:
        raise AdapterError(
            f"the adapter reports unknown operations {unknown}; clients are certified for {known}"
        )
    chosen = tuple(name for name in wanted or offered if name in ready.operations)
    if not chosen:
        reported = ", ".join(ready.operations) or "none"
        raise AdapterError(f"there is nothing to certify: the adapter has {reported} of {known}")
    return chosen


async def check_adapter(
    spec: Spec, stage: Stage, adapter: Adapter, operations: tuple[str, ...]
) -> None:
    """Checks the adapter itself; raises AdapterError.

    It must answer `unsupported` to an operation that does not exist, and must support the
    operations that it reported; and some request must reach the server at its base URL.
    """
    outcome = await adapter.do("noSuchOperation", "00000000-0000-4000-8000-000000000000", {})
    if not isinstance(outcome, Unsupported):
        raise AdapterError(
            "the adapter got a command for an operation that does not exist; it must answer "
            f'{{"outcome": "unsupported"}}, and answered {_named(outcome)}'
        )
    reached = False
    for operation in operations:
        course = await stage.play(next(_calm(spec, [operation])))
        outcome = course.side.episodes[0].reported
        if isinstance(outcome, Unsupported):
            raise AdapterError(f"the adapter reported {operation}, but does not support it")
        reached = reached or bool(course.exchanges)
    if not reached and not await _reaches(spec, stage, operations):
        raise AdapterError(
            f"no request was sent to {stage.network.base_url}, whatever the command; the adapter "
            f"answered {_named(outcome)}. It must use the base_url of its hello, and no proxy"
        )


async def _reaches(spec: Spec, stage: Stage, operations: tuple[str, ...]) -> bool:
    """Whether any other request arrives: a client may fail only on the simplest command."""
    for scenario in islice(_calm(spec, operations), _MOST_CHECKED):
        course = await stage.play(scenario)
        if course.exchanges:
            return True
        if isinstance(course.side.episodes[0].reported, TimedOut):
            return False
    return False


def _calm(spec: Spec, operations: Collection[str]) -> Iterator[ClientScenario]:
    return client_table(spec, operations=operations, faults=[])


def _named(outcome: object) -> str:
    match outcome:
        case TimedOut(after_s=after_s):
            return f"nothing within {after_s:g} s"
        case Ended(reason=reason):
            return f"nothing, and ended: {reason}"
        case _:
            return type(outcome).__name__.lower().replace("refusedit", "refused")
