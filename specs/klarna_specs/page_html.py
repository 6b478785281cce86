"""A saved HTML page as the Markdown that `read_page` reads. Pure."""

import re
from html.parser import HTMLParser

__all__ = ["is_html", "markdown_of"]

_IGNORED = frozenset({"script", "style", "nav", "header", "footer", "svg", "button", "noscript"})
_BLOCKS = frozenset({"p", "div", "section", "article", "main", "ul", "ol", "table", "blockquote"})
_HEADING = re.compile("h([1-6])")


def is_html(text: str) -> bool:
    """Whether a text is an HTML page."""
    return (
        re.match(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html)\b", text, re.I | re.S) is not None
    )


def markdown_of(html: str) -> str:
    """Headings, paragraphs, lists, tables and samples of the page; of its `main`, if it has one."""
    reader = _Reader()
    main = re.search(r"<main\b.*</main>", html, re.I | re.S)
    reader.feed(main[0] if main else html)
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.written)).strip() + "\n"


class _Reader(HTMLParser):
    """Writes Markdown as it meets elements; `written` are its parts."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []
        self._ignored: list[str] = []
        self._lists = 0
        self._sample = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        heading = _HEADING.fullmatch(tag)
        if tag in _IGNORED:
            self._ignored.append(tag)
        elif heading:
            self._write(f"\n\n{'#' * int(heading[1])} ")
        elif tag == "pre":
            self._write("\n\n```\n")
            self._sample = True
        elif tag == "li":
            self._write(f"\n{'  ' * (self._lists - 1)}- ")
        elif tag == "tr":
            self._write("\n| ")
        elif tag == "br":
            self._write("\n" if self._sample else " ")
        elif tag in _BLOCKS and not self._in_item(tag):
            self._write("\n\n")
        self._lists += tag in ("ul", "ol")

    def handle_endtag(self, tag: str) -> None:
        if self._ignored and tag == self._ignored[-1]:
            self._ignored.pop()
        elif tag == "pre":
            self._sample = False
            self._write("\n```\n\n")
        elif tag in ("td", "th"):
            self._write(" | ")
        elif _HEADING.fullmatch(tag) or (tag in _BLOCKS and not self._in_item(tag)):
            self._write("\n\n")
        self._lists -= tag in ("ul", "ol")

    def handle_data(self, data: str) -> None:
        self._write(data if self._sample else re.sub(r"\s+", " ", data))

    def _in_item(self, tag: str) -> bool:
        """Whether a paragraph is in a list, whose items are one paragraph each."""
        return bool(self._lists) and tag not in ("ul", "ol")

    def _write(self, text: str) -> None:
        if not self._ignored:
            self.written.append(text)
