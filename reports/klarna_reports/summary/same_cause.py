"""What two violations have in common that one bug explains, from an example of each. Pure.

Each rule needs evidence of its own: two bugs that show in the same scenarios stay two causes.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from klarna_reports.record.record import Difference, Finding, Played
from klarna_reports.words.finding_sentence import sent_amount
from klarna_specs.calls import KEY_HEADER, operation_of
from klarna_specs.exchange import Exchange, NotJson, Response
from klarna_specs.json_value import as_object
from klarna_specs.spec import Operation, Requirement, Spec

__all__ = ["Example", "can_lead_to", "same_cause"]

_AMOUNT_OF_LIST = {"refunds": "refunded_amount", "captures": "captured_amount"}
_IDS = ("refund-id", "refund_id", "capture-id", "capture_id")


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A violated requirement in one scenario."""

    spec: Spec
    requirement: Requirement
    played: Played
    finding: Finding

    @property
    def exchange(self) -> Exchange | None:
        """The judged exchange."""
        index = self.finding.exchange
        return self.played.exchanges[index] if index < len(self.played.exchanges) else None

    @property
    def is_certain(self) -> bool:
        """Whether no other call than the judged one can have made the order wrong."""
        return len(set(self._suspects())) < 2

    @property
    def suspects(self) -> frozenset[tuple[str, bool]]:
        """The calls since the last read of the order, by operation and success."""
        return frozenset((name, success) for _, name, success in self._suspects())

    @property
    def signs(self) -> frozenset[tuple[str, bool]]:
        """The amounts that differ, and whether more than expected is shown."""
        return frozenset(filter(None, map(_sign, self.finding.differences)))

    @property
    def errors(self) -> frozenset[tuple[str, int]]:
        """By how much amounts are wrong, unless that is the amount of a call."""
        sent = {sent_amount(self.spec, exchange) for exchange in self.played.exchanges}
        return frozenset(
            (member, error)
            for member, error in filter(None, map(_error, self.finding.differences))
            if error and abs(error) not in sent
        )

    @property
    def accepted_as_shown(self) -> bool:
        """Whether a call was accepted that the amounts shown before it, right or not, allow."""
        operation, response = self._answer()
        amount = sent_amount(self.spec, self.exchange) if self.exchange else None
        if operation is None or response is None or amount is None:
            return False
        if not self.requirement.rule or not response.is_success or operation.effect != "capture":
            return False
        shown = self._shown(self._earlier, "remaining_authorized_amount")
        return isinstance(shown, int) and amount <= shown

    @property
    def refused_as_shown(self) -> bool:
        """Whether a refund was refused that exceeds what the order shows as left to refund."""
        operation, _ = self._answer()
        amount = sent_amount(self.spec, self.exchange) if self.exchange else None
        if operation is None or self.refusal is None or operation.effect != "refund":
            return False
        after = self.played.exchanges[self.finding.exchange + 1 :]
        captured = self._shown(after, "captured_amount")
        refunded = self._shown(after, "refunded_amount")
        known = all(isinstance(each, int) for each in (amount, captured, refunded))
        return known and amount > captured - refunded

    @property
    def leads_astray(self) -> bool:
        """Whether a Location leads nowhere although the resource is there under another path."""
        if self.requirement.check != "location_leads" or self.finding.witness is None:
            return False
        path = self.played.exchanges[self.finding.witness].request.path
        return any(
            each.request.path != path
            and each.request.path.rpartition("/")[2] == path.rpartition("/")[2]
            and isinstance(each.outcome, Response)
            and each.outcome.is_success
            for each in self.played.exchanges
        )

    @property
    def _earlier(self) -> tuple[Exchange, ...]:
        """The exchanges before the judged one, the last one first."""
        return self.played.exchanges[: self.finding.exchange][::-1]

    @property
    def undocumented(self) -> tuple[str, int] | None:
        """The operation and the status of the answer, if that is documented for no outcome."""
        operation, response = self._answer()
        if operation is None or response is None:
            return None
        known = {status for each in operation.responses.values() for status in each.status}
        return None if response.status in known else (operation.operation, response.status)

    @property
    def refusal(self) -> tuple[str, int, str] | None:
        """The operation, the status and the code of a refusal that was not expected."""
        operation, response = self._answer()
        wrong = self.requirement.check == "accepted" and response and response.is_refusal
        if operation is None or response is None or not wrong:
            return None
        return operation.operation, response.status, str(_members(response).get("error_code"))

    @property
    def setting(self) -> frozenset[str]:
        """What preceded the call, and the form of its key, if that is no UUID."""
        before = self.played.exchanges[: self.finding.exchange]
        done = {f"after {operation.operation}" for operation in self._changing(before)}
        key = self._key(self.exchange) if self.exchange else ""
        return frozenset(done | ({"key that is no UUID"} if key and len(key) != 36 else set[str]()))

    @property
    def credentials(self) -> tuple[str, str] | None:
        """The operation that was accepted with credentials that must be refused."""
        operation, response = self._answer()
        if operation is None or response is None or self.exchange is None:
            return None
        sent = self.exchange.request.credentials
        accepted = self.requirement.rule and response.is_success and sent != "valid"
        return ("credentials", operation.operation) if accepted else None

    @property
    def repeats_an_answer(self) -> bool:
        """Whether two calls under different keys got one id, and nothing was booked for it."""
        named: dict[str, str] = {}
        for exchange in self.played.exchanges:
            for identifier in _identifiers(exchange):
                key = self._key(exchange) or str(id(exchange))
                if named.setdefault(identifier, key) != key:
                    return not self.requirement.rule or self._books_nothing()
        return False

    @property
    def shows_what_was_missing(self) -> frozenset[str]:
        """Requirements that failed before, because what is shown too late was missing there."""
        late = {(each.member, _key_of(each.observed)) for each in self.finding.differences}
        return frozenset(
            found.requirement
            for found in self.played.findings
            if found.verdict == "FAIL" and found.exchange < self.finding.exchange
            for each in found.differences
            if (each.member, _key_of(each.expected)) in late
        )

    def _answer(self) -> tuple[Operation | None, Response | None]:
        exchange = self.exchange
        if exchange is None:
            return None, None
        response = exchange.outcome if isinstance(exchange.outcome, Response) else None
        return operation_of(self.spec, exchange.request), response

    def _suspects(self) -> Iterator[tuple[int, str, bool]]:
        witness = self.finding.witness
        last = self.finding.exchange if witness is None else witness
        for index in range(min(last, len(self.played.exchanges)) - 1, -1, -1):
            exchange = self.played.exchanges[index]
            operation = operation_of(self.spec, exchange.request)
            if operation is None:
                continue
            if operation.shows == "order" and index != last:
                return
            if operation.changes and isinstance(exchange.outcome, Response):
                yield index, operation.operation, exchange.outcome.is_success

    def _changing(self, exchanges: tuple[Exchange, ...]) -> Iterator[Operation]:
        for exchange in exchanges:
            operation = operation_of(self.spec, exchange.request)
            response = exchange.outcome
            success = isinstance(response, Response) and response.is_success
            if operation and operation.changes and success and exchange.purpose == "step":
                yield operation

    def _key(self, exchange: Exchange) -> str:
        return exchange.request.header(KEY_HEADER) or ""

    def _books_nothing(self) -> bool:
        """Whether the order shows the same refunded amount before and after the call."""
        index = self.finding.exchange
        after = self._shown(self.played.exchanges[index + 1 :], "refunded_amount")
        before = self._shown(self._earlier, "refunded_amount")
        return before is not None and before == after

    def _shown(self, exchanges: tuple[Exchange, ...], member: str) -> Any:
        for exchange in exchanges:
            operation, outcome = operation_of(self.spec, exchange.request), exchange.outcome
            if operation and operation.shows == "order" and isinstance(outcome, Response):
                return _members(outcome).get(member)
        return None


