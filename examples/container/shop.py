"""A shop's client beside the mock: one refund, sent twice with one key, is booked once."""

import base64
import json
import os
import urllib.request
import uuid
from typing import Any

URL = os.environ["KLARNA_URL"]
LOGIN = base64.b64encode(
    f"{os.environ['KLARNA_USERNAME']}:{os.environ['KLARNA_PASSWORD']}".encode()
).decode()


def call(method: str, path: str, body: Any = None, **headers: str) -> Any:
    """The JSON of a response, None if it has none."""
    request = urllib.request.Request(
        URL + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Basic {LOGIN}", "Content-Type": "application/json", **headers},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        text = response.read()
    return json.loads(text) if text else None


plan = {"market": "SE", "currency": "SEK", "order_amount": 10_000, "captures": [10_000]}
order = call("POST", "/_control/orders", plan)["order_id"]
path = f"/ordermanagement/v1/orders/{order}"
key = {"Klarna-Idempotency-Key": str(uuid.uuid4())}
for _ in range(2):
    call("POST", f"{path}/refunds", {"refunded_amount": 2_500}, **key)
refunded = call("GET", path)["refunded_amount"]
print(f"refunded {refunded / 100:.2f} SEK")
raise SystemExit(refunded != 2_500)
