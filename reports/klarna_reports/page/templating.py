"""Templates of self-contained pages that treat every text as untrusted.

A page escapes all values, its content security policy allows only its own style and scripts by
hash, and invisible characters are shown as escape sequences.
"""

import base64
import hashlib
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from platform import python_version
from typing import Any

from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined, Template
from jinja2.bccache import Bucket
from markupsafe import Markup

from klarna_reports.page.shown import visible
from klarna_reports.words.wording import day, moment
from klarna_specs.cache_files import cache_folder, digest, read_cached, write_cached

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
        bytecode_cache=_Compiled(),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(day=day, moment=moment)
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


class _Compiled(BytecodeCache):
    """Compiled templates in the user's cache: to compile them takes longer than to render them."""

    def load_bytecode(self, bucket: Bucket) -> None:
        if (compiled := read_cached(_place(bucket))) is not None:
            bucket.bytecode_from_string(compiled)

    def dump_bytecode(self, bucket: Bucket) -> None:
        write_cached(_place(bucket), bucket.bytecode_to_string())


def _place(bucket: Bucket) -> Path | None:
    """The file of a template; its name depends on the text, this module and the libraries."""
    folder = cache_folder()
    versions = (python_version(), version("jinja2"), version("markupsafe"))
    name = digest(bucket.key, bucket.checksum, _own_text(), *versions)
    return folder and folder / "templates" / name


@cache
def _own_text() -> str:
    return Path(__file__).read_text("utf-8")


def _own(name: str) -> str:
    return files("klarna_reports").joinpath("templates", name).read_text("utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _visible(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
