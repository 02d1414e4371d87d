"""The response object of a turn, from its beginning to its end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from openai_conversations.server.model.chunks import PER_ITEM, count_item, count_strings, count_text
from openai_conversations.server.model.output import usage
from openai_conversations.server.model.reply import Reply
from openai_conversations.server.rules.schema_dsl import is_object

Json = dict[str, Any]

# The parameters that a response repeats, and what they are when they were not given.
_REPEATED: Mapping[str, Any] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": None,
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
}


def begun_response(id: str, created_at: int, fields: Mapping[str, Any], conversation_id: str, status: str) -> Json:
    """A response that has no output yet."""
    repeated = {name: default if fields.get(name) is None else fields[name] for name, default in _REPEATED.items()}
    repeated["tools"] = [without_secrets(tool) for tool in repeated["tools"]]
    names = ("prompt", "user", "agent_reference")
    given = {name: fields[name] for name in names if fields.get(name) is not None}
    return {
        "id": id,
        "object": "response",
        "created_at": created_at,
        "status": status,
        "completed_at": None,
        "conversation": {"id": conversation_id} if conversation_id else None,
        "error": None,
        "incomplete_details": None,
        "metadata": fields["metadata"],
        "model": fields.get("model") or "scripted-model",
        "output": [],
        **repeated,
        **given,
    }


REDACTED = "<redacted>"


def without_secrets(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    A tool as a response repeats it.

    Tokens, headers and the path of a remote MCP server are not stored, nor shown in a response
    (https://platform.openai.com/docs/guides/tools-connectors-mcp): of a header its name is left. The description has
    the secrets of domains in requests only; of these the value is left out likewise.
    """
    if tool.get("type") == "mcp":
        return _without_mcp_secrets(tool)
    containers = {name: tool[name] for name in ("environment", "container") if is_object(tool.get(name))}
    return {**tool, **{name: _without_domain_secrets(container) for name, container in containers.items()}}


def _without_domain_secrets(container: Json) -> Json:
    policy = container.get("network_policy")
    if not is_object(policy) or not policy.get("domain_secrets"):
        return container
    secrets = [{**secret, "value": REDACTED} for secret in policy["domain_secrets"]]
    return {**container, "network_policy": {**policy, "domain_secrets": secrets}}


def _without_mcp_secrets(tool: Mapping[str, Any]) -> Json:
    shown = {name: value for name, value in tool.items() if name != "authorization"}
    if shown.get("headers"):
        shown["headers"] = dict.fromkeys(shown["headers"], REDACTED)
    if shown.get("server_url"):
        shown["server_url"] = _origin(shown["server_url"])
    return shown


def _origin(url: str) -> str:
    """An address without its user, and without what stands behind the host."""
    scheme, host = _ORIGIN.findall(url)[0]
    return f"{scheme}{host}"


_ORIGIN = re.compile(r"([^:/?#]+://)?(?:[^/?#]*@)?([^/?#]*)")


def ended_response(begun: Json, reply: Reply, items: list[Json], prompt_tokens: int, now: int) -> Json:
    """The response with its output, ended as the reply says."""
    ended: Json = {**begun, "status": reply.end, "output": items, "usage": reply.usage or usage(prompt_tokens, items)}
    if reply.end == "completed":
        ended["completed_at"] = now
    elif reply.end == "failed":
        ended["error"] = {"code": reply.code, "message": reply.message}
    else:
        ended["incomplete_details"] = {"reason": reply.reason}
    return ended


def count_prompt(fields: Mapping[str, Any], prompt: list[Json]) -> int:
    """
    The tokens of a prompt, by the server's own count.

    Those of its items (:func:`.count_item`), of the instructions and four more, and of each tool as an item.
    """
    total = sum(count_item(item) for item in prompt)
    if fields.get("instructions"):
        total += PER_ITEM + count_text(fields["instructions"])
    return total + sum(PER_ITEM + count_strings(tool) for tool in fields.get("tools") or ())
