"""What harmless variants do that no rewritten response can express, by name."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from klarna_conformance.mock.deviation import Deviation, Sending
from klarna_conformance.mock.server import Mock
from klarna_specs.calls import Call
from klarna_specs.exchange import Headers, NotJson, Payload, Response
from klarna_specs.json_value import as_array, as_object
from klarna_specs.ledger import DAY_S, Capture, Ledger
from klarna_specs.oracle import Assessment, Outcome, assess

__all__ = ["BEHAVIOURS"]

_Make = Callable[..., Deviation]


def _several(behaviours: Sequence[Mapping[str, Any]]) -> Deviation:
    """Several behaviours in one server; the first of them that chooses differently is followed."""
    made = [BEHAVIOURS[each["name"]](**each.get("arguments", {})) for each in behaviours]

    def understood(call: Call, mock: Mock) -> Call:
        for deviation in made:
            call = deviation.understood(call, mock)
        return call

    def chosen(assessment: Assessment, mock: Mock) -> Outcome:
        outcomes = [deviation.chosen(assessment, mock) for deviation in made]
        documented = assessment.outcomes[0]
        return next((outcome for outcome in outcomes if outcome != documented), documented)

    def shown(call: Call, resource: Any, mock: Mock) -> Any:
        for deviation in made:
            resource = deviation.shown(call, resource, mock)
        return resource

    def sent(sending: Sending, response: Response, mock: Mock) -> Response:
        for deviation in made:
            response = deviation.sent(sending, response, mock)
        return response

    return Deviation(understood=understood, chosen=chosen, shown=shown, sent=sent)


# Which outcome a call gets.


def _accepts(requirements: Sequence[str], when: str = "true") -> Deviation:
    """Accepts what breaks none but these rules."""

    def chosen(assessment: Assessment, _mock: Mock) -> Outcome:
        documented = assessment.outcomes[0]
        responses = assessment.call.operation.responses
        refusing = {r.id for r in assessment.broken if responses[r.otherwise].kind == "refusal"}
        named = any(r.id in requirements for r in assessment.call.operation.requirements)
        if documented.kind != "refusal" or not named or refusing - {*requirements}:
            return documented
        if not assessment.holds(when):
            return documented
        return Outcome(kind="success", responses=(assessment.call.operation.success,))

    return Deviation(chosen=chosen)


def _refuses(
    when: str,
    response: str,
    of: Sequence[str] = (),
    instead_of: Sequence[str] = ("success",),
) -> Deviation:
    """Refuses calls with one of the documented responses where an expression holds."""

    def chosen(assessment: Assessment, _mock: Mock) -> Outcome:
        documented = assessment.outcomes[0]
        concerned = not of or assessment.call.operation.operation in of
        known = response in assessment.call.operation.responses
        if not (concerned and known and documented.kind in instead_of and assessment.holds(when)):
            return documented
        return Outcome(kind="refusal", responses=(response,))

    return Deviation(chosen=chosen)


def _notices_first(responses: Sequence[str]) -> Deviation:
    """Of several reasons to refuse a call, tells the one that comes first in a list."""

    def chosen(assessment: Assessment, _mock: Mock) -> Outcome:
        documented = assessment.outcomes[0]
        reasons = {rule.otherwise for rule in assessment.broken}
        first = next((name for name in responses if name in reasons), None)
        if documented.kind != "refusal" or first is None:
            return documented
        return Outcome(kind="refusal", responses=(first,))

    return Deviation(chosen=chosen)


def _one_extension_path(reading: str) -> Deviation:
    """Knows one of the two paths that an extension is told to have."""

    def chosen(assessment: Assessment, _mock: Mock) -> Outcome:
        call = assessment.call
        extends = call.operation.operation == "extendDueDate"
        if not extends or call.path_reading == reading or call.credentials != "valid":
            return assessment.outcomes[0]
        return Outcome(kind="refusal", responses=("not_found",))

    return Deviation(chosen=chosen)


def _busy(every: int) -> Deviation:
    """Asks to wait at every n-th call, and does nothing then."""
    count = 0
    busy = False

    def understood(call: Call, _mock: Mock) -> Call:
        nonlocal count, busy
        count += 1
        busy = count % every == 0
        return msgspec.structs.replace(call, key=None) if busy else call

    def chosen(assessment: Assessment, _mock: Mock) -> Outcome:
        if not busy:
            return assessment.outcomes[0]
        return Outcome(kind="refusal", responses=("not_found",))

    def sent(_sending: Sending, response: Response, _mock: Mock) -> Response:
        if not busy:
            return response
        error = {**response.body.json(), "error_code": "TOO_MANY_REQUESTS"}
        headers = (*response.headers, ("Retry-After", "1"), ("X-Ratelimit-Remaining", "0"))
        return msgspec.structs.replace(
            response, status=429, headers=headers, body=Payload(json.dumps(error))
        )

    return Deviation(understood=understood, chosen=chosen, sent=sent)


# Idempotency keys, where their scope and their memory are not documented.


class _Remembered(msgspec.Struct, frozen=True):
    response: Response
    at_s: int


def _remembers(
    name_of: Callable[[Call], tuple[str, ...]], *, refusals: bool = True, forgets: bool = True
) -> Deviation:
    """Answers again what was answered under the same name; everything else is taken as new."""
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
        told = {
            "key": call.key or "",
            "order": call.order_id,
            "operation": call.operation.operation,
            "capture": call.capture_id or "",
            "body": call.fingerprint,
        }
        return tuple(told[part] for part in parts)

    return name_of


def _keys(within: str, *, refusals: bool = True, forgets: bool = True) -> Deviation:
    """Keys that count within the whole server, an order, an operation of it, or with their body."""
    scopes = {
        "everything": ("key",),
        "order": ("key", "order"),
        "path": ("key", "order", "operation", "capture"),
        "body": ("key", "order", "operation", "capture", "body"),
    }
    return _remembers(_named(*scopes[within]), refusals=refusals, forgets=forgets)


def _keys_used_elsewhere_refused() -> Deviation:
    """A key belongs to the call that it came with first; no other call may have it."""
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


def _keys_of(operations: Sequence[str]) -> Deviation:
    """Keys count for these operations only."""

    def understood(call: Call, _mock: Mock) -> Call:
        if call.operation.operation in operations:
            return call
        return msgspec.structs.replace(call, key=None)

    return Deviation(understood=understood)


# Ids, Locations and other headers.


_ID_FORMS: Mapping[str, Callable[[str, int], str]] = {
    "numeric": lambda _, n: str(1_000_000 + n),
    "upper-case": lambda made, _: made.upper(),
    "long": lambda made, n: f"{made * 7}{n}",
    "dotted": lambda _, n: f"KR.2026.{n}~x_y-z",
    "reserved": lambda _, n: f"refund:{n};v=1,2@se",
    "encoded": lambda _, n: f"refund {n} 100% a/b?c#d+e",
}


def _created_ids(form: str) -> Deviation:
    """Captures and refunds that are made over the API have ids of another form."""
    shown: dict[str, str] = {}
    made: dict[str, str] = {}

    def understood(call: Call, _mock: Mock) -> Call:
        return msgspec.structs.replace(
            call,
            capture_id=made.get(call.capture_id or "", call.capture_id),
            refund_id=made.get(call.refund_id or "", call.refund_id),
        )

    def sent(sending: Sending, response: Response, _mock: Mock) -> Response:
        operation = sending.assessment.call.operation
        names = operation.responses[operation.success].id_header
        raw = response.header(names[0]) if names else None
        if raw and raw not in shown:
            shown[raw] = _ID_FORMS[form](raw, len(shown))
            made[shown[raw]] = raw
        headers = response.headers
        text = response.body.text
        for old, new in shown.items():
            headers = tuple(
                (k, v.replace(old, quote(new, safe="") if k == "Location" else new))
                for k, v in headers
            )
            text = text.replace(old, json.dumps(new)[1:-1])
        return msgspec.structs.replace(response, headers=headers, body=Payload(text))

    return Deviation(understood=understood, sent=sent)


def _correlation_ids(form: str) -> Deviation:
    """The correlation ids of errors have another form; the header tells the same."""
    count = 0

    def error(members: dict[str, Any]) -> dict[str, Any]:
        nonlocal count
        count += 1
        return {
            **members,
            "correlation_id": _ID_FORMS[form](str(members["correlation_id"]), count),
        }

    return _json_change(lambda response, value: error(value) if response.is_refusal else value)


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


def _locations(form: str) -> Deviation:
    """Locations are written in another way, and lead to the same."""

    def sent(sending: Sending, response: Response, _mock: Mock) -> Response:
        location = response.header("Location")
        if location is None:
            return response
        written = _LOCATIONS[form](location, sending.base_url)
        return _with_header(response, "Location", written)

    return Deviation(sent=sent)


def _header_names(case: str) -> Deviation:
    """Names of headers in another case."""
    change: Callable[[str], str] = {"lower": str.lower, "upper": str.upper}[case]

    def sent(_sending: Sending, response: Response, _mock: Mock) -> Response:
        headers = tuple((change(name), value) for name, value in response.headers)
        return msgspec.structs.replace(response, headers=headers)

    return Deviation(sent=sent)


def _id_header(names: Sequence[str]) -> Deviation:
    """The id of a refund is told in headers of these names."""

    def sent(_sending: Sending, response: Response, _mock: Mock) -> Response:
        refund_id = response.header("Refund-Id")
        if refund_id is None:
            return response
        kept = [(k, v) for k, v in response.headers if k != "Refund-Id"]
        told = [(name, refund_id) for name in names]
        return msgspec.structs.replace(response, headers=(*told, *kept))

    return Deviation(sent=sent)


def _json_label(value: str) -> Deviation:
    """JSON is labelled with another content type that says JSON."""

    def sent(_sending: Sending, response: Response, _mock: Mock) -> Response:
        if response.content_type != "application/json":
            return response
        return _with_header(response, "Content-Type", value)

    return Deviation(sent=sent)


def _with_header(response: Response, name: str, value: str) -> Response:
    kept: Headers = tuple((k, v) for k, v in response.headers if k.lower() != name.lower())
    return msgspec.structs.replace(response, headers=((name, value), *kept))


# JSON bodies.


def _json_change(change: Callable[[Response, dict[str, Any]], Any]) -> Deviation:
    """Changes each JSON object on its way out."""

    def sent(_sending: Sending, response: Response, _mock: Mock) -> Response:
        try:
            members = as_object(response.body.json())
        except NotJson:
            return response
        if members is None:
            return response
        text = json.dumps(change(response, members))
        return msgspec.structs.replace(response, body=Payload(text))

    return Deviation(sent=sent)


def _json_text(
    *, indent: int | None = None, ascii_only: bool = True, sort: bool = False, around: str = ""
) -> Deviation:
    """The same JSON, spelled in another way."""

    def sent(_sending: Sending, response: Response, _mock: Mock) -> Response:
        try:
            value = response.body.json()
        except NotJson:
            return response
        text = json.dumps(value, indent=indent, ensure_ascii=ascii_only, sort_keys=sort)
        return msgspec.structs.replace(response, body=Payload(around + text + around))

    return Deviation(sent=sent)


def _error_members(
    *,
    drop: Sequence[str] = (),
    members: Mapping[str, Any] | None = None,
    message_as: str = "",
    code: str = "",
) -> Deviation:
    """Errors with other members; `message_as` also tells the first message under that name."""

    def change(response: Response, error: dict[str, Any]) -> dict[str, Any]:
        if not response.is_refusal:
            return error
        kept = {name: value for name, value in error.items() if name not in drop}
        if message_as:
            kept[message_as] = error["error_messages"][0]
        if code:
            kept["error_code"] = code
        return {**kept, **(members or {})}

    return _json_change(change)


def _currency(case: str) -> Deviation:
    """The currency of the options is written in another case."""
    change: Callable[[str], str] = {"lower": str.lower, "mixed": str.capitalize}[case]

    def shown(call: Call, resource: Any, _mock: Mock) -> Any:
        if call.operation.operation != "getOptionsForExtendDueDate":
            return resource
        return {**resource, "currency": change(resource["currency"])}

    return Deviation(shown=shown)


# Resources.


def _parts(call: Call, resource: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects that a resource consists of, each with what it is."""
    match call.operation.operation:
        case "getOrder":
            yield "order", resource
            for kind in ("capture", "refund"):
                for each in as_array(resource.get(f"{kind}s")) or ():
                    yield f"listed-{kind}", each
        case "getCaptures":
            for each in resource:
                yield "capture", each
        case "getCapture":
            yield "capture", resource
        case "getRefund":
            yield "refund", resource
        case _:
            for option in as_array(resource.get("options")) or ():
                yield "option", option


