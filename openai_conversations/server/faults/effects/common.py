"""What the effects share: an error that was ordered, and a response in place of the true one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from openai_conversations.converters import json
from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.http.messages import ServerResponse, error_response


def ordered_error(status: int, headers: Mapping[str, str], message: str | None, code: str | None) -> ServerResponse:
    kind = "server_error" if status >= 500 else "rate_limit_error" if status == 429 else "invalid_request_error"
    said = message or f"This error was ordered by a fault of the test server (status {status})."
    response = error_response(HTTPError(status, said, code=code, type=kind, headers=headers))
    return attrs.evolve(response, truth=False)


def with_body(response: ServerResponse, body: bytes) -> ServerResponse:
    return attrs.evolve(response, body=body)


def instead_of(done: ServerResponse, told: ServerResponse, *, cut: bool = False) -> ServerResponse:
    """What was told instead of what was done; the journal still learns what was done."""
    return attrs.evolve(told, conversation_id=done.conversation_id, item_ids=done.item_ids, truth=False, cut=cut)


def changed(done: ServerResponse, change: Callable[[dict[str, Any]], dict[str, Any]]) -> ServerResponse:
    """The response with its object changed; an error stays as it is."""
    if done.status != 200:
        return done
    return with_body(done, json.dumps(change(json.loads_exact(done.body))))
