"""How many tokens a model would be given: the service's own count."""

from __future__ import annotations

from collections.abc import Sequence

from openai_conversations.api import turn_requests
from openai_conversations.api.caller import Caller, codec
from openai_conversations.api.results import computed
from openai_conversations.checks import COUNT
from openai_conversations.jsontypes import JsonObject
from openai_conversations.schemas.responses.usage import InputTokenCount


async def count_conversation(caller: Caller, model: str, conversation_id: str) -> int:
    """The tokens of all items of a conversation."""
    return await _count(caller, {"model": model, "conversation": conversation_id})


async def count_items(caller: Caller, model: str, items: Sequence[JsonObject]) -> int:
    """The tokens of items that stand in no conversation; 0 for none, without asking."""
    return await _count(caller, {"model": model, "input": list(items)}) if items else 0


async def _count(caller: Caller, params: dict[str, object]) -> int:
    response = await caller.send(turn_requests.count_input_tokens(caller, params))
    counted: InputTokenCount = computed(response, InputTokenCount)
    if not COUNT.accepts(counted.input_tokens):
        raise codec().unlike(response, InputTokenCount, f"expected {COUNT.words} @ $.input_tokens")
    return counted.input_tokens
