"""Takes secrets out of what is recorded, at the moment of recording."""

import html
import json
from collections.abc import Iterable
from urllib.parse import quote

from klarna_specs.exchange import Payload

__all__ = ["REDACTED", "Redactor"]

REDACTED = "[redacted]"
_SHORTEST = 4
"""Shorter secrets are not looked for: replacing every `a` would destroy what is recorded."""


def _forms(secret: str) -> Iterable[str]:
    """A secret as it is, and as URLs, JSON and HTML write it."""
    json_forms = (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    return (secret, quote(secret, safe=""), html.escape(secret), *json_forms)


class Redactor:
    """Replaces every occurrence of some secrets by a mark, also where they are escaped."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {form for secret in secrets for form in _forms(secret)}
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
