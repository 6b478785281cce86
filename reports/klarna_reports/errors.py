"""Errors while records are read and merged.

Opening the journal and reading its lines raise `JournalError`. An interrupted run is no error: its
record has no footer. Merging records that are not shards of one run raises `MergeError`, comparing
records with nothing in common `ComparisonError`.
"""

__all__ = ["ComparisonError", "JournalError", "MergeError"]


class JournalError(Exception):
    """A journal cannot be read: which file, which line (from 1; 0 is all of it), and why.

    >>> print(JournalError("journal.ndjson", 3, "the line cannot be read"))
    journal.ndjson:3: the line cannot be read
    """

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(file, line, problem)
        self.file = file
        self.line = line
        self.problem = problem

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.problem}"


class MergeError(Exception):
    """The records are not the shards of one run; the message says why.

    >>> try:
    ...     merged([record, record])
    ... except MergeError as error:
    ...     print(error)
    only shards of a run (`run --shard I/N`) can be merged, not whole runs
    """


class ComparisonError(Exception):
    """The records cannot be compared; the message says why.

    >>> try:
    ...     compared_folders(spec, [Path("conformance-report")])
    ... except ComparisonError as error:
    ...     print(error)
    a comparison needs the folders of two runs or more
    """
