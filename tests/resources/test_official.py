"""Our methods beside those of the official client: moving a service is a change of import."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from openai.resources.conversations import (
    AsyncConversations,
    AsyncItems,
    AsyncItemsWithRawResponse,
    AsyncItemsWithStreamingResponse,
    conversations as official,
)

from openai_conversations import ConversationsClient, Omit, omit
from openai_conversations.api.arguments import CallOptions
from openai_conversations.resources.conversations import Conversations, RawConversations, StreamingConversations
from openai_conversations.resources.items import Items, RawItems, StreamingItems

METHODS = [
    pytest.param(theirs, ours, name, id=f"{ours.__name__}.{name}")
    for theirs, ours in ((AsyncConversations, Conversations), (AsyncItems, Items))
    for name in ("create", "list", "retrieve", "update", "delete")
    if name in vars(theirs)
]


def parameters(method: Any) -> dict[str, inspect.Parameter]:
    """The parameters of a method; the keywords of every call are written out."""
    found = {n: p for n, p in inspect.signature(method).parameters.items() if n != "self"}
    if "options" in found:
        del found["options"]
        keyword = inspect.Parameter.KEYWORD_ONLY
        found |= {name: inspect.Parameter(name, keyword, default=None) for name in CallOptions.__annotations__}
    return found


def test_every_method_is_compared():
    """The eight operations of the API."""
    assert 8 == len(METHODS)


@pytest.mark.parametrize(("theirs", "ours", "name"), METHODS)
def test_signatures(theirs: Any, ours: Any, name: str) -> None:
    """Every parameter of the official method is one of ours: same name, same kind, and optional where it is there."""
    official, mine = parameters(getattr(theirs, name)), parameters(getattr(ours, name))

    assert [] == [n for n in official if n not in mine]
    assert [] == [n for n, p in official.items() if p.kind is not mine[n].kind]
    optional = {n for n, p in official.items() if p.default is not inspect.Parameter.empty}
    assert optional == {n for n in official if mine[n].default is not inspect.Parameter.empty}


@pytest.mark.parametrize(("theirs", "ours", "name"), METHODS)
def test_positions(theirs: Any, ours: Any, name: str) -> None:
    """What the official method takes by position, ours takes by the same."""

    def positional(method: Any) -> list[str]:
        return [n for n, p in parameters(method).items() if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]

    assert positional(getattr(theirs, name)) == positional(getattr(ours, name))


@pytest.mark.parametrize(("theirs", "ours", "name"), METHODS)
def test_additions_are_optional(theirs: Any, ours: Any, name: str) -> None:
    """What we added is a keyword that can be left out."""
    added = {n: p for n, p in parameters(getattr(ours, name)).items() if n not in parameters(getattr(theirs, name))}

    assert [] == [n for n, p in added.items() if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    assert [] == [n for n, p in added.items() if p.default is inspect.Parameter.empty]


@pytest.mark.parametrize(("theirs", "ours", "name"), METHODS)
def test_what_is_not_given(theirs: Any, ours: Any, name: str) -> None:
    """Where the official method tells what is not given from null, ours does."""

    def names(method: Any) -> set[str]:
        return {n for n, p in parameters(method).items() if type(p.default).__name__ in {"Omit", "NotGiven"}}

    assert names(getattr(theirs, name)) - {"timeout"} == names(getattr(ours, name))
    assert isinstance(omit, Omit)


@pytest.mark.parametrize(
    ("theirs", "ours", "resource"),
    [
        (official.AsyncConversationsWithRawResponse, RawConversations, Conversations),
        (official.AsyncConversationsWithStreamingResponse, StreamingConversations, Conversations),
        (AsyncItemsWithRawResponse, RawItems, Items),
        (AsyncItemsWithStreamingResponse, StreamingItems, Items),
    ],
)
def test_raw_and_streaming_methods(theirs: Any, ours: Any, resource: Any) -> None:
    """Raw and streaming responses are there for every method that the official client has them for, as it is called."""
    names = {"create", "list", "retrieve", "update", "delete"} & set(theirs.__init__.__code__.co_names)

    more = {"list"} - names if resource is Conversations else set[str]()  # of Azure, which the official client lacks
    assert names | more == {n for n in ("create", "list", "retrieve", "update", "delete") if hasattr(ours, n)}
    for name in names:
        assert inspect.signature(getattr(resource, name)) == inspect.signature(getattr(ours, name))


def test_where_they_are() -> None:
    """Raw and streaming responses are found where the official client has them."""
    client = ConversationsClient(api_key="k")

    assert {RawConversations} == {
        type(client.conversations.with_raw_response),
        type(client.with_raw_response.conversations),
    }
    assert {RawItems} == {
        type(client.conversations.items.with_raw_response),
        type(client.conversations.with_raw_response.items),
        type(client.with_raw_response.conversations.items),
    }
    assert {StreamingConversations} == {
        type(client.conversations.with_streaming_response),
        type(client.with_streaming_response.conversations),
    }
    assert {StreamingItems} == {
        type(client.conversations.items.with_streaming_response),
        type(client.conversations.with_streaming_response.items),
        type(client.with_streaming_response.conversations.items),
    }
