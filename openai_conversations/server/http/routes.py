"""From an address to an operation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import attrs

from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.profiles import ServerProfile

_ROOT = {"POST": "createConversation"}
_LISTED_ROOT = {"POST": "createConversation", "GET": "listConversations"}
_CONVERSATION = {"GET": "getConversation", "POST": "updateConversation", "DELETE": "deleteConversation"}
_ITEMS = {"GET": "listConversationItems", "POST": "createConversationItems"}
_ITEM = {"GET": "getConversationItem", "DELETE": "deleteConversationItem"}


@attrs.frozen(kw_only=True)
class Route:
    """Where a request goes: an operation and the ids in the address."""

    operation: str
    conversation_id: str = ""
    item_id: str = ""


def split(target: str) -> tuple[str, dict[str, list[str]]]:
    """The path as it was sent, and the query decoded. An absolute target loses its host."""
    target = target.encode(errors="surrogateescape").decode(errors="replace")
    if not target.startswith("/"):
        target = urlsplit(target)._replace(scheme="", netloc="").geturl()
    path, _, query = target.partition("?")
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    return path, values


class Router:
    """The addresses of one profile."""

    def __init__(self, profile: ServerProfile) -> None:
        project = "(?:/api/projects/[^/]+)?" if profile.project_prefix else ""
        self._prefix = re.compile(f"{project}{re.escape(profile.prefix)}/conversations(?=/|$)")
        self._root = _LISTED_ROOT if profile.lists_conversations else _ROOT
        self._redirects = profile.trailing_slash == "redirected"

    def route(self, method: str, path: str) -> Route:
        """
        The operation at an address.

        Raises:
            HTTPError: No such address (404), no such method there (405), or the address without its slash (307).
        """
        found = self._prefix.match(path)
        rest = path[found.end() :] if found else ""
        if found and self._redirects and rest.endswith("/"):
            raise HTTPError(307, "Temporary Redirect", headers={"location": quote(path.rstrip("/"), safe="/%:@")})
        methods, conversation_id, item_id = self._match(rest.split("/")[1:]) if found else (None, "", "")
        if methods is None:
            raise HTTPError(404, f"Invalid URL ({method} {path})")
        if method not in methods:
            raise _wrong_method(method, path, methods)
        return Route(operation=methods[method], conversation_id=unquote(conversation_id), item_id=unquote(item_id))

    def _match(self, segments: list[str]) -> tuple[Mapping[str, str] | None, str, str]:
        match segments:
            case []:
                return self._root, "", ""
            case [conversation] if conversation:
                return _CONVERSATION, conversation, ""
            case [conversation, "items"] if conversation:
                return _ITEMS, conversation, ""
            case [conversation, "items", item] if conversation and item:
                return _ITEM, conversation, item
            case _:
                return None, "", ""


def _wrong_method(method: str, path: str, methods: Mapping[str, str]) -> HTTPError:
    message = f"Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP method?)"
    return HTTPError(405, message, code="method_not_supported", headers={"allow": ", ".join(methods)})
