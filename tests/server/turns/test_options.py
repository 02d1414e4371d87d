"""Which options of a turn are refused, and that they are those that OpenAI's description refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.rules.turn_request import TURN_FIELDS
from tests.server.model.description import load, needs_description
from tests.server.model.support import WEATHER

CHAT_TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}
CHAT_FORMAT = {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}
MCP = {"type": "mcp", "server_label": "wiki", "server_url": "https://wiki.example"}
SPACE = {"type": "namespace", "name": "crm", "description": "", "tools": [{"type": "function", "name": "look_up"}]}


def function(name):
    return {**WEATHER, "name": name}


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"reasoning": {"effort": "extreme"}}, "reasoning.effort", "invalid_value"),
        ({"reasoning": {"summary": "long"}}, "reasoning.summary", "invalid_value"),
        ({"reasoning": {"context": "some"}}, "reasoning.context", "invalid_value"),
        ({"reasoning": "high"}, "reasoning", "invalid_type"),
        ({"text": {"verbosity": "chatty"}}, "text.verbosity", "invalid_value"),
        ({"text": {"format": {"type": "json"}}}, "text.format.type", "invalid_value"),
        ({"text": {"format": {"type": "json_schema", "schema": {}}}}, "text.format.name", "missing_required_parameter"),
        ({"text": {"format": CHAT_FORMAT}}, "text.format.name", "missing_required_parameter"),
        (
            {"text": {"format": {"type": "json_schema", "name": "a b", "schema": {}}}},
            "text.format.name",
            "invalid_value",
        ),
        ({"tools": [function("get now!")]}, "tools[0].name", "invalid_value"),
        ({"tools": [function("")]}, "tools[0].name", "string_below_min_length"),
        ({"tools": [function("f"), {"type": "custom", "name": "f"}]}, "tools[1].name", "invalid_value"),
        ({"tools": [CHAT_TOOL]}, "tools[0].name", "missing_required_parameter"),
        ({"tool_choice": {"type": "function", "name": "f"}}, "tool_choice", "invalid_value"),
        ({"tool_choice": {"type": "function", "name": "f"}, "tools": [WEATHER]}, "tool_choice", "invalid_value"),
        (
            {"tool_choice": {"type": "custom", "name": "get_weather"}, "tools": [WEATHER]},
            "tool_choice",
            "invalid_value",
        ),
        ({"tool_choice": {"type": "mcp", "server_label": "news"}, "tools": [MCP]}, "tool_choice", "invalid_value"),
        ({"tool_choice": {"type": "file_search"}}, "tool_choice", "invalid_value"),
        ({"tool_choice": {"type": "magic"}}, "tool_choice.type", "invalid_value"),
        (
            {"tool_choice": {"type": "function", "function": {"name": "f"}}},
            "tool_choice.name",
            "missing_required_parameter",
        ),
        (
            {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]}},
            "tool_choice.tools[0]",
            "invalid_value",
        ),
        ({"service_tier": "slow"}, "service_tier", "invalid_value"),
        ({"truncation": "yes"}, "truncation", "invalid_value"),
        ({"prompt_cache_retention": "1h"}, "prompt_cache_retention", "invalid_value"),
        ({"prompt_cache_options": {"ttl": "1s"}}, "prompt_cache_options.ttl", "invalid_value"),
        (
            {"moderation": {"model": "m", "policy": {"input": {"mode": "x"}}}},
            "moderation.policy.input.mode",
            "invalid_value",
        ),
        (
            {"context_management": [{"compact_threshold": 9000}]},
            "context_management[0].type",
            "missing_required_parameter",
        ),
    ],
)
async def test_what_is_refused(api, fields, param, code):
    """An option that cannot be is 400, names the parameter, and is no lock on the conversation."""
    conversation = await api.create()

    assert (400, param, code) == (await api.turn("Hi", conversation=conversation, **fields)).error
    assert 200 == (await api.turn("Hi", conversation=conversation)).status


@pytest.mark.parametrize(
    "fields",
    [
        {"reasoning": {"effort": "low", "summary": None, "mode": "of tomorrow"}, "service_tier": "fast"},
        {"text": {"format": {"type": "json_object"}, "verbosity": None}},
        {"tool_choice": {"type": "function", "name": "get_weather"}, "tools": [WEATHER]},
        {"tool_choice": {"type": "function", "name": "look_up"}, "tools": [SPACE]},
        {"tool_choice": {"type": "computer_use"}, "tools": [{"type": "computer"}]},
        {"tool_choice": {"type": "mcp", "server_label": "wiki", "name": None}, "tools": [MCP]},
        {"tool_choice": {"type": "function", "name": "f"}, "prompt": {"id": "pmpt_1"}},
        {
            "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": ["new"]}]},
            "tools": [WEATHER],
        },
    ],
)
async def test_what_is_taken(api, fields):
    """What the description leaves open is taken, and a tool may stand where only the service knows it."""
    assert 200 == (await api.turn("Hi", **fields)).status


async def test_a_tool_of_the_conversation(api):
    """A tool that an item has added can be chosen."""
    added = {"type": "additional_tools", "role": "developer", "tools": [WEATHER]}
    conversation = await api.create(added)
    choice = {"type": "function", "name": "get_weather"}

    assert 200 == (await api.turn("Hi", conversation=conversation, tool_choice=choice)).status


async def test_the_words(api):
    """The message has the words that are there."""
    message = (await api.turn("Hi", reasoning={"summary": "long"})).json["error"]["message"]

    assert "Invalid value: 'long'. Supported values are: 'auto', 'concise' and 'detailed'." == message


# Against the description

Make = Callable[[Any], Any]
SAMPLES = {"string": "a", "array": [], "object": {}, "integer": 1000, "number": 1, "boolean": True}


class Description:
    """Every enumeration in an option, with the value that holds one of its words and is right but for that."""

    def __init__(self) -> None:
        self._schemas = load()["components"]["schemas"]

    def options(self) -> dict[str, Any]:
        """The members of ``createResponse`` that are options: no input, and tools are judged elsewhere."""
        found: dict[str, Any] = {}
        for part in self._parts({"$ref": "#/components/schemas/CreateResponse"}):
            found |= part.get("properties", {})
        return {name: node for name, node in found.items() if name not in {"input", "tools", "prompt", "model"}}

    def words(self, node: dict[str, Any], make: Make) -> Iterator[tuple[set[str], bool, Make]]:
        """The words of each place below a node, whether others are taken, too, and how a value is made of a word."""
        parts = list(self._parts(node))
        listed = {word for part in parts for word in part.get("enum", ())}
        if listed:
            yield listed, any(part.get("type") == "string" and "enum" not in part for part in parts), make
        for part in parts:
            if "items" in part:
                yield from self.words(part["items"], lambda word: make([word]))
            for name, inner in part.get("properties", {}).items():
                yield from self.words(inner, lambda word, name=name, part=part: make({**self._right(part), name: word}))

    def _parts(self, node: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if "$ref" in node:
            yield from self._parts(self._schemas[node["$ref"].rpartition("/")[2]])
        elif inner := [*node.get("anyOf", ()), *node.get("allOf", ())]:
            for one in inner:
                yield from self._parts(one)
        else:
            yield node

    def _right(self, part: dict[str, Any]) -> dict[str, Any]:
        """An object with what it must have."""
        return {name: self._sample(part["properties"][name]) for name in part.get("required", ())}

    def _sample(self, node: dict[str, Any]) -> Any:
        part = next(self._parts(node))
        return part["enum"][0] if "enum" in part else SAMPLES[part.get("type", "object")]


def judge(name: str, value: Any) -> str | None:
    """What the server refuses in an option."""
    try:
        TURN_FIELDS[name].shape(value, name)
    except HTTPError as error:
        return str(error)
    return None


@needs_description
def test_the_words_of_the_description() -> None:
    """Each word of each enumeration is taken; another is refused, unless the description takes any string there."""
    described = Description()
    places = [
        (name, *place) for name, node in described.options().items() for place in described.words(node, lambda v: v)
    ]

    assert len(places) > 20
    assert [] == [(name, word) for name, known, _, make in places for word in known if judge(name, make(word))]
    assert [] == [
        (name, known) for name, known, is_open, make in places if not (is_open or judge(name, make("no such")))
    ]
