"""Copies the spec files into a new folder, for `--specs`: `python -m klarna_specs DIRECTORY`."""

import shutil
import sys
from pathlib import Path

from klarna_specs.loader import SPEC_DIRECTORY

__all__ = ["main"]


def main(arguments: list[str]) -> None:
    """Copies YAML files and schemas; ends with a message where the folder exists."""
    if len(arguments) != 1:
        sys.exit("usage: python -m klarna_specs DIRECTORY")
    directory = Path(arguments[0])
    try:
        ignored = shutil.ignore_patterns("*.py", "*.pyc", "__pycache__", "py.typed")
        shutil.copytree(SPEC_DIRECTORY, directory, ignore=ignored)
    except OSError as exc:
        sys.exit(f"{directory} cannot be written: {exc.strerror or exc}; name a new folder")
    sys.stdout.write(f"Written: {directory}. Use it with --specs {directory}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
