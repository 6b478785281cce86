"""Makes foreign text safe to print: it cannot control a terminal or a CI system."""

import re

__all__ = ["inert", "printable"]

_UNPRINTABLE = (
    *(range(0x09), range(0x0B, 0x20), range(0x7F, 0xA0), range(0x61C, 0x61D)),
    *(range(0x200E, 0x2010), range(0x2028, 0x202F), range(0x2066, 0x206A), range(0xD800, 0xE000)),
)
_SPELLED_OUT = {
    code: chr(code).encode("unicode_escape").decode() for codes in _UNPRINTABLE for code in codes
}
_COMMAND = re.compile(r"^(?=[^\S\n]*::)", re.MULTILINE)


def printable(text: str) -> str:
    """The text with control and direction characters escaped; tabs and line feeds stay."""
    return text if text.isprintable() else text.translate(_SPELLED_OUT)


def inert(text: str) -> str:
    """The printable text without workflow commands of GitHub Actions.

    Its runner executes `::name::` at the start of a line, and `##[name]` anywhere in a line.
    """
    return _COMMAND.sub("| ", printable(text).replace("##[", "# #["))
