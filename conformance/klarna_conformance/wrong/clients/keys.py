"""Clients that handle idempotency keys differently."""

import hashlib
import uuid
from typing import Any, ClassVar

import httpx

from klarna_conformance.wrong.clients.parts import InDoubt
from klarna_conformance.wrong.reference import Errand, ReferenceClient


class NoKey(ReferenceClient):
    """Never sends a key, but retries."""

    id = "client-no-key"
    caught_by = ("client.once",)

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return None


class NoKeyNoRetry(NoKey):
    """Never sends a key and never retries: only the network can duplicate its requests."""

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
    """Creates a new key for each request, as a hook of an HTTP library would."""

    id = "client-new-key-each-attempt"
    caught_by = ("client.once",)

    def key_again(self, errand: Errand, attempt: int) -> str | None:
        return str(uuid.uuid4()) if errand.key else None


class KeyOfSecondAttempt(ReferenceClient):
    """Keeps the key for the first retry, and creates a new one for the next."""

    id = "client-new-key-for-third-attempt"
    caught_by = ("client.key-kept",)

    def key_again(self, errand: Errand, attempt: int) -> str | None:
        return errand.key if attempt < 2 or not errand.key else str(uuid.uuid4())


class NoKeyWhenRetrying(ReferenceClient):
    """Sends no key with retries."""

    id = "client-no-key-when-retrying"
    caught_by = ("client.once",)

    def key_again(self, errand: Errand, attempt: int) -> str | None:
        return None if attempt else errand.key


class KeyOnlyWhenRetrying(ReferenceClient):
    """Sends a key with retries only."""

    id = "client-key-only-when-retrying"
    caught_by = ("client.once",)

    def key_again(self, errand: Errand, attempt: int) -> str | None:
        return errand.key if attempt else None


class ConstantKey(ReferenceClient):
    """Uses the same key for all commands."""

    id = "client-one-key-for-everything"
    caught_by = ("client.key-of-its-own",)

    _key = "0f3b1c52-2a77-4d0e-9d43-6f1f5f6f9a10"

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return self._key


class KeyOfOrder(ReferenceClient):
    """Derives the key from the order, so that a second refund gets the first response."""

    id = "client-key-of-the-order"
    caught_by = ("client.done-is-true",)

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, order_id))


class KeyOfAmount(ReferenceClient):
    """Derives the key from order and arguments, so that a second equal refund is lost."""

    id = "client-key-of-the-arguments"
    caught_by = ("client.done-is-true",)

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{operation} {order_id} {arguments}"))


class SharedKeys(ReferenceClient):
    """Derives the key from a counter with too few values."""

    id = "client-keys-from-too-few"
    caught_by = ("client.key-of-its-own",)

    _count: ClassVar[int] = 0

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        type(self)._count += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, str(self._count % 3)))


class KeyPrefixed(ReferenceClient):
    """Uses keys that are not UUIDs."""

    id = "client-key-no-uuid"
    caught_by = ("client.key-uuid",)

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return f"refund-{uuid.uuid4()}"


class LongKeys(ReferenceClient):
    """Uses keys of more than a hundred characters, which are not UUIDs and otherwise fine."""

    id = "client-long-keys"
    caught_by = ("client.key-uuid",)

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return f"{operation}:{order_id}:{uuid.uuid4()}:{uuid.uuid4()}"


class UuidOfErrand(ReferenceClient):
    """Harmless: uses unique UUIDs of version 5."""

    id = "client-uuid-5"

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{order_id} {uuid.uuid4()}"))


class KeyOfOrderAndCount(ReferenceClient):
    """Harmless: derives the key from the order and the number of earlier commands."""

    id = "client-key-of-order-and-count"

    _count: ClassVar[int] = 0

    def key(self, operation: str, order_id: str, arguments: dict[str, Any]) -> str | None:
        type(self)._count += 1
        digest = hashlib.sha256(f"{order_id} {self._count}".encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))


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

    def sends_again(self, response: httpx.Response) -> bool:
        return response.status_code in self.anew or super().sends_again(response)

    def renews(self, response: httpx.Response) -> bool:
        """Whether the next attempt has a new key."""
        return response.status_code in self.anew

    def key_again(self, errand: Errand, attempt: int) -> str | None:
        return self._fresh or errand.key


class NewKeyAfterAnyWait(_NewKeyAfter):
    """Creates a new key after 429, even if an earlier attempt may have succeeded."""

    id = "client-new-key-after-any-429"
    caught_by = ("client.once",)

    anew = (429,)


class NewKeyAfterConflict(_NewKeyAfter):
    """Retries after 409 with a new key."""

    id = "client-new-key-after-409"
    caught_by = ("client.key-kept",)

    anew = (409,)


class NewKeyAfterWait(InDoubt, NewKeyAfterAnyWait):
    """Harmless: creates a new key after 429, unless an earlier attempt may have succeeded."""

    id = "client-new-key-after-429"

    def renews(self, response: httpx.Response) -> bool:
        return super().renews(response) and not self.unclear
