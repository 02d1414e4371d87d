"""Items as dictionaries for type checkers: they have the keys of the classes, and ask for what the API asks for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from openai_conversations.converters.outgoing import OUTPUT_ONLY
from openai_conversations.schemas.items import ITEM_CLASSES
from openai_conversations.schemas.params import items
from tests.schemas.description import CONVERSATIONS, described
from tests.schemas.families import classes, fields, literals

MODULES = ("content", "tools", "items", "hosted_items", "machine_items")
PARAMS: dict[str, Any] = {
    name: value
    for module in MODULES
    for name, value in vars(import_module(f"openai_conversations.schemas.params.{module}")).items()
    if is_typeddict(value) and name.endswith("Param")
}
CLASSES = {cls.__name__: cls for cls in classes()}

# The description asks for keys that the service does not have.
NOT_THE_SERVICES = {("local_shell_call_output", "call_id"), ("mcp_approval_response", "request_id")}
# Its id, or its encrypted content: either will do.
ONE_OF_TWO = {("reasoning", "id")}


def keys(param: Any) -> dict[str, bool]:
    """Each key of a ``TypedDict``, and whether it must be there."""
    hints = get_type_hints(param, include_extras=True)
    return {name: name != "async" and get_origin(hint) is not NotRequired for name, hint in hints.items()}


@pytest.mark.parametrize("name", sorted(PARAMS))
def test_keys(name: str) -> None:
    """A dictionary has the keys of its class, but for what the service alone writes."""
    cls = CLASSES[name.removesuffix("Param")]

    assert fields(cls).keys() - OUTPUT_ONLY == keys(PARAMS[name]).keys()


def test_every_item() -> None:
    """Every item has one, and the union names them all."""
    named = {param.__name__ for param in get_args(items.ItemDictParam)}

    assert {f"{cls}Param" for cls in ITEM_CLASSES.values()} == named


def inputs(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every object that a part of the description allows."""
    schemas = described(CONVERSATIONS)
    if "$ref" in node:
        yield from inputs(schemas[node["$ref"].rpartition("/")[2]])
    elif choices := node.get("oneOf") or node.get("anyOf"):
        for choice in choices:
            yield from inputs(choice)
    elif "allOf" in node:
        parts = [part for each in node["allOf"] for part in inputs(each)]
        yield {
            "properties": {name: value for part in parts for name, value in part.get("properties", {}).items()},
            "required": [name for part in parts for name in part.get("required", [])],
        }
    else:
        yield node


@pytest.mark.skipif(not CONVERSATIONS.exists(), reason="OpenAI's description is not there")
def test_what_must_be_there() -> None:
    """A key must be there where every shape of the description asks for it, and nowhere else."""
    asked: dict[str, set[str]] = {}
    for shape in inputs(described(CONVERSATIONS)["InputItem"]):
        words = shape["properties"].get("type", {})
        tag = next(iter(words.get("enum", [])), "item_reference")
        required = set(shape.get("required", []))
        asked[tag] = asked.get(tag, required) & required
    found = {
        (tag, key)
        for tag in asked
        for key, needed in keys(PARAMS[f"{ITEM_CLASSES[tag]}Param"]).items()
        if needed and key != "type"
    }
    expected = {(tag, key) for tag, required in asked.items() for key in required if key != "type"}

    assert expected - NOT_THE_SERVICES - ONE_OF_TWO == found


def test_words_are_closed() -> None:
    """A message is of a role that a request may have."""
    assert {"user", "assistant", "system", "developer"} == literals(get_type_hints(items.MessageParam)["role"])


def test_nothing_is_loaded() -> None:
    """They cost nothing at run time."""
    names = "o.ConversationsClient, o.ItemParam"
    script = f"import sys, openai_conversations as o; {names}; print([m for m in sys.modules if 'schemas.params' in m])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert "[]\n" == done.stdout
