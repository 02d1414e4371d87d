"""What a client learns from listings: the last item of a conversation, and never more than the listing tells."""

from __future__ import annotations

import json

import pytest

from openai_conversations import AmbiguousWriteError, ConversationsClient, RetryPolicy
from tests.sockets import http, read_request, serving

OLD = {
    "type": "message",
    "id": "msg_old",
    "role": "user",
    "status": "completed",
    "content": [{"type": "input_text", "text": "Hi"}],
}
NAMELESS = {"type": "custom_tool_call", "call_id": "c", "input": "", "name": "n"}
NEWER = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c", "input": "", "name": "n"}


def page(*items, has_more=False):
    return {"object": "list", "data": list(items), "has_more": has_more, "first_id": "", "last_id": ""}


async def appended(listed, *, default_query=None, guard="auto", **keywords):
    """
    Append a message that is in the conversation already, after a listing; the connection breaks.

    A client that knows no more than it was told cannot tell whether its message was stored.
    """

    async def peer(reader, writer):
        while (asked := await read_request(reader)) is not None:
            if asked.line.startswith("POST"):
                appends.append(asked)
                return
            oldest_first = page(NAMELESS) if "order=asc" in asked.line else page(OLD, NEWER, NAMELESS)
            looked = oldest_first if appends else listed
            writer.write(http(200, json.dumps(looked).encode()))

    appends: list[object] = []
    async with (
        serving(peer) as server,
        ConversationsClient(
            api_key="k", base_url=server.base_url, retry=RetryPolicy(initial=0.001), default_query=default_query
        ) as client,
    ):
        await client.conversations.items.list("conv_1", **keywords)
        hi = {"role": "user", "content": "Hi"}
        return await client.conversations.items.create("conv_1", items=[hi], guard=guard)


@pytest.mark.parametrize(
    ("listed", "keywords"),
    [
        pytest.param(page(NAMELESS), {"order": "desc"}, id="the newest item has no id"),
        pytest.param(page(NEWER, OLD), {}, id="an order that nobody asked for"),
        pytest.param(page(NEWER, NEWER | {"name": "m"}), {"order": "desc"}, id="the newest id occurs twice"),
        pytest.param(page(OLD, NAMELESS), {"order": "asc"}, id="the newest item of another order has no id"),
        pytest.param(page(NEWER, OLD), {"extra_query": {"order": "asc"}}, id="an order that we did not ask for"),
        pytest.param(page(), {"extra_query": {"after": "msg_old"}}, id="a cursor that we did not ask for"),
        pytest.param(page(), {"default_query": {"after": "msg_old"}}, id="a cursor of the client"),
        pytest.param(page(), {"limit": 0}, id="a page of nothing"),
        pytest.param(page(NEWER, has_more=True), {"order": "asc"}, id="not the last page"),
        pytest.param(page(NEWER), {"after": "x"}, id="not the first page"),
        pytest.param(page(), {"after": "x"}, id="nothing after a cursor"),
        pytest.param(page(has_more=True), {}, id="an empty page that is not the last"),
    ],
)
async def test_what_a_listing_does_not_tell(listed, keywords):
    """A listing that does not show the end of the conversation is no reason to take an older message for a new one."""
    with pytest.raises(AmbiguousWriteError, match="these or older ones"):
        await appended(listed, **keywords)


async def test_a_strict_guard_that_meets_no_id():
    """An item without an id is no anchor, also when it was asked for on purpose."""
    with pytest.raises(AmbiguousWriteError, match="these or older ones"):
        await appended(page(NAMELESS), guard="strict")


@pytest.mark.parametrize(
    ("listed", "keywords"),
    [
        pytest.param(page(), {}, id="the conversation was empty"),
        pytest.param(page(), {"order": "asc"}, id="it was empty from the beginning on"),
        pytest.param(page(NEWER), {"order": "desc"}, id="the newest item"),
        pytest.param(page(NAMELESS, NEWER), {"order": "asc"}, id="the newest item of the last page"),
        pytest.param(
            page(NEWER),
            {"order": "desc", "extra_query": {"x": 1}, "default_query": {"y": 1}},
            id="with other query values",
        ),
        pytest.param(page(NEWER), {"order": "desc", "limit": 1, "include": ["x"]}, id="with other keywords"),
    ],
)
async def test_what_a_listing_tells(listed, keywords):
    """What was not in the conversation, or came after its last item, is new: it is what was sent."""
    assert ["msg_old"] == [item.id for item in (await appended(listed, **keywords)).data]
