"""What of a page could run, load or lead somewhere."""

from html.parser import HTMLParser

__all__ = ["active_parts"]

_ACTIVE = frozenset({"script", "img", "iframe", "object", "embed", "form", "base", "link"})
_HARMLESS_LINKS = ("#", "https://docs.klarna.com/", "https://docs.")


class _Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.active: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ACTIVE:
            self.active.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in ("src", "style", "action"):
                self.active.append(f"{tag} {name}")
            if name == "href" and not (value or "").startswith(_HARMLESS_LINKS):
                self.active.append(f"{tag} {name}={value}")


def active_parts(html: str) -> list[str]:
    """The elements and attributes of a page that are not inert, and links to unknown places."""
    return _Page(html).active
