"""Errors of loading the specs, in the order in which they occur.

A file is read (`SpecFileError`: YAML that cannot be parsed, a value of the wrong shape, an unknown
name), then its expressions are compiled (`RuleError`).
"""

__all__ = ["RuleError", "SpecError", "SpecFileError"]


class SpecError(Exception):
    """The specs cannot be used.

    >>> try:
    ...     load(Path("no-such-directory"))
    ... except SpecError:
    ...     print("no specs there")
    no specs there
    """


class SpecFileError(SpecError):
    """An error in a spec file: the file, the line (from 1), and the correction.

    >>> print(SpecFileError("refund-order.yaml", 12, "unknown level 'SHALL'"))
    refund-order.yaml:12: unknown level 'SHALL'
    """

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(file, line, problem)
        self.file = file
        self.line = line
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}"


class RuleError(SpecError):
    """An expression of the specs cannot be compiled."""

    def __init__(self, expression: str, problem: str) -> None:
        super().__init__(expression, problem)
        self.expression = expression
        self.problem = problem

    def __str__(self) -> str:
        return f"the expression {self.expression!r} cannot be used: {self.problem}"
