"""What the model reasons, and its summaries."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import left_out, schema
from openai_conversations.schemas.content import SummaryText
from openai_conversations.schemas.responses.events.base import ContentEvent, ItemEvent
from openai_conversations.schemas.unknown import UnknownContent


@schema
class SummaryEvent(ItemEvent):
    """Something happened to a summary."""

    summary_index: int = left_out(default=-1)
    """Which part of the item's summary it is; -1 when the server does not say."""


@schema
class ResponseReasoningTextDeltaEvent(ContentEvent):
    """The next piece of the reasoning."""

    type: Literal["response.reasoning_text.delta"] = "response.reasoning_text.delta"

    delta: str


@schema
class ResponseReasoningTextDoneEvent(ContentEvent):
    """A whole part of the reasoning."""

    type: Literal["response.reasoning_text.done"] = "response.reasoning_text.done"

    text: str


@schema
class ResponseReasoningSummaryPartAddedEvent(SummaryEvent):
    """A new part of a summary."""

    type: Literal["response.reasoning_summary_part.added"] = "response.reasoning_summary_part.added"

    part: SummaryText | UnknownContent


@schema
class ResponseReasoningSummaryPartDoneEvent(SummaryEvent):
    """A part of a summary that has ended."""

    type: Literal["response.reasoning_summary_part.done"] = "response.reasoning_summary_part.done"

    part: SummaryText | UnknownContent
    status: Literal["incomplete"] | str | None = None
    """``None`` when the part is whole."""


@schema
class ResponseReasoningSummaryTextDeltaEvent(SummaryEvent):
    """The next piece of a summary."""

    type: Literal["response.reasoning_summary_text.delta"] = "response.reasoning_summary_text.delta"

    delta: str


@schema
class ResponseReasoningSummaryTextDoneEvent(SummaryEvent):
    """The whole text of a part of a summary."""

    type: Literal["response.reasoning_summary_text.done"] = "response.reasoning_summary_text.done"

    text: str
