"""The keywords of ``client.responses`` against OpenAI's description of the API, and beside the official client's."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import NoneType
from typing import Any, Required, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from openai.resources.responses import AsyncResponses
from openai.resources.responses.input_tokens import AsyncInputTokens

from openai_conversations import Conversation, Omit, limits
from openai_conversations.api.arguments import CallOptions
from openai_conversations.resources import response_params
from openai_conversations.resources.response_params import (
    InputTokenCountParams,
    ResponseCompactParams,
    ResponseCreateParams,
    ResponseRetrieveParams,
    TurnParams,
)
from openai_conversations.schemas import responses
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.params import turns
from openai_conversations.schemas.responses import configuration
from openai_conversations.schemas.tools import Tool
from tests.schemas.description import RESPONSES, SCALARS, described
from tests.schemas.families import literals, members

described_here = pytest.mark.skipif(not RESPONSES.exists(), reason="OpenAI's description of the API is not here")

BODIES = {
    "CreateResponse": ResponseCreateParams,
    "CompactResponseMethodPublicBody": ResponseCompactParams,
    "TokenCountsBody": InputTokenCountParams,
}

METHODS = [
    (AsyncResponses.create, ResponseCreateParams, {"stream"}),
    (AsyncResponses.retrieve, ResponseRetrieveParams, {"response_id", "stream"}),
    (AsyncResponses.compact, ResponseCompactParams, set()),
    (AsyncInputTokens.count, InputTokenCountParams, set()),
]

NEWER = {
    ResponseCreateParams: {"access_programs", "background_options", "image"},
    ResponseCompactParams: {"image"},
    InputTokenCountParams: set(),
}
"""What the official client has, and the description that we have not yet."""

ITEM = Mapping[str, object] | Item
NAMES: dict[str, Any] = {
    **vars(configuration),
    **vars(turns),
    "Conversation": Conversation,
    "ConversationParam": str | Mapping[str, object] | Conversation | responses.ResponseConversation,
    "Include": limits.Include,
    "InputParam": str | Iterable[ITEM],
    "Tool": Tool,
    "ToolChoiceObject": configuration.ToolChoiceFunction,
    "ToolParam": Mapping[str, object] | Tool,
}
"""What is imported for type checkers only."""


def hints(params: Any) -> dict[str, Any]:
    """The annotations of a class of keywords, without those of every call."""
    found = get_type_hints(params, localns=NAMES, include_extras=True)
    return {name: hint for name, hint in found.items() if name not in CallOptions.__annotations__}


def body(name: str) -> dict[str, dict[str, Any]]:
    """The members of a body of the description."""
    return properties(described(RESPONSES)[name])


def properties(node: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The members of an object of the description, also of one that is put together of others."""
    found = dict(node.get("properties", {}))
    for part in (part for one in node.get("allOf", []) for part in alternatives(one)):
        found |= properties(part)
    return found


def alternatives(node: dict[str, Any]) -> list[dict[str, Any]]:
    """A union of the description, taken apart."""
    while "$ref" in node:
        node = described(RESPONSES)[node["$ref"].rsplit("/", 1)[1]]
    union = node.get("anyOf") or node.get("oneOf")
    return [found for part in union for found in alternatives(part)] if union else [node]


MEMBERS = [(name, member) for name in BODIES for member in body(name)] if RESPONSES.exists() else []


def unwrapped(hint: Any) -> list[Any]:
    """The members of an annotation, without ``Required``."""
    return members(get_args(hint)[0]) if get_origin(hint) is Required else members(hint)


def required(params: Any) -> set[str]:
    """What must be given; Python's own ``__required_keys__`` does not read annotations that are strings."""
    return {name for name, hint in hints(params).items() if get_origin(hint) is Required}


@described_here
@pytest.mark.parametrize("name", BODIES)
def test_names(name: str) -> None:
    """Every member of the body has its keyword, and there are no others but the official client's."""
    assert set(body(name)) - {"stream"} == set(hints(BODIES[name])) - NEWER[BODIES[name]]


