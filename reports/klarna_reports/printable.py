"""Text from outside as it may be printed: nothing in it commands a terminal or a CI system."""

import re

__all__ = ["inert", "printable"]

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_COMMAND = re.compile(r"^(?=[^\S\n]*::)", re.MULTILINE)


def printable(text: str) -> str:
    """The text with what moves a cursor, colours or turns the direction of writing spelled out.

    Tabs and ends of lines (LF) stay.
    """
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def inert(text: str) -> str:
    """The printable text without a line that GitHub Actions takes for a workflow command.

    Its runner obeys `::name::` where a line begins with it, and `##[name]` anywhere in a line.
    """
    return _COMMAND.sub("| ", printable(text).replace("##[", "# #["))
