"""Orders from a pool: they exist already, and each can be used once."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import msgspec

from klarna_conformance.errors import readable
from klarna_conformance.target.provisioners.provisioner import OrdersConfig, Surroundings
from klarna_reports.record.record import ProvidedOrder, Unavailable
from klarna_specs.file_schema import file_schema
from klarna_specs.plan import Authorization, OrderPlan, PaymentMethod
from klarna_specs.shaping import shaped
from klarna_specs.spec import Spec
from klarna_specs.yaml_text import parse_yaml

__all__ = ["PoolOrder", "PoolOrders", "PoolProvisioner", "pool_schema"]


class _Capture(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    capture_id: str
    captured_amount: int


class PoolOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order with its facts; amounts are minor units of its currency, captures oldest first."""

    order_id: str
    market: str
    order_amount: int
    currency: str = ""
    payment_method: PaymentMethod = "pay_later"
    captures: tuple[_Capture, ...] = ()
    authorization: Authorization = "open"

    @property
    def plan(self) -> OrderPlan:
        """The plan that the order fulfils as it is."""
        return OrderPlan(
            market=self.market,
            currency=self.currency,
            order_amount=self.order_amount,
            payment_method=self.payment_method,
            captures=tuple(capture.captured_amount for capture in self.captures),
            authorization=self.authorization,
        )

    def serves(self, plan: OrderPlan) -> bool:
        """Whether it is the order of a plan, or can still become it.

        Missing captures can be made, and an open authorization can be released or cancelled.
        """
        same = (self.market, self.currency, self.payment_method, self.order_amount) == (
            plan.market,
            plan.currency,
            plan.payment_method,
            plan.order_amount,
        )
        made = tuple(capture.captured_amount for capture in self.captures)
        if not same or plan.captures[: len(made)] != made:
            return False
        return self.authorization == "open" or (
            self.authorization == plan.authorization and plan.captures == made
        )


class _Pool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    orders: tuple[PoolOrder, ...]


def _read_pool(path: Path, spec: Spec) -> tuple[PoolOrder, ...]:
    """The orders of a file; raises UsageError with the line of the error in it."""
    with readable(path):
        text = parse_yaml(str(path), path.read_text(encoding="utf-8"))
        orders = shaped(text, _Pool).orders
        seen: set[str] = set()
        for index, order in enumerate(orders):
            place = ("orders", index)
            if order.market not in spec.markets:
                raise text.error((*place, "market"), f"there is no market {order.market!r}")
            if order.order_id in seen:
                raise text.error((*place, "order_id"), f"{order.order_id!r} is listed twice")
            if problem := order.plan.problem:
                raise text.error(place, problem)
            seen.add(order.order_id)
    return tuple(_with_currency(spec, order) for order in orders)


def _with_currency(spec: Spec, order: PoolOrder) -> PoolOrder:
    currency = order.currency or spec.markets[order.market].currency
    return msgspec.structs.replace(order, currency=currency)


def pool_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of files of existing orders."""
    return file_schema(_Pool, "pool", "Orders of a pool of klarna-conformance")


class PoolOrders(OrdersConfig, frozen=True, tag_field="provisioner", tag="pool"):
    """Orders that exist already, listed in a file beside this one."""

    file: str

    def located(self, folder: Path) -> Self:
        """With the path of the file from a target file in this folder."""
        return msgspec.structs.replace(self, file=str(folder / self.file))

    def open(self, surroundings: Surroundings) -> "PoolProvisioner":
        """The provisioner; raises UsageError with the line of the error in the file."""
        return PoolProvisioner(Path(self.file), surroundings.spec)


class PoolProvisioner:
    """Provides each order once, also across runs and to several runs at a time.

    An order is recorded as used before it is provided, in a file beside the pool's, one line each:
    an order that a crashed run may have changed is not used again.
    """

    def __init__(self, path: Path, spec: Spec) -> None:
        self._orders = _read_pool(path, spec)
        self._used = path.with_name(f"{path.name}.used")

    @property
    def pool(self) -> tuple[PoolOrder, ...]:
        """The unused orders."""
        used = self._used.read_text("utf-8").split() if self._used.exists() else []
        return tuple(order for order in self._orders if order.order_id not in used)

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """The unused order that serves a plan, with the most captures."""
        with self._locked():
            serving = (order for order in self.pool if order.serves(plan))
            order = max(serving, key=lambda each: len(each.captures), default=None)
            if order is None:
                return Unavailable(plan=plan, reason=f"the pool has no {_described(plan)}")
            with self._used.open("a", encoding="utf-8") as file:
                file.write(f"{order.order_id}\n")
        capture_ids = tuple(capture.capture_id for capture in order.captures)
        return ProvidedOrder(
            plan=plan,
            order_id=order.order_id,
            capture_ids=capture_ids,
            authorization=order.authorization,
        )

    async def aclose(self) -> None:
        """There is nothing to close."""

    @contextmanager
    def _locked(self) -> Generator[None]:
        with self._used.open("a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _described(plan: OrderPlan) -> str:
    """The order that somebody would have to add, in words."""
    parts = f", captured in {len(plan.captures)}" if plan.captures else ""
    return (
        f"unused order of {plan.order_amount} minor units in {plan.market} "
        f"({plan.payment_method}, {plan.layout}{parts})"
    )
