"""Takes secrets and customer data out of what is recorded, at the moment of recording."""

import html
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from klarna_specs.exchange import NotJson, Payload
from klarna_specs.json_value import as_array, as_object

__all__ = ["CUSTOMER_MEMBERS", "REDACTED", "Redactor"]

REDACTED = "[redacted]"
CUSTOMER_MEMBERS = (
    "attention",
    "care_of",
    "city",
    "date_of_birth",
    "email",
    "family_name",
    "given_name",
    "house_extension",
    "ip",
    "national_identification_number",
    "organization_name",
    "organization_registration_id",
    "phone",
    "postal_code",
    "street_address",
    "street_address2",
    "vat_id",
)
"""Members of the API's bodies that tell who the customer is; nothing is judged by them."""
_SHORTEST = 4
"""Shorter secrets are not looked for: replacing every `a` would destroy what is recorded."""


_WORD = re.compile(r"[a-z_]+")
"""What the names of members are made of."""


def _forms(secret: str) -> Iterable[str]:
    """A secret as it is, and as URLs, JSON and HTML write it."""
    json_forms = (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    return (secret, quote(secret, safe=""), html.escape(secret), *json_forms)


class Redactor:
    """Replaces every occurrence of some secrets by a mark, also where they are escaped.

    In JSON a secret that is an ordinary word is looked for in values only, so that it does not
    change the names of members. The values of `CUSTOMER_MEMBERS` and of the `members` named are
    replaced whole.
    """

    def __init__(self, secrets: Iterable[str], *, members: Iterable[str] = ()) -> None:
        known = {form for secret in secrets for form in _forms(secret)}
        self._secrets = sorted((s for s in known if len(s) >= _SHORTEST), key=len, reverse=True)
        self._beyond_names = [s for s in self._secrets if not _WORD.fullmatch(s)]
        self._members = frozenset((*CUSTOMER_MEMBERS, *members))
        self._quoted = tuple(f'"{name}"' for name in self._members)

    def text(self, text: str) -> str:
        """The text without the secrets."""
        return _without(self._secrets, text)

    def payload(self, payload: Payload) -> Payload:
        """The payload without the secrets and the customer data."""
        text = payload.text
        if not any(sought in text for sought in (*self._secrets, *self._quoted)):
            return payload
        try:
            value = payload.json()
        except NotJson:
            return Payload(self.text(text), payload.encoding)
        redacted = self._value(value)
        return payload if redacted == value else Payload(json.dumps(redacted, ensure_ascii=False))

    def _value(self, value: Any) -> Any:
        members, parts = as_object(value), as_array(value)
        if members is not None:
            return {
                _without(self._beyond_names, name): (
                    REDACTED if name in self._members else self._value(member)
                )
                for name, member in members.items()
            }
        if parts is not None:
            return [self._value(part) for part in parts]
        return self.text(value) if isinstance(value, str) else value


def _without(secrets: Iterable[str], text: str) -> str:
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, REDACTED)
    return text
