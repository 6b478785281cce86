"""Faults of the network, or of a failing server, that affect a request. Plain data."""

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

__all__ = [
    "FAULTS",
    "FAULT_KINDS",
    "Cut",
    "Delivered",
    "Errored",
    "Fault",
    "InjectedFaults",
    "OtherRefund",
    "Redirected",
    "Refused",
    "Silent",
    "Slow",
    "Truncated",
    "Twice",
    "Variation",
    "Varied",
    "kind_of",
    "shows_effect",
    "words_of",
]

Delivered = Literal["before", "after"]
"""Whether the fault occurs before the server gets the request, or after it has responded."""
Variation = Literal[
    "lower-case",
    "upper-case",
    "page-spelling",
    "relative-location",
    "foreign-location",
    "json-body",
    "no-refund-id",
    "no-correlation-id",
    "unknown-members",
    "singular-message",
]


class _Fault(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    pass


class Refused(_Fault, frozen=True, tag_field="fault", tag="refused"):
    """No connection can be made for a number of seconds."""

    for_s: float = 0.2


class Cut(_Fault, frozen=True, tag_field="fault", tag="cut"):
    """The connection ends without a response: reset, or closed normally."""

    when: Delivered = "before"
    reset: bool = True


class Silent(_Fault, frozen=True, tag_field="fault", tag="silent"):
    """The request times out: no response comes, and the connection is closed much later.

    With `when` late the server carries it out once the client reported an outcome without it, or
    long after the client has disconnected.
    """

    when: Delivered | Literal["late"] = "before"


class Slow(_Fault, frozen=True, tag_field="fault", tag="slow"):
    """A slow response: before its first byte, or from the first byte to the last."""

    part: Literal["start", "body"] = "start"


class Truncated(_Fault, frozen=True, tag_field="fault", tag="truncated"):
    """The server carried it out; the body of its response ends before its announced length."""


class Errored(_Fault, frozen=True, tag_field="fault", tag="errored"):
    """An error response in place of the server's own: a status, and a kind of body.

    With `when` after, the server carried out the request before it failed. The bodies `null` and
    `string` are JSON, but no object. With `dated`, Retry-After is a date, which is over.
    """

    status: Literal[400, 401, 404, 409, 422, 429, 500, 502, 503, 504] = 503
    when: Delivered = "before"
    body: Literal["json", "html", "malformed", "empty", "null", "string"] = "json"
    retry_after_s: int | None = None
    dated: bool = False


class Twice(_Fault, frozen=True, tag_field="fault", tag="twice"):
    """The request is delivered twice; the first or the second response is passed on."""

    answer: Literal["first", "second"] = "first"


class OtherRefund(_Fault, frozen=True, tag_field="fault", tag="other-refund"):
    """Somebody else refunds one minor unit of the order after a refund that was carried out.

    With `lost`, the connection ends without a response then.
    """

    lost: bool = False


class Redirected(_Fault, frozen=True, tag_field="fault", tag="redirected"):
    """The response redirects the request to another server (307)."""


class Varied(_Fault, frozen=True, tag_field="fault", tag="varied"):
    """The server's response in a form that the documentation leaves open."""

    how: Variation = "lower-case"


Fault = (
    Refused | Cut | Silent | Slow | Truncated | Errored | Twice | OtherRefund | Redirected | Varied
)


class InjectedFaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Faults for the next requests, one each: the body of `POST /_control/faults`.

    A fault is a name (`lost`), or an object (`{"fault": "errored", "status": 503}`). With an
    `operation` (operationId) only its requests are affected; with `for_ever` the last one stays.
    """

    faults: tuple[str | Fault, ...]
    operation: str | None = None
    for_ever: bool = False


FAULTS: Mapping[str, tuple[Fault, ...]] = {
    "lost": (Cut("after", reset=False),),
    "reset-before": (Cut("before"), Cut("before", reset=False)),
    "reset-after": (Cut("after"),),
    "timeout-before": (Silent("before"),),
    "timeout-after": (Silent("after"),),
    "timeout-late": (Silent("late"),),
    "truncated": (Truncated(),),
    "error": (Errored(503), Errored(500), Errored(502), Errored(504), Errored(503, body="empty")),
    "error-after": (Errored(500, "after"), Errored(504, "after"), Errored(502, "after", "html")),
    "429": (Errored(429, retry_after_s=1), Errored(429), Errored(429, dated=True)),
    "401": (Errored(401, body="html"), Errored(401)),
    "400": (Errored(400), Errored(400, body="null"), Errored(400, body="string")),
    "404": (Errored(404),),
    "conflict": (Errored(422), Errored(409)),
    "malformed": (Errored(500, body="malformed"), Errored(500, body="null")),
    "html": (Errored(502, body="html"),),
    "slow": (Slow("start"), Slow("body")),
    "duplicate": (Twice("first"), Twice("second")),
    "other-refund": (OtherRefund(), OtherRefund(lost=True)),
    "redirect": (Redirected(),),
    "refused": (Refused(),),
    **{how: (Varied(how),) for how in get_args(Variation)},
}
"""The faults of each kind, the simplest first."""

FAULT_KINDS = tuple(FAULTS)
"""The names of faults on the command line, and in the cases of the requirements."""


def kind_of(fault: Fault) -> str:
    """One of `FAULT_KINDS`."""
    match fault:
        case Refused():
            return "refused"
        case Cut(when="before"):
            return "reset-before"
        case Cut(reset=reset):
            return "reset-after" if reset else "lost"
        case Silent(when=when):
            return f"timeout-{when}"
        case Slow():
            return "slow"
        case Truncated():
            return "truncated"
        case Errored():
            return _kind_of_error(fault)
        case Twice():
            return "duplicate"
        case OtherRefund():
            return "other-refund"
        case Redirected():
            return "redirect"
        case Varied(how=how):
            return how


def _kind_of_error(fault: Errored) -> str:
    if fault.status in (400, 401, 404, 429):
        return str(fault.status)
    if fault.status < 500:
        return "conflict"
    if fault.when == "after":
        return "error-after"
    if fault.body in ("json", "empty"):
        return "error"
    return "html" if fault.body == "html" else "malformed"


def shows_effect(fault: Fault) -> bool:
    """Whether a fault is about what the server did: it shows nothing where that refused."""
    match fault:
        case Cut(when=when) | Silent(when=when) | Errored(when=when):
            return when != "before"
        case Varied(how=how):
            return how in _OF_SUCCESSES
        case _:
            return isinstance(fault, Truncated | Twice | OtherRefund)


def words_of(fault: Fault) -> str:
    """The fault in a few words, for use in a sentence."""
    match fault:
        case Refused():
            return "no connection possible"
        case Cut(when=when, reset=reset):
            lost = "connection reset" if reset else "response lost"
            return f"{lost} {when} booking"
        case Silent(when=when):
            return f"no answer in time, {_SILENT[when]}"
        case Slow(part=part):
            return "a slow answer" if part == "start" else "an answer that comes byte by byte"
        case Truncated():
            return "response cut off after booking"
        case Errored():
            return _words_of_error(fault)
        case Twice():
            return "request delivered twice"
        case OtherRefund(lost=lost):
            return "another refund by somebody else after it" + ", and the response lost" * lost
        case Redirected():
            return "sent on to another server"
        case Varied(how=how):
            return f"an answer with {_VARIED[how]}"


_OF_SUCCESSES = (
    *("page-spelling", "relative-location", "foreign-location", "json-body", "no-refund-id"),
)
_SILENT = {"before": "nothing booked", "after": "though booked", "late": "booked afterwards"}
_BODIES = {
    "json": "",
    "html": " with an HTML page",
    "malformed": " with broken JSON",
    "empty": " without a body",
    "null": " with null as JSON",
    "string": " with a string as JSON",
}
_VARIED: dict[Variation, str] = {
    "lower-case": "header names in lower case",
    "upper-case": "header names in upper case",
    "page-spelling": "its id in a header refund_id",
    "relative-location": "a relative Location",
    "foreign-location": "a Location at another host",
    "json-body": "a JSON body",
    "no-refund-id": "its id in the Location only",
    "no-correlation-id": "no correlation id header",
    "unknown-members": "unknown members",
    "singular-message": "its message in error_message",
}


def _words_of_error(fault: Errored) -> str:
    body = _BODIES[fault.body]
    booked = " after booking" if fault.when == "after" else ""
    wait = f", Retry-After {fault.retry_after_s} s" if fault.retry_after_s is not None else ""
    wait += ", Retry-After with a date" * fault.dated
    return f"a {fault.status}{body}{booked}{wait}"
