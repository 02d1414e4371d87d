"""
Items that the service of Azure AI Foundry makes, and that no request may hold.

By the description in https://github.com/Azure/azure-rest-api-specs, ``specification/ai-foundry/data-plane/Foundry/src``
(``openai-responses/models.tsp`` and ``tools/models.tsp``).
"""

from __future__ import annotations

from collections.abc import Mapping

_TOOLS: Mapping[str, str] = {
    "a2a_preview": "a2a",
    "azure_ai_search": "ais",
    "azure_function": "azf",
    "bing_custom_search_preview": "bcs",
    "bing_grounding": "bg",
    "browser_automation_preview": "ba",
    "fabric_dataagent_preview": "fda",
    "memory_command_preview": "memc",
    "openapi": "oa",
    "sharepoint_grounding_preview": "sp",
}

AZURE_CALLS = frozenset(f"{tool}_call" for tool in _TOOLS)
"""What the service calls and answers itself."""

ID_PREFIXES: Mapping[str, str] = {
    **{f"{tool}_call": prefix for tool, prefix in _TOOLS.items()},
    **{f"{tool}_call_output": f"{prefix}o" for tool, prefix in _TOOLS.items()},
    "memory_search_call": "mem",
    "oauth_consent_request": "oacr",
    "structured_outputs": "fco",
    "workflow_action": "wfa",
}
"""Type of an item → how its ids begin. The description leaves ids open; these are those of Azure's agent server."""

WITH_STATUS = frozenset(ID_PREFIXES) - {"oauth_consent_request", "structured_outputs"}

ORIGIN = ("agent_reference", "response_id")
"""Fields that say where an item is from; the service sets them."""
