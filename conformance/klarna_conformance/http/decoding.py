"""Decodes a Content-Encoding that was not requested, up to a limit of the result. Pure."""

import zlib

__all__ = ["NotDecoded", "decoded"]

_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_MOST_LAYERS = 3


class NotDecoded(Exception):
    """A body does not match its Content-Encoding, or the encoding is not supported."""


def decoded(raw: bytes, encodings: str, *, limit: int) -> tuple[bytes, bool]:
    """The decoded body, and whether it exceeds `limit` bytes.

    `encodings` is the value of Content-Encoding. Raises NotDecoded.
    """
    layers = [name for part in encodings.lower().split(",") if (name := part.strip())]
    layers = [name for name in layers if name != "identity"]
    if len(layers) > _MOST_LAYERS:
        raise NotDecoded(f"the body is encoded {len(layers)} times")
    truncated = False
    for name in reversed(layers if raw else []):
        if truncated:
            break
        if name not in _WINDOWS:
            raise NotDecoded(f"the body is encoded as {name[:40]!r}, which was not requested")
        raw, truncated = _inflated(raw, name, limit)
    return raw, truncated


def _inflated(raw: bytes, name: str, limit: int) -> tuple[bytes, bool]:
    window = _WINDOWS[name]
    if name == "deflate" and not _has_zlib_header(raw):
        window = -window  # what some servers send by this name
    parts: list[bytes] = []
    size = 0
    while raw:
        inflating = zlib.decompressobj(window)
        try:
            part = inflating.decompress(raw, limit + 1 - size)
        except zlib.error as exc:
            raise NotDecoded(f"the body is not {name}: {exc}") from exc
        parts.append(part)
        size += len(part)
        if size > limit:
            return b"".join(parts)[:limit], True
        if not inflating.eof:
            raise NotDecoded(f"the body is truncated {name}")
        raw = inflating.unused_data
    return b"".join(parts), False


def _has_zlib_header(raw: bytes) -> bool:
    return len(raw) >= 2 and raw[0] & 0x0F == 8 and int.from_bytes(raw[:2], "big") % 31 == 0
