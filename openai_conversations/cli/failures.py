"""What people see when something goes wrong: one line on standard error, and an exit code."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Final

from openai_conversations import errors
from openai_conversations.bulk import errors as bulk_errors
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.render.text import clean
from openai_conversations.operations import errors as operations
from openai_conversations.storage.errors import DatabaseError
from openai_conversations.writing.resume import AppendIncompleteError


class CommandError(Exception):
    """
    A command that cannot go on.

    Attributes:
        exit: The exit code.
    """

    def __init__(self, message: str, exit: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.exit = exit


class StoppedError(Exception):
    """
    Somebody stopped a run over many conversations.

    Attributes:
        ledger: The file that says what is done; ``None`` when there is none.
    """

    def __init__(self, ledger: str | None) -> None:
        super().__init__("stopped")
        self.ledger = ledger


# The first class that fits counts, so the special ones come first.
_CODES: Final[Mapping[type[Exception], Exit]] = {
    errors.ConfigurationError: Exit.CONFIGURATION,
    errors.InvalidArgumentError: Exit.USAGE,
    errors.AmbiguousWriteError: Exit.UNKNOWN_OUTCOME,
    errors.AuthenticationError: Exit.NOT_ALLOWED,
    errors.PermissionDeniedError: Exit.NOT_ALLOWED,
    errors.NotFoundError: Exit.NOT_FOUND,
    errors.RateLimitError: Exit.UNAVAILABLE,
    errors.InternalServerError: Exit.UNAVAILABLE,
    errors.APIStatusError: Exit.REFUSED,
    errors.APIConnectionError: Exit.UNAVAILABLE,
    errors.APIResponseValidationError: Exit.UNAVAILABLE,
    errors.PaginationStalledError: Exit.UNAVAILABLE,
    operations.ArchiveError: Exit.BAD_INPUT,
    operations.ImportConflictError: Exit.REFUSED,
    operations.MissingExtraError: Exit.CONFIGURATION,
    operations.NoSuchItemError: Exit.NOT_FOUND,
    operations.OutdatedPlanError: Exit.REFUSED,
    bulk_errors.NothingFoundError: Exit.NOT_FOUND,
    bulk_errors.BulkStoppedError: Exit.UNAVAILABLE,
    bulk_errors.IdsFileError: Exit.BAD_INPUT,
    DatabaseError: Exit.BAD_INPUT,
    errors.ConversationsError: Exit.FAILED,
    OSError: Exit.BAD_INPUT,
    UnicodeEncodeError: Exit.BAD_INPUT,
}

# What stands first in the message of a setting that cannot be used.
_OPTIONS: Final[Mapping[str, str]] = {
    "api_key": "the key of --api-key-file",
    "base_url": "--base-url",
    "profile": "--profile",
}

_HALF_WAY: Final = (AppendIncompleteError, operations.CopyIncompleteError, operations.RepairIncompleteError)

EXPECTED: Final[tuple[type[Exception], ...]] = (CommandError, *_CODES)
"""Failures that are no fault of this program; anything else is shown with its traceback."""


def exit_code(error: BaseException) -> Exit:
    """The exit code for a failure; one that stopped half way counts as what stopped it."""
    if isinstance(error, CommandError):
        return error.exit
    if isinstance(error, AppendIncompleteError) and error.unknown:
        return Exit.UNKNOWN_OUTCOME
    if isinstance(error, _HALF_WAY) and error.__cause__ is not None:
        return exit_code(error.__cause__)
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), Exit.FAILED)


def explain(error: BaseException) -> str:
    """One line for people."""
    if isinstance(error, OSError):
        return clean(_os_error(error))
    if isinstance(error, UnicodeEncodeError):
        return clean(f"{error.object!r}: this locale ({error.encoding}) has no such file names")
    text = " ".join(_words(error).split()) or type(error).__name__
    request_id = _request_id(error)
    return clean(f"{text} (request id {request_id})" if request_id else text)


def _request_id(error: BaseException | None) -> str | None:
    """Of the error, or of what stopped it half way."""
    found = getattr(error, "request_id", None)
    if found is None and isinstance(error, _HALF_WAY):
        return _request_id(error.__cause__)
    return found if isinstance(found, str) else None


def _words(error: BaseException) -> str:
    """What an error says; a setting is called by its option, and advice for people who write Python is left out."""
    if not isinstance(error, errors.ConfigurationError):
        return str(error)
    keyword, _, rest = error.problem.partition(" ")
    return f"{_OPTIONS.get(keyword, keyword)} {rest}"


def _os_error(error: OSError) -> str:
    said = error.strerror or str(error) or type(error).__name__
    if error.filename is None:
        return said
    if error.errno == errno.ENOENT:
        said = "no such file"
    return f"{error.filename}: {said}"
