"""Checks of each single request: path, body, content type."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from klarna_conformance.judge.client.attempts import order_lines
from klarna_conformance.judge.client.view import Check, View
from klarna_conformance.judge.results import ExchangeResult, verified
from klarna_specs.bodies import defect
from klarna_specs.calls import MASKED_KEY, read_call
from klarna_specs.client.requirements import is_other_call
from klarna_specs.exchange import Request
from klarna_specs.json_value import as_object, leniently
from klarna_specs.spec import Level

__all__ = ["REQUESTS"]

_DEFECTS = {
    "empty": "it has no body",
    "not_json": "its body is no JSON",
    "not_an_object": "its body is no JSON object",
    "missing": "its body lacks a required member",
    "not_a_number": "its body has an amount that is no number",
    "wrong_type": "its body has a member of a wrong type",
}
_READS = ("GET", "HEAD", "OPTIONS")


def _documented_paths(view: View) -> Iterator[ExchangeResult]:
    for each in (*view.attempts, *view.others):
        request = each.exchange.request
        if each.mark.at != "server":
            continue
        yield verified(
            each.index,
            "a documented method and path",
            f"{request.method} {request.path[:200]}",
            holds=each.call is not None or is_other_call(view.spec, request),
            level=_level_of(view, request),
        )


def _level_of(view: View, request: Request) -> Level | None:
    """HTTP has a HEAD for each resource that has a GET (RFC 9110, section 9.3.2)."""
    read = msgspec.structs.replace(request, method="GET")
    if request.method == "HEAD" and (read_call(view.spec, read) or is_other_call(view.spec, read)):
        return "INFO"
    return "SHOULD" if request.method in _READS else None


def _well_formed(view: View) -> Iterator[ExchangeResult]:
    body = view.spec.operations[view.operation].body
    if body is None:
        return
    for each in view.attempts:
        assert each.call is not None
        kind = each.call.body_is
        bare = kind in ("empty", "not_json")
        wrong = kind if bare else defect(view.spec, body.schema, each.body)
        observed = _DEFECTS.get(wrong, "")
        expected = "a JSON body of the documented shape"
        if wrong and not bare and not defect(view.spec, body.schema, leniently(each.body)):
            observed = "it has 1.0 for 1, or null for no value"
            yield verified(each.index, expected, observed, holds=False, level="INFO")
        else:
            yield verified(each.index, expected, observed, holds=not wrong)


def _content_type(view: View) -> Iterator[ExchangeResult]:
    for each in view.attempts:
        sent = each.exchange.request.content_type
        if sent == MASKED_KEY:
            continue
        holds = sent == "application/json"
        yield verified(
            each.index,
            "Content-Type application/json",
            f"its Content-Type is {sent[:80]!r}",
            holds=holds,
        )


def _known_members(view: View) -> Iterator[ExchangeResult]:
    body = view.spec.operations[view.operation].body
    if body is None:
        return
    known = view.spec.schemas[body.schema]["properties"].keys()
    of_line = view.spec.schemas["order_line"]["properties"].keys()
    for each in view.attempts:
        sent = as_object(each.body) or {}
        lines = order_lines(sent)
        in_lines = {name for line in lines for name in line.keys() - of_line}
        unknown = sorted((sent.keys() - known) | in_lines)
        observed = f"it has undocumented members: {', '.join(name[:60] for name in unknown[:5])}"
        yield verified(each.index, "documented members only", observed, holds=not unknown)
        if types := [repr(line["type"])[:60] for line in lines if not _has_known_type(view, line)]:
            observed = f"it has lines of undocumented types: {', '.join(types[:5])}"
            yield verified(each.index, "documented types of lines only", observed, holds=False)


def _has_known_type(view: View, line: dict[str, Any]) -> bool:
    """Whether a line has a documented type, or none."""
    of_line = view.spec.schemas["order_line_limits"]["properties"]
    return "type" not in line or line["type"] in of_line["type"]["enum"]


def _release_body(view: View) -> Iterator[ExchangeResult]:
    for each in view.attempts:
        kind = each.call.body_is if each.call else "empty"
        body = "an empty object" if kind == "empty_object" else "a body"
        yield verified(each.index, "no body", f"{body} is sent", holds=kind == "empty")


REQUESTS: Mapping[str, Check] = {
    "documented_paths": _documented_paths,
    "well_formed": _well_formed,
    "content_type": _content_type,
    "known_members": _known_members,
    "release_body": _release_body,
}