def _resources(
    of: Sequence[str],
    *,
    drop: Sequence[str] = (),
    members: Mapping[str, Any] | None = None,
    times: str | None = None,
    null_for_none: Sequence[str] = (),
) -> Deviation:
    """Resources of these kinds have other members."""

    def change(part: dict[str, Any]) -> None:
        for name in drop:
            part.pop(name, None)
        part.update(members or {})
        for name in null_for_none:
            part[name] = part.get(name) or None
        for name in [name for name in part if times is not None and name.endswith("_at")]:
            part[name] = str(part[name]).replace("Z", times or "")

    def shown(call: Call, resource: Any, _mock: Mock) -> Any:
        changed = copy.deepcopy(resource)
        for kind, part in list(_parts(call, changed)):
            if kind in of:
                change(part)
        return changed

    return Deviation(shown=shown)


def _order_amounts(then: str) -> Deviation:
    """An order shows another amount or status once its authorization is gone or all is refunded."""

    def change(order: dict[str, Any], ledger: Ledger) -> None:
        match then:
            case "order-amount-shrinks" if ledger.released:
                order["order_amount"] = ledger.captured_amount
            case "all-amounts-shrink" if ledger.released:
                order["order_amount"] = ledger.captured_amount
                del order["original_order_amount"]
            case "cancelled-to-nothing" if ledger.cancelled:
                order["order_amount"] = ledger.captured_amount
            case "released-counts-as-captured" if ledger.released:
                order["status"] = "CAPTURED"
            case "released-is-closed" if ledger.released:
                order["status"] = "CLOSED"
            case "refunded-is-closed" if ledger.captured_amount == ledger.refunded_amount > 0:
                order["status"] = "CLOSED"
            case _:
                pass

    def shown(call: Call, resource: Any, mock: Mock) -> Any:
        if call.operation.operation == "getOrder":
            change(resource, mock.orders[call.order_id])
        return resource

    return Deviation(shown=shown)


