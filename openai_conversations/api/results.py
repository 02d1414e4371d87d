"""What a call gave: objects that a service computes and stores nowhere, so that an error in their body is an error."""

from __future__ import annotations

from typing import Any

from openai_conversations.api.caller import codec
from openai_conversations.schemas.base import Schema
from openai_conversations.transport.message import HTTPResponse


def computed(response: HTTPResponse, kind: Any) -> Any:
    """
    The object that a response stands for.

    Args:
        response: What came, with a status of success.
        kind: A class that has no member ``error`` of its own.

    Raises:
        APIResponseValidationError: It is not what the API promises, or the service says in it that it failed.
    """
    read: Schema = codec().decode_response(response, kind)
    if (read.extra or {}).get("error") is not None:
        raise codec().unlike(response, kind, "it holds an error")
    return read
