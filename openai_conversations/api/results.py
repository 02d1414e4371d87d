"""What a response of success says when it is looked at: servers may send an error with 200, alone or beside more."""

from __future__ import annotations

from typing import Any

from openai_conversations.api.caller import codec
from openai_conversations.jsontypes import is_object
from openai_conversations.schemas.base import Schema
from openai_conversations.schemas.conversation import Conversation
from openai_conversations.transport.message import HTTPResponse


def computed(response: HTTPResponse, kind: Any) -> Any:
    """
    The object that a response stands for, which the service computes and stores nowhere.

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


def check_deleted(response: HTTPResponse) -> None:
    """
    See that a response of success says nothing against a deletion.

    Of one servers send the conversation, an object of their own, or nothing.

    Raises:
        APIResponseValidationError: It holds an error, says that nothing was deleted, or is no JSON object.
    """
    if not response.content:
        return
    value = codec().value_of(response)
    if not is_object(value):
        raise codec().unlike(response, Conversation, "expected an object @ $")
    if value.get("error") is not None or value.get("deleted") is False:
        raise codec().unlike(response, Conversation, "nothing was deleted")
