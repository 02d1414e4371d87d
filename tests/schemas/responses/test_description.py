"""Responses and their events against OpenAI's own description: every event, every member, what may be missing."""

from __future__ import annotations

from typing import Any, get_origin

import attrs
import pytest

from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.page import ConversationItemList
from openai_conversations.schemas.responses import events
from openai_conversations.schemas.responses.events import EVENT_CLASSES, TERMINAL_EVENTS
from openai_conversations.schemas.responses.events.base import Event
from openai_conversations.schemas.responses.response import CompactedResponse, Response, ResponseDeleted
from openai_conversations.schemas.responses.usage import InputTokenCount
from openai_conversations.schemas.unknown import Unknown
from tests.schemas.description import RESPONSES, Comparison, described
from tests.schemas.families import classes, fields, hints, members, tags

pytestmark = pytest.mark.skipif(not RESPONSES.exists(), reason="OpenAI's description of the API is not here")


def event_class(tag: str) -> type[Event]:
    """The class of an event."""
    found: type[Event] = getattr(events, EVENT_CLASSES[tag])
    return found


def described_events() -> dict[str, dict[str, Any]]:
    """The events of the description, by type."""
    schemas = described(RESPONSES)
    refs = [one["$ref"].rsplit("/", 1)[1] for one in schemas["ResponseStreamEvent"]["anyOf"]]
    return {tag: schemas[name] for name in refs for tag in schemas[name]["properties"]["type"]["enum"]}


def described_here() -> dict[str, Any]:
    """The same; nothing where the description is not here, so that the tests can be collected."""
    return described_events() if RESPONSES.exists() else {}


def lacking(name: str, node: dict[str, Any], hint: Any) -> list[str]:
    """What a class has no place for; names of models are not listed, and ``output_text`` is a property."""
    comparison = Comparison(described(RESPONSES))
    comparison.compare(name, node, hint)
    return [
        line
        for line in comparison.missing
        if "esponse.model: no [" not in line and not line.endswith(".output_text: no field in Response")
    ]


def test_every_event_has_a_class() -> None:
    """The table of events has the types of the description, 58 of them."""
    assert sorted(described_events()) == sorted(EVENT_CLASSES)
    assert len(EVENT_CLASSES) == 58


@pytest.mark.parametrize("tag", sorted(EVENT_CLASSES))
def test_event_has_its_type(tag: str) -> None:
    """An event's class has that one type."""
    assert {tag} == tags(event_class(tag))


@pytest.mark.parametrize("tag", sorted(described_here()))
def test_every_member_of_every_event(tag: str) -> None:
    """Every member, enumerated value and null of an event has its place, nested objects included."""
    assert [] == lacking(tag, described_events()[tag], event_class(tag))


@pytest.mark.parametrize("tag", sorted(described_here()))
def test_members_that_may_be_missing(tag: str) -> None:
    """What the description does not require has a default of ``None``: it is told from what came."""
    required = described_events()[tag]["required"]
    optional = set(described_events()[tag]["properties"]) - set(required)

    assert {None} >= {fields(event_class(tag))[name].default for name in optional}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        pytest.param("Response", Response, id="response"),
        pytest.param("CompactResource", CompactedResponse, id="compacted response"),
        pytest.param("TokenCountsResource", InputTokenCount, id="token count"),
        pytest.param("ResponseItemList", ConversationItemList, id="input items"),
        pytest.param("ItemResource", Item, id="items of a response"),
        pytest.param("OutputItem", Item, id="output items"),
    ],
)
def test_nothing_is_missing(name: str, hint: Any) -> None:
    """Every member, enumerated value and null of what the API answers has its place; ``output_text`` is a property."""
    assert [] == lacking(name, described(RESPONSES)[name], hint)
    assert isinstance(Response.output_text, property)


def test_every_class_is_described() -> None:
    """The walk reaches every class of responses and events down to the innermost objects; none has been made up."""
    comparison = Comparison(described(RESPONSES))
    for tag, node in described_events().items():
        comparison.compare(tag, node, event_class(tag))
    for name, hint in (("CompactResource", CompactedResponse), ("TokenCountsResource", InputTokenCount)):
        comparison.compare(name, described(RESPONSES)[name], hint)
    own = {cls for cls in classes() if ".schemas.responses." in cls.__module__ and not issubclass(cls, Unknown)}

    # The description says of the response to a deletion nothing but that there is one.
    assert {ResponseDeleted} == own - comparison.classes


@pytest.mark.parametrize("tag", sorted(EVENT_CLASSES))
def test_what_an_event_requires(tag: str) -> None:
    """An event requires its text or object and nothing else: numbers, indexes and ids are what servers leave out."""
    required = {a.name for a in attrs.fields(event_class(tag)) if a.default is attrs.NOTHING}

    assert required <= {
        *("response", "item", "part", "delta", "text", "refusal", "arguments", "input", "code", "command", "output"),
        *("message", "partial_image_b64"),
    }


@pytest.mark.parametrize("tag", sorted(EVENT_CLASSES))
def test_what_is_required_has_a_neutral_value(tag: str) -> None:
    """What an event requires is a text, a list, a response, or a union that keeps whatever comes."""
    cls = event_class(tag)
    required = [hints(cls)[a.name] for a in attrs.fields(cls) if a.default is attrs.NOTHING]

    neutral = [
        hint in {str, Response, Item}
        or get_origin(hint) is list
        or any(isinstance(member, type) and issubclass(member, Unknown) for member in members(hint))
        for hint in required
    ]
    assert all(neutral)


def test_terminal_events() -> None:
    """These end a stream, and are events."""
    assert {"response.completed", "response.failed", "response.incomplete", "error"} == TERMINAL_EVENTS
    assert set(EVENT_CLASSES) >= TERMINAL_EVENTS
