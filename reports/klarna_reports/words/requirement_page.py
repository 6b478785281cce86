"""The page of a requirement on the documentation site.

The address of the site is in KLARNA_CONFORMANCE_SITE, for a team that publishes its own, or else
`Documentation` among the project's URLs, in its metadata.
"""

import os
from functools import cache
from importlib.metadata import metadata

from klarna_specs.loader import load

__all__ = ["requirement_page"]


def requirement_page(identifier: str) -> str:
    """The address of the page; empty without a published site, and for a user's own requirement."""
    site = _site()
    return f"{site}/requirements/{identifier}/" if site and identifier in _described() else ""


@cache
def _site() -> str:
    if own := os.environ.get("KLARNA_CONFORMANCE_SITE"):
        return own.rstrip("/")
    urls = metadata("klarna-conformance").get_all("Project-URL") or ()
    named = dict(url.split(", ", 1) for url in urls)
    return named.get("Documentation", "").rstrip("/")


@cache
def _described() -> frozenset[str]:
    """The requirements of the packaged specs, which the site describes."""
    spec = load()
    servers = (requirement for each in spec.documented for requirement in each.requirements)
    return frozenset(each.id for each in (*servers, *spec.client_requirements))
