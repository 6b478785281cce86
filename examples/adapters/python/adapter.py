"""Adapter with a small client that uses httpx. Copy it, and call your own client in `execute`."""

import json
import sys
import time
import uuid

import httpx

ORDERS = "/ordermanagement/v1/orders"
PATHS = {
    "refundOrder": ("POST", "/refunds"),
    "releaseRemainingAuthorization": ("POST", "/release-remaining-authorization"),
    "extendDueDate": ("PATCH", "/captures/{capture_id}/extend-due-date"),
    "getOptionsForExtendDueDate": ("GET", "/captures/{capture_id}/extend-due-date-options"),
}
ATTEMPTS = 4
LONGEST_PAUSE_S = 30


def execute(client: httpx.Client, operation: str, order_id: str, arguments: dict) -> dict:
    """Executes a command; all attempts use the same key, as any of them may have taken effect."""
    method, suffix = PATHS[operation]
    path = f"{ORDERS}/{order_id}{suffix.format(capture_id=arguments.pop('capture_id', ''))}"
    headers = {} if method == "GET" else {"Klarna-Idempotency-Key": str(uuid.uuid4())}
    unclear = False
    pause_s = 0.0
    for attempt in range(ATTEMPTS):
        time.sleep(pause_s)
        pause_s = 0.1 * 2**attempt
        try:
            response = client.request(method, path, json=arguments or None, headers=headers)
        except httpx.TransportError:
            unclear = True  # no complete response: the effect is unknown
            continue
        if response.is_success:
            return done(operation, response)
        if response.status_code == 429:
            seconds = response.headers.get("retry-after", "")
            pause_s = int(seconds) if seconds.isdigit() else pause_s
            if pause_s > LONGEST_PAUSE_S:
                break
        elif response.is_server_error:
            unclear = True
        else:
            return {"outcome": "unknown"} if unclear or response.is_redirect else refused(response)
    return {"outcome": "unknown"}


def done(operation: str, response: httpx.Response) -> dict:
    """The outcome of a success; the id of a refund is in a header or at the end of the Location."""
    if operation == "refundOrder":
        location = response.headers.get("location", "").rstrip("/").rsplit("/", 1)[-1]
        refund_id = response.headers.get("refund-id") or location or None
        return {"outcome": "done", "refund_id": refund_id}
    if operation == "getOptionsForExtendDueDate":
        options = members(response).get("options")
        return {"outcome": "unknown" if options is None else "done", "options": options}
    return {"outcome": "done"}


def refused(response: httpx.Response) -> dict:
    """The outcome of a refusal, with the server's error details."""
    error = members(response)
    correlation_id = response.headers.get("klarna-correlation-id")
    return {
        "outcome": "refused",
        "error_code": error.get("error_code"),
        "error_messages": error.get("error_messages") or [error.get("error_message", "")],
        "correlation_id": error.get("correlation_id") or correlation_id,
    }


def members(response: httpx.Response) -> dict:
    """The members of a JSON body; none for other bodies, such as an error page."""
    try:
        value = response.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def main() -> None:
    """Runs the protocol: one JSON object per line in and out, nothing else on stdout."""
    hello = json.loads(sys.stdin.readline())["hello"]
    auth = (hello["username"], hello["password"])
    client = httpx.Client(base_url=hello["base_url"], auth=auth, timeout=hello["timeout_s"])
    ready = {"client": f"example 1.0 (httpx {httpx.__version__})", "operations": list(PATHS)}
    print(json.dumps({"ready": ready}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        if command["operation"] not in PATHS:
            outcome = {"outcome": "unsupported"}
        else:
            outcome = execute(
                client, command["operation"], command["order_id"], command["arguments"]
            )
        print(json.dumps({"id": command["id"], **outcome}), flush=True)


if __name__ == "__main__":
    main()
