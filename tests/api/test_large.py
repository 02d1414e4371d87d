"""Responses that take long to decode."""

from __future__ import annotations

import asyncio

import pytest
from multidict import CIMultiDict

from openai_conversations import (
    AmbiguousWriteError,
    APIResponseValidationError,
    APITimeoutError,
    ConversationsClient,
    RetryPolicy,
)
from openai_conversations.api.large import LARGE, decode_large, read_value
from openai_conversations.schemas.page import ConversationItemList
from openai_conversations.transport.message import HTTPResponse
from tests.fakes import get_request
from tests.sockets import answering, http, read_request, serving

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


@pytest.mark.real_time
async def test_a_large_page_in_a_lookup():
    """A page that a lookup or a strict guard reads, and one that tells the last item, is decoded in a thread, too."""
    body, turns = page(30_000), []

    async def peer(reader, writer):
        while (asked := await read_request(reader)) is not None:
            if asked.line.startswith("POST"):
                return
            writer.write(http(200, body))

    async def others():
        while True:
            await asyncio.sleep(0.001)
            turns.append(1)

    async with (
        serving(peer) as server,
        ConversationsClient(api_key="sk-test", base_url=server.base_url, retry=RetryPolicy(initial=0.001)) as client,
    ):
        task = asyncio.create_task(others())
        item = {"role": "user", "content": "x"}
        with pytest.raises(AmbiguousWriteError):
            await client.conversations.items.create("conv_1", items=[item], guard="strict")
        task.cancel()

    assert len(turns) > 5


@pytest.mark.parametrize("content", [page(20_000), b"[" * LARGE + b"]"])
async def test_the_value_of_a_large_response(content):
    """It is there for whoever asks next; what is no JSON is an error of who asks."""
    response = HTTPResponse(status_code=200, headers=CIMultiDict(), content=content, source=get_request())

    await read_value(response, asyncio.get_running_loop().time)

    assert content.startswith(b"[") is (response.value is None)
