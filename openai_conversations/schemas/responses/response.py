"""A turn of a model, and what the API says when one is deleted or compacted."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from openai_conversations.schemas.base import Schema, left_out, nullable, schema
from openai_conversations.schemas.content import OutputText
from openai_conversations.schemas.items import ConversationItem
from openai_conversations.schemas.items.message import Message
from openai_conversations.schemas.responses.configuration import (
    PromptCacheOptions,
    ResponsePrompt,
    ResponseReasoning,
    ResponseTextConfig,
    ToolChoice,
)
from openai_conversations.schemas.responses.moderation import ResponseModeration
from openai_conversations.schemas.responses.usage import ResponseUsage
from openai_conversations.schemas.tools import Tool

ResponseStatus = Literal["completed", "failed", "in_progress", "cancelled", "queued", "incomplete"] | str
"""How far a response has come; it is final unless ``in_progress`` or ``queued``."""

ResponseErrorCode = (
    Literal[
        "server_error",
        "rate_limit_exceeded",
        "invalid_prompt",
        "data_residency_mismatch",
        "bio_policy",
        "vector_store_timeout",
        "invalid_image",
        "invalid_image_format",
        "invalid_base64_image",
        "invalid_image_url",
        "image_too_large",
        "image_too_small",
        "image_parse_error",
        "image_content_policy_violation",
        "invalid_image_mode",
        "image_file_too_large",
        "unsupported_image_media_type",
        "empty_image_file",
        "failed_to_download_image",
        "image_file_not_found",
        "misalignment_policy_violation",
    ]
    | str
)


@schema
class ResponseError(Schema):
    """Why a response failed."""

    code: ResponseErrorCode | None = nullable(default=None)
    """``None`` on servers that have no codes."""
    message: str = ""
    type: str | None = None
    """The kind of error, not a tag of a union."""
    param: str | None = None
    """The parameter of the request that caused it."""


@schema
class IncompleteDetails(Schema):
    """Why a response ended before it was whole."""

    reason: Literal["max_output_tokens", "max_messages", "content_filter", "steered"] | str | None = None


@schema
class ResponseConversation(Schema):
    """The conversation that a turn was taken in."""

    id: str


@schema
class Response(Schema):
    """
    A turn: what the model was asked for and what it answered.

    A response that a server writes in another way is read as far as it goes: what does not fit stands in ``extra``.
    """

    metadata: dict[str, Any] | None = nullable(default=None)
    """At most 16 pairs of strings at OpenAI, anything on other servers."""
    top_logprobs: int | None = None
    """How many likely tokens are given for each position, from 0 to 20."""
    temperature: float | None = nullable(default=None)
    """From 0 to 2."""
    top_p: float | None = nullable(default=None)
    """From 0 to 1: only the most likely tokens that make up this part are considered."""
    user: str | None = None
    """The old name of ``safety_identifier`` and ``prompt_cache_key``."""
    safety_identifier: str | None = None
    """Stands for an end user."""
    prompt_cache_key: str | None = None
    prompt_cache_retention: Literal["in_memory", "24h"] | str | None = None
    """The old name of ``prompt_cache_options.ttl``."""
    previous_response_id: str | None = None
    """The turn before, when it was named; never together with ``conversation``."""
    model: str = left_out(default="")
    """``""`` when the server does not say."""
    background: bool | None = None
    """Whether it runs without a connection."""
    max_tool_calls: int | None = None
    text: ResponseTextConfig | None = None
    tools: list[Tool] = attrs.field(factory=list[Tool])
    tool_choice: ToolChoice | None = None
    prompt: ResponsePrompt | None = None
    service_tier: Literal["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"] | str | None = None
    truncation: Literal["auto", "disabled"] | str | None = None
    id: str
    object: str = "response"
    status: ResponseStatus | None = None
    created_at: float = left_out(default=0)
    """Seconds since 1970-01-01 UTC; 0 when the server does not say."""
    completed_at: float | None = None
    """Seconds since 1970-01-01 UTC; only when the status is ``completed``."""
    error: ResponseError | None = nullable(default=None)
    incomplete_details: IncompleteDetails | None = nullable(default=None)
    output: list[ConversationItem] = attrs.field(factory=list[ConversationItem])
    """What the model made; empty when the server sent null or nothing."""
    reasoning: ResponseReasoning | None = None
    instructions: str | list[ConversationItem] | None = nullable(default=None)
    usage: ResponseUsage | None = None
    prompt_cache_options: PromptCacheOptions | None = None
    moderation: ResponseModeration | None = None
    parallel_tool_calls: bool | None = None
    conversation: ResponseConversation | None = None
    max_output_tokens: int | None = None
    """Reasoning included."""

    @property
    def output_text(self) -> str:
        """
        The texts of all messages of the output, joined.

        Empty when the model refused (a ``Refusal`` in the content of its message says how), when it only called
        functions, and when the turn failed before any text.
        """
        return "".join(map(_output_text, self.output))


def _output_text(item: object) -> str:
    if not isinstance(item, Message):
        return ""
    return "".join(part.text for part in item.parts if isinstance(part, OutputText))


@schema
class ResponseDeleted(Schema):
    """The response to the deletion of a response. What it stored in a conversation is not deleted by that."""

    id: str
    object: str = "response"
    deleted: bool = True


@schema
class CompactedResponse(Schema):
    """A long exchange made short, as ``responses.compact`` answers: input for a new turn or a new conversation."""

    id: str
    object: str = "response.compaction"
    output: list[ConversationItem]
    """The items that stand for the exchange; give them on as they are."""
    created_at: float = left_out(default=0)
    """Seconds since 1970-01-01 UTC; 0 when the server does not say."""
    usage: ResponseUsage | None = None
    """What the compaction used."""
