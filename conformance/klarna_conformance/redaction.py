"""Takes secrets out of what is recorded, at the moment of recording."""

from collections.abc import Iterable
from urllib.parse import quote

from klarna_specs.exchange import Payload

__all__ = ["REDACTED", "Redactor"]

REDACTED = "[redacted]"
_SHORTEST = 4
"""Shorter secrets are not looked for: replacing every `a` would destroy what is recorded."""


class Redactor:
    """Replaces every occurrence of some secrets, also percent-encoded, by a mark."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {form for secret in secrets for form in (secret, quote(secret, safe=""))}
        self._secrets = sorted((s for s in known if len(s) >= _SHORTEST), key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without the secrets."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, REDACTED)
        return text

    def payload(self, payload: Payload) -> Payload:
        """The payload without the secrets."""
        redacted = self.text(payload.text)
        return payload if redacted == payload.text else Payload(redacted, payload.encoding)
