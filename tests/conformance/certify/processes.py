"""The odd adapter, and whether a process still runs."""

from pathlib import Path

__all__ = ["ODD", "is_running"]

ODD = Path(__file__).parent / "odd_adapter.py"


def is_running(pid: str | int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
