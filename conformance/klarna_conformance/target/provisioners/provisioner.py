"""The interface of a provisioner, its configuration, and the answer of one outside this process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

import msgspec

from klarna_conformance.http.wire import Wire
from klarna_reports.record.record import ProvidedOrder, Unavailable
from klarna_specs.plan import Authorization, OrderPlan
from klarna_specs.spec import Spec

if TYPE_CHECKING:
    from klarna_conformance.target.provisioners.pool import PoolOrder

__all__ = ["ORDER_ANSWER", "OrderAnswer", "OrdersConfig", "Provisioner", "Surroundings"]


class Provisioner(Protocol):
    """Provides orders. One that fails raises nothing: its order is unavailable, with the reason."""

    @property
    def pool(self) -> "tuple[PoolOrder, ...] | None":
        """The unused orders, if no others can be made."""
        ...

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """The order of a plan, with only those captures that already exist."""
        ...

    async def aclose(self) -> None:
        """Closes what the provisioner opened."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a provisioner may need of the target that it provides orders for.

    `make_wire` makes a wire under the rate limit of the target; the provisioner closes it.
    """

    spec: Spec
    base_url: str
    username: str
    password: str
    make_wire: Callable[[], Wire]


class OrdersConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The configuration of a provisioner; each kind has an `open` that makes the provisioner."""

    SECRETS: ClassVar[tuple[str, ...]] = ()
    """The members that come from the environment only, and are never recorded."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must not be recorded."""
        return tuple(getattr(self, name) for name in self.SECRETS)

    @property
    def problem(self) -> tuple[str, str] | None:
        """The member that is wrong, and why; None if all is right."""
        return None

    def located(self, folder: Path) -> Self:
        """The configuration as it stands in a target file of this folder."""
        del folder
        return self


class OrderAnswer(msgspec.Struct):
    """The answer to a plan by a provisioner outside this process."""

    order_id: str | None = None
    capture_ids: tuple[str, ...] = ()
    authorization: Authorization | None = None
    unavailable: str = ""

    def order(self, plan: OrderPlan) -> ProvidedOrder | None:
        """The order, if one was made."""
        if not self.order_id:
            return None
        return ProvidedOrder(
            plan=plan,
            order_id=self.order_id,
            capture_ids=self.capture_ids,
            authorization=self.authorization,
        )


ORDER_ANSWER: msgspec.json.Decoder[OrderAnswer] = msgspec.json.Decoder(OrderAnswer)
"""Reads the JSON answer to an order plan; raises msgspec.DecodeError if it is none."""
