"""Clients that handle idempotency keys differently."""

import hashlib
import uuid
from collections import Counter
from typing import Any, ClassVar

import httpx

from klarna_conformance.adapter_protocol import Hello
from klarna_conformance.wrong.clients.parts import InDoubt, harmless, wrong
from klarna_conformance.wrong.reference import Errand, ReferenceClient


@wrong("client-no-key", "client.once")
class NoKey(ReferenceClient):
    """Never sends a key, but retries."""

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return None


@wrong("client-no-key-no-retry", "client.guarded-against-duplicates")
class NoKeyNoRetry(NoKey):
    """Never sends a key and never retries: only the network can duplicate its requests."""

    attempts = 1


@wrong("client-no-key-on-changes", "client.key-sent")
class NoKeyOnChanges(ReferenceClient):
    """Sends a key with refunds only."""

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return super().key(operation, order_id, arguments) if operation == "refundOrder" else None


@wrong("client-new-key-each-attempt", "client.once")
class NewKeyEachAttempt(ReferenceClient):
    """Creates a new key for each request, as a hook of an HTTP library would."""

    def key_again(self, errand: Errand, attempt: int) -> str | None:
        return str(uuid.uuid4()) if errand.key else None


@wrong("client-new-key-for-third-attempt", "client.key-kept")
class KeyOfSecondAttempt(ReferenceClient):
    """Keeps the key for the first retry, and creates a new one for the next."""

    def key_again(self, errand: Errand, attempt: int) -> str | None:
        return errand.key if attempt < 2 or not errand.key else str(uuid.uuid4())


@wrong("client-no-key-when-retrying", "client.once")
class NoKeyWhenRetrying(ReferenceClient):
    """Sends no key with retries."""

    def key_again(self, errand: Errand, attempt: int) -> str | None:
        return None if attempt else errand.key


@wrong("client-key-only-when-retrying", "client.once")
class KeyOnlyWhenRetrying(ReferenceClient):
    """Sends a key with retries only."""

    def key_again(self, errand: Errand, attempt: int) -> str | None:
        return errand.key if attempt else None


@wrong("client-one-key-for-everything", "client.key-of-its-own")
class ConstantKey(ReferenceClient):
    """Uses the same key for all commands."""

    _key = "0f3b1c52-2a77-4d0e-9d43-6f1f5f6f9a10"

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return self._key


@wrong("client-key-of-the-order", "client.done-is-true")
class KeyOfOrder(ReferenceClient):
    """Derives the key from the order, so that a second refund gets the first response."""

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, order_id))


@wrong("client-key-of-the-arguments", "client.done-is-true")
class KeyOfAmount(ReferenceClient):
    """Derives the key from order and arguments, so that a second equal refund is lost."""

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{operation} {order_id} {arguments}"))


@wrong("client-keys-from-too-few", "client.key-of-its-own")
class SharedKeys(ReferenceClient):
    """Derives the key from a counter with too few values."""

    _count: ClassVar[int] = 0

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        type(self)._count += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, str(self._count % 3)))


@wrong("client-key-no-uuid", "client.key-uuid")
class KeyPrefixed(ReferenceClient):
    """Uses keys that are not UUIDs."""

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return f"refund-{uuid.uuid4()}"


@wrong("client-long-keys", "client.key-uuid")
class LongKeys(ReferenceClient):
    """Uses keys of more than a hundred characters, which are not UUIDs and otherwise fine."""

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return f"{operation}:{order_id}:{uuid.uuid4()}:{uuid.uuid4()}"


@harmless("client-uuid-5")
class UuidOfErrand(ReferenceClient):
    """Harmless: uses unique UUIDs of version 5."""

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{order_id} {uuid.uuid4()}"))


@harmless("client-key-of-order-and-count")
class KeyOfOrderAndCount(ReferenceClient):
    """Harmless: derives the key from the order and the stored number of earlier commands."""

    _stored: ClassVar[int] = 0

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        digest = hashlib.sha256(f"{order_id} {self.count(order_id)}".encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))

    def count(self, order_id: str) -> int:
        """The number of this command; the order does not matter."""
        del order_id
        KeyOfOrderAndCount._stored += 1
        return self._stored


@wrong("client-key-of-order-and-count-in-memory", "client.key-of-its-own")
class KeyOfOrderAndCountInMemory(KeyOfOrderAndCount):
    """Derives the key from the order and a count that starts again with the process."""

    def __init__(self, hello: Hello, *, backoff_s: float = 0.1) -> None:
        super().__init__(hello, backoff_s=backoff_s)
        self._counts: Counter[str] = Counter()

    def count(self, order_id: str) -> int:
        self._counts[order_id] += 1
        return self._counts[order_id]


class _NewKeyAfter(ReferenceClient):
    """Creates a new key after some responses."""

    anew: ClassVar[tuple[int, ...]]
    _fresh: str | None = None

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        if attempt == 0:
            self._fresh = None
        response = super().send(errand, attempt)
        if self.renews(response) and errand.key:
            self._fresh = str(uuid.uuid4())
        return response

    def retries_after(self, response: httpx.Response) -> bool:
        return response.status_code in self.anew or super().retries_after(response)

    def renews(self, response: httpx.Response) -> bool:
        """Whether the next attempt has a new key."""
        return response.status_code in self.anew

    def key_again(self, errand: Errand, attempt: int) -> str | None:
        return self._fresh or errand.key


@wrong("client-new-key-after-any-429", "client.once")
class NewKeyAfterAnyWait(_NewKeyAfter):
    """Creates a new key after 429, even if an earlier attempt may have succeeded."""

    anew = (429,)


@wrong("client-new-key-after-409", "client.key-kept")
class NewKeyAfterConflict(_NewKeyAfter):
    """Retries after 409 with a new key."""

    anew = (409,)


@harmless("client-new-key-after-429")
class NewKeyAfterWait(InDoubt, NewKeyAfterAnyWait):
    """Harmless: creates a new key after 429, unless an earlier attempt may have succeeded."""

    def renews(self, response: httpx.Response) -> bool:
        return super().renews(response) and not self.unclear


@wrong("client-keys-repeat-after-restart", "client.key-of-its-own")
class KeysRepeatAfterRestart(ReferenceClient):
    """Numbers its keys from the start of the process."""

    _number = 0

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        self._number += 1
        return str(uuid.uuid5(uuid.NAMESPACE_URL, str(self._number)))
