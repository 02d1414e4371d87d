"""
What a bulk run raises besides the errors of its calls.

    OperationError
    ├── BulkStoppedError                     a run that stopped before its end; the ledger resumes it
    │   └── NothingFoundError                … because nothing that was asked for is there
    └── IdsFileError (also ValueError)       a line of a file has no id
"""

from __future__ import annotations

from openai_conversations.errors import OperationError


class BulkStoppedError(OperationError):
    """
    A run stopped because nothing succeeds any more; the last failure is chained as ``__cause__``.

    The ledger holds what is done: running again goes on where this run stopped.
    """


class NothingFoundError(BulkStoppedError):
    """A run met nothing but 404: the base URL, the key's project or the ids are probably wrong."""


class IdsFileError(OperationError, ValueError):
    """
    A line of a file of ids holds none.

    Attributes:
        line: The line, counted from 1.
    """

    def __init__(self, message: str, *, line: int) -> None:
        super().__init__(message)
        self.line = line
