"""What a turn is asked with, as dictionaries: the keys and words of the official client and of OpenAI's description."""

from __future__ import annotations

from typing import Any, get_args, get_origin, get_type_hints

import pytest
from openai.types import responses as official, shared_params
from openai.types.responses import response_create_params as create

from openai_conversations.schemas.params import turns
from tests.schemas.description import RESPONSES, described
from tests.schemas.families import literals, members

PAIRS: dict[str, tuple[Any, Any]] = {
    "access_programs": (turns.AccessProgramsParam, create.AccessPrograms),
    "background_options": (turns.BackgroundOptionsParam, create.BackgroundOptions),
    "context_management": (turns.ContextManagementParam, create.ContextManagement),
    "image": (turns.ImageOptionsParam, create.Image),
    "moderation": (turns.ModerationParam, create.Moderation),
    "moderation.policy": (turns.ModerationPolicyParam, create.ModerationPolicy),
    "moderation.policy.input": (turns.ModerationModeParam, create.ModerationPolicyInput),
    "prompt": (turns.ResponsePromptParam, official.ResponsePromptParam),
    "prompt_cache_options": (turns.PromptCacheOptionsParam, create.PromptCacheOptions),
    "reasoning": (turns.ResponseReasoningParam, shared_params.Reasoning),
    "stream_options": (turns.StreamOptionsParam, create.StreamOptions),
    "text": (turns.ResponseTextConfigParam, official.ResponseTextConfigParam),
    "text.format": (turns.JsonSchemaFormatParam, official.ResponseFormatTextJSONSchemaConfigParam),
    "tool_choice/allowed_tools": (turns.ToolChoiceAllowedParam, official.ToolChoiceAllowedParam),
    "tool_choice/function": (turns.ToolChoiceFunctionParam, official.ToolChoiceFunctionParam),
    "tool_choice/custom": (turns.ToolChoiceCustomParam, official.ToolChoiceCustomParam),
    "tool_choice/mcp": (turns.ToolChoiceMcpParam, official.ToolChoiceMcpParam),
}


def required(param: Any) -> set[str]:
    """The keys that must be there; annotations that are read late hide them from ``__required_keys__``."""
    hints = get_type_hints(param, include_extras=True)
    kept = {name for name, hint in hints.items() if getattr(get_origin(hint), "_name", "") == "Required"}
    left_out = {name for name, hint in hints.items() if getattr(get_origin(hint), "_name", "") == "NotRequired"}
    return kept | (hints.keys() - left_out if param.__total__ else set())


def words(hint: Any) -> tuple[set[Any], bool]:
    """The words of an annotation, and whether it takes any other, too."""
    return literals(hint), str in members(hint)


@pytest.mark.parametrize("where", PAIRS)
def test_keys_and_words(where: str) -> None:
    """They are the official client's; a word is closed where it is closed there."""
    ours, theirs = PAIRS[where]
    mine, other = get_type_hints(ours), get_type_hints(theirs)

    assert other.keys() == mine.keys()
    assert required(theirs) == required(ours)
    assert {key: words(hint) for key, hint in other.items()} == {key: words(hint) for key, hint in mine.items()}


def test_every_one() -> None:
    """Each object that the official client's turn takes has one here."""
    hints = get_type_hints(create.ResponseCreateParamsBase)
    taken = {key for key, hint in hints.items() if any(hasattr(one, "__required_keys__") for one in _inside(hint))}

    assert taken - {"conversation", "input", "tools", "tool_choice"} == {key for key in PAIRS if key.isidentifier()}


def _inside(hint: Any) -> list[Any]:
    return [hint, *(one for member in get_args(hint) for one in _inside(member))]


def test_plain_words() -> None:
    """So are the words that stand alone, and the tools that can be chosen."""
    hints = get_type_hints(create.ResponseCreateParamsBase)
    chosen = (
        official.ToolChoiceTypesParam,
        official.ToolChoiceApplyPatchParam,
        official.ToolChoiceShellParam,
        create.ToolChoiceSpecificProgrammaticToolCallingParam,
    )
    types = set[Any]().union(*(literals(get_type_hints(one)["type"]) for one in chosen))

    assert literals(hints["service_tier"]) == literals(turns.ServiceTier)
    assert literals(hints["truncation"]) == literals(turns.Truncation)
    assert literals(hints["prompt_cache_retention"]) == literals(turns.PromptCacheRetention)
    assert types == literals(get_type_hints(turns.ToolChoiceTypesParam)["type"])


@pytest.mark.skipif(not RESPONSES.exists(), reason="OpenAI's description is not there")
def test_the_description() -> None:
    """No word of the description is missing; the official client is newer than it."""
    schemas = described(RESPONSES)
    reasoning = get_type_hints(turns.ResponseReasoningParam)
    pairs = {
        "ReasoningEffort": reasoning["effort"],
        "Verbosity": get_type_hints(turns.ResponseTextConfigParam)["verbosity"],
        "ServiceTierResponses": turns.ServiceTier,
        "TruncationEnum": turns.Truncation,
        "PromptCacheRetentionEnum": turns.PromptCacheRetention,
        "PromptCacheTTLEnum": get_type_hints(turns.PromptCacheOptionsParam)["ttl"],
        "PromptCacheModeEnum": get_type_hints(turns.PromptCacheOptionsParam)["mode"],
        "ToolChoiceTypes": get_type_hints(turns.ToolChoiceTypesParam)["type"],
    }

    assert {} == {name: lacking for name, hint in pairs.items() if (lacking := _enum(schemas[name]) - literals(hint))}


def _enum(node: dict[str, Any]) -> set[str]:
    inner = [*node.get("anyOf", ()), *(node.get("properties", {}).values())]
    return set(node.get("enum", ())).union(*(_enum(one) for one in inner))
