"""Arguments are checked before a byte is sent; each error names the argument."""

from __future__ import annotations

import copy
import pickle

import pytest

from openai_conversations import (
    CallOptions,
    ConversationsClient,
    InvalidArgumentError,
    omit,
)
from openai_conversations.api.arguments import checked_items, checked_metadata, is_given, path_id
from tests.sockets import answering, http

ITEM = {"role": "user", "content": "Hi"}

# Every method, with a bad id in each place where one goes.
WITH_IDS = {
    "retrieve": lambda c, i: c.conversations.retrieve(i),
    "update": lambda c, i: c.conversations.update(i, metadata={}),
    "delete": lambda c, i: c.conversations.delete(i),
    "items.create": lambda c, i: c.conversations.items.create(i, items=[ITEM]),
    "items.append": lambda c, i: c.conversations.items.append(i, [ITEM]),
    "items.list": lambda c, i: c.conversations.items.list(i),
    "items.retrieve": lambda c, i: c.conversations.items.retrieve("msg_1", conversation_id=i),
    "items.retrieve item": lambda c, i: c.conversations.items.retrieve(i, conversation_id="conv_1"),
    "items.delete": lambda c, i: c.conversations.items.delete("msg_1", conversation_id=i),
    "items.delete item": lambda c, i: c.conversations.items.delete(i, conversation_id="conv_1"),
}


@pytest.fixture
async def silent_client():
    """A client of a server that must not be asked."""
    async with answering(http(500)) as server, ConversationsClient(api_key="k", base_url=server.base_url) as client:
        yield client
    assert 0 == server.connections


async def error_of(awaitable) -> str:
    """The message of the error."""
    with pytest.raises(InvalidArgumentError) as caught:
        await awaitable
    return str(caught.value)


@pytest.mark.parametrize("method", WITH_IDS)
async def test_ids(silent_client, method):
    """An id that is empty or would ask for another path is refused by every method; the message names the argument."""
    name = "item_id" if method.endswith(" item") else "conversation_id"
    call = WITH_IDS[method]

    assert f"Expected a non-empty value for `{name}` but received ''" == await error_of(call(silent_client, ""))
    assert f"Expected a non-empty value for `{name}` but received None" == await error_of(call(silent_client, None))
    for bad in (".", ".."):
        assert f"`{name}` must not be {bad!r}: it would name another path" == await error_of(call(silent_client, bad))
    for bad, culprit in (("a/b", "/"), ("a?b", "?"), ("a#b", "#"), ("../a", "/"), ("a\\b", "\\")):
        assert f"`{name}` must not contain {culprit!r}, but received {bad!r}" == await error_of(
            call(silent_client, bad)
        )
    assert f"`{name}` must not contain '\\n', but received 'a\\n'" == await error_of(call(silent_client, "a\n"))


@pytest.mark.parametrize(
    "value", ["a\tb", "a\0b", "a\u2028b", "a\u200bb", "\ud800", 7, b"conv_1", ["conv_1"], object()]
)
def test_ids_that_are_no_text(value):
    """An id is a string without invisible characters."""
    with pytest.raises(InvalidArgumentError, match="`conversation_id`"):
        path_id("conversation_id", value)


# Metadata


METADATA = [
    pytest.param({str(n): "" for n in range(17)}, "metadata has 17 pairs; the API allows 16", id="17 pairs"),
    pytest.param(
        {"k" * 65: "marker"},
        f"metadata key {'k' * 20 + '…'!r} has 65 characters; the API allows 64",
        id="a key of 65 characters",
    ),
    pytest.param(
        {"key": "marker" + "v" * 507}, "metadata['key'] has 513 characters; the API allows 512", id="a value of 513"
    ),
    pytest.param({"key": 7}, "metadata['key'] is of type int; values are strings", id="a number"),
    pytest.param({"key": True}, "metadata['key'] is of type bool; values are strings", id="a boolean"),
    pytest.param({"key": None}, "metadata['key'] is of type NoneType; values are strings", id="null"),
    pytest.param({"key": ["marker"]}, "metadata['key'] is of type list; values are strings", id="a list"),
    pytest.param({7: "marker"}, "metadata has the key 7; keys are strings", id="a key that is a number"),
    pytest.param(["marker"], "metadata must be a mapping or None, not list", id="a list instead"),
    pytest.param("marker", "metadata must be a mapping or None, not str", id="a text instead"),
]


@pytest.mark.parametrize(("metadata", "complaint"), METADATA)
async def test_metadata(silent_client, metadata, complaint):
    """Metadata beyond the limits of the API is refused; the message names the key and shows no value."""
    create = silent_client.conversations.create(metadata=metadata)
    update = silent_client.conversations.update("conv_1", metadata=metadata)

    assert [complaint] * 2 == [await error_of(create), await error_of(update)]
    assert "marker" not in complaint


def test_metadata_at_the_limits():
    """What the API allows is allowed, counted in characters."""
    largest = {f"{n:x}" * 64: "ä" * 512 for n in range(16)}

    assert largest == checked_metadata(largest)
    assert ({}, None) == (checked_metadata({}), checked_metadata(None))


