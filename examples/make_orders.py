"""A provisioner as a program: makes each order of a plan on a mock, over its control API.

Reads a plan (JSON) a line on stdin, and answers with an order a line on stdout. For a sandbox of
yours, take out what `make` does, and make the order there. Usage: `make_orders.py BASE_URL`.
"""

import json
import sys
from typing import Any
from urllib.request import Request, urlopen


def make(base_url: str, plan: dict[str, Any]) -> dict[str, Any]:
    """The ids of an order that was made for a plan, or why there can be none."""
    if plan["order_amount"] > 100_000_000:
        return {"unavailable": "this shop sells nothing as dear as that"}
    asked = Request(f"{base_url}/_control/orders", json.dumps(plan).encode(), method="POST")
    with urlopen(asked, timeout=10) as answer:
        return json.load(answer)


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(make(sys.argv[1], json.loads(line))), flush=True)
