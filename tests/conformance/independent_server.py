"""A small server written from the documentation alone, with choices of its own.

`python independent_server.py` prints its base URL. `POST /orders` makes the order of a plan.
"""

import base64
import itertools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_FEES = {"AT", "AU", "CZ", "DE", "DK", "ES", "FI", "FR", "GR", "IE", "IT", "NL", "NO", "PT", "SE"}
_TOKEN = "Basic " + base64.b64encode(b"PK00000_mock:mock-shared-secret").decode()
_NUMBERS = itertools.count(1)


class Refused(Exception):
    """A refusal: status, code, message."""


class Order:
    """An order, with the responses to its idempotency keys."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.id, self.plan, self.captures, self.refunds = new_id("ord"), plan, {}, {}
        self.authorized = plan["order_amount"]
        self.captured = self.refunded = 0
        self.responses: dict[str, tuple[int, dict[str, str], Any]] = {}
        self.over = "CANCELLED" if plan.get("authorization") == "cancelled" else ""
        for amount in plan.get("captures", ()):
            self.capture({"captured_amount": amount})
        if plan.get("authorization") == "released":
            self.authorized = self.captured

    def capture(self, body: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        amount = integer(body, "captured_amount", 1)
        if self.over or amount > self.authorized - self.captured:
            raise Refused(403, "CAPTURE_TOO_HIGH", f"{amount} is not authorized any more.")
        kept = {n: body[n] for n in ("reference", "description", "order_lines") if n in body}
        shown = {"captured_amount": amount, "state": "BOOKED", **kept}
        self.captured += amount
        self.captures[capture_id := new_id("cap")] = shown
        return created(self, "captures", "capture_id", capture_id)

    def refund(self, body: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        amount = integer(body, "refunded_amount", 0)
        lines = body.get("order_lines") or []
        if amount > self.captured - self.refunded:
            left = self.captured - self.refunded
            raise Refused(403, "REFUND_NOT_ALLOWED", f"{amount} is more than {left}, what is left.")
        if any(line.get("type") == "return_fee" for line in lines):
            whole = len(self.captures) == 1 and self.captured == self.plan["order_amount"]
            right = sum(line["total_amount"] for line in lines) == amount
            if not (whole and right and self.plan["market"] in _FEES):
                raise Refused(
                    403, "FEE_NOT_ALLOWED", "The conditions for a return fee are not met."
                )
        kept = {n: body[n] for n in ("reference", "description", "order_lines") if n in body}
        self.refunded += amount
        self.refunds[refund_id := new_id("ref")] = {"refunded_amount": amount, **kept}
        return created(self, "refunds", "refund_id", refund_id)

    def release(self) -> tuple[int, dict[str, str], Any]:
        if self.over or not self.captures or self.authorized == self.captured:
            raise Refused(403, "NOT_ALLOWED", "Nothing is left that could be released.")
        self.authorized = self.captured
        return 204, {}, None

    def cancel(self) -> tuple[int, dict[str, str], Any]:
        if self.over or self.captures:
            raise Refused(403, "CANCEL_NOT_POSSIBLE", "The order is captured or cancelled.")
        self.over = "CANCELLED"
        return 204, {}, None

    def options(self, capture: dict[str, Any]) -> dict[str, Any]:
        if self.plan["payment_method"] not in ("pay_later", "pay_in_4"):
            raise Refused(403, "NOT_PAY_LATER", "There is no due date.")
        days = () if capture.get("moved") else (14, 45) if self.plan["market"] == "SE" else (7, 21)
        offers = [{"number_of_days": n, "amount": 3 * n} for n in days]
        return {"options": offers, "currency": self.plan["currency"].lower()}

    def extend(
        self, capture: dict[str, Any], body: dict[str, Any]
    ) -> tuple[int, dict[str, str], Any]:
        days = integer(body, "number_of_days", -(2**31))
        if days not in [each["number_of_days"] for each in self.options(capture)["options"]]:
            raise Refused(403, "DAYS_NOT_OFFERED", f"{days} days are not offered.")
        capture["moved"] = days
        return 204, {}, None

    def shown(self) -> dict[str, Any]:
        partly = "PART_CAPTURED" if self.captures else "AUTHORIZED"
        return {
            "order_id": self.id,
            "refunds": [{"refund_id": i, **each} for i, each in self.refunds.items()][::-1],
            "captures": [{"capture_id": i, **each} for i, each in self.captures.items()][::-1],
            "refunded_amount": self.refunded,
            "captured_amount": self.captured,
            "remaining_authorized_amount": 0 if self.over else self.authorized - self.captured,
            "order_amount": self.authorized,
            "status": self.over or ("DONE" if self.captured == self.authorized else partly),
            "channel": {"name": "web", "total": self.authorized},
        }


def new_id(kind: str) -> str:
    return f"{kind}.{(next(_NUMBERS) * 7919) % 1_000_003:07}"


def created(order: Order, kind: str, header: str, made: str) -> tuple[int, dict[str, str], Any]:
    headers = {header: made, "location": f"/ordermanagement/v1/orders/{order.id}/{kind}/{made}"}
    return 201, headers, {"created": made}


def integer(body: dict[str, Any], name: str, least: int) -> int:
    if type(body.get(name)) is not int or body[name] < least:
        raise Refused(400, "BODY_INVALID", f"{name} is wrong.")
    return int(body[name])


def parsed(raw: bytes, media_type: str | None) -> dict[str, Any]:
    if media_type is None or media_type.split(";")[0].strip().lower() != "application/json":
        raise Refused(415, "MEDIA_TYPE", "Send JSON.")
    try:
        body = json.loads(raw, parse_constant=_no_number)
    except (ValueError, RecursionError) as exc:
        raise Refused(400, "NOT_JSON", "This is not JSON.") from exc
    if not isinstance(body, dict):
        raise Refused(400, "BODY_INVALID", "This is no object.")
    lines = body.get("order_lines") or []
    if not isinstance(lines, list) or not all(_is_line(line) for line in lines):
        raise Refused(422, "LINES_INVALID", "order_lines is wrong.")
    texts = (body.get("reference") or "", body.get("description") or "")
    if not all(isinstance(text, str) and len(text) <= 255 for text in texts):
        raise Refused(422, "TEXT_INVALID", "A text is wrong.")
    return body


def _no_number(name: str) -> None:
    raise ValueError(name)


def _is_line(line: Any) -> bool:
    numbers = ("quantity", "unit_price", "total_amount")
    return (
        isinstance(line, dict) and "name" in line and all(type(line.get(n)) is int for n in numbers)
    )


ORDERS: dict[str, Order] = {}
LOCK = threading.Lock()


def routed(
    method: str, path: list[str], headers: Any, raw: bytes
) -> tuple[int, dict[str, str], Any]:
    if headers.get("authorization") != _TOKEN:
        raise Refused(401, "WHO_ARE_YOU", "Credentials are needed.")
    order = ORDERS.get(path[4]) if path[1:4] == ["ordermanagement", "v1", "orders"] else None
    if order is None:
        raise Refused(404, "ORDER_UNKNOWN", f"There is no order {path[-1]}.")
    key = f"{path[5:]} {headers.get('klarna-idempotency-key')}"
    if method == "GET" or not headers.get("klarna-idempotency-key"):
        return _called(order, method, path[5:], headers, raw)
    if key not in order.responses:
        order.responses[key] = _called(order, method, path[5:], headers, raw)
    return order.responses[key]


def _called(
    order: Order, method: str, path: list[str], headers: Any, raw: bytes
) -> tuple[int, dict[str, str], Any]:
    def found(kind: dict[str, Any], identifier: str) -> dict[str, Any]:
        if identifier not in kind:
            raise Refused(404, "PART_UNKNOWN", "The order has no such part.")
        return kind[identifier]

    body = headers.get("content-type")
    match method, path:
        case "GET", []:
            return 200, {}, order.shown()
        case "GET", ["captures"]:
            return 200, {}, order.shown()["captures"]
        case "GET", ["captures", one]:
            return 200, {}, {"capture_id": one, **found(order.captures, one)}
        case "GET", ["refunds", one]:
            return 200, {}, {"refund_id": one, **found(order.refunds, one)}
        case "GET", ["captures", one, "extend-due-date-options"]:
            return 200, {}, order.options(found(order.captures, one))
        case "PATCH", ["captures", one, "extend-due-date"]:
            return order.extend(found(order.captures, one), parsed(raw, body))
        case "POST", ["captures"]:
            return order.capture(parsed(raw, body))
        case "POST", ["refunds"]:
            return order.refund(parsed(raw, body))
        case "POST", ["release-remaining-authorization"]:
            return order.release()
        case "POST", ["cancel"]:
            return order.cancel()
        case _:
            raise Refused(404, "PATH_UNKNOWN", "There is no such path.")


class Handler(BaseHTTPRequestHandler):
    """One request at a time."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("transfer-encoding"):
            raw = b""
            while size := int(self.rfile.readline(), 16):
                raw += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        try:
            with LOCK:
                status, headers, value = self._made(raw)
        except Refused as refused:
            status, code, message = refused.args
            number = f"{next(_NUMBERS):012}"
            error = {"error_code": code, "correlation_id": number, "error_messages": [message]}
            headers, value = {}, error
        sent = b"" if value is None else json.dumps(value, indent=2).encode()
        self.send_response_only(status)
        self.send_header("X-Served-By", "independent")
        for name, text in headers.items():
            self.send_header(name, text)
        if sent:
            self.send_header("content-type", "application/json;charset=UTF-8")
        if status != 204:
            self.send_header("content-length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def _made(self, raw: bytes) -> tuple[int, dict[str, str], Any]:
        if self.path == "/orders":
            order = Order(json.loads(raw))
            ORDERS[order.id] = order
            return (
                201,
                {},
                {
                    "order_id": order.id,
                    "capture_ids": [*order.captures],
                    "authorization": order.plan.get("authorization", "open"),
                },
            )
        return routed(self.command, self.path.split("?")[0].split("/"), self.headers, raw)

    do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - the names of http.server

    def log_message(self, *_: object) -> None:
        """Prints nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
