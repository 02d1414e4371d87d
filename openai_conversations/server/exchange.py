"""What passes between the socket and the service: a request as a value, and the reply to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from openai_conversations.converters import json
from openai_conversations.server.refusal import Refusal


@attrs.frozen(kw_only=True)
class Call:
    """
    One request, read whole.

    Attributes:
        operation: The operationId, or ``""`` when the address or the method fits none.
        conversation_id: From the address, decoded; ``""`` when it holds none.
        item_id: The same.
        owner: Whose conversations the caller sees.
        query: Every value of every parameter.
        headers: Names in lower case.
    """

    method: str
    path: str
    operation: str = ""
    conversation_id: str = ""
    item_id: str = ""
    owner: str = ""
    query: Mapping[str, Sequence[str]] = attrs.field(factory=dict)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)


@attrs.frozen(kw_only=True)
class Reply:
    """
    What goes back.

    Attributes:
        item_ids: The items that this reply says were stored, for the journal.
        drop: Close the connection instead of answering.
        pace: Seconds between two chunks of the body; 0 sends it at once.
        chunk: Bytes in a chunk when ``pace`` is not 0.
        cut: Announce the whole body, send half of it, close.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = attrs.field(factory=dict)
    item_ids: tuple[str, ...] = ()
    drop: bool = False
    pace: float = 0
    chunk: int = 1
    cut: bool = False


def reply_with(value: Any, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(value))


def error_reply(error: Refusal) -> Reply:
    fields = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    return reply_with({"error": fields}, error.status)
