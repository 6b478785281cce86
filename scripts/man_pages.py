"""Writes a man page for each command to a folder: python scripts/man_pages.py DIR."""

import sys
from importlib.metadata import version
from pathlib import Path

from click_man.core import write_man_pages

from klarna_conformance.cli.main import _group  # pyright: ignore[reportPrivateUsage]


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = "klarna-conformance"
    write_man_pages(name, _group, version=version(name), target_dir=str(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
