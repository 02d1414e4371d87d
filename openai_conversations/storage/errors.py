"""
What is raised when a SQLite file of ours cannot be used.

    OperationError
    └── DatabaseError        a SQLite file that cannot be opened, read or written, is in use, or is something else
        ├── LedgerError      … the ledger of a bulk run
        └── RegistryError    … a registry
"""

from __future__ import annotations

from openai_conversations.errors import OperationError


class DatabaseError(OperationError):
    """A SQLite file that cannot be opened, read or written, is in use, or is something else."""


class LedgerError(DatabaseError):
    """A ledger that cannot be used, is in use, or belongs to another operation."""


class RegistryError(DatabaseError):
    """A registry that cannot be used. Raised by a call of the client, it says that nothing was sent."""
