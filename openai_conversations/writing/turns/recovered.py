"""
Events that no server has sent: how a turn went on after its connection broke, as the service told afterwards.

Each is of the class of the event that would have come, with ``is_recovered`` true and without a sequence number.
"""

from __future__ import annotations

from typing import ClassVar

from openai_conversations.schemas.responses.events.arguments import (
    ResponseCustomToolCallInputDeltaEvent,
    ResponseFunctionCallArgumentsDeltaEvent,
    ResponseMcpCallArgumentsDeltaEvent,
)
from openai_conversations.schemas.responses.events.base import UnknownEvent
from openai_conversations.schemas.responses.events.items import ResponseOutputItemDoneEvent
from openai_conversations.schemas.responses.events.lifecycle import (
    ResponseCompletedEvent,
    ResponseCreatedEvent,
    ResponseErrorEvent,
    ResponseFailedEvent,
    ResponseIncompleteEvent,
)
from openai_conversations.schemas.responses.events.text import ResponseRefusalDeltaEvent, ResponseTextDeltaEvent


class RecoveredTextDelta(ResponseTextDeltaEvent):
    """The rest of a text, in one piece."""

    __slots__ = ()
    is_recovered: ClassVar[bool] = True


class RecoveredRefusalDelta(ResponseRefusalDeltaEvent):
    """The rest of a refusal, in one piece."""

    __slots__ = ()
    is_recovered: ClassVar[bool] = True


class RecoveredArgumentsDelta(ResponseFunctionCallArgumentsDeltaEvent):
    """The rest of the arguments of a function, in one piece."""

    __slots__ = ()
    is_recovered: ClassVar[bool] = True


class RecoveredInputDelta(ResponseCustomToolCallInputDeltaEvent):
    """The rest of the input of a custom tool, in one piece."""

    __slots__ = ()
    is_recovered: ClassVar[bool] = True


class RecoveredMcpArgumentsDelta(ResponseMcpCallArgumentsDeltaEvent):
    """The rest of the arguments of an MCP tool, in one piece."""

    __slots__ = ()
    is_recovered: ClassVar[bool] = True


class RecoveredItemDone(ResponseOutputItemDoneEvent):
    """An item that became whole after the connection broke."""

    __slots__ = ()
    is_recovered: ClassVar[bool] = True


class RecoveredCreated(ResponseCreatedEvent):
    """The beginning of a response that came in one piece."""

    __slots__ = ()
    is_recovered: ClassVar[bool] = True


class RecoveredCompleted(ResponseCompletedEvent):
    """The end."""

    __slots__ = ()
    is_recovered: ClassVar[bool] = True


class RecoveredIncomplete(ResponseIncompleteEvent):
    """The end before the response was whole."""

    __slots__ = ()
    is_recovered: ClassVar[bool] = True


class RecoveredFailed(ResponseFailedEvent):
    """The end of a response that failed."""

    __slots__ = ()
    is_recovered: ClassVar[bool] = True


class RecoveredCancelled(UnknownEvent):
    """The end of a response that was cancelled, as servers that have an event for it send it."""

    __slots__ = ()
    is_recovered: ClassVar[bool] = True


class RecoveredError(ResponseErrorEvent):
    """An error that came as JSON instead of a stream."""

    __slots__ = ()
    is_recovered: ClassVar[bool] = True
