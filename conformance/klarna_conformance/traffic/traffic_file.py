"""Files with recorded traffic: HAR, VCR cassettes (YAML or JSON), WireMock mappings and journals.

Cassettes and mappings are plain YAML or JSON, so one reader is enough for them. They have no times,
or no durations: their exchanges follow each other in the order of the file. A mapping has only the
headers that WireMock was configured to match; any other one is unknown, not missing.
"""

import base64
import binascii
import codecs
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import yaml

from klarna_conformance.errors import UsageError, readable
from klarna_conformance.traffic.duplicates import without_duplicates
from klarna_conformance.traffic.har_file import (
    Recorded,
    read_har,
    recorded_at,
    untimed,
    with_unknown_headers,
)
from klarna_specs.calls import KEY_HEADER, MASKED_KEY
from klarna_specs.exchange import Failure, Headers, Payload, Request, Response
from klarna_specs.json_value import as_array, as_object, is_integer

__all__ = ["read_traffic"]

_KINDS = "HAR file, VCR cassette or WireMock mapping"
_NOWHERE = "http://wiremock.invalid"
"""The origin of mappings, which name paths only."""
_Members = dict[str, Any]


def read_traffic(path: Path) -> list[Recorded]:
    """The exchanges of a file in the order in which they began; raises UsageError.

    The members of the file say which kind it is: `log` means HAR, `interactions`,
    `http_interactions` or a list (php-vcr, ExVCR) a cassette, `mappings`, `requests` or a single
    `request` WireMock.
    """
    with readable(path):
        content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    file = _parsed(content)
    members, listed = as_object(file), as_array(file) or None
    if members is None and listed is None:
        raise UsageError(f"{path} is no {_KINDS}: it is neither JSON nor YAML")
    mappings = _mappings(members or {})
    interactions = _interactions(members or {}) if listed is None else listed
    try:
        if mappings is not None:
            unknown = _unknown_headers(mappings)
            return _in_time(_mapped(each, number, unknown) for number, each in enumerate(mappings))
        if interactions is not None:
            recorded = _in_time(_recorded(each, number) for number, each in enumerate(interactions))
            return with_unknown_headers(recorded)
    except (ValueError, TypeError, AttributeError, binascii.Error) as exc:
        raise UsageError(f"{path} is no {_KINDS} that can be read: {exc}") from exc
    return without_duplicates(read_har(path, content))


def _in_time(recorded: Iterable[Recorded]) -> list[Recorded]:
    """The traffic of a file; without times where any of them is missing."""
    traffic = list(recorded)
    return traffic if all(each.timed for each in traffic) else untimed(traffic)


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        pass
    try:
        return yaml.load(content, Loader=_Loader)  # noqa: S506, a safe loader
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


