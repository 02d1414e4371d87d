"""Log probabilities of the tokens of an output text."""

from __future__ import annotations

from openai_conversations.schemas.base import Schema, schema


@schema
class TopLogProb(Schema):
    """A token that could have stood at a position."""

    token: str
    logprob: float
    bytes: list[int]
    """The token's UTF-8 bytes."""


@schema
class LogProb(Schema):
    """A token of the text."""

    token: str
    logprob: float
    bytes: list[int]
    """The token's UTF-8 bytes."""
    top_logprobs: list[TopLogProb]
    """The most likely tokens at this position."""
