"""A scenario: an order plan and the steps to take on it, as plain values.

Nothing here knows a server. Ids, URLs and keys come into being when a scenario is sent.
"""

from typing import Any, Literal

import msgspec

from klarna_specs.json_value import as_object
from klarna_specs.plan import OrderPlan

__all__ = [
    "OFFERED",
    "Action",
    "Body",
    "Credentials",
    "Empty",
    "Json",
    "Key",
    "OrderRef",
    "Raw",
    "ResourceRef",
    "Scenario",
    "Step",
    "Together",
    "Wait",
    "steps_of",
]

Credentials = Literal[
    "valid",
    "none",
    "wrong_password",
    "wrong_username",
    "longer_password",
    "other_case_password",
    "spaced_password",
    "no_password",
    "username_alone",
    "empty",
    "swapped",
    "not_encoded",
    "not_base64",
    "other_scheme",
    "other_case_scheme",
    "second_header",
]
"""The credentials of a call. All but `valid` and the last two must be refused:
HTTP ignores the case of the scheme, and leaves open which of two headers counts."""
OrderRef = Literal["this", "other", "unknown", "malformed"]
"""Which order: one of the scenario's two, one that does not exist, or an id that is no UUID."""
ResourceRef = int | Literal["unknown", "other"]
"""Which capture or refund: the n-th of the order (from 0), one that does not exist, or the
first one of the scenario's other order."""


OFFERED = "$offered"
"""A placeholder for a number of days in a body; the server's options replace it when it is sent."""


class _Noun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Empty(_Noun, frozen=True, tag_field="as", tag="empty"):
    """No body at all."""


class Json(_Noun, frozen=True, tag_field="as", tag="json"):
    """A JSON body. `{"$offered": n, "plus": d}` stands for the n-th option's days, plus d.

    >>> Json({"refunded_amount": 100}).value
    {'refunded_amount': 100}
    """

    value: Any


class Raw(_Noun, frozen=True, kw_only=True, tag_field="as", tag="text"):
    """A body that need not be JSON, with its content type.

    `OFFERED` in its text stands for the days of the first option.
    """

    text: str
    content_type: str = "application/json"


Body = Empty | Json | Raw


class Key(_Noun, frozen=True):
    """An idempotency key by name: steps with the same name send the same key.

    `form` is the form of the key: a UUID of version 4 (recommended), of version 5, plain
    ASCII text that ends with the name, or the name with a number for each `#` in it. `lower` is
    the UUID of version 4 under the header's name in lower case, which is the same to HTTP.
    """

    name: str
    form: Literal["uuid4", "uuid5", "text", "number", "lower"] = "uuid4"


class Step(_Noun, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="call"):
    """One call of an operation (by operationId) in a scenario.

    >>> Step(operation="refundOrder", body=Json({"refunded_amount": 100})).credentials
    'valid'
    """

    operation: str
    order: OrderRef = "this"
    capture: ResourceRef | None = None
    refund: ResourceRef | None = None
    body: Body = Empty()
    key: Key | None = None
    credentials: Credentials = "valid"
    path_interpretation: str | None = msgspec.field(default=None, name="path_reading")
    chunked: bool = False

    @property
    def members(self) -> dict[str, Any] | None:
        """The members of its JSON body; None if it has none, or one that is no object."""
        return as_object(self.body.value) if isinstance(self.body, Json) else None


class Wait(_Noun, frozen=True, tag_field="do", tag="wait"):
    """Lets time pass; possible only on a target with an adjustable clock."""

    seconds: int


class Together(_Noun, frozen=True, tag_field="do", tag="together"):
    """A concurrent group: its steps are sent at the same time."""

    steps: tuple[Step, ...]


Action = Step | Wait | Together


class Scenario(_Noun, frozen=True, kw_only=True, omit_defaults=True):
    """The order (None if none is needed), possibly another one, and the steps.

    The order and what was created are read after each change. In a `packed` scenario they are read
    at the end only: that saves requests, but a wrong state cannot be attributed to one step.

    >>> step = Step(operation="refundOrder", body=Json({"refunded_amount": 100}))
    >>> len(Scenario(plan=plan, steps=(step, step)).steps)
    2
    """

    plan: OrderPlan | None
    steps: tuple[Action, ...]
    other: OrderPlan | None = None
    packed: bool = False


def steps_of(scenario: Scenario) -> tuple[Step, ...]:
    """The calls of a scenario in order, including those of concurrent groups."""
    calls: list[Step] = []
    for action in scenario.steps:
        match action:
            case Step():
                calls.append(action)
            case Together(steps=group):
                calls.extend(group)
            case Wait():
                pass
    return tuple(calls)
