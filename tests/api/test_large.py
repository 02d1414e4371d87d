"""Responses that take long to decode."""

from __future__ import annotations

import asyncio

import pytest
from multidict import CIMultiDict

from openai_conversations import APIResponseValidationError, APITimeoutError, ConversationsClient
from openai_conversations.api.large import LARGE, decode_large
from openai_conversations.schemas.page import ConversationItemList
from openai_conversations.transport.message import HTTPResponse
from tests.fakes import get_request
from tests.sockets import answering, http

ITEM = (
    b'{"type":"message","id":"msg_%d","role":"user","status":"completed","content":[{"type":"input_text","text":"x"}]}'
)


def page(count):
    items = b",".join(ITEM % number for number in range(count))
    return b'{"object":"list","data":[%s],"has_more":false,"first_id":"msg_0","last_id":"z"}' % items


@pytest.mark.real_time
async def test_a_large_page():
    """A page of some megabytes is what a small one is, and others run while it is decoded."""
    turns = 0

    async def others():
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    body = page(30_000)
    assert len(body) > LARGE
    async with (
        answering(http(200, body)) as server,
        ConversationsClient(api_key="sk-test", base_url=server.base_url) as client,
    ):
        task = asyncio.create_task(others())
        found = await client.conversations.items.list("conv_1")
        task.cancel()

    assert (30_000, "msg_29999") == (len(found.data), found.data[-1].id)
    assert turns > 5


async def test_the_deadline_of_a_large_page():
    """A page that is not decoded when its deadline passes is a timeout, however long the thread goes on."""
    clock = asyncio.get_running_loop().time
    response = HTTPResponse(
        status_code=200, headers=CIMultiDict(), content=page(20_000), source=get_request(deadline=clock())
    )

    with pytest.raises(APITimeoutError, match="could not be decoded within the deadline") as caught:
        await decode_large(response, ConversationItemList, clock)

    assert 200 == caught.value.status_code


@pytest.mark.real_time
async def test_a_large_page_that_does_not_fit():
    """What is wrong with a large page is said as of a small one."""
    async with (
        answering(http(200, page(20_000)[:-1])) as server,
        ConversationsClient(api_key="sk-test", base_url=server.base_url) as client,
    ):
        with pytest.raises(APIResponseValidationError, match="not JSON"):
            await client.conversations.items.list("conv_1")
