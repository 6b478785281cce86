"""The mock in a container, for the tests of a client: pip install testcontainers httpx.

`docker build -f Containerfile -t klarna-conformance .` makes the image.
"""

from collections.abc import Iterator

import httpx
import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy


@pytest.fixture(scope="session")
def klarna() -> Iterator[httpx.Client]:
    """A client of the mock, with the credentials of the mock."""
    ready = HttpWaitStrategy(8080, "/_control/health").for_status_code(200)
    container = DockerContainer("klarna-conformance").with_exposed_ports(8080)
    with container.waiting_for(ready) as mock:
        base_url = f"http://{mock.get_container_host_ip()}:{mock.get_exposed_port(8080)}"
        with httpx.Client(base_url=base_url, auth=("PK00000_mock", "mock-shared-secret")) as client:
            yield client


def test_refund(klarna: httpx.Client) -> None:
    plan = {"market": "SE", "currency": "SEK", "order_amount": 10000, "captures": [10000]}
    order = klarna.post("/_control/orders", json=plan).json()["order_id"]
    path = f"/ordermanagement/v1/orders/{order}"
    refund = klarna.post(f"{path}/refunds", json={"refunded_amount": 4000})

    assert refund.status_code == 201
    assert klarna.get(path).json()["refunded_amount"] == 4000
