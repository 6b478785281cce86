"""MkDocs' side of the documentation site: adds the generated pages, and links what pages name.

`mkdocs.yml` names this file as hooks and as an extension of griffe.
"""

import os
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).parent))

from site_pages import known_names, linked, pages

__all__ = ["Docstrings", "on_config", "on_files", "on_page_markdown", "on_post_page"]

_ROOT = Path(__file__).parents[1]


class Docstrings(griffe.Extension):
    """Fences the examples in docstrings, and adds the members of values to them."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring:  # Markdown reads an example as a quotation otherwise
            fenced = r"```pycon\n\g<0>\n```"
            example = r"^>>> .*(?:\n(?!\s*$).+)*"
            obj.docstring.value = re.sub(example, fenced, obj.docstring.value, flags=re.MULTILINE)

    def on_class_members(self, *, cls: griffe.Class, **_: Any) -> None:
        fields = [
            f"{name}: {each.annotation}" + (f" = {each.value}" if each.value else "")
            for name, each in cls.attributes.items()
            if each.annotation and "property" not in each.labels and not name.startswith("_")
        ]
        if cls.docstring and fields:
            cls.docstring.value += "\n\n```python\n" + "\n".join(fields) + "\n```"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The address is that of the links in reports, and folders in `nav` mean their pages."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    published = project.get("urls", {}).get("Documentation")
    config.site_url = os.environ.get("KLARNA_CONFORMANCE_SITE") or published
    config.extra["pages"] = pages()
    config.nav = _expanded(config.nav, sorted(config.extra["pages"]))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for path, text in config.extra["pages"].items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """Links requirements and commands that a written page names, and files outside of `docs`.

    A page beside no others has no use for a list of them.
    """
    path = page.file.src_uri
    if page.parent is None:
        page.meta["hide"] = ["navigation"]
    return markdown if path in config.extra["pages"] else linked(markdown, known_names())


def on_post_page(output: str, **_: Any) -> str:
    """The dialog of the search gets the name that the theme leaves out."""
    return output.replace('role="dialog"', 'role="dialog" aria-label="Search"', 1)


def _expanded(nav: Any, paths: list[str]) -> Any:
    match nav:
        case list():
            return [_expanded(each, paths) for each in nav]
        case dict():
            return {title: _expanded(each, paths) for title, each in nav.items()}
        case str() if nav.endswith("/"):
            inside = [path for path in paths if path.startswith(nav) and path.endswith(".md")]
            return sorted(inside, key=lambda path: not path.endswith("/index.md"))
        case _:
            return nav