def _newest_first() -> Deviation:
    """Captures and refunds are listed from the newest to the oldest."""

    def shown(call: Call, resource: Any, _mock: Mock) -> Any:
        if call.operation.operation == "getCaptures":
            return resource[::-1]
        if call.operation.operation == "getOrder":
            lists = {name: resource[name][::-1] for name in ("captures", "refunds")}
            return {**resource, **lists}
        return resource

    return Deviation(shown=shown)


def _lines_shown(how: str) -> Deviation:
    """The order lines of resources are shown with more members, with fewer, or in another order."""

    def line(told: dict[str, Any]) -> dict[str, Any]:
        if how == "enriched":
            defaults = {"type": "physical", "tax_rate": 0, "total_discount_amount": 0}
            return {**defaults, **told, "line_id": f"{told.get('name')}-1"}
        return {name: told[name] for name in ("name", "quantity", "total_amount") if name in told}

    def shown(call: Call, resource: Any, _mock: Mock) -> Any:
        changed = copy.deepcopy(resource)
        for _, part in list(_parts(call, changed)):
            lines = as_array(part.get("order_lines"))
            if lines:
                reordered = how == "other-order"
                part["order_lines"] = lines[::-1] if reordered else [line(each) for each in lines]
        return changed

    return Deviation(shown=shown)


