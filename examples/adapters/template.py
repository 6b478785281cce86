"""The adapter protocol without a client: insert yours at the three places marked HERE.

    klarna-conformance client --faults none -- python template.py     # without faults
    klarna-conformance client -- python template.py                   # the certification

In any language, an adapter reads a line of JSON, executes the command, and writes a line of JSON.
docs/client-certification.md describes the protocol.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

Outcome = dict[str, Any]


class Refused(Exception):
    """HERE: your client's exception for a refusal (4xx) instead of this class."""

    error_code: str | None = None
    error_messages: tuple[str, ...] = ()
    correlation_id: str | None = None


def make_client(hello: dict[str, Any]) -> Any:
    """HERE: your client, with the server and the credentials in `hello`.

    `hello` has base_url, username, password and timeout_s. A client with a longer timeout can be
    certified too, but slowly.
    """
    raise NotImplementedError


# HERE: the operations that your client supports. Each function gets the client, the order id, and
# the members of the request body, with capture_id if the path has one. It returns {}, or
# {"refund_id": ...} for a refund, or {"options": [...]} for the extension options.
#
#     "refundOrder": lambda client, order_id, arguments: {
#         "refund_id": client.refund(order_id, arguments["refunded_amount"]).id
#     },
#     "extendDueDate": lambda client, order_id, arguments: (
#         client.extend(order_id, arguments["capture_id"], arguments["number_of_days"]) or {}
#     ),
OPERATIONS: dict[str, Callable[[Any, str, dict[str, Any]], Outcome]] = {}


def execute(client: Any, command: dict[str, Any]) -> Outcome:
    """Executes a command. Leave idempotency keys, timeouts and retries to the client."""
    if command["operation"] not in OPERATIONS:
        return {"outcome": "unsupported"}
    try:
        result = OPERATIONS[command["operation"]](client, command["order_id"], command["arguments"])
        return {"outcome": "done", **result}
    except Refused as refusal:
        return {
            "outcome": "refused",
            "error_code": refusal.error_code,
            "error_messages": list(refusal.error_messages),
            "correlation_id": refusal.correlation_id,
        }
    except Exception as error:  # a timeout, a reset, a 5xx: the effect is unknown
        print(repr(error), file=sys.stderr)
        return {"outcome": "unknown", "reason": repr(error)}


def main() -> None:
    """Runs the protocol until stdin ends; write logs to stderr, and nothing else to stdout."""
    hello = json.loads(sys.stdin.readline())["hello"]
    client = make_client(hello) if OPERATIONS else None
    ready = {"client": "my client 1.0", "operations": list(OPERATIONS)}
    print(json.dumps({"ready": ready}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        print(json.dumps({"id": command["id"], **execute(client, command)}), flush=True)


if __name__ == "__main__":
    main()
