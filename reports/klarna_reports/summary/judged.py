"""What a record is judged by: the requirements of servers, of clients, or both."""

import msgspec

from klarna_reports.record.record import Header, Record, Side
from klarna_specs.client.requirements import client_spec
from klarna_specs.spec import Spec

__all__ = ["judged_spec", "sides"]


def judged_spec(spec: Spec, header: Header) -> Spec:
    """The specs with the requirements that a record with this header was judged by.

    `spec` are the specs as they are loaded. A certified client is held to what can be seen with its
    operations and the faults of its run, traffic that was watched to what can be told from it.
    Where requirements were chosen, a counterexample was played again, which is one case of theirs.
    """
    seen = {name: o for name, o in spec.followed.items() if name in header.followed}
    spec = msgspec.structs.replace(spec, operations={**spec.operations, **seen})
    if header.certified:
        operations, faults = header.certified.operations, header.certified.faults
        casewise = not header.scope.requirements
        return client_spec(spec, operations=operations, faults=faults, casewise=casewise)
    if "client" in header.watched:
        return client_spec(spec, traffic=True, servers="server" in header.watched)
    return spec


def sides(record: Record) -> tuple[Side, ...]:
    """Who was judged."""
    if record.header.certified:
        return ("client",)
    return record.header.watched or ("server",)
