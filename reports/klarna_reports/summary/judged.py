"""The requirements that a record is judged by: for servers, for clients, or both."""

from pathlib import Path

import msgspec

from klarna_reports.record.record import Header, Record, Side
from klarna_specs.client.requirements import client_spec
from klarna_specs.loader import load
from klarna_specs.spec import Spec

__all__ = ["judged_spec", "recorded_spec", "sides"]


def recorded_spec(header: Header, directory: Path | None = None) -> Spec:
    """The specs in a directory (those of the package by default) under the profile of a record."""
    return load(directory, header.profile.argument, text=header.profile.text)


def judged_spec(spec: Spec, header: Header) -> Spec:
    """The specs with the requirements that a record with this header was judged by.

    `spec` is the loaded spec. A certified client is held to what its operations and faults can
    show, watched traffic to what traffic can show. If requirements were chosen, a counterexample
    was replayed, which is one case of them.
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
    """Which sides were judged."""
    if record.header.certified:
        return ("client",)
    return record.header.watched or ("server",)
