"""Files in the user's cache folder: written whole or not at all, and verified when they are read.

Whatever a file holds can be made again: a missing, damaged or unwritable one only costs time. The
name of a file identifies everything that its content depends on.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

import msgspec
from platformdirs import user_cache_path

__all__ = [
    "DIRECTORY_VARIABLE",
    "cache_folder",
    "cached",
    "decoded_folder",
    "digest",
    "read_cached",
    "write_cached",
]

T = TypeVar("T")
DIRECTORY_VARIABLE = "KLARNA_CONFORMANCE_CACHE"
"""The environment variable with another folder than the user's; empty disables the cache."""
_FILES = 24
"""The number of files that a folder keeps: the most recently used ones."""


def cache_folder() -> Path | None:
    """The user's folder, or the one that the environment variable names; None for no cache."""
    named = os.environ.get(DIRECTORY_VARIABLE)
    if named is None:
        return user_cache_path("klarna-conformance")
    return Path(named) if named else None


def decoded_folder() -> Path | None:
    """The folder of what was decoded from YAML, if there is one."""
    folder = cache_folder()
    return folder and folder / "decoded"


def digest(*parts: str) -> str:
    """Identifies texts: 32 hexadecimal digits."""
    return blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def cached(folder: Path | None, name: str, shape: type[T], make: Callable[[], T]) -> T:
    """What `make` answers, or what it answered before; it is of this shape.

    A value that changes when it is written and read is made each time.
    """
    path = folder and folder / name
    if (content := read_cached(path)) is not None:
        with contextlib.suppress(ValueError, msgspec.MsgspecError):
            return msgspec.json.decode(content, type=shape)
    made = make()
    with contextlib.suppress(TypeError, ValueError, msgspec.MsgspecError):
        content = msgspec.json.encode(made)
        if msgspec.json.decode(content, type=shape) == made:
            write_cached(path, content)
    return made


def read_cached(path: Path | None) -> bytes | None:
    """The content of a file; None if there is none, or if it is damaged."""
    if path is None:
        return None
    try:
        checksum, content = path.read_bytes().split(b"\n", 1)
        if checksum != _checksum(content):
            return None
        os.utime(path)
    except (OSError, ValueError):
        return None
    return content


def write_cached(path: Path | None, content: bytes) -> None:
    """Writes a whole file or none, and deletes files of its folder that were not used lately."""
    if path is None:
        return
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(_checksum(content) + b"\n" + content)
        Path(file.name).replace(path)
        files = [each for each in path.parent.iterdir() if each.is_file()]
        for old in sorted(files, key=_used, reverse=True)[_FILES:]:
            old.unlink(missing_ok=True)


def _checksum(content: bytes) -> bytes:
    return blake2b(content).hexdigest().encode()


def _used(path: Path) -> float:
    return path.stat().st_mtime
