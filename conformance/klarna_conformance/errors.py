"""The errors of a run, in the order of its steps.

The command line is read (`UsageError`, exit 2), the specs are loaded (`klarna_specs.SpecError`,
exit 2), the output folder is made (`UsageError`), the target is checked (`PreflightError`, exit 4).
From then on whatever a target does is a finding, and any exception is a defect of ours (exit 5).
"""

__all__ = ["AdapterError", "ConformanceError", "PreflightError", "UsageError"]


class ConformanceError(Exception):
    """A run cannot start or continue; the message says why and what to do."""

    exit_code = 5


class UsageError(ConformanceError):
    """The command line, a file or a folder is wrong."""

    exit_code = 2


class PreflightError(ConformanceError):
    """The target cannot be reached, refuses the credentials, or provides no order."""

    exit_code = 4


class AdapterError(ConformanceError):
    """The adapter of a client violates the protocol; that says nothing about the client."""

    exit_code = 2
