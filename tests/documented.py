"""The code blocks of a page of documentation, in the order in which a reader meets them."""

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCS", "Block", "blocks", "commands"]

DOCS = Path(__file__).parents[1] / "docs"
_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<kind>\w+)\n(?P<text>.*?)^ *```$", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text without indentation, and the prose after it."""

    kind: str
    text: str
    after: str


def blocks(page: str) -> list[Block]:
    """All blocks of a page in Markdown."""
    found = list(_BLOCK.finditer(page))
    ends = [each.start() for each in found][1:] + [len(page)] * bool(found)
    return [
        Block(
            each["kind"],
            re.sub(rf"^{each['indent']}", "", each["text"], flags=re.MULTILINE),
            page[each.end() : end],
        )
        for each, end in zip(found, ends, strict=True)
    ]


def commands(block: Block) -> list[str]:
    """The command lines of a shell block, with continued lines joined."""
    return block.text.replace("\\\n", " ").splitlines() if block.kind == "sh" else []
