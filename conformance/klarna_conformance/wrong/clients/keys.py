"""Clients that do something else about idempotency keys."""

import hashlib
import uuid
from typing import Any, ClassVar

import httpx

from klarna_conformance.wrong.clients.parts import InDoubt
from klarna_conformance.wrong.reference import Errand, ReferenceClient


class NoKey(ReferenceClient):
    """Never sends a key, and sends again all the same."""

    id = "client-no-key"
    caught_by = ("client.once",)

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return None


class NoKeyNoRetry(NoKey):
    """Never sends a key, and never sends again: only the network can double what it does."""

    id = "client-no-key-no-retry"
    caught_by = ("client.guarded-against-duplicates",)

    attempts = 1


class NoKeyOnChanges(ReferenceClient):
    """Sends a key with refunds only."""

    id = "client-no-key-on-changes"
    caught_by = ("client.key-sent",)

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return super().key(operation, order_id, arguments) if operation == "refundOrder" else None


class NewKeyEachAttempt(ReferenceClient):
    """Makes a key for each request, as an HTTP library's hook would."""

    id = "client-new-key-each-attempt"
    caught_by = ("client.once",)

    def key_again(self, errand: Errand, attempt: int) -> str | None:
        return str(uuid.uuid4()) if errand.key else None


class KeyOfSecondAttempt(ReferenceClient):
    """Keeps the key for one repetition, and makes a new one for the next."""

    id = "client-new-key-for-third-attempt"
    caught_by = ("client.key-kept",)

    def key_again(self, errand: Errand, attempt: int) -> str | None:
        return errand.key if attempt < 2 or not errand.key else str(uuid.uuid4())


class NoKeyWhenRetrying(ReferenceClient):
    """Loses the header when it sends again."""

    id = "client-no-key-when-retrying"
    caught_by = ("client.once",)

    def key_again(self, errand: Errand, attempt: int) -> str | None:
        return None if attempt else errand.key


class KeyOnlyWhenRetrying(ReferenceClient):
    """Thinks of a key only when something went wrong."""

    id = "client-key-only-when-retrying"
    caught_by = ("client.once",)

    def key_again(self, errand: Errand, attempt: int) -> str | None:
        return errand.key if attempt else None


class ConstantKey(ReferenceClient):
    """Has one key for everything."""

    id = "client-one-key-for-everything"
    caught_by = ("client.key-of-its-own",)

    _key = "0f3b1c52-2a77-4d0e-9d43-6f1f5f6f9a10"

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return self._key


class KeyOfOrder(ReferenceClient):
    """Makes the key of the order: a second refund gets the answer of the first."""

    id = "client-key-of-the-order"
    caught_by = ("client.done-is-true",)

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, order_id))


class KeyOfAmount(ReferenceClient):
    """Makes the key of order and arguments: the same refund again is no second one."""

    id = "client-key-of-the-arguments"
    caught_by = ("client.done-is-true",)

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{operation} {order_id} {arguments}"))


class SharedKeys(ReferenceClient):
    """Draws its keys from too few: the lowest byte of a counter that starts anew."""

    id = "client-keys-from-too-few"
    caught_by = ("client.key-of-its-own",)

    _count: ClassVar[int] = 0

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        type(self)._count += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, str(self._count % 3)))


class KeyPrefixed(ReferenceClient):
    """Has keys that are no UUIDs."""

    id = "client-key-no-uuid"
    caught_by = ("client.key-uuid",)

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return f"refund-{uuid.uuid4()}"


class LongKeys(ReferenceClient):
    """Harmless: has keys of more than a hundred characters, as a shop with many stores would."""

    id = "client-long-keys"

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return f"{operation}:{order_id}:{uuid.uuid4()}:{uuid.uuid4()}"


class UuidOfErrand(ReferenceClient):
    """Harmless: has UUIDs of version 5, of something that is never the same."""

    id = "client-uuid-5"

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{order_id} {uuid.uuid4()}"))


class KeyOfOrderAndCount(ReferenceClient):
    """Harmless: makes the key of the order and of how many errands there were before."""

    id = "client-key-of-order-and-count"

    _count: ClassVar[int] = 0

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        type(self)._count += 1
        digest = hashlib.sha256(f"{order_id} {self._count}".encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))


class _NewKeyAfter(ReferenceClient):
    """Has a new key after some answers."""

    anew: ClassVar[tuple[int, ...]]
    _fresh: str | None = None

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        if attempt == 0:
            self._fresh = None
        response = super().send(errand, attempt)
        if self.renews(response) and errand.key:
            self._fresh = str(uuid.uuid4())
        return response

    def sends_again(self, response: httpx.Response) -> bool:
        return response.status_code in self.anew or super().sends_again(response)

    def renews(self, response: httpx.Response) -> bool:
        """Whether the next attempt has another key."""
        return response.status_code in self.anew

    def key_again(self, errand: Errand, attempt: int) -> str | None:
        return self._fresh or errand.key


class NewKeyAfterAnyWait(_NewKeyAfter):
    """Has a new key after 429, also where an attempt before it may have been carried out."""

    id = "client-new-key-after-any-429"
    caught_by = ("client.once",)

    anew = (429,)


class NewKeyAfterConflict(_NewKeyAfter):
    """Takes 409 for a trouble of its key, and tries another one."""

    id = "client-new-key-after-409"
    caught_by = ("client.key-kept",)

    anew = (409,)


class NewKeyAfterWait(InDoubt, NewKeyAfterAnyWait):
    """Harmless: has a new key after 429, as long as nothing can have been done."""

    id = "client-new-key-after-429"

    def renews(self, response: httpx.Response) -> bool:
        return super().renews(response) and not self.unclear
