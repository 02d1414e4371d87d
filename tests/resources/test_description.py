"""Our methods against OpenAI's own description of the API: every path, parameter and member has its place."""

from __future__ import annotations

import inspect
import json
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from openai_conversations import limits
from openai_conversations.api.operations import OPERATIONS
from openai_conversations.resources.conversations import Conversations
from openai_conversations.resources.items import Items
from openai_conversations.resources.response_inputs import InputItems, InputTokens
from openai_conversations.resources.responses import Responses
from openai_conversations.transport.message import Replay

# Not part of the project: OpenAI's description, cut to conversations and to turns, lies beside the repository.
SPEC = Path(__file__).resolve().parents[2].parent / "shared" / "spec"
DESCRIPTIONS = [SPEC / "openapi-conversations.json", SPEC / "openapi-responses.json"]

pytestmark = pytest.mark.skipif(
    not all(path.exists() for path in DESCRIPTIONS), reason="OpenAI's description of the API is not here"
)

METHODS: dict[str, Any] = {
    "createConversation": Conversations.create,
    "getConversation": Conversations.retrieve,
    "updateConversation": Conversations.update,
    "deleteConversation": Conversations.delete,
    "createConversationItems": Items.create,
    "listConversationItems": Items.list,
    "getConversationItem": Items.retrieve,
    "deleteConversationItem": Items.delete,
    "createResponse": Responses.create,
    "getResponse": Responses.retrieve,
    "deleteResponse": Responses.delete,
    "cancelResponse": Responses.cancel,
    "listInputItems": InputItems.list,
    "Getinputtokencounts": InputTokens.count,
    "Compactconversation": Responses.compact,
}


@cache
def description() -> dict[str, Any]:
    parts: list[dict[str, Any]] = [json.loads(path.read_bytes()) for path in DESCRIPTIONS]
    components = {kind: node for part in parts for kind, node in part["components"].items()}
    for kind in components:
        components[kind] = {name: node for part in parts for name, node in part["components"].get(kind, {}).items()}
    return {"paths": {path: node for part in parts for path, node in part["paths"].items()}, "components": components}


def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Each operation of the description by its id: method, path and what is said of it."""
    return {
        operation["operationId"]: (method.upper(), path, {"parameters": shared.get("parameters", []), **operation})
        for path, shared in description()["paths"].items()
        for method, operation in shared.items()
        if method in {"get", "post", "put", "patch", "delete"}
    }


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = description()["components"][node["$ref"].split("/")[2]][node["$ref"].rsplit("/", 1)[1]]
    return node


def parameters(operation: dict[str, Any], place: str) -> dict[str, dict[str, Any]]:
    found = [resolved(parameter) for parameter in operation["parameters"]]
    return {parameter["name"]: parameter for parameter in found if parameter["in"] == place}


def members(node: dict[str, Any]) -> dict[str, Any]:
    """The properties of a body, and which of them are required."""
    node = resolved(node)
    parts = [resolved(part) for part in node.get("allOf", node.get("anyOf", node.get("oneOf", [])))] or [node]
    required = [name for part in (node, *parts) for name in part.get("required", [])]
    return {name: name in required for part in parts for name in part.get("properties", {})}


def body(operation: dict[str, Any]) -> dict[str, Any]:
    content = resolved(operation["requestBody"])["content"] if "requestBody" in operation else {}
    return members(content["application/json"]["schema"]) if content else {}


def keywords(method: Any) -> dict[str, bool]:
    """The keywords of a method, those of its ``Unpack`` among them, and which of them are required."""
    found = {name: p.default is inspect.Parameter.empty for name, p in inspect.signature(method).parameters.items()}
    hint = method.__annotations__.get("params", "").removeprefix("Unpack[").removesuffix("]")
    members = getattr(method.__globals__.get(hint), "__annotations__", {})
    return found | {name: "Required[" in str(member) for name, member in members.items()}


def test_every_operation_is_here() -> None:
    """Method, path and operationId of every operation are those of our table, and there are no others."""
    assert {(name, method, path) for name, (method, path, _) in operations().items()} == {
        (ours.id, ours.method, ours.path) for ours in OPERATIONS
    }
    assert set(METHODS) == set(operations())


@pytest.mark.parametrize("name", METHODS)
def test_every_parameter_has_its_keyword(name: str) -> None:
    """Each parameter of the path and of the query, and each member of the body, is a parameter of our method."""
    operation = operations()[name][2]
    wanted = {**parameters(operation, "path"), **parameters(operation, "query"), **body(operation)}

    assert [] == [parameter for parameter in wanted if parameter not in keywords(METHODS[name])]


@pytest.mark.parametrize("name", METHODS)
def test_what_is_required(name: str) -> None:
    """What the API requires has no default with us, and the other way round."""
    operation = operations()[name][2]
    ours = keywords(METHODS[name])
    wanted = {
        **dict.fromkeys(parameters(operation, "path"), True),
        **{n: p.get("required", False) for n, p in parameters(operation, "query").items()},
        **body(operation),
    }

    assert wanted == {n: ours[n] for n in wanted}


@pytest.mark.parametrize("name", METHODS)
def test_methods_name_their_operation(name: str) -> None:
    """The docstring of a method names its operationId."""
    assert f"``{name}``" in METHODS[name].__doc__


def test_includes() -> None:
    """Every field that can be included is named by our type."""
    node = description()["components"]["schemas"]["IncludeEnum"]

    assert set() == set(resolved(node)["enum"]) - set(limits.INCLUDE_ALL)


def test_limits() -> None:
    """The numbers that the API names are ours."""
    metadata = description()["components"]["schemas"]["Metadata"]["anyOf"][0]["description"]
    items = resolved(operations()["createConversationItems"][2]["requestBody"])["content"]["application/json"]["schema"]
    limit = parameters(operations()["listConversationItems"][2], "query")["limit"]["description"]

    assert items["properties"]["items"]["maxItems"] == limits.ITEMS_PER_REQUEST
    assert f"between\n1 and {limits.ITEMS_PER_PAGE}," in limit
    assert f"Set of {limits.METADATA_PAIRS} key-value pairs" in metadata
    assert f"Keys are strings with a maximum length of {limits.METADATA_KEY_LENGTH} characters" in metadata
    assert f"with a maximum length of {limits.METADATA_VALUE_LENGTH} characters" in metadata


def test_orders() -> None:
    """Every order of a listing is named by our type."""
    hint = get_type_hints(Items.list)["order"]
    words = {value for part in get_args(hint) if get_origin(part) is Literal for value in get_args(part)}
    order = parameters(operations()["listConversationItems"][2], "query")["order"]

    assert set(resolved(order["schema"])["enum"]) == words


def test_what_may_be_repeated() -> None:
    """What makes something new is never sent again blindly; everything else does the same when it is done twice."""
    assert {"createConversation", "createConversationItems", "createResponse"} == {
        ours.id for ours in OPERATIONS if ours.replay is Replay.APPEND
    }
