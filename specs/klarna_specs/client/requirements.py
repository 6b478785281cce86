"""The client requirements of a spec, as requirements of an operation."""

from collections.abc import Collection

import msgspec

from klarna_specs.calls import read_call
from klarna_specs.client.faults import FAULT_KINDS
from klarna_specs.exchange import Request
from klarna_specs.spec import Operation, Requirement, Spec

__all__ = ["CLIENT", "client_operations", "client_spec", "is_other_call"]

CLIENT = "client"
"""The name in place of an operation in client requirements."""


def client_operations(spec: Spec) -> tuple[str, ...]:
    """The operations that clients are certified for: changes of orders, of captures, then reads."""
    offered = [operation for operation in spec.operations.values() if operation.client]
    offered.sort(key=lambda operation: (not operation.changes, "{capture_id}" in operation.path))
    return tuple(operation.operation for operation in offered)


def is_other_call(spec: Spec, request: Request) -> bool:
    """Whether a request is a documented call outside the client requirements."""
    call = read_call(spec, request, followed=True)
    return call is not None and call.operation.operation in spec.followed


def client_spec(
    spec: Spec,
    *,
    operations: Collection[str] | None = None,
    faults: Collection[str] = FAULT_KINDS,
    traffic: bool = False,
    servers: bool = False,
    casewise: bool = True,
) -> Spec:
    """The specs with the client requirements: besides those of servers, or in their place.

    What cannot occur with these operations and faults is no goal. With `traffic` only exchanges
    are known; a requirement that depends on more has a goal that cannot occur. Without `casewise`
    one case is enough for a requirement.
    """
    whole = not casewise or traffic
    operations = client_operations(spec) if operations is None else operations
    made = tuple(
        Requirement(
            id=each.id,
            level=each.level,
            statement=each.statement,
            source=each.source,
            section=each.section,
            operation=CLIENT,
            check=CLIENT,
            cases={} if whole else dict.fromkeys(each.wanted(operations, faults), ""),
        )
        for each in spec.client_requirements
        if each.applies(operations, faults)
    )
    client = Operation(
        operation=CLIENT,
        prefix=CLIENT,
        summary="The behaviour of a client on commands.",
        method="POST",
        paths={},
        source="page",
        success="",
        responses={},
        requirements=made,
    )
    replace = msgspec.structs.replace
    if servers:
        return replace(spec, operations={**spec.operations, CLIENT: client})
    bare = {
        name: replace(each, requirements=(), inapplicable=())
        for name, each in spec.operations.items()
    }
    return replace(spec, operations={**bare, CLIENT: client}, contradictions=(), untested=())
