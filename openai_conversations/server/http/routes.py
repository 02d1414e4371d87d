"""From an address to an operation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import attrs

from openai_conversations.server.http.errors import HTTPError, no_conversation_id
from openai_conversations.server.profiles import ServerProfile

_ROOT = {"POST": "createConversation"}
_LISTED_ROOT = {"POST": "createConversation", "GET": "listConversations"}
_CONVERSATION = {"GET": "getConversation", "POST": "updateConversation", "DELETE": "deleteConversation"}
_ITEMS = {"GET": "listConversationItems", "POST": "createConversationItems"}
_RESPONSES = {"POST": "createResponse"}
_RESPONSE = {"GET": "getResponse", "DELETE": "deleteResponse"}
_CANCEL = {"POST": "cancelResponse"}
_INPUT_ITEMS = {"GET": "listInputItems"}
_INPUT_TOKENS = {"POST": "Getinputtokencounts"}
_COMPACT = {"POST": "Compactconversation"}
_ITEM = {"GET": "getConversationItem", "DELETE": "deleteConversationItem"}


_Match = tuple[Mapping[str, str] | None, dict[str, str]]
"""The operations by method, and the ids in the address."""


@attrs.frozen(kw_only=True)
class Route:
    """Where a request goes: an operation and the ids in the address."""

    operation: str
    conversation_id: str = ""
    item_id: str = ""
    response_id: str = ""


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
        self._prefix = re.compile(f"{project}{re.escape(profile.prefix)}/(conversations|responses)(?=/|$)")
        self._profile = profile
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
        match = {"conversations": self._in_conversations, "responses": _in_responses}
        methods, ids = match[found[1]](rest.split("/")[1:]) if found else (None, {})
        if methods is None:
            raise HTTPError(404, f"Invalid URL ({method} {path})")
        if method not in methods:
            raise _wrong_method(method, path, methods)
        route = Route(operation=methods[method], **{name: unquote(id) for name, id in ids.items()})
        check_conversation_id(route.conversation_id, self._profile)
        return route

    def _in_conversations(self, segments: list[str]) -> _Match:
        match segments:
            case []:
                return self._root, {}
            case [conversation] if conversation:
                return _CONVERSATION, {"conversation_id": conversation}
            case [conversation, "items"] if conversation:
                return _ITEMS, {"conversation_id": conversation}
            case [conversation, "items", item] if conversation and item:
                return _ITEM, {"conversation_id": conversation, "item_id": item}
            case _:
                return None, {}


def _in_responses(segments: list[str]) -> _Match:
    match segments:
        case []:
            return _RESPONSES, {}
        case ["input_tokens"]:
            return _INPUT_TOKENS, {}
        case ["compact"]:
            return _COMPACT, {}
        case [response] if response:
            return _RESPONSE, {"response_id": response}
        case [response, "cancel"] if response:
            return _CANCEL, {"response_id": response}
        case [response, "input_items"] if response:
            return _INPUT_ITEMS, {"response_id": response}
        case _:
            return None, {}


def _wrong_method(method: str, path: str, methods: Mapping[str, str]) -> HTTPError:
    message = f"Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP method?)"
    return HTTPError(405, message, code="method_not_supported", headers={"allow": ", ".join(methods)})


def check_conversation_id(id: str, profile: ServerProfile) -> None:
    """
    Refuse what is no conversation id, where the profile looks at that; ``""`` is none.

    Raises:
        HTTPError: It has not the prefix of one.
    """
    if profile.checks_ids and id and not id.startswith("conv_"):
        raise no_conversation_id(id)
