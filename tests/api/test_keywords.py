"""Keywords that a method does not have: the method, the keyword, and what to write instead."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from openai_conversations import ConversationsClient, Message
from openai_conversations.api.keywords import WAYS_OUT
from openai_conversations.resources.response_params import ResponseCreateParams
from openai_conversations.resources.responses import Responses

TURN = {"model": "gpt-5.5", "input": "Hi"}


@pytest.fixture
def client():
    """A client that nothing listens to."""
    return ConversationsClient(api_key="sk-test", base_url="http://127.0.0.1:9/v1")


CALLS = {
    "conversations.create() … 'headers': it is extra_headers=…": lambda c: c.conversations.create(headers={}),
    "conversations.retrieve() … 'params': it is extra_query=…": lambda c: c.conversations.retrieve("conv_1", params={}),
    "responses.create() … 'messages': what is said to a model is input=…": lambda c: c.responses.create(messages=[]),
    "responses.create() … 'max_tokens': it is max_output_tokens=…": lambda c: c.responses.create(max_tokens=1),
    "responses.create() … 'conversation_id': the conversation of a turn is conversation=…": lambda c: (
        c.responses.create(conversation_id="conv_1")
    ),
    "responses.create() … 'modle': did you mean 'model'?": lambda c: c.responses.create(modle="m"),
    "responses.parse() … 'response_format': a class is text_format=…": lambda c: c.responses.parse(
        text_format=Message, response_format=Message
    ),
    "responses.delete() … 'max_retries': it is a setting": lambda c: c.responses.delete("resp_1", max_retries=0),
    "responses.input_tokens.count() … 'inputs': it is input=…": lambda c: c.responses.input_tokens.count(inputs="Hi"),
    "conversations.run() … 'text_format': responses.parse()": lambda c: c.conversations.run(
        "conv_1", **TURN, text_format=Message
    ),
    "conversations.erase() … 'headers': it is extra_headers=…": lambda c: c.conversations.erase("conv_1", headers={}),
    "conversations.items.list() … 'headers': it is extra_headers=…": lambda c: _first(
        c.conversations.items.list("conv_1", headers={})
    ),
    "responses.with_raw_response.create() … 'inputs': it is input=…": lambda c: c.responses.with_raw_response.create(
        inputs="Hi"
    ),
}


async def _first(listing):
    return await anext(aiter(listing))


@pytest.mark.parametrize("complaint", CALLS)
async def test_ways_out(client, complaint):
    """The error names the method that was called, as Python's own does, and says what to write."""
    method, _, way_out = complaint.partition("() … ")
    with pytest.raises(TypeError) as raised:
        await CALLS[complaint](client)

    said = str(raised.value)
    assert said.startswith(f"{method.rpartition('.')[2]}() got an unexpected keyword argument {way_out}")


async def test_a_task_of_its_own(client):
    """The method is known also where nobody else stands on the stack."""
    with pytest.raises(TypeError, match=r"^create\(\) got an unexpected keyword argument 'foo'$"):
        await asyncio.create_task(client.responses.create(foo=1))


def test_what_has_a_way_out():
    """No way out is given for what a turn takes; of those that are a method's own, others ask."""
    own = inspect.signature(Responses.create).parameters.keys() - {"stream", "params"}

    assert set() == WAYS_OUT.keys() & (ResponseCreateParams.__annotations__.keys() | own)
