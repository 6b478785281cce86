"""`report.html`: the whole run on one page that needs nothing else and fetches nothing.

Whatever came from a target is untrusted: the page escapes every text, its content security policy
admits its own two scripts and its own style by their hashes and nothing else, and invisible
characters are shown as escapes.
"""

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from klarna_reports.changes import Changes
from klarna_reports.page import page_values
from klarna_reports.record import Record
from klarna_reports.results import Summary
from klarna_reports.shown import visible
from klarna_specs.spec import Spec

__all__ = ["render_html"]

_STYLES = ("report.css", "charts.css", "explorer.css")
_SCRIPTS = ("report.js", "explorer.js")


def render_html(
    spec: Spec, record: Record, summary: Summary, changes: Changes | None = None
) -> str:
    """The record as one HTML page; `changes` are those since an earlier run, if one is given."""
    return _template().render(page_values(spec, record, summary, changes))


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("klarna_reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = "".join(map(_own, _STYLES))
    script = "".join(map(_own, _SCRIPTS))
    shared: dict[str, Any] = environment.globals
    shared.update(
        style=Markup(style),  # noqa: S704 (it is our own file)
        style_hash=_hash(style),
        script=Markup(script),  # noqa: S704
        script_hash=_hash(script),
        explorer_link=_explorer_link,
        passage=_passage,
    )
    return environment.get_template("report.html.j2")


def _own(name: str) -> str:
    return files("klarna_reports").joinpath("templates", name).read_text("utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _visible(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _explorer_link(**state: str) -> str:
    """The link to the explorer in this state: `x` is an exchange, the others are filters."""
    told = "&".join(f"{name}={quote(visible(text), safe='')}" for name, text in state.items())
    return f"#explore?{told}"


def _passage(address: str, section: str) -> str:
    """The address of a section of a page, by its heading."""
    return f"{address}#:~:text={quote(section, safe='')}" if section else address
