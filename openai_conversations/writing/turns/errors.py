"""
What goes wrong with a turn, and what is known of it then.

    APIError
    ├── AmbiguousWriteError
    │   ├── TurnLostError            its items are in the conversation, its response cannot be had; has the items
    │   └── StreamInterruptedError   its stream ended before it did; has the text so far
    ├── ResponseFailedError          the service says that it failed; has the response
    ├── ResponseIncompleteError      it ended at a limit; has the response
    └── OutputParseError             its text stands for no object of the class that was asked for; has the response
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openai_conversations.errors import AmbiguousWriteError, APIError, Attempt, RequestInfo

if TYPE_CHECKING:
    from openai_conversations.schemas.items import ConversationItem
    from openai_conversations.schemas.responses.response import Response


class TurnLostError(AmbiguousWriteError):
    """
    A turn whose input its conversation shows, and perhaps its output, and whose response cannot be had.

    No item names its response: what another writer sent meanwhile, and is the same, cannot be told from it.

    Attributes:
        items: What stands in the conversation behind the item that was its last before: the input, and the output as
            far as it is there.
        response: The response, when it can be had and its conversation does not hold it; else ``None``.
    """

    def __init__(
        self,
        message: str,
        request: RequestInfo | None,
        *,
        known: str,
        items: list[ConversationItem],
        response: Response | None = None,
        last_item_id: str | None,
        attempts: tuple[Attempt, ...] = (),
    ) -> None:
        stored = tuple(item.id for item in items)
        super().__init__(message, request, known=known, stored=stored, last_item_id=last_item_id, attempts=attempts)
        self.items = items
        self.response = response


class StreamInterruptedError(AmbiguousWriteError):
    """
    The stream of a turn that ended before the turn did, and how it went on could not be found out.

    Attributes:
        response_id: Its id, for ``responses.retrieve``; ``None`` when the stream broke before it came.
        sequence_number: The number of the last event that had one; ``None`` when none had.
        text: The text so far.
        response: The response as the service showed it last; ``None`` when it did not.
    """

    def __init__(
        self,
        message: str,
        request: RequestInfo | None,
        *,
        known: str,
        response_id: str | None,
        sequence_number: int | None,
        text: str,
        response: Response | None = None,
        last_item_id: str | None = None,
        attempts: tuple[Attempt, ...] = (),
    ) -> None:
        super().__init__(message, request, known=known, stored=None, last_item_id=last_item_id, attempts=attempts)
        self.response_id = response_id
        self.sequence_number = sequence_number
        self.text = text
        self.response = response


class OutputParseError(APIError):
    """
    The text of a complete response does not stand for an object of the class that was asked for.

    Attributes:
        response: The response.
    """

    def __init__(self, message: str, request: RequestInfo | None, *, response: Response) -> None:
        super().__init__(message, request)
        self.response = response


class ResponseFailedError(APIError):
    """
    A turn that failed: the service says so.

    Attributes:
        response: The response with what was made of it; ``None`` when the service only sent an error.
    """

    def __init__(self, message: str, request: RequestInfo | None, *, response: Response | None, body: Any) -> None:
        super().__init__(message, request, body=body)
        self.response = response


class ResponseIncompleteError(APIError):
    """
    A turn that ended before it was whole, for instance at ``max_output_tokens``.

    Attributes:
        response: The response with what was made of it.
    """

    def __init__(self, message: str, request: RequestInfo | None, *, response: Response) -> None:
        super().__init__(message, request)
        self.response = response
