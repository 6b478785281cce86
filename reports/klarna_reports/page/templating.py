"""Templates of self-contained pages that treat every text as untrusted.

A page escapes all values, its content security policy allows only its own style and scripts by
hash, and invisible characters are shown as escape sequences.
"""

import base64
import hashlib
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from klarna_reports.page.shown import visible
from klarna_reports.words.wording import moment

__all__ = ["page_template"]


@lru_cache(maxsize=4)
def page_template(
    name: str,
    *,
    styles: tuple[str, ...],
    scripts: tuple[str, ...] = (),
    functions: tuple[tuple[str, Callable[..., str]], ...] = (),
) -> Template:
    """The template of this name, with these functions as globals (also in macros).

    `style`, `style_hash`, `script` and `script_hash` are globals too.
    """
    environment = Environment(
        loader=PackageLoader("klarna_reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = moment
    style = "".join(map(_own, styles))
    script = "".join(map(_own, scripts))
    shared: dict[str, Any] = environment.globals
    shared.update(
        style=Markup(style),  # noqa: S704 (it is our own file)
        style_hash=_hash(style),
        script=Markup(script),  # noqa: S704
        script_hash=_hash(script),
    )
    shared.update(functions)
    return environment.get_template(name)


def _own(name: str) -> str:
    return files("klarna_reports").joinpath("templates", name).read_text("utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _visible(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
