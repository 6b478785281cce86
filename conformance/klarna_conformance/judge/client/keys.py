"""The book of idempotency keys: what each was used for, and late attempts. Pure."""

from collections.abc import Iterable, Mapping

import msgspec

from klarna_specs.calls import Call
from klarna_specs.exchange import Response
from klarna_specs.ledger import Ledger

__all__ = ["KeyBook", "Use", "acts_late"]


class Use(msgspec.Struct, frozen=True):
    """What an idempotency key was used for; `unknown` or `done` where that was reported.

    `restarted`: the client was restarted since.
    """

    operation: str
    order_id: str
    unknown: bool = False
    done: bool = False
    restarted: bool = False

    @property
    def place(self) -> tuple[str, str]:
        """The operation and the order."""
        return self.operation, self.order_id

    def __str__(self) -> str:
        """It in words."""
        restart = ", before the client was restarted" * self.restarted
        unknown = ", reported unknown" * self.unknown
        return f"{self.operation} on order {self.order_id}{unknown}{restart}"


class KeyBook(msgspec.Struct, frozen=True):
    """The uses of keys, and of operations of which no request was seen, by operation and order.

    `places` are the operations and orders of all commands.
    """

    uses: Mapping[str, Use] = {}
    unseen: Mapping[tuple[str, str], Use] = {}
    places: frozenset[tuple[str, str]] = frozenset()

    def __or__(self, later: "KeyBook") -> "KeyBook":
        """Both books; where they differ, the later one counts."""
        return KeyBook(
            {**self.uses, **later.uses},
            {**self.unseen, **later.unseen},
            self.places | later.places,
        )

    def after_restart(self) -> "KeyBook":
        """The book after the client was restarted."""
        uses = {key: msgspec.structs.replace(use, restarted=True) for key, use in self.uses.items()}
        return msgspec.structs.replace(self, uses=uses)

    def repeated(self, call: Call | None) -> Use | None:
        """The operation that a call is, by its key, another attempt at."""
        if call is None or call.key is None:
            return None
        place = call.operation.operation, call.order_id
        use = self.uses.get(call.key) or self.unseen.get(place)
        return use if use is not None and use.place == place else None

    def is_late(self, call: Call | None) -> bool:
        """Whether a call is, by its key, another attempt at an operation of unknown outcome.

        It changes nothing that was not requested, for a server acts once on what comes under a key.
        The key may be one that was never seen, where nothing was seen of the operation.
        """
        use = self.repeated(call)
        return use is not None and use.unknown


def acts_late(before: Ledger, operation: str, call: Call, answers: Iterable[Response]) -> bool:
    """Whether a late attempt did now, on this order, what its key stands for."""
    use = before.key_use(call.key)
    was_done = use is not None and use.answer is not None and use.answer.success
    same = (call.operation.operation, call.order_id) == (operation, before.order_id)
    return same and not was_done and any(answer.is_success for answer in answers)
