"""What is told as a warning of pytest."""

__all__ = ["KlarnaWarning"]


class KlarnaWarning(UserWarning):
    """A recommendation of the documentation is not followed."""
