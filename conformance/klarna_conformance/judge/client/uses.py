"""What idempotency keys were used for, and attempts that come when the outcome was told. Pure."""

from collections.abc import Iterable, Mapping

from klarna_specs.calls import Call
from klarna_specs.client.play import Ended, Mute, Told, Unknown
from klarna_specs.exchange import Response
from klarna_specs.ledger import Ledger

__all__ = ["acts_late", "is_late", "use_of"]

_OPEN = ", told unknown"


def use_of(operation: str, order_id: str, told: Told | None = None) -> str:
    """What a key was used for, and whether it is still open what became of that."""
    is_open = isinstance(told, Unknown | Mute | Ended)
    return f"{operation} on order {order_id}{_OPEN if is_open else ''}"


def is_late(call: Call | None, used: Mapping[str, str]) -> bool:
    """Whether a call is one more attempt at an earlier operation of unknown outcome, by its key.

    It changes nothing that was not told, for a server does only once what comes under a key. The
    key may be one that was never seen, where nothing was seen of the operation.
    """
    if call is None or call.key is None:
        return False
    use = use_of(call.operation.operation, call.order_id)
    return used.get(call.key, used.get(use)) == f"{use}{_OPEN}"


def acts_late(before: Ledger, operation: str, call: Call, answers: Iterable[Response]) -> bool:
    """Whether a late attempt did now, on this order, what its key stands for."""
    use = before.key_use(call.key)
    was_done = use is not None and use.answer is not None and use.answer.success
    same = (call.operation.operation, call.order_id) == (operation, before.order_id)
    return same and not was_done and any(answer.is_success for answer in answers)
