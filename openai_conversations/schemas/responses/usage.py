"""What a response used."""

from __future__ import annotations

import attrs

from openai_conversations.schemas.base import Schema, schema


@schema
class InputTokensDetails(Schema):
    """Where the input came from."""

    cached_tokens: int = 0
    cache_write_tokens: int = 0


@schema
class OutputTokensDetails(Schema):
    """What the output was."""

    reasoning_tokens: int = 0


@schema
class ResponseUsage(Schema):
    """Tokens; whatever the server does not say is 0."""

    input_tokens: int = 0
    input_tokens_details: InputTokensDetails = attrs.field(factory=InputTokensDetails)
    output_tokens: int = 0
    output_tokens_details: OutputTokensDetails = attrs.field(factory=OutputTokensDetails)
    total_tokens: int = 0


@schema
class InputTokenCount(Schema):
    """How many tokens an input has, as ``responses.input_tokens.count`` answers."""

    object: str = "response.input_tokens"
    input_tokens: int
