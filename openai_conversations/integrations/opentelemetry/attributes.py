"""
What spans and metrics say of a call: names from OpenTelemetry's semantic conventions, and never what was said in it.

Stable: ``error.type``, ``http.request.method``, ``http.response.status_code``, ``server.address``, ``server.port``
(https://opentelemetry.io/docs/specs/semconv/http/). In development: ``url.template`` and everything that begins with
``gen_ai`` (https://opentelemetry.io/docs/specs/semconv/gen-ai/, of version 1.41, before they moved to a repository of
their own). Ours begin with ``openai_conversations``: there are none for retries inside one operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlsplit

from opentelemetry.util.types import AttributeValue

from openai_conversations.api import operations
from openai_conversations.errors import Attempt
from openai_conversations.transport.message import HTTPRequest

Attributes = dict[str, AttributeValue]

TURN: Final = operations.CREATE_RESPONSE.id

CHAT: Final = "chat"
"""The convention's name for what a turn does; conversations have none."""

_ASKED: Final = {
    "model": "gen_ai.request.model",
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "max_output_tokens": "gen_ai.request.max_tokens",
    "service_tier": "openai.request.service_tier",
}
_GIVEN: Final = {
    "id": "gen_ai.response.id",
    "model": "gen_ai.response.model",
    "service_tier": "openai.response.service_tier",
}
_USED: Final = {
    ("input_tokens",): "gen_ai.usage.input_tokens",
    ("output_tokens",): "gen_ai.usage.output_tokens",
    ("input_tokens_details", "cached_tokens"): "gen_ai.usage.cache_read.input_tokens",
    ("output_tokens_details", "reasoning_tokens"): "gen_ai.usage.reasoning.output_tokens",
}


def of_request(request: HTTPRequest) -> Attributes:
    """What is known before a call: which operation it is, and where; not its URL, for that may hold keys."""
    base = urlsplit(request.base_url or request.url)
    found: Attributes = {
        "openai_conversations.operation": request.operation,
        "http.request.method": request.method,
        "url.template": request.template,
        "gen_ai.provider.name": provider(base.hostname or ""),
    }
    if base.hostname:
        found["server.address"] = base.hostname
        found["server.port"] = base.port or (80 if base.scheme == "http" else 443)
    if request.conversation_id:
        found["gen_ai.conversation.id"] = request.conversation_id
    if request.response_id:
        found["gen_ai.response.id"] = request.response_id
    return found


def provider(host: str) -> str:
    """The convention's name of a provider; of other servers of this API, the one whose API it is."""
    return "azure.ai.openai" if host.endswith(".azure.com") else "openai"


def of_turn(body: Mapping[str, Any]) -> Attributes:
    """The settings of a turn, as far as they are numbers and names."""
    found = _chosen(body, _ASKED)
    found["gen_ai.operation.name"] = CHAT
    if body.get("stream") is True:
        found["gen_ai.request.stream"] = True
    return found


def of_response(response: Mapping[str, Any]) -> Attributes:
    """What came of a turn: its id, its model, its tokens, why it ended; nothing of its text."""
    found = _chosen(response, _GIVEN)
    usage = _member(response, "usage")
    for path, name in _USED.items():
        value = usage
        for key in path:
            value = _member(value, key)
        if _is_count(value):
            found[name] = value
    ended = _member(_member(response, "incomplete_details"), "reason") or response.get("status")
    if isinstance(ended, str):
        found["gen_ai.response.finish_reasons"] = (ended,)
    if isinstance(conversation := _member(_member(response, "conversation"), "id"), str):
        found["gen_ai.conversation.id"] = conversation
    return found


def of_attempt(attempt: Attempt) -> Attributes:
    """What the event of an attempt says."""
    found: Attributes = {
        "http.request.resend_count": attempt.number - 1,
        "openai_conversations.elapsed": attempt.elapsed,
        "openai_conversations.outcome_unknown": attempt.outcome_unknown,
    }
    for name, value in (
        ("http.response.status_code", attempt.status_code),
        ("openai_conversations.wait", attempt.wait),
        ("openai_conversations.request_id", attempt.request_id),
    ):
        if value is not None:
            found[name] = value
    if attempt.locked:
        found["openai_conversations.locked"] = True
    return found


def _chosen(values: Mapping[str, Any], names: Mapping[str, str]) -> Attributes:
    """The values that are texts or numbers, under their names in the conventions."""
    return {name: values[key] for key, name in names.items() if isinstance(values.get(key), (str, int, float))}


def as_object(value: Any) -> dict[str, Any]:
    """A JSON object; an empty one in place of anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _member(value: Any, key: str) -> Any:
    return as_object(value).get(key)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
