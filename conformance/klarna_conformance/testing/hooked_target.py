"""The server that `st` tests, for the hooks: provisions orders, and reads them."""

import asyncio
import os
import threading
import uuid
from urllib.parse import quote, urlsplit

from klarna_conformance import defaults
from klarna_conformance.http.locations import created_id
from klarna_conformance.openapi.schema_phase import workable_plan
from klarna_conformance.play.player import play
from klarna_conformance.target.opening import open_described, open_target
from klarna_conformance.target.provisioners import HttpOrders
from klarna_conformance.target.target import OpenTarget
from klarna_conformance.target.target_file import Credentials, TargetFile
from klarna_reports.record.record import Played
from klarna_specs.calls import read_call
from klarna_specs.exchange import Failure, Request, Response
from klarna_specs.scenario import Scenario
from klarna_specs.spec import Operation, Spec
from klarna_strategies.steps import get_order, refund

__all__ = ["PROVISIONER_VARIABLE", "HookedTarget", "credentials"]

PROVISIONER_VARIABLE = "KLARNA_PROVISIONER_URL"
_CALLS_OF_AN_ORDER = 20
"""After so many calls an order is used up, and another one is provisioned."""
_ORDER_AMOUNT = 1_000_000
"""In minor units, enough for that many calls with the amounts of the examples."""


def credentials() -> tuple[str, str]:
    """User and password from the environment; by default those of the mock."""
    username = os.environ.get("KLARNA_USERNAME", defaults.USERNAME)
    return username, os.environ.get("KLARNA_PASSWORD", defaults.PASSWORD)


class HookedTarget:
    """Provisions orders, and puts their ids into calls. Thread-safe.

    Raises UsageError for a host where refunds move real money.
    """

    def __init__(self, spec: Spec, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        open_target(self.base_url, spec, seed=defaults.SEED)
        self._spec = spec
        self._provisioner_url = os.environ.get(PROVISIONER_VARIABLE)
        self._lock = threading.Lock()
        self._given: dict[str, tuple[dict[str, str], int]] = {}
        self._made: set[str] = set()

    def ids_for(self, operation: Operation, given: dict[str, str]) -> dict[str, str]:
        """Ids for a call of this operation, percent-encoded.

        The `given` ids stay if their order is one of ours (a link led to it), and if no order can
        be provisioned.
        """
        with self._lock:
            if self._provisioner_url is None or given.get("order_id") in self._made:
                return given
            ids, left = self._given.get(operation.operation, ({}, 0))
            if not left:
                ids, left = self._made_for(operation), _CALLS_OF_AN_ORDER
            self._given[operation.operation] = ids, left - 1
        return {name: ids.get(name, value) for name, value in given.items()}

    def read(self, path: str) -> Response | Failure:
        """The response to a GET of a path below the base URL."""

        async def read() -> Response | Failure:
            async with self._opened() as target:
                return (await target.send(Request(method="GET", path=path))).outcome

        return asyncio.run(read())

    def path_of(self, url: str) -> str:
        """The path of a URL of this server, below the base URL."""
        return urlsplit(url).path.removeprefix(urlsplit(self.base_url).path)

    def _made_for(self, operation: Operation) -> dict[str, str]:
        step = refund(1) if "{refund_id}" in operation.path else get_order()
        plan = workable_plan(self._spec, operation, order_amount=_ORDER_AMOUNT)
        scenario = Scenario(plan=plan, steps=(step,))

        async def make() -> Played:
            async with self._opened() as target:
                nonce = str(uuid.uuid4())
                return await play(self._spec, target, scenario, identifier="st", nonce=nonce)

        ids = self._ids(asyncio.run(make()))
        if "order_id" in ids:
            self._made.add(ids["order_id"])
        return ids

    def _ids(self, played: Played) -> dict[str, str]:
        """The ids of the order, of its first capture and of its first refund."""
        if played.unavailable or not played.orders:
            return {}
        order = played.orders[0]
        ids = {"order_id": order.order_id}
        if order.capture_ids:
            ids["capture_id"] = order.capture_ids[0]
        for exchange in played.exchanges:
            call, response = read_call(self._spec, exchange.request), exchange.outcome
            if call is None or not isinstance(response, Response) or not response.is_success:
                continue
            answered = call.operation.responses[call.operation.success]
            if answered.creates and (created := created_id(response, answered)):
                ids.setdefault(f"{answered.creates}_id", created)
        return {name: quote(identifier, safe="") for name, identifier in ids.items()}

    def _opened(self) -> OpenTarget:
        username, password = credentials()
        url = self._provisioner_url
        described = TargetFile(
            name="st",
            base_url=self.base_url,
            credentials=Credentials(username=username, password=password),
            orders=HttpOrders(url=url) if url else None,
        )
        return open_described(self._spec, described)
