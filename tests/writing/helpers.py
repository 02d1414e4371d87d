"""What tests of writes send and see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from openai_conversations.server import ConversationsServer


def user(text: str) -> dict[str, Any]:
    """A message of a user."""
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, Any]:
    """A message of the assistant."""
    return {"role": "assistant", "content": text}


def texts(server: ConversationsServer, conversation_id: str) -> list[str]:
    """The texts of the messages that are stored, in order."""
    return [text_of(item) for item in server.items(conversation_id)]


def text_of(item: Any) -> str:
    """The text of a stored message."""
    return "".join(part["text"] for part in item["content"])


def operations(server: ConversationsServer) -> list[str]:
    """What was asked of the server, in order."""
    return [entry.operation for entry in server.requests]


def is_subsequence(part: Iterable[Any], whole: Iterable[Any]) -> bool:
    """Whether the parts are in the whole, in their order."""
    left = iter(whole)
    return all(one in left for one in part)
