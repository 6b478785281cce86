"""An example of a violated requirement, and what its exchanges say about the bug. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from klarna_reports.record.record import Finding, Played
from klarna_reports.summary.shown_amounts import (
    AMOUNT_OF_LIST,
    contradicted_amounts,
    error_of,
    sign_of,
)
from klarna_reports.words.finding_sentence import accepted_refunds, sent_amount, sent_fee
from klarna_specs.calls import KEY_HEADER, operation_of
from klarna_specs.effects import CHANGED_MEMBERS
from klarna_specs.exchange import Exchange, Response
from klarna_specs.spec import Operation, Requirement, Spec

__all__ = ["Example"]

_OF_CLIENT_KEYS = ("client.key-sent", "client.key-kept", "client.guarded-against-duplicates")
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
    def is_of_a_read(self) -> bool:
        """Whether the judged call is a read, which shows what another call did."""
        operation, _ = self._answer()
        return operation is not None and not operation.changes

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
        return frozenset(filter(None, map(sign_of, self.finding.differences)))

    @property
    def errors(self) -> frozenset[tuple[str, int]]:
        """By how much amounts are wrong, unless that is the amount of a call."""
        sent = {sent_amount(self.spec, exchange) for exchange in self.played.exchanges}
        return frozenset(
            (member, error)
            for member, error in filter(None, map(error_of, self.finding.differences))
            if error and abs(error) not in sent
        )

    @property
    def side_effects(self) -> frozenset[tuple[str, bool]]:
        """The signs, if the judged call does not change the wrong members."""
        operation, _ = self._answer()
        own = CHANGED_MEMBERS.get(operation.effect, ()) if operation else ()
        return frozenset() if any(name in own for name, _ in self.signs) else self.signs

    @property
    def calls(self) -> frozenset[str]:
        """The operations called since the last read of the order."""
        return frozenset(
            operation.operation
            for _, operation, response in self._since_read()
            if response.is_success
        )

    @property
    def refused_but_done(self) -> frozenset[tuple[str, tuple[str, bool]]]:
        """The refused operation that may have changed the order, and what is too high."""
        suspects = self.suspects
        refused = {name for name, success in suspects if not success and len(suspects) == 1}
        return frozenset((name, sign) for name in refused for sign in self.signs if sign[1])

    @property
    def loses_refund(self) -> bool:
        """Whether a refund that was accepted is in no read of the order."""
        about = any(each.member in CHANGED_MEMBERS["refund"] for each in self.finding.differences)
        shown = "".join(each.body.text for each in self._order_reads(self._until_shown))
        return about and any(each not in shown for each in self._accepted_refunds())

    @property
    def missums(self) -> frozenset[tuple[str, bool]]:
        """The amounts that are wrong although the order lists the right resources."""
        lists = {
            name
            for name in AMOUNT_OF_LIST
            for each in self._order_reads(self._until_shown[::-1][:1])
            if name in (each.body.members or {})
        }
        right = lists - {each.member for each in self.finding.differences}
        return frozenset(s for s in self.signs if s[0] in {AMOUNT_OF_LIST[each] for each in right})

    @property
    def accepted_as_shown(self) -> frozenset[tuple[str, bool]]:
        """The wrong amount that explains why a call was accepted: too little left to count."""
        operation, response = self._answer()
        amount = sent_amount(self.spec, self.exchange) if self.exchange else None
        if operation is None or response is None or amount is None:
            return frozenset()
        if not self.requirement.rule or not response.is_success:
            return frozenset()
        if operation.effect == "capture":
            left = self._shown(self._earlier, "remaining_authorized_amount")
            if isinstance(left, int) and amount <= left:
                return frozenset({("remaining_authorized_amount", True)})
        if operation.effect == "refund":
            after = self.played.exchanges[self.finding.exchange + 1 :]
            captured = self._shown(after, "captured_amount")
            refunded = self._shown(after, "refunded_amount")
            whole = isinstance(captured, int) and isinstance(refunded, int)
            counted = sum(self._accepted_refunds().values())
            if whole and amount <= captured and refunded < counted:
                return frozenset({("refunded_amount", False)})
        return frozenset()

    @property
    def shows_amounts(self) -> bool:
        """Whether it compares the amounts of an order."""
        return self.requirement.check in ("money_adds_up", "order_agrees")

    @property
    def judges_an_outcome(self) -> bool:
        """Whether a call was accepted or refused, against the expectation."""
        return bool(self.requirement.rule) or self.requirement.check == "accepted"

    @property
    def is_doubtful(self) -> bool:
        """Whether the order did not say clearly what to expect of the call."""
        return self.judges_an_outcome and bool(self.contradicted)

    @property
    def contradicted(self) -> frozenset[str]:
        """The amounts that were not the sum of their list when the order was read last.

        What is expected of a call rests on them.
        """
        before = self._earlier if self.judges_an_outcome else self._until_shown[::-1]
        read = next(self._order_reads(before), None)
        return contradicted_amounts((read.body.members or {}) if read else {})

    @property
    def refused_as_shown(self) -> bool:
        """Whether a refund was refused that exceeds what the order shows as left to refund."""
        after = self.played.exchanges[self.finding.exchange + 1 :]
        return self._refused_above(self._shown(after, "refunded_amount"))

    @property
    def refused_as_accepted(self) -> bool:
        """Whether a refund was refused that exceeds what the accepted refunds leave."""
        return self._refused_above(sum(self._accepted_refunds().values()))

    def _refused_above(self, refunded: Any) -> bool:
        operation, _ = self._answer()
        if self.exchange is None or self.refusal is None:
            return False
        amount = sent_amount(self.spec, self.exchange)
        if amount is None or operation is None or operation.effect != "refund":
            return False
        captured = self._shown(self.played.exchanges, "captured_amount")
        if not isinstance(captured, int) or not isinstance(refunded, int):
            return False
        return amount + sent_fee(self.exchange) > captured - refunded

    @property
    def unkeyed(self) -> frozenset[str]:
        """For a command that a client carried out twice: the error in that request's key."""
        if self.requirement.id != "client.once":
            return frozenset()
        return frozenset(
            found.requirement
            for found in self.played.findings
            if found.verdict == "FAIL" and found.exchange == self.finding.exchange
            if found.requirement in _OF_CLIENT_KEYS
        )

    @property
    def misread(self) -> frozenset[str]:
        """Requirements that an earlier read of the extension options did not meet."""
        operation, _ = self._answer()
        if operation is None or operation.effect != "extend_due_date":
            return frozenset()
        return frozenset(
            found.requirement
            for found in self.played.findings
            if found.verdict in ("FAIL", "WARN") and found.exchange < self.finding.exchange
            if self._shows(self.played.exchanges[found.exchange]) == "extension_options"
        )

    @property
    def misreads_options(self) -> bool:
        """Whether it is about what a read of the extension options shows."""
        return self.exchange is not None and self._shows(self.exchange) == "extension_options"

    @property
    def read_amounts(self) -> frozenset[tuple[str, str, bool]]:
        """The resource whose read shows a wrong amount, and whether more than expected."""
        read = self._until_shown[-1]
        kind = self._shows(read)
        return frozenset((kind, *sign) for sign in self.signs if kind not in ("", "order"))

    def _shows(self, exchange: Exchange) -> str:
        operation = operation_of(self.spec, exchange.request)
        return (operation.shows or "") if operation else ""

    @property
    def location_was_wrong(self) -> bool:
        """Whether a repeat has another Location because the first one did not name the resource."""
        if self.requirement.check != "same_answer" or self.exchange is None:
            return False
        first = self._first_with_key()
        if not isinstance(first.outcome, Response) or not self.finding.observed.startswith(
            "location"
        ):
            return False
        location = first.outcome.header("Location") or ""
        names = [first.outcome.header(name) for name in _IDS]
        return not any(location.endswith(f"{first.request.path}/{name}") for name in names if name)

    @property
    def misnamed(self) -> bool:
        """Whether it rests on an id that a response has in its header, and not in its Location."""
        amounts = any(isinstance(each.expected, int) for each in self.finding.differences)
        if amounts or self.requirement.check == "same_answer":
            return False
        shown = [
            self.played.exchanges[i].request.path for i in self.played.exchanges_of(self.finding)
        ]
        texts = (self.finding.expected, *shown)
        return any(name in text for name in self._misnamed_ids() for text in texts)

    def _misnamed_ids(self) -> Iterator[str]:
        for exchange in self.played.exchanges:
            response = exchange.outcome
            if isinstance(response, Response) and (location := response.header("Location")):
                names = {response.header(name) for name in _IDS} - {None}
                yield from (each for each in names if each and not location.endswith(f"/{each}"))

    @property
    def books_repeat(self) -> bool:
        """Whether a repeated call is booked again."""
        more = any(sign[1] for sign in self.signs)
        return more and "replay" in self.requirement.upon

    @property
    def answers_repeat_anew(self) -> bool:
        """Whether a repeated call is answered with a new id."""
        alike = self.requirement.check == "same_answer"
        return alike and self.finding.observed.startswith("resource_id")

    @property
    def leads_astray(self) -> bool:
        """Whether a Location leads nowhere although the resource is there under another path."""
        if self.requirement.check != "location_leads" or self.finding.witness is None:
            return False
        path = self.played.exchanges[self.finding.witness].request.path
        return any(
            each.request.path != path
            and each.request.path.rpartition("/")[2] == path.rpartition("/")[2]
            and each.outcome.is_success
            for each in self.played.exchanges
        )

    @property
    def _until_shown(self) -> tuple[Exchange, ...]:
        """The exchanges up to the one that shows the finding."""
        last = self.finding.exchange if self.finding.witness is None else self.finding.witness
        return self.played.exchanges[: last + 1]

    @property
    def _earlier(self) -> tuple[Exchange, ...]:
        """The exchanges before the judged one, the last one first."""
        return self.played.exchanges[: self.finding.exchange][::-1]

    @property
    def undocumented(self) -> tuple[str, int] | None:
        """The operation and the status of the answer, if that is documented for no outcome.

        Of a repeat that has another status, that of the first answer counts.
        """
        operation, response = self._answer()
        if self.requirement.check == "same_answer" and self.finding.observed.startswith("status"):
            response = self._first_with_key().response
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
        code = (response.body.members or {}).get("error_code")
        return operation.operation, response.status, str(code)

    @property
    def setting(self) -> frozenset[str]:
        """What preceded the call, and its payment method and form of key, if not the usual ones."""
        before = self.played.exchanges[: self.finding.exchange]
        done = {f"after {operation.operation}" for operation in self._changing(before)}
        key = self._key(self.exchange) if self.exchange else ""
        if key and len(key) != 36:
            done.add("key that is no UUID")
        if self.exchange and self.exchange.group is not None:
            done.add("concurrent calls")
        plan = self.played.scenario.plan
        if plan is not None and plan.payment_method != "pay_later":
            done.add(f"paid by {plan.payment_method}")
        return frozenset(done)

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
        late = {(each.member, repr(each.observed)) for each in self.finding.differences}
        return frozenset(
            found.requirement
            for found in self.played.findings
            if found.verdict in ("FAIL", "WARN") and found.exchange < self.finding.exchange
            for each in found.differences
            if (each.member, repr(each.expected)) in late
        )

    def _first_with_key(self) -> Exchange:
        """The first exchange with the key of the judged one."""
        key = self._key(self.played.exchanges[self.finding.exchange])
        return next(each for each in self.played.exchanges if self._key(each) == key)

    def _answer(self) -> tuple[Operation | None, Response | None]:
        exchange = self.exchange
        if exchange is None:
            return None, None
        return operation_of(self.spec, exchange.request), exchange.response

    def _suspects(self) -> Iterator[tuple[int, str, bool]]:
        for index, operation, response in self._since_read():
            if operation.changes:
                yield index, operation.operation, response.is_success

    def _since_read(self) -> Iterator[tuple[int, Operation, Response]]:
        """The calls between the read that shows the finding and the one before, last one first."""
        witness = self.finding.witness
        last = self.finding.exchange if witness is None else witness
        for index in range(min(last, len(self.played.exchanges)) - 1, -1, -1):
            exchange = self.played.exchanges[index]
            operation = operation_of(self.spec, exchange.request)
            if operation is None:
                continue
            if operation.shows == "order" and index != last:
                return
            if isinstance(exchange.outcome, Response):
                yield index, operation, exchange.outcome

    def _order_reads(self, exchanges: tuple[Exchange, ...]) -> Iterator[Response]:
        for exchange in exchanges:
            operation = operation_of(self.spec, exchange.request)
            if operation and operation.shows == "order" and isinstance(exchange.outcome, Response):
                yield exchange.outcome

    def _accepted_refunds(self) -> dict[str, int]:
        """The refunds that were accepted up to the judged call."""
        return accepted_refunds(self.spec, self.played.exchanges[: self.finding.exchange + 1])

    def _changing(self, exchanges: tuple[Exchange, ...]) -> Iterator[Operation]:
        for exchange in exchanges:
            operation = operation_of(self.spec, exchange.request)
            success = exchange.outcome.is_success
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
        read = next(self._order_reads(exchanges), None)
        return None if read is None else (read.body.members or {}).get(member)


def _identifiers(exchange: Exchange) -> Iterator[str]:
    response = exchange.response
    if exchange.request.method == "GET" or response is None:
        return
    names: Mapping[str, Any] = response.body.members or {}
    candidates = (*(response.header(name) for name in _IDS), names.get("correlation_id"))
    yield from (each for each in candidates if isinstance(each, str) and each)
