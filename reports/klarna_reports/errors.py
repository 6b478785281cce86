"""What can go wrong while a record is read.

The file is opened, then its lines are read one by one: both are told by `JournalError`. A record
that was cut short is no error; it has no footer. Records that are not parts of one run cannot be
merged (`MergeError`).
"""

__all__ = ["JournalError", "MergeError"]


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
    """Records are not the parts of one run; the message says why.

    >>> try:
    ...     merged([record, record])
    ... except MergeError as error:
    ...     print(error)
    only parts of one run (`run --shard I/N`) can be merged, not whole runs
    """