class _Loader(yaml.SafeLoader):
    """Reads plain YAML; a date stays the text that it is."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _interactions(members: _Members) -> list[Any] | None:
    """The interactions of a file that is no HAR file; None of one that may be."""
    if "log" in members:
        return None
    listed = (as_array(members.get(n)) for n in ("interactions", "http_interactions", "requests"))
    return next((each for each in listed if each is not None), None)


def _mappings(members: _Members) -> list[Any] | None:
    """The mappings of a WireMock file in the order of their recording; None of another file."""
    if (mappings := as_array(members.get("mappings"))) is None:
        return [members] if "request" in members and "response" in members else None
    if all(is_integer((as_object(each) or {}).get("insertionIndex")) for each in mappings):
        mappings = sorted(mappings, key=lambda mapping: mapping["insertionIndex"])
    return _in_turn(mappings)


def _unknown_headers(mappings: list[Any]) -> Headers:
    """The headers that matter to the judge and that none of the mappings names, as unknown ones."""
    requests = (as_object((as_object(each) or {}).get("request")) or {} for each in mappings)
    named = {name.lower() for each in requests for name in as_object(each.get("headers")) or {}}
    judged = (KEY_HEADER, "Content-Type")
    return tuple((name, MASKED_KEY) for name in judged if name.lower() not in named)


def _in_turn(mappings: list[Any]) -> list[Any]:
    """Mappings with those of each WireMock scenario in the order in which its states come."""
    states: dict[Any, dict[Any, int]] = {}
    scenarios = [as_object(mapping) or {} for mapping in mappings]
    for each in scenarios:
        states.setdefault(each.get("scenarioName"), {"Started": 0})
    for _ in mappings:  # a state comes after the one that leads to it
        for each in scenarios:
            known, after = states[each.get("scenarioName")], each.get("newScenarioState")
            if after and (before := known.get(each.get("requiredScenarioState"))) is not None:
                known.setdefault(after, before + 1)

    def turn(place: int) -> tuple[int, bool]:
        each = scenarios[place]
        known = states[each.get("scenarioName")]
        state = known.get(each.get("requiredScenarioState"), len(known))
        return state, bool(each.get("newScenarioState"))

    ordered = list(mappings)
    for name in states:
        places = [
            n for n, each in enumerate(scenarios) if name and each.get("scenarioName") == name
        ]
        for place, source in zip(places, sorted(places, key=turn), strict=True):
            ordered[place] = mappings[source]
    return ordered


def _recorded(interaction: Any, number: int, unknown: Headers = ()) -> Recorded:
    members = _object(interaction, "an interaction")
    request = _object(members.get("request"), "request")
    response = _object(members.get("response") or members.get("responseDefinition"), "response")
    url = _url(request)
    when = members.get("recorded_at") or request.get("loggedDateString")
    recorded = recorded_at(
        _NOWHERE + "/*" if url is None else url if "://" in url else _NOWHERE + url,
        began_s=_seconds(when, number),
        request=Request(
            method=str(request.get("method", "GET")).upper(),
            path="",
            headers=(*_headers(request.get("headers")), *unknown),
            body=_body(request, _expected_body(request)),
        ),
        outcome=_outcome(response),
    )
    recorded = msgspec.structs.replace(recorded, timed=isinstance(when, str))
    if url is None:
        return msgspec.structs.replace(recorded, unjudged="it names no address, but a pattern")
    return recorded


def _mapped(mapping: Any, number: int, unknown: Headers) -> Recorded:
    """A WireMock mapping as an exchange; not judged where only WireMock knows the response."""
    reads = (as_object(_object(mapping, "a mapping").get("request")) or {}).get("method") == "GET"
    recorded = _recorded(mapping, number, () if reads else unknown)
    response = as_object(mapping.get("response")) or {}
    if not recorded.unjudged and "proxyBaseUrl" in response:
        recorded = msgspec.structs.replace(recorded, unjudged="its response is not in the file")
    if not recorded.unjudged and "{{" in json.dumps(response):
        recorded = msgspec.structs.replace(recorded, unjudged="its response is a template")
    return recorded


def _url(request: _Members) -> str | None:
    address = (request.get(name) for name in ("uri", "absoluteUrl", "url", "urlPath"))
    return next((each for each in address if isinstance(each, str)), None)


def _outcome(response: _Members) -> Response | Failure:
    if "fault" in response:
        return Failure(kind="aborted", message=str(response["fault"]))
    return Response(
        status=_status(response),
        headers=_headers(response.get("headers")),
        body=_body(response, None),
        unrecorded="bodyFileName" in response,
    )


def _object(value: Any, name: str) -> _Members:
    members = as_object(value)
    if members is None:
        raise ValueError(f"{name} is no object")
    return members


def _seconds(when: Any, number: int) -> float:
    if not isinstance(when, str):
        return float(number)
    try:
        return datetime.fromisoformat(when).timestamp()
    except ValueError:
        from email.utils import parsedate_to_datetime

        return parsedate_to_datetime(when).timestamp()


def _status(response: _Members) -> int:
    """The status code of a response; WireMock sends 200 where a mapping has none."""
    status = response.get("status")
    named = as_object(status) or {"code": response.get("status_code", status)}
    code = response.get("code", named["code"])
    return 200 if code is None else int(code)


def _headers(value: Any) -> Headers:
    return tuple(_each_header(as_object(value) or {}))


def _each_header(members: _Members) -> Iterator[tuple[str, str]]:
    for name, value in members.items():
        of = as_object(value)
        if of is not None:
            value = of.get("equalTo", "")
        for each in as_array(value) or [value]:
            yield name, str(each)


def _expected_body(request: _Members) -> Any:
    """The body that a mapping expects, where it is written out."""
    patterns = (as_object(each) or {} for each in as_array(request.get("bodyPatterns")) or ())
    named = (p.get(name) for p in patterns for name in ("equalToJson", "equalTo"))
    return next((each for each in named if each is not None), None)


def _body(members: _Members, expected: Any) -> Payload:
    encoded = members.get("base64Body") or members.get("bodyAsBase64")
    if "jsonBody" in members:
        return Payload(json.dumps(members["jsonBody"]))
    if encoded:
        return Payload.of(base64.b64decode(encoded, validate=True))
    body = members.get("body") if members.get("body") is not None else expected
    of = as_object(body)
    if of is not None and ("string" in of or "base64_string" in of):
        if "base64_string" in of:
            return Payload.of(base64.b64decode(of["base64_string"]))
        body = of["string"]
    if isinstance(body, bytes):
        return Payload.of(body)
    if body is None:
        return Payload("")
    return Payload(body if isinstance(body, str) else json.dumps(body))
