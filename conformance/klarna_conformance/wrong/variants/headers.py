"""Harmless Locations and other headers."""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from klarna_conformance.mock.deviation import Deviation, Sending
from klarna_conformance.mock.server import Mock
from klarna_specs.exchange import Headers, Response

_LOCATIONS: Mapping[str, Callable[[str, str], str]] = {
    "path": lambda url, _: urlsplit(url).path,
    "network-path": lambda url, _: url.split(":", 1)[1],
    "last-segments": lambda url, _: "/".join(url.split("/")[-2:]),
    "up-and-down": lambda url, _: "../" + "/".join(url.split("/")[-3:]),
    "upper-case-host": lambda url, base: base.upper() + url[len(base) :],
    "explicit-port": lambda url, base: _with_port(base) + url[len(base) :],
    "query": lambda url, _: f"{url}?view=full&v=1",
    "fragment": lambda url, _: f"{url}#refund",
    "percent-encoded": lambda url, _: url.replace("-", "%2D"),
}


def _with_port(base: str) -> str:
    parts = urlsplit(base)
    default = {"https": 443, "http": 80}[parts.scheme]
    return base if parts.port else f"{base}:{default}"


def locations(form: str) -> Deviation:
    """Equivalent Locations in another form."""

    def sent(sending: Sending, response: Response, _mock: Mock) -> Response:
        location = response.header("Location")
        if location is None:
            return response
        written = _LOCATIONS[form](location, sending.base_url)
        return _with_header(response, "Location", written)

    return Deviation(sent=sent)


def header_names(case: str) -> Deviation:
    """Names of headers in another case."""
    change: Callable[[str], str] = {"lower": str.lower, "upper": str.upper}[case]

    def sent(_sending: Sending, response: Response, _mock: Mock) -> Response:
        headers = tuple((change(name), value) for name, value in response.headers)
        return msgspec.structs.replace(response, headers=headers)

    return Deviation(sent=sent)


def id_header(names: Sequence[str]) -> Deviation:
    """The id of a refund is in headers of these names."""

    def sent(_sending: Sending, response: Response, _mock: Mock) -> Response:
        refund_id = response.header("Refund-Id")
        if refund_id is None:
            return response
        kept = [(k, v) for k, v in response.headers if k != "Refund-Id"]
        new = [(name, refund_id) for name in names]
        return msgspec.structs.replace(response, headers=(*new, *kept))

    return Deviation(sent=sent)


def json_label(value: str) -> Deviation:
    """JSON has another content type for JSON."""

    def sent(_sending: Sending, response: Response, _mock: Mock) -> Response:
        if response.content_type != "application/json":
            return response
        return _with_header(response, "Content-Type", value)

    return Deviation(sent=sent)


def _with_header(response: Response, name: str, value: str) -> Response:
    kept: Headers = tuple((k, v) for k, v in response.headers if k.lower() != name.lower())
    return msgspec.structs.replace(response, headers=((name, value), *kept))
