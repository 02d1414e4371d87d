"""
What the operations raise besides the errors of the calls that they make.

    ConversationsError
    └── OperationError                         an operation could not do what was asked
        ├── AppendIncompleteError              an append of many items that stopped; says what is stored
        ├── ArchiveError (also ValueError)     a file that is not a whole conversation; names the line
        ├── CopyIncompleteError                a fork or an import that stopped half way; names the conversation
        ├── EraseIncompleteError               the server does not delete items, or goes on listing what it deleted
        ├── ImportConflictError                the target of an import holds something else
        ├── MetadataConflictError              the metadata did not stay as it was written
        ├── MissingExtraError (also ImportError)  a library is not installed; names the extra that brings it
        ├── NoSuchItemError                    the conversation has no such item
        ├── RepairIncompleteError              a repair that stopped half way; says what was done
        ├── RunIncompleteError                 a run of turns that stopped before the model was done
        ├── OutdatedPlanError                  the conversation is not any more what the plan was made for
        ├── TrimIncompleteError                a trim stopped half way, or the server does not delete items
        └── TurnTooLongError                   the newest turn alone has more tokens than a conversation may have
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openai_conversations.errors import OperationError

if TYPE_CHECKING:
    from openai_conversations.operations.repair.plans import RepairPlan, RepairStep
    from openai_conversations.operations.turns.tools import ToolCall
    from openai_conversations.schemas.responses.response import Response


class ArchiveError(OperationError, ValueError):
    """
    A file cannot be read as a conversation; nothing was sent.

    Attributes:
        line: The first line that is wrong, counted from 1; ``None`` when it cannot be told.
    """

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.line = line


class CopyIncompleteError(OperationError):
    """
    A fork or an import stopped half way; the cause is chained as ``__cause__``.

    Importing the same file into :attr:`conversation_id` again goes on where it stopped; a fork that is not wanted any
    more can be erased.

    Attributes:
        conversation_id: The conversation that was being filled.
        stored: How many items are in it for certain.
        total: How many there should be.
    """

    def __init__(self, message: str, *, conversation_id: str, stored: int, total: int) -> None:
        super().__init__(message)
        self.conversation_id = conversation_id
        self.stored = stored
        self.total = total


class EraseIncompleteError(OperationError):
    """
    The server does not delete items, goes on listing items that it said it deleted, or lists items that have no id.

    Attributes:
        conversation_id: The conversation; it was not deleted.
        deleted: How many items the server said it deleted.
        left: The ids of the items that are still listed.
    """

    def __init__(self, message: str, *, conversation_id: str, deleted: int, left: tuple[str, ...]) -> None:
        super().__init__(message)
        self.conversation_id = conversation_id
        self.deleted = deleted
        self.left = left


class ImportConflictError(OperationError):
    """
    The target of an import holds something else than the beginning of the file; nothing was sent.

    Attributes:
        conversation_id: The target.
        index: The first item that differs, counted from 0.
    """

    def __init__(self, message: str, *, conversation_id: str, index: int) -> None:
        super().__init__(message)
        self.conversation_id = conversation_id
        self.index = index


class MetadataConflictError(OperationError):
    """
    The metadata did not stay as it was written: somebody else writes it, or the server merges what it should replace.

    Attributes:
        conversation_id: The conversation.
        keys: The keys that are not as asked.
    """

    def __init__(self, message: str, *, conversation_id: str, keys: tuple[str, ...]) -> None:
        super().__init__(message)
        self.conversation_id = conversation_id
        self.keys = keys


class MissingExtraError(OperationError, ImportError):
    """
    A library that only this operation needs is not installed.

    Attributes:
        extra: The extra that brings it, such as ``html``.
    """

    def __init__(self, message: str, *, extra: str) -> None:
        super().__init__(message)
        self.extra = extra


class NoSuchItemError(OperationError):
    """
    The conversation has no such item.

    Attributes:
        conversation_id: The conversation.
        item_id: The item.
    """

    def __init__(self, message: str, *, conversation_id: str, item_id: str) -> None:
        super().__init__(message)
        self.conversation_id = conversation_id
        self.item_id = item_id


class OutdatedPlanError(OperationError):
    """
    The conversation is not any more what the plan was made for; nothing was changed.

    Attributes:
        conversation_id: The conversation.
    """

    def __init__(self, message: str, *, conversation_id: str) -> None:
        super().__init__(message)
        self.conversation_id = conversation_id


class RepairIncompleteError(OperationError):
    """
    A repair that stopped half way; the failed call is chained as ``__cause__``.

    Repairing again, without the plan, plans what is left and does it.

    Attributes:
        conversation_id: The conversation.
        plan: What was to be done.
        done: The steps that were done, in order.
    """

    def __init__(self, message: str, *, conversation_id: str, plan: RepairPlan, done: tuple[RepairStep, ...]) -> None:
        super().__init__(message)
        self.conversation_id = conversation_id
        self.plan = plan
        self.done = done

    @property
    def left(self) -> tuple[RepairStep, ...]:
        """The steps that were not done; what became of those of the call that failed may be unknown."""
        return self.plan.steps[len(self.done) :]


class RunIncompleteError(OperationError):
    """
    A run that stopped after functions were called, or at calls that cannot be answered; ``__cause__`` is the cause.

    Attributes:
        conversation_id: The conversation.
        calls: What was called, with the outputs, in order.
        response: The last response that came.
        is_closed: Whether every call has its output in the conversation, by what the service answered. Otherwise
            ``repair`` closes those that lack one.
    """

    def __init__(
        self, message: str, *, conversation_id: str, calls: tuple[ToolCall, ...], response: Response, is_closed: bool
    ) -> None:
        super().__init__(message)
        self.conversation_id = conversation_id
        self.calls = calls
        self.response = response
        self.is_closed = is_closed


class TrimIncompleteError(OperationError):
    """
    A trim stopped half way, the server does not delete items, or its count does not follow the deletions.

    A failed call is chained as ``__cause__``. Trimming again goes on where it stopped.

    Attributes:
        conversation_id: The conversation.
        deleted: The ids of the items that this run deleted, in order.
        left: The ids of those that it was about to delete, in order.
    """

    def __init__(self, message: str, *, conversation_id: str, deleted: tuple[str, ...], left: tuple[str, ...]) -> None:
        super().__init__(message)
        self.conversation_id = conversation_id
        self.deleted = deleted
        self.left = left


class TurnTooLongError(OperationError):
    """
    The newest turn alone has more tokens than a conversation may have, with what stays at its start.

    Attributes:
        conversation_id: The conversation.
        tokens: How many it has, by the service's count.
        max_tokens: How many were allowed.
        deleted: The ids of the items that were deleted before the service's count of the conversation said so;
            usually none.
    """

    def __init__(
        self, message: str, *, conversation_id: str, tokens: int, max_tokens: int, deleted: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.conversation_id = conversation_id
        self.tokens = tokens
        self.max_tokens = max_tokens
        self.deleted = deleted
