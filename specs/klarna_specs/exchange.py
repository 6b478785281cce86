"""Exchanges: a request with its response, or with the failure to get one."""

import json
from contextlib import suppress
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

import msgspec

from klarna_specs.json_value import as_object, is_integer
from klarna_specs.scenario import Credentials

__all__ = ["Exchange", "Failure", "Headers", "NotJson", "Payload", "Request", "Response"]

Headers = tuple[tuple[str, str], ...]


class NotJson(Exception):
    """A payload is not JSON."""


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


class Payload(msgspec.Struct, frozen=True, omit_defaults=True, dict=True):
    """The bytes of a body as text, without loss: UTF-8, otherwise one character a byte.

    >>> Payload('{"refunded_amount": 100}').json()
    {'refunded_amount': 100}
    """

    text: str
    encoding: Literal["utf-8", "latin-1"] = "utf-8"

    @classmethod
    def of(cls, raw: bytes) -> Self:
        """The payload of these bytes."""
        try:
            return cls(raw.decode())
        except UnicodeDecodeError:
            return cls(raw.decode("latin-1"), "latin-1")

    @property
    def raw(self) -> bytes:
        """The bytes as they were on the wire."""
        return self.text.encode(self.encoding)

    def json(self) -> Any:
        """The JSON value; raises `NotJson`, also for NaN and for excessive nesting.

        It is parsed once and shared: copy it before a change.
        """
        value, problem = self._json
        if problem:
            raise NotJson(problem)
        return value

    @property
    def members(self) -> dict[str, Any] | None:
        """The members of the JSON object that it is; None if it is anything else."""
        return as_object(self._json[0])

    @cached_property
    def _json(self) -> tuple[Any, str]:
        """The value, and why there is none: a cached exception would keep its frames alive."""
        if self.encoding != "utf-8":
            return None, "the body is not UTF-8"
        with suppress(ValueError, RecursionError):
            return msgspec.json.decode(self.text), ""  # what it reads, it reads as `json` does
        try:
            return json.loads(self.text, parse_constant=_refuse_constant), ""
        except (ValueError, RecursionError) as exc:
            return None, f"the body is not JSON: {exc}"


class _Headed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    headers: Headers = ()
    body: Payload = Payload("")

    def header(self, name: str) -> str | None:
        """The first value of a header, by name in any case; None if it is missing."""
        wanted = name.lower()
        for key, value in self.headers:
            if key.lower() == wanted:
                return value
        return None

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters; empty if there is none."""
        return (self.header("content-type") or "").split(";")[0].strip().lower()


class Request(_Headed, frozen=True, kw_only=True):
    """A request as sent, with its credentials by kind only, never by value.

    `path` is the request target: path and query, percent-encoded. `unrecorded` where there was a
    body that whoever recorded the request left out or masked.

    >>> refund(7000).refunds
    7000
    """

    method: str
    path: str
    credentials: Credentials = "valid"
    unrecorded: bool = False

    @property
    def refunds(self) -> int:
        """The amount to refund, in minor units; 0 if the request is no refund."""
        if self.method != "POST" or not self.path.endswith("/refunds"):
            return 0
        amount = (self.body.members or {}).get("refunded_amount")
        return amount if is_integer(amount) and amount > 0 else 0


class Response(_Headed, frozen=True, kw_only=True, tag_field="came", tag="response"):
    """A response. `truncated`: the body is only the beginning of a longer one.

    `unrecorded`: there was a body, and whoever recorded the response left it out.
    `unrecorded_headers`: headers that may have been left out, in lower case; `*` is any header.

    >>> Response(status=201, headers=(("Refund-Id", "r-1"),)).header("refund-id")
    'r-1'
    """

    status: int
    truncated: bool = False
    unrecorded: bool = False
    unrecorded_headers: tuple[str, ...] = ()
    elapsed_s: float = 0.0

    def lacks(self, *names: str) -> bool:
        """Whether none of some headers came, as far as all of them would have been recorded."""
        unknown = {name.lower() for name in names}.union("*").intersection(self.unrecorded_headers)
        return not unknown and not any(map(self.header, names))

    @property
    def is_success(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300

    @property
    def is_refusal(self) -> bool:
        """4xx other than 429, which only postpones the request."""
        return 400 <= self.status < 500 and self.status != 429


class Failure(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="came", tag="failure"
):
    """No complete response came; whether the request took effect is not known.

    `aborted`: the client did not wait for the response, or whoever sent or recorded it could not.
    `headers` are those of a response that was cut off.

    >>> Failure(kind="timeout", message="no response within 30 s").kind
    'timeout'
    """

    kind: Literal["unreachable", "closed", "timeout", "protocol", "tls", "aborted"]
    message: str
    elapsed_s: float = 0.0
    headers: Headers = ()
    is_success: ClassVar[bool] = False
    is_refusal: ClassVar[bool] = False


class Exchange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request with its outcome, from the wire to the record.

    `earlier` are the outcomes of earlier attempts, which do not count: a failure, a 429, or a read
    that did not show yet what had been done. `waited_s` is the time between the attempts, in
    seconds. What follows is the place of the exchange in a scenario. `step` is the index of its
    step, None before the first and after the last one. `purpose` says why it was sent: `scene` sets
    up an order, `look` reads, `cut` belongs to a group that was not sent in full, which proves
    nothing. `group` is the number of the concurrent group, if any. `started_s` counts from the
    start of the scenario; `clock_s` is how far the target's clock was advanced.

    >>> Exchange(request=refund(7000), outcome=Response(status=403)).outcome.is_refusal
    True
    """

    request: Request
    outcome: Response | Failure
    purpose: Literal["scene", "step", "look", "cut"] = "step"
    step: int | None = None
    group: int | None = None
    started_s: float = 0.0
    clock_s: int = 0
    earlier: tuple[Response | Failure, ...] = ()
    waited_s: float = 0.0

    @property
    def response(self) -> Response | None:
        """The outcome, if it is a response."""
        return self.outcome if isinstance(self.outcome, Response) else None

    @property
    def status(self) -> int | None:
        """The status of the response; None without one."""
        return self.outcome.status if isinstance(self.outcome, Response) else None

    @property
    def is_flaky(self) -> bool:
        """Whether an earlier attempt got no response."""
        return any(isinstance(o, Failure) and o.kind != "aborted" for o in self.earlier)

    @property
    def requests(self) -> int:
        """The number of attempts."""
        return 1 + len(self.earlier)
