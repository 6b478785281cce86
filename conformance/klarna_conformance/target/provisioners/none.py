"""The provisioner of a target that has none."""

from klarna_reports.record.record import Unavailable
from klarna_specs.plan import OrderPlan

__all__ = ["NoProvisioner"]


class NoProvisioner:
    """Has no orders to give."""

    async def provide(self, plan: OrderPlan) -> Unavailable:
        """Says that nothing makes orders here."""
        return Unavailable(plan=plan, reason="the target has no provisioner to make orders")

    async def aclose(self) -> None:
        """Nothing was opened."""
