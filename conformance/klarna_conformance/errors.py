"""What can go wrong in a run, in its order.

The command line is read (`UsageError`, exit 2), the specs are loaded (`klarna_specs.SpecError`,
exit 2), the output folder is made (`UsageError`), the target is tried (`PreflightError`, exit 4).
From then on whatever a target does is a finding, and any exception is a defect of ours (exit 5).
"""

__all__ = ["AdapterError", "ConformanceError", "PreflightError", "UsageError"]


class ConformanceError(Exception):
    """A run cannot start or go on; the message says why and what to do."""

    exit_code = 5


class UsageError(ConformanceError):
    """The command line, a file or a folder is not as it has to be."""

    exit_code = 2


class PreflightError(ConformanceError):
    """The target cannot be reached, refuses the credentials, or no order can be had there."""

    exit_code = 4


class AdapterError(ConformanceError):
    """The adapter of a client does not keep the protocol; nothing is said of the client."""

    exit_code = 2
