"""What of a page could run, load or lead somewhere."""

import base64
import hashlib
import re
from html.parser import HTMLParser

__all__ = ["active_parts"]

_ACTIVE = frozenset({"img", "iframe", "object", "embed", "base", "link"})
_HARMLESS_LINKS = ("#", "https://docs.klarna.com/", "https://docs.", "https://www.rfc-editor.org/")
_DATA = ("application/json", "text/plain", "application/octet-stream")


class _Page(HTMLParser):
    """Collects what is active; a script may run where the page's policy, its first, admits it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.active: list[str] = []
        self._admitted: frozenset[str] | None = None
        self._script: list[str] | None = None
        self._forms = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _ACTIVE:
            self.active.append(f"<{tag}>")
        if tag == "meta" and given.get("http-equiv") == "Content-Security-Policy":
            admitted = frozenset(re.findall("'sha256-([^']+)'", given.get("content") or ""))
            self._admitted = admitted if self._admitted is None else self._admitted
        if tag == "script" and given.get("type") not in _DATA:
            self._script = []
        if tag == "form":
            self._forms += 1
            if self._forms > 2:
                self.active.append("<form>")
        for name, value in attrs:
            if name.startswith("on") or name in ("src", "style", "action", "formaction"):
                self.active.append(f"{tag} {name}")
            if name == "href" and not (value or "").startswith(_HARMLESS_LINKS):
                self.active.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self._script.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._script is not None:
            digest = hashlib.sha256("".join(self._script).encode()).digest()
            if base64.b64encode(digest).decode() not in (self._admitted or ()):
                self.active.append("<script>")
            self._script = None


def active_parts(html: str) -> list[str]:
    """The elements and attributes of a page that are not inert, and links to unknown places.

    The page's own script, which its policy names by hash, and its two forms, which lead nowhere,
    are no such parts.
    """
    return _Page(html).active
