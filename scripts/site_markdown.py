"""Pieces of Markdown that generated pages are made of."""

import re
from collections.abc import Iterable, Sequence

__all__ = ["cell", "code", "either", "fence", "joined", "slug", "table"]


def slug(title: str) -> str:
    """The anchor that Python-Markdown gives a heading."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower())


def joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def fence(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def cell(text: str) -> str:
    """Text in one line that does not end a cell, nor start HTML."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("[", "\\[")


def code(text: str) -> str:
    """A code span for a cell."""
    return f"`{' '.join(text.split())}`".replace("|", "\\|")


def either(names: Iterable[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)