@described_here
def test_members_of_a_turn() -> None:
    """The description has 31 members of a turn; one of them is the method's own."""
    assert 31 == len(body("CreateResponse"))


@described_here
@pytest.mark.parametrize(("name", "member"), [each for each in MEMBERS if each[1] != "stream"])
def test_values(name: str, member: str) -> None:
    """Every value of an enumeration is named, and so is every kind of JSON value; a dictionary may be one with keys."""
    hint, parts = hints(BODIES[name])[member], alternatives(body(name)[member])
    enums = {value for part in parts for value in part.get("enum", [])}
    ours = {Mapping if is_typeddict(m) else get_origin(m) or m for m in unwrapped(hint)}

    assert set() == (enums - literals(hint) if member != "model" else set())
    assert [] == [p["type"] for p in parts if "enum" not in p and not ours & set(kinds(p))]


def kinds(part: dict[str, Any]) -> Iterator[Any]:
    """What we write for a kind of JSON value."""
    if part["type"] == "array":
        yield from (Iterable, get_origin(Iterable[Any]), get_origin(Sequence[Any]))
    elif part["type"] == "object":
        yield get_origin(Mapping[str, object])
    else:
        yield from SCALARS[part["type"]]


@described_here
def test_query_of_retrieve() -> None:
    """Every query value of getResponse has its keyword."""
    found = json.loads(RESPONSES.read_bytes())["paths"]["/responses/{response_id}"]["get"]["parameters"]

    assert {p["name"] for p in found if p["in"] == "query"} - {"stream"} == set(hints(ResponseRetrieveParams))


@pytest.mark.parametrize(("theirs", "ours", "apart"), METHODS)
def test_official_names(theirs: Any, ours: Any, apart: set[str]) -> None:
    """Every keyword of the official method is one of ours, or is the method's own."""
    official = {name for name in inspect.signature(theirs).parameters if name != "self"}

    assert set() == official - set(ours.__annotations__) - apart


@pytest.mark.parametrize(("theirs", "ours", "apart"), METHODS)
def test_what_may_be_null(theirs: Any, ours: Any, apart: set[str]) -> None:
    """What the official method takes as null or as not given, ours does, and nothing else."""
    official, mine = get_type_hints(theirs), hints(ours)
    compared = set(official) & set(mine)

    assert {n for n in compared if NoneType in members(official[n])} == {
        n for n in compared if NoneType in unwrapped(mine[n])
    }
    assert set(mine) - required(ours) == {n for n in mine if Omit in unwrapped(mine[n])}


@pytest.mark.parametrize(("theirs", "ours", "apart"), METHODS)
def test_what_is_required(theirs: Any, ours: Any, apart: set[str]) -> None:
    """What the official method requires, ours does."""
    parameters = inspect.signature(theirs).parameters
    official = {n for n, p in parameters.items() if p.default is inspect.Parameter.empty} - {"self", *apart}

    assert official == required(ours)


@pytest.mark.parametrize("ours", [ours for _, ours, _ in METHODS])
def test_documentation(ours: Any) -> None:
    """The docstring says a line for each keyword, in their order."""
    described = [TurnParams, ours] if ours is ResponseCreateParams else [ours]
    lines = [line for kind in described for line in inspect.getdoc(kind).partition("Attributes:\n")[2].splitlines()]

    assert list(hints(ours)) == [line.strip().partition(":")[0] for line in lines]


def test_nothing_is_imported_for_them() -> None:
    """The module loads no schema, no converter and no transport that the arguments of every call do not load."""
    program = (
        "import sys; import openai_conversations.api.arguments; before = set(sys.modules);"
        f"import {response_params.__name__}; print(*(set(sys.modules) - before))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert {"openai_conversations.resources", response_params.__name__} == set(found.stdout.split())