def _texts_cut(length: int) -> Deviation:
    """Texts beyond the described length are accepted and cut."""

    def shown(call: Call, resource: Any, _mock: Mock) -> Any:
        changed = copy.deepcopy(resource)
        for _, part in list(_parts(call, changed)):
            for name in ("reference", "description"):
                if isinstance(part.get(name), str):
                    part[name] = part[name][:length]
        return changed

    return Deviation(shown=shown)


def _refunds_allocated(to: str) -> Deviation:
    """How much of each capture was refunded is told otherwise: newest first, or nothing at all."""

    def refunded(ledger: Ledger, capture_id: str) -> int:
        left = ledger.refunded_amount if to == "newest" else 0
        for capture in reversed(ledger.captures):
            part = min(left, capture.captured_amount)
            if capture.capture_id == capture_id:
                return part
            left -= part
        return 0

    def shown(call: Call, resource: Any, mock: Mock) -> Any:
        changed = copy.deepcopy(resource)
        for kind, part in list(_parts(call, changed)):
            if kind in ("capture", "listed-capture"):
                part["refunded_amount"] = refunded(mock.orders[call.order_id], part["capture_id"])
        return changed

    return Deviation(shown=shown)


# Extension options.


def _offers(
    days: Sequence[int] = (2, 10, 30, 60),
    *,
    markets: Mapping[str, Sequence[int]] | None = None,
    below_amount: int = 0,
    after_extension: Sequence[int] | None = None,
    after_refund: Sequence[int] | None = None,
    when_all_is_refunded: Sequence[int] | None = None,
    methods: Sequence[str] = ("pay_later", "pay_in_4"),
) -> Deviation:
    """Other numbers of days are offered; what a parameter names wins over those before it.

    `markets` names them by market; captures below `below_amount` (minor units) are offered none.
    """

    def offered(ledger: Ledger, capture: Capture) -> tuple[int, ...]:
        told = (markets or {}).get(ledger.market, days)
        if after_extension is not None and any(each.extended for each in ledger.captures):
            told = after_extension
        if after_refund is not None and ledger.refunded_amount:
            told = after_refund
        if when_all_is_refunded is not None and ledger.refunded_amount >= ledger.captured_amount:
            told = when_all_is_refunded
        if capture.captured_amount < below_amount or ledger.payment_method not in methods:
            told = ()
        return tuple(told)

    def understood(call: Call, mock: Mock) -> Call:
        ledger = mock.orders.get(call.order_id)
        if ledger is not None:
            for capture in ledger.captures:
                ledger = ledger.with_options(capture.capture_id, offered(ledger, capture))
            mock.orders[call.order_id] = ledger
        return call

    return Deviation(understood=understood)


