"""The protocol of an adapter, without a client: put yours in at the three places marked HERE.

    klarna-conformance client --faults none -- python template.py     # does it work at all?
    klarna-conformance client -- python template.py                   # and when the network fails?

Whatever the language is, it comes to this: read a line of JSON, do what it says, write a line of
JSON. docs/client-certification.md tells the protocol.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

Outcome = dict[str, Any]


class Refused(Exception):
    """HERE: the exception of your client for an answer that says no (4xx), in place of this one."""

    error_code: str | None = None
    error_messages: tuple[str, ...] = ()
    correlation_id: str | None = None


def make_client(hello: dict[str, Any]) -> Any:
    """HERE: your client, for the server and with the credentials that `hello` tells.

    `hello` has base_url, username, password and timeout_s. Who waits for an answer longer than
    timeout_s is certified as well, but slowly.
    """
    raise NotImplementedError


# HERE: what your client can do. Leave out what it cannot. Each function gets the client, the id of
# the order, and the members of the request body, with capture_id where it is about a capture; an
# answer is {} or, for a refund, {"refund_id": ...}, or, for the options, {"options": [...]}.
#
#     "refundOrder": lambda client, order_id, arguments: {
#         "refund_id": client.refund(order_id, arguments["refunded_amount"]).id
#     },
#     "extendDueDate": lambda client, order_id, arguments: (
#         client.extend(order_id, arguments["capture_id"], arguments["number_of_days"]) or {}
#     ),
OPERATIONS: dict[str, Callable[[Any, str, dict[str, Any]], Outcome]] = {}


def act(client: Any, told: dict[str, Any]) -> Outcome:
    """Has the client do one thing. Leave to it what is its own: keys, timeouts, trying again."""
    if told["operation"] not in OPERATIONS:
        return {"outcome": "unsupported"}
    try:
        result = OPERATIONS[told["operation"]](client, told["order_id"], told["arguments"])
        return {"outcome": "done", **result}
    except Refused as refusal:
        return {
            "outcome": "refused",
            "error_code": refusal.error_code,
            "error_messages": list(refusal.error_messages),
            "correlation_id": refusal.correlation_id,
        }
    except Exception as error:  # a timeout, a reset, a 5xx: it may have happened, or not
        print(repr(error), file=sys.stderr)
        return {"outcome": "unknown", "reason": repr(error)}


def main() -> None:
    """Speaks the protocol until stdin ends; logs belong on stderr, nothing else on stdout."""
    hello = json.loads(sys.stdin.readline())["hello"]
    client = make_client(hello) if OPERATIONS else None
    ready = {"client": "my client 1.0", "operations": list(OPERATIONS)}
    print(json.dumps({"ready": ready}), flush=True)
    for line in sys.stdin:
        told = json.loads(line)
        print(json.dumps({"id": told["id"], **act(client, told)}), flush=True)


if __name__ == "__main__":
    main()
