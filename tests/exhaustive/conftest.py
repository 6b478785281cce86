"""The fixtures of the tests of klarna_conformance."""

from ..conformance.conftest import (
    anyio_backend,
    cli,
    environment,
    hostile,
    serve_mock,
    served,
    shared_run,
    target_file,
)

__all__ = [
    "anyio_backend",
    "cli",
    "environment",
    "hostile",
    "serve_mock",
    "served",
    "shared_run",
    "target_file",
]
