"""Harmless handling of idempotency keys, whose scope and lifetime are not documented."""

from collections.abc import Callable, Sequence

import msgspec

from klarna_conformance.mock.deviation import Deviation, Sending
from klarna_conformance.mock.server import Mock
from klarna_specs.calls import Call
from klarna_specs.exchange import Response
from klarna_specs.ledger import DAY_S
from klarna_specs.oracle import Assessment, assess
from klarna_specs.outcomes import Outcome


class _Remembered(msgspec.Struct, frozen=True):
    response: Response
    at_s: int


def _remembers(
    name_of: Callable[[Call], tuple[str, ...]], *, refusals: bool = True, forgets: bool = True
) -> Deviation:
    """Replays the response to an earlier call with the same name; other calls are new."""
    memory: dict[tuple[str, ...], _Remembered] = {}
    again: list[Response] = []

    def known(call: Call, mock: Mock) -> Response | None:
        found = memory.get(name_of(call))
        if found is None or (forgets and mock.now_s - found.at_s >= DAY_S):
            return None
        return found.response

    def counts(assessment: Assessment) -> bool:
        call = assessment.call
        accessible = assessment.ledger is not None and call.credentials == "valid"
        return bool(call.key) and call.operation.changes and accessible

    def chosen(assessment: Assessment, mock: Mock) -> Outcome:
        if not counts(assessment):
            return assessment.outcomes[0]
        call = assessment.call
        if response := known(call, mock):
            again.append(response)
            return Outcome(kind="refusal", responses=("not_found",))
        unkeyed = msgspec.structs.replace(call, key=None)
        return assess(mock.spec, assessment.ledger, unkeyed).outcomes[0]

    def sent(sending: Sending, response: Response, mock: Mock) -> Response:
        if again:
            return again.pop()
        if counts(sending.assessment) and (refusals or response.is_success):
            memory[name_of(sending.assessment.call)] = _Remembered(response, mock.now_s)
        return response

    return Deviation(chosen=chosen, sent=sent)


def _named(*parts: str) -> Callable[[Call], tuple[str, ...]]:
    """Names calls by some of: key, order, operation, capture, body."""

    def name_of(call: Call) -> tuple[str, ...]:
        values = {
            "key": call.key or "",
            "order": call.order_id,
            "operation": call.operation.operation,
            "capture": call.capture_id or "",
            "body": call.fingerprint,
        }
        return tuple(values[part] for part in parts)

    return name_of


def keys(within: str, *, refusals: bool = True, forgets: bool = True) -> Deviation:
    """Keys that are valid on the whole server, an order, an operation on it, or with their body."""
    scopes = {
        "everything": ("key",),
        "order": ("key", "order"),
        "path": ("key", "order", "operation", "capture"),
        "body": ("key", "order", "operation", "capture", "body"),
    }
    return _remembers(_named(*scopes[within]), refusals=refusals, forgets=forgets)


def keys_used_elsewhere_refused() -> Deviation:
    """A key is refused on other calls than its first one."""
    owner: dict[str, tuple[str, ...]] = {}
    name_of = _named("order", "operation", "capture")

    def chosen(assessment: Assessment, _mock: Mock) -> Outcome:
        call = assessment.call
        if not (call.key and call.operation.changes and call.credentials == "valid"):
            return assessment.outcomes[0]
        if owner.setdefault(call.key, name_of(call)) == name_of(call):
            return assessment.outcomes[0]
        return Outcome(kind="refusal", responses=("malformed",))

    return Deviation(chosen=chosen)


def keys_of(operations: Sequence[str]) -> Deviation:
    """Keys are honoured for these operations only."""

    def understood(call: Call, _mock: Mock) -> Call:
        if call.operation.operation in operations:
            return call
        return msgspec.structs.replace(call, key=None)

    return Deviation(understood=understood)