def same_cause(root: Example, violation: Example) -> bool:
    """Whether one bug explains both."""
    for one, other in (
        (root.undocumented, violation.undocumented),
        (root.credentials, violation.credentials),
    ):
        if one is not None and one == other:
            return True
    if root.refusal and root.refusal == violation.refusal and root.setting & violation.setting:
        return True
    check = "correlation_id_distinct"
    if check == root.requirement.check == violation.requirement.check:
        return True
    if root.errors & violation.errors:
        return True
    if root.accepted_as_shown and ("remaining_authorized_amount", True) in violation.signs:
        return True
    if violation.refused_as_shown and ("refunded_amount", True) in root.signs:
        return True
    if root.repeats_an_answer and violation.repeats_an_answer:
        return True
    if root.requirement.id in violation.shows_what_was_missing:
        return True
    if violation.requirement.id in root.shows_what_was_missing:
        return True
    return _seen_late(root, violation)


def can_lead_to(root: Example, violation: Example) -> bool:
    """Whether `violation` may follow from `root` because it comes with or after it.

    An amount that is wrong, or a call that is wrongly accepted, changes no Location, and no
    handling of keys.
    """
    if not root.signs and not root.requirement.rule:
        return True
    if violation.leads_astray:
        return False
    return _is_of_keys(root.requirement) or not _is_of_keys(violation.requirement)


def _is_of_keys(requirement: Requirement) -> bool:
    return any(each.startswith("replay") for each in requirement.upon)


def _seen_late(root: Example, violation: Example) -> bool:
    """Whether the call that `root` accuses is among those that may have done the other wrong.

    An order that is wrong before any call has one cause.
    """
    if not root.is_certain or not root.signs & violation.signs:
        return False
    if violation.is_certain:
        return not root.suspects and not violation.suspects
    return bool(root.suspects) and root.suspects <= violation.suspects


def _sign(each: Difference) -> tuple[str, bool] | None:
    found = _error(each)
    if found is None:
        return None
    member, error = found
    if error or not isinstance(each.observed, tuple) or not isinstance(each.expected, tuple):
        return member, error > 0
    return member, len(each.observed) > len(each.expected)


def _error(each: Difference) -> tuple[str, int] | None:
    """The member that is wrong, and by how much."""
    observed, expected = each.observed, each.expected
    if isinstance(observed, int) and isinstance(expected, int):
        return each.member, observed - expected
    if isinstance(observed, tuple) and isinstance(expected, tuple):
        more = sum(one.amount or 0 for one in observed) - sum(one.amount or 0 for one in expected)
        return _AMOUNT_OF_LIST.get(each.member, each.member), more
    return None


def _key_of(value: object) -> str:
    return repr(value)


def _identifiers(exchange: Exchange) -> Iterator[str]:
    response = exchange.outcome
    if exchange.request.method == "GET" or not isinstance(response, Response):
        return
    names: Mapping[str, Any] = _members(response)
    candidates = (*(response.header(name) for name in _IDS), names.get("correlation_id"))
    yield from (each for each in candidates if isinstance(each, str) and each)


def _members(response: Response) -> dict[str, Any]:
    try:
        return as_object(response.body.json()) or {}
    except NotJson:
        return {}