def _fees_quoted(amounts: str) -> Deviation:
    """The options are told in another order, or with other amounts."""

    def shown(call: Call, resource: Any, _mock: Mock) -> Any:
        if call.operation.operation != "getOptionsForExtendDueDate":
            return resource
        options: list[dict[str, Any]] = resource["options"]
        match amounts:
            case "free":
                told = [{**option, "amount": 0} for option in options]
            case "alike":
                told = [{**option, "amount": 995} for option in options]
            case "huge":
                told = [{**option, "amount": 5_000_000_000} for option in options]
            case _:
                told = options[::-1]
        return {**resource, "options": told}

    return Deviation(shown=shown)


BEHAVIOURS: Mapping[str, _Make] = {
    "several": _several,
    "may-accept": _accepts,
    "may-refuse": _refuses,
    "notices-first": _notices_first,
    "one-extension-path": _one_extension_path,
    "busy": _busy,
    "keys": _keys,
    "keys-of": _keys_of,
    "keys-used-elsewhere-refused": _keys_used_elsewhere_refused,
    "created-ids": _created_ids,
    "correlation-ids": _correlation_ids,
    "locations": _locations,
    "header-names": _header_names,
    "id-header": _id_header,
    "json-label": _json_label,
    "json-text": _json_text,
    "error-members": _error_members,
    "currency": _currency,
    "resources": _resources,
    "order-amounts": _order_amounts,
    "newest-first": _newest_first,
    "lines-shown": _lines_shown,
    "texts-cut": _texts_cut,
    "refunds-allocated": _refunds_allocated,
    "offers": _offers,
    "fees-quoted": _fees_quoted,
}
"""Functions that make a deviation, by the names that the catalogue uses for them."""
