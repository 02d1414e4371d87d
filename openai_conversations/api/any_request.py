"""Requests to endpoints that this package has no methods for."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from openai_conversations.api.arguments import CallOptions
from openai_conversations.api.caller import Caller, codec
from openai_conversations.api.operations import OTHER_READ, OTHER_WRITE, Operation
from openai_conversations.api.requests import build_request
from openai_conversations.checks import COUNT, shown
from openai_conversations.errors import InvalidArgumentError
from openai_conversations.jsontypes import is_object
from openai_conversations.transport.message import HTTPRequest, Replay

# https://www.rfc-editor.org/rfc/rfc9110#name-idempotent-methods
_IDEMPOTENT: Final = frozenset({"GET", "DELETE", "PUT"})

_CONVERSATION_IN_PATH: Final = re.compile(r"/conversations/([^/]+)").match


def any_request(
    caller: Caller,
    method: str,
    path: str,
    *,
    body: object = None,
    max_retries: int | None = None,
    options: CallOptions | None = None,
) -> HTTPRequest:
    """
    A request to an endpoint that this package has no method for.

    One that changes a conversation is a write to it all the same: it waits for its turn, and nothing is known of what
    it did.

    Args:
        caller: Where it goes.
        method: The HTTP method.
        path: Below the base URL.
        body: A JSON value; ``None`` for none.
        max_retries: How often it may be tried again; ``None`` for what the client says.
        options: See :class:`CallOptions`.

    Raises:
        InvalidArgumentError: The path is not below the base URL, or has a query; or the body is not JSON.
    """
    below = _checked_path(path)
    if max_retries is not None:
        COUNT.check("max_retries", max_retries)
    sent = None if body is None else codec().to_json(body)
    if options and options.get("extra_body") and not (sent is None or is_object(sent)):
        raise InvalidArgumentError(f"extra_json needs a body that is a mapping, not {shown(body)}")
    conversation = _CONVERSATION_IN_PATH(below)
    replay = Replay.SAFE if method in _IDEMPOTENT else Replay.APPEND
    operation = Operation(OTHER_READ if method == "GET" else OTHER_WRITE, method, below, replay)
    request = build_request(caller, operation, {}, options, body=sent)
    return request.replace(
        template=f"/{below.split('/')[1]}…",  # ids are not for logs
        max_retries=request.max_retries if max_retries is None else max_retries,
        conversation_id=None if conversation is None else unquote(conversation[1]),
        is_ordered=conversation is not None and method != "GET",
    )


def _checked_path(path: object) -> str:
    if not isinstance(path, str) or not path.strip("/"):
        raise InvalidArgumentError(f"path must be a path below base_url, such as '/models', not {shown(path)}")
    if "://" in path or path.startswith("//"):
        raise InvalidArgumentError(
            "path must be below base_url: for another server, make a view with_options(base_url=…)"
        )
    culprit = next((c for c in path if c in "?#\\" or not c.isascii() or not c.isprintable() or c == " "), None)
    if culprit is not None:
        hint = "give query values as options={'params': …}" if culprit == "?" else "percent-encode it"
        raise InvalidArgumentError(f"path must not contain {culprit!r}: {hint}")
    if {".", ".."} & set(unquote(path).split("/")):
        raise InvalidArgumentError("path must not contain '.' or '..': it would name another path")
    return f"/{path.lstrip('/')}"
