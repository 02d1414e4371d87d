"""From an address to an operation."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote

# https://platform.openai.com/docs/api-reference/conversations: one row per address, by the number of ids in it.
_METHODS = {
    "": {"POST": "createConversation"},
    "conversation": {
        "GET": "getConversation",
        "POST": "updateConversation",
        "DELETE": "deleteConversation",
    },
    "items": {"GET": "listConversationItems", "POST": "createConversationItems"},
    "item": {"GET": "getConversationItem", "DELETE": "deleteConversationItem"},
}


def split(target: str) -> tuple[str, dict[str, list[str]]]:
    """The path as it was sent, and the query decoded."""
    path, _, query = target.partition("?")
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    return path, values


def match(path: str, prefix: str) -> tuple[dict[str, str] | None, str, str]:
    """
    The operations of an address by method, and the ids in it.

    ``None`` instead of operations when the server has no such address.
    """
    if not path.startswith(f"{prefix}/conversations"):
        return None, "", ""
    match path[len(prefix) + 1 :].split("/"):
        case ["conversations"]:
            return _METHODS[""], "", ""
        case ["conversations", conversation] if conversation:
            return _METHODS["conversation"], unquote(conversation), ""
        case ["conversations", conversation, "items"] if conversation:
            return _METHODS["items"], unquote(conversation), ""
        case ["conversations", conversation, "items", item] if conversation and item:
            return _METHODS["item"], unquote(conversation), unquote(item)
        case _:
            return None, "", ""
