"""A provisioner as a program: creates each planned order on a mock, with its control API.

It reads one plan (JSON) per line on stdin and writes one answer per line on stdout. For your own
sandbox, replace the body of `create`. Usage: `make_orders.py BASE_URL`.
"""

import json
import sys
from typing import Any
from urllib.request import Request, urlopen


def create(base_url: str, plan: dict[str, Any]) -> dict[str, Any]:
    """Creates an order for a plan; returns its ids, or why it is unavailable."""
    if plan["order_amount"] > 100_000_000:
        return {"unavailable": "this shop sells nothing that expensive"}
    request = Request(f"{base_url}/_control/orders", json.dumps(plan).encode(), method="POST")
    with urlopen(request, timeout=10) as response:
        return json.load(response)


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(create(sys.argv[1], json.loads(line))), flush=True)
