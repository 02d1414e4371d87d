"""
Items that only Azure AI Foundry makes: what they are for people, and which output answers which call.

By the description in https://github.com/Azure/azure-rest-api-specs, ``specification/ai-foundry/data-plane/Foundry/src``
(``openai-responses/models.tsp`` and ``tools/models.tsp``). There every one of them is an item that the service gives,
and none is an item that a request may hold. This package has no classes for them: they are kept as unknown items.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TOOL_CALLS: Final[Mapping[str, str | None]] = {
    "a2a_preview_call": None,
    "azure_ai_search_call": "Azure AI Search",
    "azure_function_call": None,
    "bing_custom_search_preview_call": "Bing custom search",
    "bing_grounding_call": "Bing search",
    "browser_automation_preview_call": "browser automation",
    "fabric_dataagent_preview_call": "Fabric data agent",
    "memory_command_preview_call": "memory command",
    "openapi_call": None,
    "sharepoint_grounding_preview_call": "SharePoint search",
}
"""Type of a call that the service answers itself → what the tool is called; ``None`` where the call has its name."""

OUTPUT_OF_SERVICE: Final[Mapping[str, str]] = {call: f"{call}_output" for call in TOOL_CALLS}
"""Type of such a call → type of its output."""

AZURE_ITEM_TYPES: Final = frozenset(
    {*OUTPUT_OF_SERVICE, *OUTPUT_OF_SERVICE.values()}
    | {"memory_search_call", "oauth_consent_request", "structured_outputs", "workflow_action"}
)
