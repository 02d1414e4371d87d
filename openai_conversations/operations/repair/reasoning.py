"""
Which reasoning lacks the item that must follow it.

The service refuses such a conversation: "Item … of type 'reasoning' was provided without its required following item."
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from openai_conversations.jsontypes import JsonObject, text_of, type_of
from openai_conversations.operations.repair.tool_calls import OUTPUTS

# What the caller says or answers; the outputs of programs and of searches for tools may be the service's own.
_OF_THE_CALLER: Final = OUTPUTS - {"program_output", "tool_search_output"}


def reasoning_without_item(items: Sequence[JsonObject]) -> Iterator[int]:
    """
    The index of each reasoning item behind which no item of the model's comes, beyond other reasoning.

    What may be the model's counts as its own, items of unknown types among it.
    """
    followed = False
    for index in range(len(items) - 1, -1, -1):
        if type_of(items[index]) != "reasoning":
            followed = _is_of_the_model(items[index])
        elif not followed:
            yield index


def _is_of_the_model(item: JsonObject) -> bool:
    tag = type_of(item)
    return text_of(item, "role") == "assistant" if tag == "message" else tag not in _OF_THE_CALLER
