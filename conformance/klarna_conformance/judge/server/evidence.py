"""What a check of a response reads. Pure."""

import re
from collections.abc import Callable, Mapping, Set
from typing import Any

import msgspec

from klarna_conformance.http.locations import Leads, Nowhere
from klarna_conformance.judge.results import Result
from klarna_specs.exchange import Exchange, NotJson, Response
from klarna_specs.json_value import as_array, as_object
from klarna_specs.ledger import Answer, Capture, Ledger
from klarna_specs.oracle import Assessment
from klarna_specs.spec import ResponseSpec, Spec

__all__ = ["Check", "Evidence"]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a check reads: an exchange, what was expected of it, and the ids that came before it.

    `expected` is the documented response that it should be, `leads` where its Location leads to
    (None if no response came); `correlation_ids` maps those seen so
    far to the idempotency key that they came with (empty where there was none); `resource_ids` are
    the ids of this order's captures and refunds so far, each with its kind. `recorded` is true for
    traffic of others, with whatever stood between them and the server.
    """

    spec: Spec
    exchange: Exchange
    assessment: Assessment
    expected: ResponseSpec | None
    leads: Leads | Nowhere | None
    answer: Answer | None
    correlation_ids: Mapping[str, str]
    resource_ids: Set[tuple[str, str]]
    recorded: bool

    @property
    def response(self) -> Response:
        """The response; checks that read it run only where there is one."""
        assert isinstance(self.exchange.outcome, Response)
        return self.exchange.outcome

    @property
    def response_is_refusal(self) -> bool:
        """Whether a response came, and it is a refusal."""
        return self.exchange.outcome.is_refusal

    @property
    def ledger(self) -> Ledger | None:
        """The ledger before the call; None where there is no such order."""
        return self.assessment.ledger

    def json(self) -> Any:
        """The JSON body, or `NotJson` itself where there is none."""
        try:
            return self.response.body.json()
        except NotJson as exc:
            return exc

    def members(self) -> dict[str, Any] | None:
        """The JSON body if it is an object."""
        return as_object(self.json())

    @property
    def options(self) -> list[Any] | None:
        """The extension options in the body; None where it has no list of them."""
        return as_array((self.members() or {}).get("options"))

    @property
    def capture(self) -> Capture | None:
        """The capture of the call before it; None where there is no such capture."""
        return self.ledger.capture(self.assessment.call.capture_id) if self.ledger else None

    @property
    def excerpt(self) -> str:
        """The beginning of the body, in words."""
        text = _RUN.sub(r"\1\1\1...", self.response.body.text[:120])
        kind = self.response.content_type or "no content type"
        return f"{kind}, {len(self.response.body.text)} characters: {text!r}"


_RUN = re.compile(r"(.)\1{7,}")
"""A character that is repeated many times."""
Check = Callable[[Evidence], Result]
