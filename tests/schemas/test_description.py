"""The classes against OpenAI's own description of the API: nothing that it has is missing here."""

from __future__ import annotations

from typing import Any

import pytest

from openai_conversations.schemas.conversation import Conversation, ConversationDeletedResource
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.page import ConversationItemList
from openai_conversations.schemas.unknown import Unknown
from tests.schemas.description import CONVERSATIONS, Comparison, described
from tests.schemas.families import classes

pytestmark = pytest.mark.skipif(not CONVERSATIONS.exists(), reason="OpenAI's description of the API is not here")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        pytest.param("ConversationItem", Item, id="items in answers"),
        pytest.param("InputItem", Item, id="items in requests"),
        pytest.param("ConversationItemList", ConversationItemList, id="page"),
        pytest.param("ConversationResource", Conversation, id="conversation"),
        pytest.param("DeletedConversationResource", ConversationDeletedResource, id="deleted conversation"),
    ],
)
def test_nothing_is_missing(name: str, hint: Any) -> None:
    """Every type, field, enumerated value and null of the description has its place, nested objects included."""
    comparison = Comparison(described(CONVERSATIONS))

    comparison.compare(name, described(CONVERSATIONS)[name], hint)

    assert [] == comparison.missing


def test_every_class_is_described() -> None:
    """The walk reaches every class down to the innermost objects, and no class has been made up."""
    comparison = Comparison(described(CONVERSATIONS))

    comparison.compare("answers", described(CONVERSATIONS)["ConversationItem"], Item)
    comparison.compare("requests", described(CONVERSATIONS)["InputItem"], Item)

    newer_than_the_description = {
        *("ConfigurationUpdate", "JsonSchemaFormat", "TextConfig", "ReasoningConfig"),
        *("ImageGenerationError", "ModerationDetails", "SvgConfig", "SvgUsage"),
    }
    no_part_of_an_item = {"Conversation", "ConversationDeletedResource", "ConversationItemList"}
    no_part_of_an_item |= {"ConversationList"}  # of Azure AI Foundry
    elsewhere = (".schemas.responses.", ".schemas.webhooks")
    of_conversations = {cls for cls in classes() if not any(each in cls.__module__ for each in elsewhere)}
    undescribed = {cls.__name__ for cls in of_conversations if not issubclass(cls, Unknown)} - {
        cls.__name__ for cls in comparison.classes
    }
    assert newer_than_the_description | no_part_of_an_item == undescribed


def test_comparison_finds_what_is_missing() -> None:
    """A class, a field, a value or a null that is not there is named with its path."""
    comparison = Comparison({})

    comparison.compare(
        "x",
        {
            "properties": {
                "id": {"type": "integer"},
                "object": {"const": "conversation"},
                "metadata": {"type": "boolean"},
                "created_at": {"enum": ["a", "b"]},
                "new": {"type": "string"},
            },
            "required": ["object"],
        },
        Conversation,
    )
    comparison.compare("y", {"properties": {"type": {"const": "new_item"}}}, Item)

    assert comparison.missing == [
        "x.id: no integer",
        "x.metadata: no boolean",
        "x.created_at: no ['a', 'b']",
        "x.created_at: is closed",
        "x.new: no field in Conversation",
        "x.id: Conversation requires what may be absent",
        "y: no class for 'new_item'",
    ]
