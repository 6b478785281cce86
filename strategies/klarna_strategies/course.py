"""The state of an order while a scenario is drawn: simple sums, no server."""

from dataclasses import dataclass, replace

from msgspec import structs

from klarna_specs.plan import Authorization, OrderPlan
from klarna_specs.scenario import Json, Step
from klarna_specs.spec import Spec
from klarna_strategies.lines import Line

__all__ = ["Course"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The state of a scenario's order after the steps drawn so far; amounts are minor units.

    `fee_amount` sums the return fees charged, `repeatable` has the successful steps with a key,
    and `elsewhere_count` counts the refunds of the other order.
    """

    spec: Spec
    plan: OrderPlan
    captures: tuple[int, ...]
    released: bool
    cancelled: bool
    refunded_amount: int = 0
    refund_count: int = 0
    fee_amount: int = 0
    extended: frozenset[int] = frozenset()
    repeatable: tuple[Step, ...] = ()
    elsewhere_count: int = 0
    elsewhere_amount: int = 0

    @classmethod
    def of(cls, spec: Spec, plan: OrderPlan) -> "Course":
        """The course of a new order."""
        return cls(
            spec=spec,
            plan=plan,
            captures=plan.captures,
            released=plan.authorization == "released",
            cancelled=plan.authorization == "cancelled",
        )

    @property
    def left(self) -> int:
        """The amount left to refund."""
        return sum(self.captures) - self.refunded_amount

    @property
    def is_open(self) -> bool:
        """Whether the authorization was neither released nor cancelled."""
        return not (self.released or self.cancelled)

    @property
    def remaining(self) -> int:
        """The amount left to capture."""
        return self.plan.order_amount - sum(self.captures) if self.is_open else 0

    @property
    def layout(self) -> str:
        """The current capture layout of the order."""
        rest: Authorization = "released" if self.released else "open"
        now = "cancelled" if self.cancelled else rest
        return structs.replace(self.plan, captures=self.captures, authorization=now).layout

    @property
    def has_fee_market(self) -> bool:
        """Whether return fees are documented for the order's market."""
        return self.plan.market in self.spec.market_groups["return_fee"]

    @property
    def is_one_full_capture(self) -> bool:
        """Whether the order was fully captured in one capture, as a return fee requires."""
        return self.captures == (self.plan.order_amount,)

    @property
    def has_extensions(self) -> bool:
        """Whether due-date extensions are documented for the order's market."""
        return self.plan.market in self.spec.market_groups["extension"]

    @property
    def is_pay_later(self) -> bool:
        """Whether the order was paid with a pay-later method."""
        return self.plan.payment_method in self.spec.pay_later_methods

    def after(self, step: Step) -> "Course":
        """The course after a step that succeeds."""
        if step.order == "other":
            return self._after_elsewhere(step)
        course = self._after_here(step)
        if step.key is None:
            return course
        return replace(course, repeatable=(*course.repeatable, step))

    def _after_elsewhere(self, step: Step) -> "Course":
        amount = _amount(step, "refunded_amount")
        return replace(
            self,
            elsewhere_count=self.elsewhere_count + 1,
            elsewhere_amount=self.elsewhere_amount + amount,
        )

    def _after_here(self, step: Step) -> "Course":
        match self.spec.operations[step.operation].effect:
            case "refund":
                return replace(
                    self,
                    refunded_amount=self.refunded_amount + _amount(step, "refunded_amount"),
                    refund_count=self.refund_count + 1,
                    fee_amount=self.fee_amount + _fee_amount(step),
                )
            case "capture":
                captures = (*self.captures, _amount(step, "captured_amount"))
                return replace(self, captures=captures)
            case "release":
                return replace(self, released=True)
            case "cancel":
                return replace(self, cancelled=True)
            case "extend_due_date" if isinstance(step.capture, int):
                return replace(self, extended=self.extended | {step.capture})
            case _:
                return self


def _amount(step: Step, member: str) -> int:
    return step.body.value.get(member, 0) if isinstance(step.body, Json) else 0


def _fee_amount(step: Step) -> int:
    lines: list[Line] = []
    if isinstance(step.body, Json):
        lines = step.body.value.get("order_lines", [])
    return -sum(line["total_amount"] for line in lines if line["type"] == "return_fee")
