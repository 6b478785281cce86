"""The candidates of the default plan with their dry runs, which are part of the package.

They spare the first run of a user the planning. `scripts/ship_plan.py` writes the file. It is used
for the specs and strategies that it was made from; what it says of the mock and the judge, a test
compares. A dry run only decides what is sent, never a verdict.
"""

import lzma
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

import msgspec

from klarna_conformance.plan.dry_run_table import DryRunTable
from klarna_specs.cache_files import digest
from klarna_specs.scenario import Scenario
from klarna_specs.spec import Spec

__all__ = ["FILE", "Shipped", "origin", "pack", "packaged", "shipped"]

FILE = Path(__file__).with_name("shipped.json.xz")
_GENERATING = (
    "klarna_strategies",
    "klarna_conformance.drawing",
    "klarna_conformance.openapi.schema_phase",
    "klarna_conformance.openapi.schema_values",
)
"""The packages and modules whose text decides which candidates there are."""


class Shipped(msgspec.Struct, frozen=True, kw_only=True):
    """Candidates for the default seed in all markets, and dry runs of them; and their origin."""

    origin: str
    candidates: tuple[Scenario, ...]
    dry_runs: DryRunTable


def shipped(spec: Spec) -> Shipped | None:
    """What the package holds; None if it was made from other specs or strategies."""
    held = packaged()
    return held if held is not None and held.origin == origin(spec) else None


def pack(made: Shipped) -> bytes:
    """The content of the file."""
    return lzma.compress(msgspec.json.encode(made), preset=lzma.PRESET_EXTREME)


def origin(spec: Spec) -> str:
    """Identifies the specs and the code that generates candidates from them."""
    return digest(spec.fingerprint, _generating())


@cache
def packaged() -> Shipped | None:
    """What the package holds, whatever it was made from; None if it cannot be read."""
    try:
        return msgspec.json.decode(lzma.decompress(FILE.read_bytes()), type=Shipped)
    except (OSError, lzma.LZMAError, msgspec.MsgspecError):
        return None  # planning takes longer then


@cache
def _generating() -> str:
    texts = [path.read_bytes() for name in _GENERATING for path in _sources(name)]
    return digest(*(blake2b(text.replace(b"\r\n", b"\n")).hexdigest() for text in texts))


def _sources(name: str) -> list[Path]:
    found = find_spec(name)
    folders = (found and found.submodule_search_locations) or ()
    if not folders and found and found.origin:
        return [Path(found.origin)]
    return [path for folder in folders for path in sorted(Path(folder).rglob("*.py"))]
