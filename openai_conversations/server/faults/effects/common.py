"""What the effects share: an error that was ordered, and a response in place of the true one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Literal

import attrs

from openai_conversations.converters import json
from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.http.messages import JSON, ServerResponse, error_response

ErrorBody = Literal["openai", "message", "flat", "bare", "detail", "problem", "text", "empty", "html"]


@attrs.frozen(kw_only=True)
class OrderedError:
    """
    An error that a fault asks for.

    Attributes:
        status: The HTTP status, whatever it is.
        headers: More headers.
        message: The error's sentence; ``None`` for one that names the status.
        code: The error's code.
        body: In which form it is sent; ``html`` is the page of a gateway.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    message: str | None = None
    code: str | None = None
    body: ErrorBody = "openai"

    def response(self) -> ServerResponse:
        if self.body == "html":
            return attrs.evolve(gateway_page(self.status), headers=self.headers)
        return attrs.evolve(error_response(self._error(), self.body), truth=False)

    def _error(self) -> HTTPError:
        type = _TYPES.get(self.status) or ("invalid_request_error" if 400 <= self.status < 500 else "server_error")
        message = self.message or f"This error was ordered by a fault of the test server (status {self.status})."
        return HTTPError(self.status, message, code=self.code, type=type, headers=self.headers)


_TYPES = {429: "rate_limit_error"}


def gateway_page(status: int) -> ServerResponse:
    """What proxies send when they have no response."""
    title = f"{status} {_phrase(status)}"
    page = f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return ServerResponse(status=status, body=page.encode(), content_type="text/html", truth=False)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def with_body(response: ServerResponse, body: bytes) -> ServerResponse:
    return attrs.evolve(response, body=body)


def instead_of(done: ServerResponse, told: ServerResponse, *, cut: bool = False) -> ServerResponse:
    """What was told instead of what was done; the journal still learns what was done."""
    return attrs.evolve(told, conversation_id=done.conversation_id, item_ids=done.item_ids, truth=False, cut=cut)


def changed(done: ServerResponse, change: Callable[[dict[str, Any]], dict[str, Any]]) -> ServerResponse:
    """The response with its object changed; an error stays as it is, and so does a stream."""
    if done.status != 200 or done.content_type != JSON:
        return done
    return with_body(done, json.dumps(change(json.loads_exact(done.body))))
