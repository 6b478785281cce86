"""The provisioner of a target without one."""

from klarna_reports.record.record import Unavailable
from klarna_specs.plan import OrderPlan

__all__ = ["NoProvisioner"]


class NoProvisioner:
    """Provides no orders."""

    pool = None

    async def provide(self, plan: OrderPlan) -> Unavailable:
        """No order, and the reason."""
        return Unavailable(plan=plan, reason="the target has no provisioner to make orders")

    async def aclose(self) -> None:
        """There is nothing to close."""
