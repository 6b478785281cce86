"""Judges repeated calls on an order whose state is not known, by their responses alone. Pure."""

from collections.abc import Iterator, Sequence

from klarna_conformance.judge.results import Mismatch, finding_of
from klarna_conformance.judge.server.named_ids import ids_named_by
from klarna_reports.record.record import Finding
from klarna_specs.calls import Call, read_call
from klarna_specs.exchange import Exchange
from klarna_specs.ledger import DAY_S
from klarna_specs.spec import Requirement, Spec

__all__ = ["repeats"]


def repeats(spec: Spec, exchanges: Sequence[Exchange]) -> Iterator[tuple[int, Finding]]:
    """Findings on calls that repeat one with their key that created something, with its index.

    Whatever the order allows, such a call gets the first response again, for a day. Calls whose key
    or body is not recorded are left out.
    """
    first: dict[tuple[str, str], int] = {}
    for index, exchange in enumerate(exchanges):
        call = read_call(spec, exchange.request)
        named = ids_named_by(call, exchange.outcome)
        if call is None or not named or not _is_recorded(call, exchange):
            continue
        witness = first.setdefault((str(call.key), call.fingerprint), index)
        earlier = exchanges[witness]
        if witness == index or exchange.clock_s - earlier.clock_s >= DAY_S:
            continue
        before = ids_named_by(call, earlier.outcome)
        alike = None if named & before else Mismatch(f"{_listed(before)} again", _listed(named))
        for requirement in _demanding(call):
            found = finding_of(
                *(requirement.id, requirement.level, index, alike),
                aspects=("seen",),
                witness=witness,
            )
            if found:
                yield witness, found


def _is_recorded(call: Call, exchange: Exchange) -> bool:
    return bool(call.key) and not call.key_is_masked and not exchange.request.unrecorded


def _demanding(call: Call) -> Iterator[Requirement]:
    return (
        requirement
        for requirement in call.operation.requirements
        if requirement.check == "same_answer" and "replay" in requirement.upon
    )


def _listed(ids: frozenset[str]) -> str:
    return ", ".join(sorted(ids))
