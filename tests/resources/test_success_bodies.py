"""A 200 is believed for what it says, and for nothing that it leaves out."""

from __future__ import annotations

import json

import pytest

from openai_conversations import APIResponseValidationError, ConversationsClient
from openai_conversations.transport.message import HTTPResponse

CONVERSATION = {"id": "conv_1", "object": "conversation", "created_at": 1, "metadata": {}}
GONE = {"id": "conv_1", "object": "conversation.deleted", "deleted": True}


def client_that_hears(*bodies):
    """A client whose requests are answered with these bodies, one after the other; the last one again and again."""
    left = list(bodies)

    async def answer(request, _):
        body = left.pop(0) if len(left) > 1 else left[0]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return HTTPResponse(status_code=200, headers={}, content=content, source=request)

    return ConversationsClient(api_key="k", base_url="http://localhost/v1", middlewares=(answer,))


@pytest.mark.parametrize(
    "body", [CONVERSATION, {"error": {"message": "no"}, "id": "conv_1"}, {"error": "no", **GONE}], ids=["it", "1", "2"]
)
async def test_a_deletion_that_did_not_happen(body):
    """What shows the conversation or the response itself, or an error, says that nothing was deleted."""
    async with client_that_hears(body) as client:
        with pytest.raises(APIResponseValidationError):
            await client.conversations.delete("conv_1")
    shown = {**body, "object": "response"} if body is CONVERSATION else body
    async with client_that_hears(shown) as client:
        with pytest.raises(APIResponseValidationError):
            await client.responses.delete("conv_1")


@pytest.mark.parametrize("body", [GONE, {"id": "conv_1"}, {**CONVERSATION, "deleted": True}, {**GONE, "object": "x"}])
async def test_a_deletion(body):
    """What servers say of a deletion differs: all that is no denial is one."""
    async with client_that_hears(body) as client:
        assert (await client.conversations.delete("conv_1")).deleted
        assert (await client.responses.delete("conv_1")).deleted


@pytest.mark.parametrize("format", ["jsonl", "markdown"])
@pytest.mark.parametrize(
    "body", [b"<html>", b"", b"null", b'{"id": NaN}', b'{"id": "\xfc"}', b'{"n": %b}' % (b"9" * 5000), {"error": "no"}]
)
async def test_an_export_of_what_is_no_conversation(body, format):
    """An export raises our error, whatever a 200 holds in place of the conversation or a page."""
    for bodies in ([body], [CONVERSATION, body]):
        async with client_that_hears(*bodies) as client:
            with pytest.raises(APIResponseValidationError):
                [line async for line in client.conversations.export("conv_1", format=format)]
