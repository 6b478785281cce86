"""Faults: what a network, or a server in trouble, does to a call. Plain data."""

from collections.abc import Mapping
from typing import Literal

import msgspec

__all__ = [
    "FAULTS",
    "FAULT_KINDS",
    "Cut",
    "Delivered",
    "Errored",
    "Fault",
    "FaultsTold",
    "Redirected",
    "Refused",
    "Silent",
    "Slow",
    "Truncated",
    "Twice",
    "Variation",
    "Varied",
    "is_unclear",
    "kind_of",
    "words_of",
]

Delivered = Literal["before", "after"]
"""Whether the fault came before the server got the request, or after it had answered it."""
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
    """No connection can be made for so many seconds."""

    for_s: float = 0.2


class Cut(_Fault, frozen=True, tag_field="fault", tag="cut"):
    """The connection ends without an answer: reset, or closed in the ordinary way."""

    when: Delivered = "before"
    reset: bool = True


class Silent(_Fault, frozen=True, tag_field="fault", tag="silent"):
    """No answer comes for longer than anybody waits; then the connection is closed."""

    when: Delivered = "before"


class Slow(_Fault, frozen=True, tag_field="fault", tag="slow"):
    """The answer takes its time: until it begins, or from its first byte to its last."""

    part: Literal["start", "body"] = "start"


class Truncated(_Fault, frozen=True, tag_field="fault", tag="truncated"):
    """The server did it; its answer announces a longer body than comes."""


class Errored(_Fault, frozen=True, tag_field="fault", tag="errored"):
    """Another answer than the server's own: a status, and a body of a kind.

    With `when` after, the server did what was asked before it failed.
    """

    status: Literal[400, 401, 404, 409, 422, 429, 500, 502, 503, 504] = 503
    when: Delivered = "before"
    body: Literal["json", "html", "malformed", "empty"] = "json"
    retry_after_s: int | None = None


class Twice(_Fault, frozen=True, tag_field="fault", tag="twice"):
    """The request is delivered twice; the first answer, or the second one, is passed on."""

    answer: Literal["first", "second"] = "first"


class Redirected(_Fault, frozen=True, tag_field="fault", tag="redirected"):
    """The answer sends the client to another server with the same request (307)."""


class Varied(_Fault, frozen=True, tag_field="fault", tag="varied"):
    """The server's answer, written in another way that the documentation leaves open."""

    how: Variation = "lower-case"


Fault = Refused | Cut | Silent | Slow | Truncated | Errored | Twice | Redirected | Varied


class FaultsTold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The faults that the next calls meet, one each, as `POST /_control/faults` takes them.

    A fault is a name (`lost`), or written out (`{"fault": "errored", "status": 503}`). With an
    `operation` (operationId) only its calls meet them; with `for_ever` the last one stays.
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
    "truncated": (Truncated(),),
    "error": (Errored(503), Errored(500), Errored(502), Errored(504), Errored(503, body="empty")),
    "error-after": (Errored(500, "after"), Errored(504, "after"), Errored(502, "after", "html")),
    "429": (Errored(429, retry_after_s=1), Errored(429)),
    "401": (Errored(401, body="html"), Errored(401)),
    "400": (Errored(400),),
    "404": (Errored(404),),
    "conflict": (Errored(422), Errored(409)),
    "malformed": (Errored(500, body="malformed"),),
    "html": (Errored(502, body="html"),),
    "slow": (Slow("start"), Slow("body")),
    "duplicate": (Twice("first"), Twice("second")),
    "redirect": (Redirected(),),
    "refused": (Refused(),),
    "lower-case": (Varied("lower-case"),),
    "upper-case": (Varied("upper-case"),),
    "page-spelling": (Varied("page-spelling"),),
    "relative-location": (Varied("relative-location"),),
    "foreign-location": (Varied("foreign-location"),),
    "json-body": (Varied("json-body"),),
    "no-refund-id": (Varied("no-refund-id"),),
    "no-correlation-id": (Varied("no-correlation-id"),),
    "unknown-members": (Varied("unknown-members"),),
    "singular-message": (Varied("singular-message"),),
}
"""The faults of each kind, the dullest first."""

FAULT_KINDS = tuple(FAULTS)
"""What faults are called on the command line, and by the cases of the requirements."""


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
    return fault.body if fault.body in ("malformed", "html") else "error"


def is_unclear(fault: Fault | None) -> bool:
    """Whether a client to which this happens cannot know what the server did."""
    match fault:
        case Refused() | Cut() | Silent() | Truncated() | Redirected():
            return True
        case Errored(status=status):
            return status >= 500
        case _:
            return False


def words_of(fault: Fault) -> str:
    """The fault in a few words, as part of a sentence."""
    match fault:
        case Refused():
            return "no connection possible"
        case Cut(when=when, reset=reset):
            lost = "connection reset" if reset else "response lost"
            return f"{lost} {when} booking"
        case Silent(when=when):
            return "no answer in time, nothing booked" if when == "before" else _LATE
        case Slow(part=part):
            return "a slow answer" if part == "start" else "an answer that comes byte by byte"
        case Truncated():
            return "response cut off after booking"
        case Errored():
            return _words_of_error(fault)
        case Twice():
            return "request delivered twice"
        case Redirected():
            return "sent on to another server"
        case Varied(how=how):
            return f"an answer with {_VARIED[how]}"


_LATE = "no answer in time, though booked"
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
    body = {"json": "", "html": " with an HTML page", "malformed": " with broken JSON"}
    booked = " after booking" if fault.when == "after" else ""
    wait = f", Retry-After {fault.retry_after_s} s" if fault.retry_after_s is not None else ""
    return f"a {fault.status}{body.get(fault.body, ' without a body')}{booked}{wait}"
