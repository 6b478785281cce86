"""Checks of ids, Locations and the responses to repeated calls."""

from collections.abc import Mapping

from klarna_conformance.http.locations import Nowhere, created_id, ids_in_header
from klarna_conformance.judge.results import Inconclusive, Mismatch, NotApplicable, Result
from klarna_conformance.judge.server.evidence import Check, Evidence

__all__ = ["IDENTITY"]


def _correlation_id_distinct(seen: Evidence) -> Result:
    named = (seen.members() or {}).get("correlation_id")
    if not isinstance(named, str) or not seen.correlation_ids:
        return Inconclusive()
    earlier_key = seen.correlation_ids.get(named)
    if earlier_key is None or (earlier_key and earlier_key == seen.assessment.call.key):
        return None
    return Mismatch("a correlation id of its own", f"{named!r}, which an earlier response had")


def _id_header(seen: Evidence) -> Result:
    if seen.expected is None:
        return None
    names = " or ".join(seen.expected.id_header)
    match ids_in_header(seen.response, seen.expected):
        case () if not seen.response.lacks(*seen.expected.id_header):
            return Inconclusive()
        case ():
            return Mismatch(f"a header {names} with the new id", "no such header, or an empty one")
        case (_,):
            return None
        case ids:
            return Mismatch("one new id", f"ids that contradict each other: {', '.join(ids)}")


def _id_distinct(seen: Evidence) -> Result:
    named = seen.expected and created_id(seen.response, seen.expected)
    if not seen.expected or not named:
        return Inconclusive()
    if (seen.expected.creates or "", named) not in seen.resource_ids:
        return None
    return Mismatch("an id that is new", f"{named!r} again")


def _location_header(seen: Evidence) -> Result:
    if isinstance(seen.leads, Nowhere) and seen.leads.kind == "absent":
        if not seen.response.lacks("Location"):
            return Inconclusive()
        return Mismatch("a Location header", "none")
    return None


def _same_answer(seen: Evidence) -> Result:
    first = seen.assessment.first
    if first is None or first.answer is None or seen.answer is None:
        return Inconclusive()
    in_headers = () if seen.response.unrecorded_headers else ("resource_id", "location")
    in_body = () if seen.response.unrecorded else ("error_code",)
    for name in ("status", *in_headers, *in_body):
        ours, theirs = getattr(first.answer, name), getattr(seen.answer, name)
        if ours != theirs:
            return Mismatch(f"{name} {ours!r}, as at first", f"{name} {theirs!r}")
    return None


def _taken_as_new(seen: Evidence) -> Result:
    first = seen.assessment.first
    if first is None or first.answer is None or seen.answer is None:
        return Inconclusive()
    named, location = seen.answer.resource_id, seen.answer.location
    before = first.answer.resource_id, first.answer.location
    again = named is not None and (named, location) == before
    return Mismatch("a new call", "the answer of the first call again") if again else None


def _own_identity(seen: Evidence) -> Result:
    body = seen.members()
    if body is None:
        return Inconclusive()
    if body.get("order_id") is None:
        return NotApplicable("the order shows no order_id")
    requested = seen.assessment.call.order_id
    if body["order_id"] == requested:
        return None
    return Mismatch(f"order_id {requested!r}", f"order_id {body['order_id']!r}")


IDENTITY: Mapping[str, Check] = {
    "correlation_id_distinct": _correlation_id_distinct,
    "id_header": _id_header,
    "id_distinct": _id_distinct,
    "location_header": _location_header,
    "same_answer": _same_answer,
    "taken_as_new": _taken_as_new,
    "own_identity": _own_identity,
}
