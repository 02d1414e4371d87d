"""
What of a received item may be sent back: rules that the service is known to apply.

Learned by OpenAI's agents SDK in six bug fixes; gathered in this project's description of the items.
Replaying the id of an assistant message unlinks that message from its conversation: silent loss.
"""

from __future__ import annotations

from typing import Any, Final

from openai_conversations.jsontypes import is_array, is_object
from openai_conversations.schemas.items import ITEM_CLASSES

KEEPS_ID: Final = frozenset(
    {
        "file_search_call",
        "web_search_call",
        "computer_call",
        "code_interpreter_call",
        "image_generation_call",
        "local_shell_call",
        "local_shell_call_output",
        "mcp_list_tools",
        "mcp_approval_request",
        "mcp_call",
        "item_reference",
        "program",
        "program_output",
        "reasoning",
    }
)
"""Item types whose id must stay; the id of every other known type is not sent."""

OUTPUT_ONLY: Final = frozenset({"created_by", "agent_reference", "response_id"})
"""
Fields that the service sets and does not take.

The last two are Azure AI Foundry's, whose description has all three on the items that it gives, and on none that it
takes (``openai-responses/models.tsp`` in https://github.com/Azure/azure-rest-api-specs).
"""


def outgoing(item: Any) -> Any:
    """
    The JSON of an item without what must not be sent back.

    Items of unknown types are passed on unchanged: their rules are unknown.
    """
    tag = item.get("type") if is_object(item) else None
    if not isinstance(tag, str) or tag not in ITEM_CLASSES:
        return item
    drop = OUTPUT_ONLY if tag in KEEPS_ID else OUTPUT_ONLY | {"id"}
    kept = {key: value for key, value in item.items() if key not in drop}
    if is_array(kept.get("output")):
        kept["output"] = [_without_output_only(part) for part in kept["output"]]
    return kept


def _without_output_only(part: Any) -> Any:
    return {k: v for k, v in part.items() if k not in OUTPUT_ONLY} if is_object(part) else part