# Items


@pytest.mark.parametrize(
    ("items", "complaint"),
    [
        (
            [ITEM] * 21,
            "items has 21 items; the API takes 20 in one request, and conversations.items.append takes any n",
        ),
        ("Hi", "items must be a list of items, not str"),
        (b"Hi", "items must be a list of items, not bytes"),
        (ITEM, "items must be a list of items, not dict"),
        (7, "items must be a list of items, not int"),
        (["Hi"], "items[0] must be a mapping or an item object, not str"),
        ([ITEM, None], "items[1] must be a mapping or an item object, not None"),
        ([{"content": float("nan")}], "the request cannot be sent: $.items[0].content is nan, which JSON cannot carry"),
        ([{"content": {1: 2}}], "the request cannot be sent: $.items[0].content has the key 1; the keys of a JSON obj"),
        (
            [{"content": object()}],
            "the request cannot be sent: $.items[0].content is of type object, which JSON cannot carry",
        ),
    ],
)
async def test_items(silent_client, items, complaint):
    """Items that cannot be sent are refused; the message names their place."""
    create = silent_client.conversations.create(items=items)
    append = silent_client.conversations.items.create("conv_1", items=items)

    assert all(words.startswith(complaint) for words in [await error_of(create), await error_of(append)])


async def test_no_items(silent_client):
    """An append without items has nothing to say; null is none either."""
    assert "items must be a list of items, not NoneType" == await error_of(
        silent_client.conversations.items.create("conv_1", items=None)
    )


def test_items_of_any_kind_of_iterable():
    """Lists, tuples and generators are taken."""
    assert [[ITEM], [ITEM], []] == [checked_items(items) for items in ((ITEM,), iter([ITEM]), [])]


# Words and numbers


async def test_words(silent_client):
    """Keywords of ours that take one of a few words say which."""
    conversations = silent_client.conversations

    assert "guard must be one of auto, strict, off, not 'maybe'" == await error_of(
        conversations.items.create("conv_1", items=[ITEM], guard="maybe")
    )
    assert "on_ambiguous must be one of raise, resend, not 'guess'" == await error_of(
        conversations.create(items=[ITEM], on_ambiguous="guess")
    )


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ({"extra_body": [1]}, "extra_body must be a mapping, not list"),
        ({"extra_body": {"items": []}}, "extra_body must not contain `items`"),
        ({"extra_query": [("a", 1)]}, "extra_query must be a mapping, not list"),
        ({"extra_query": {7: 1}}, "extra_query has the key 7; keys are strings"),
        ({"extra_query": {"a": "\ud800"}}, "the query value a contains a lone surrogate and cannot be sent"),
    ],
)
async def test_extras(silent_client, extra, complaint):
    """Extras that cannot be sent are refused."""
    conversations = silent_client.conversations

    assert (await error_of(conversations.items.create("conv_1", items=[ITEM], **extra))).startswith(complaint)
    assert (await error_of(conversations.create(items=[ITEM], **extra))).startswith(complaint)


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        (
            {"extra_headers": {"X": "a\nb"}},
            "extra_headers: the value of the header X is not a string, or holds a line break",
        ),
        ({"extra_headers": {"X Y": "a"}}, "extra_headers: 'X Y' is not the name of a header"),
        *(
            (
                {"extra_headers": {name: value}},
                f"extra_headers must not contain {name}: it belongs to the connection, which the client makes",
            )
            for name, value in {
                "Content-Length": "3",
                "transfer-encoding": "chunked",
                "Expect": "100-continue",
                "Connection": "Upgrade",
                "Upgrade": "h2c",
                "TE": "trailers",
            }.items()
        ),
        ({"timeout": 0}, "timeout: total must be a positive number of seconds or None, not 0"),
        ({"timeout": "1"}, "timeout must be a number of seconds, a Timeout or None, not '1'"),
    ],
)
async def test_settings_of_a_call(silent_client, extra, complaint):
    """Settings of a call are checked like those of a client."""
    assert complaint == await error_of(silent_client.conversations.retrieve("conv_1", **extra))


async def test_misspelt_keywords(silent_client):
    """A keyword that no method has is a TypeError, as in any function."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'timeouts'"):
        await silent_client.conversations.retrieve("conv_1", timeouts=1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'extra_header'"):
        await silent_client.conversations.items.list("conv_1", extra_header={})


# The mark of what was not given


def test_omit():
    """What was not given is false, has a name, is one object, also after a pickle or a copy."""
    assert not omit
    assert "omit" == repr(omit)
    assert omit is pickle.loads(pickle.dumps(omit)) is copy.copy(omit) is copy.deepcopy(omit)  # noqa: S301
    assert (False, True, True) == (is_given(omit), is_given(None), is_given(0))


def test_every_method_takes_the_options_of_a_call():
    """The keywords of a call are those of the official client."""
    assert {"extra_headers", "extra_query", "extra_body", "timeout"} == set(CallOptions.__annotations__)
