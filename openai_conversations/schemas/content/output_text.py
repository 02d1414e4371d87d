"""``output_text``: text that the model wrote."""

from __future__ import annotations

from typing import Literal

import attrs

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.content.annotations import Annotation
from openai_conversations.schemas.content.logprobs import LogProb


@schema
class OutputText(Schema):
    """Text of an assistant message."""

    type: Literal["output_text"] = "output_text"

    text: str
    annotations: list[Annotation] = attrs.field(factory=list[Annotation])
    """Citations in the text. Always sent, because the API wants the list also when it is empty."""
    logprobs: list[LogProb] | None = None
    """Only when the request included ``message.output_text.logprobs``."""
