"""What the model writes: text, its annotations, refusals."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, left_out, nullable, schema
from openai_conversations.schemas.content import Annotation
from openai_conversations.schemas.responses.events.base import ContentEvent, TextPieceEvent


@schema
class EventTopLogProb(Schema):
    """A token that could have stood at a position; other than in a whole text, everything may be missing."""

    token: str | None = None
    logprob: float | None = None


@schema
class EventLogProb(Schema):
    """A token of the text; other than in a whole text, without the token's bytes."""

    token: str
    logprob: float
    top_logprobs: list[EventTopLogProb] | None = None
    """The most likely tokens at this position, at most 20."""


@schema
class ResponseTextDeltaEvent(TextPieceEvent):
    """The next piece of a text."""

    type: Literal["response.output_text.delta"] = "response.output_text.delta"

    delta: str
    """May end, or begin, with half a surrogate pair: join the pieces before encoding them."""
    logprobs: list[EventLogProb] | None = None
    """Empty unless the request included ``message.output_text.logprobs``; many servers leave it out."""


@schema
class ResponseTextDoneEvent(ContentEvent):
    """A whole text."""

    type: Literal["response.output_text.done"] = "response.output_text.done"

    text: str
    logprobs: list[EventLogProb] | None = None
    """Empty unless the request included ``message.output_text.logprobs``; many servers leave it out."""


@schema
class ResponseOutputTextAnnotationAddedEvent(ContentEvent):
    """A citation in a text."""

    type: Literal["response.output_text.annotation.added"] = "response.output_text.annotation.added"

    annotation_index: int = left_out(default=-1)
    """Which annotation of the part it is; -1 when the server does not say."""
    annotation: Annotation | None = nullable(default=None)


@schema
class ResponseRefusalDeltaEvent(TextPieceEvent):
    """The next piece of a refusal."""

    type: Literal["response.refusal.delta"] = "response.refusal.delta"

    delta: str


@schema
class ResponseRefusalDoneEvent(ContentEvent):
    """A whole refusal."""

    type: Literal["response.refusal.done"] = "response.refusal.done"

    refusal: str
