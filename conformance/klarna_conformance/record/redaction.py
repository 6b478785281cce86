"""Redacts secrets in texts, in every usual encoding."""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from urllib.parse import quote, quote_plus, unquote

__all__ = ["REDACTED", "Redactor"]

REDACTED = "[redacted]"
_SHORTEST = 4
"""Shorter secrets are not redacted: replacing every `a` would destroy the record."""
_SHORTEST_SECRET = 6
_WORD = re.compile(r"[A-Za-z]{0,15}|[A-Za-z]*(?:_[A-Za-z]*)+|\d*")
_DOCUMENTED = (
    "/ordermanagement/v1/orders/captures/refunds/options/extend-due-date/release-remaining-"
    "authorization/cancel application/json text/html content-type location refund-id capture-id "
    "klarna-correlation-id klarna-idempotency-key http:// https:// localhost 127.0.0.1"
)
"""Words of every record."""
_MOST_ROUNDS = 3


class Redactor:
    """Redacts secrets in texts.

    A secret that is like a word (letters or digits only, or short, or part of `public`, such as
    the server's own address) would be found in member names, paths and amounts too: it is looked
    for as a whole word, and only where nobody judges what it stands in. Every other secret is
    looked for everywhere, as it is and as URLs, JSON, HTML, Base64 and other encodings write it.
    """

    def __init__(self, secrets: Iterable[str], *, public: str = "") -> None:
        known = {secret for secret in secrets if len(secret) >= _SHORTEST}
        public = f"{_DOCUMENTED} {public}".lower()
        words = {secret for secret in known if _is_like_a_word(secret, public)}
        self._secrets = sorted(known - words, key=len, reverse=True)
        forms = {form for secret in self._secrets for form in _forms(secret)}
        forms |= {form for secret in words for form in _in_base64(secret.encode())}
        self._forms = sorted(forms, key=len, reverse=True)
        # Where none of these is, none of the others is either: they are parts of them.
        self._least = [f for f in forms if not any(o in f for o in forms if o != f)]
        self._like_words = sorted(words)
        self._words = _whole_words(words)

    def text(self, text: str) -> str:
        """A text that is not judged, without the secrets."""
        text = self.judged(text)
        return self._words.sub(REDACTED, text) if self._words else text

    def judged(self, text: str) -> str:
        """A text that is compared with others, without the secrets that are not like a word.

        What was the same before is the same after.
        """
        for form in self._forms:
            if form in text:
                text = text.replace(form, REDACTED)
        if self._hides_in(text):
            text = self._anyhow.sub(REDACTED, text)
            if self._hides_in(text):
                return REDACTED
        return text

    def holds(self, text: str) -> bool:
        """Whether there is a secret in a text."""
        for form in self._least:
            if form in text:
                return True
        return self._says_word(text) or self._hides_in(text)

    def _says_word(self, text: str) -> bool:
        """Whether there is a secret like a word; the pattern is slow where there is none."""
        said = any(word in text for word in self._like_words)
        return said and self._words is not None and self._words.search(text) is not None

    def _hides_in(self, text: str) -> bool:
        """Whether a text contains a secret once its escapes are undone."""
        if not ("%" in text or "&" in text or "\\" in text):
            return False
        return any(form in plain for plain in _unescaped(text) for form in self._least)

    @cached_property
    def _anyhow(self) -> re.Pattern[str]:
        """The secrets with each of their characters escaped, or not, in any way."""
        written = ("".join(map(_any_form, secret)) for secret in self._secrets)
        return re.compile("|".join(written) or "(?!)")


def _is_like_a_word(secret: str, public: str) -> bool:
    if len(secret) < _SHORTEST_SECRET or secret.lower() in public:
        return True
    return _WORD.fullmatch(secret) is not None


def _whole_words(words: Iterable[str]) -> re.Pattern[str] | None:
    escaped = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{escaped})(?!\w)") if escaped else None


def _forms(secret: str) -> Iterator[str]:
    """A secret as it is, and as it is usually written elsewhere."""
    yield secret
    yield from (quote(secret, safe=""), quote(secret), quote_plus(secret))
    yield from (html.escape(secret), html.escape(secret, quote=False))
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield secret.encode().decode("latin-1")  # bytes that are not read as UTF-8
    yield "\0".join(secret)  # UTF-16, read byte by byte
    yield from _in_base64(secret.encode())
    yield secret.encode().hex()


def _in_base64(raw: bytes) -> Iterator[str]:
    """What is always there of a text in Base64 that holds these bytes, wherever it holds them."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw)
        first = -(-before * 4 // 3)  # characters that depend on what stands before
        last = (before + len(raw)) * 8 // 6  # and from here on, on what comes after
        for altchars in (b"+/", b"-_"):
            form = encoded[first:last].translate(bytes.maketrans(b"+/", altchars)).decode()
            if len(form) > _SHORTEST_SECRET:
                yield form


def _unescaped(text: str) -> Iterator[str]:
    """The text with its escapes undone, also where they are escaped again."""
    for undo in (unquote, _unquoted_latin, html.unescape, _undo_backslashes, _undo_all):
        plain = text
        for _ in range(_MOST_ROUNDS):
            plain, before = undo(plain), plain
            if plain == before:
                break
            yield plain


def _unquoted_latin(text: str) -> str:
    return unquote(text, encoding="latin-1")


def _undo_backslashes(text: str) -> str:
    """JSON's and similar escapes."""
    return re.sub(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([\"\\/']))", _character, text)


def _character(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2]
    return chr(int(code, 16)) if code else escape[3]


def _undo_all(text: str) -> str:
    return unquote(html.unescape(_undo_backslashes(text)))


def _any_form(character: str) -> str:
    """A pattern for one character of a secret, escaped or not."""
    code = ord(character)
    percent = quote(character, safe="") if code > 127 else f"%{code:02X}"
    forms = [re.escape(character), f"(?i:{percent})"]
    forms += [rf"&\#0*{code};?", rf"&\#[xX]0*(?i:{code:x});?", rf"(?i:\\u{code:04x})"]
    forms += [rf"(?i:\\x{code:02x})", re.escape("\\" + character)]
    named = html.escape(character)
    if named != character:
        forms.append(re.escape(named))
    return f"(?:{'|'.join(forms)})"
