"""``client.get()`` and its like: any endpoint, through the whole chain."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types import Model
from pydantic import BaseModel

from openai_conversations import (
    AmbiguousWriteError,
    APIResponseValidationError,
    APIStatusError,
    Conversation,
    ConversationsClient,
    HTTPResponse,
    InternalServerError,
    InvalidArgumentError,
    Message,
    NotFoundError,
    RetryPolicy,
    omit,
)
from tests.sockets import answering, http

AT_ONCE = RetryPolicy(initial=0.001)
CONVERSATION = {"id": "conv_1", "object": "conversation", "created_at": 1}
MODEL = {"id": "gpt", "object": "model", "created": 1, "owned_by": "openai"}
BROKEN = http(500, b"{}")


def client_of(server, **settings):
    return ConversationsClient(**{"api_key": "sk-test", "base_url": server.base_url, "retry": AT_ONCE, **settings})


def ok(value):
    return http(200, json.dumps(value).encode(), "x-request-id: req_1")


class Named(BaseModel):
    """A model of a user's own."""

    id: str


@pytest.mark.parametrize(
    ("cast_to", "body", "expected"),
    [
        (Conversation, CONVERSATION, Conversation(id="conv_1", created_at=1)),
        (Model, MODEL, Model(**MODEL)),
        (Named, MODEL, Named(id="gpt")),
        (object, MODEL, MODEL),
        (dict, MODEL, MODEL),
        (dict[str, object], MODEL, MODEL),
        (list, [1], [1]),
        (Any, 123456789012345678901234567890, 123456789012345678901234567890),
        (str, "a", '"a"'),
        (bytes, "a", b'"a"'),
        (None, MODEL, None),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_cast_to(cast_to: Any, body: Any, expected: Any) -> None:
    """A response becomes what was asked for."""
    async with answering(ok(body)) as server, client_of(server) as client:
        assert expected == await client.get("/models", cast_to=cast_to)

    assert ["GET /v1/models HTTP/1.1"] == [asked.line for asked in server.asked]


async def test_response_itself() -> None:
    """``HTTPResponse`` gives the response as it came."""
    async with answering(ok(MODEL)) as server, client_of(server) as client:
        response = await client.get("models", cast_to=HTTPResponse)

    assert (200, "req_1", MODEL) == (response.status_code, response.request_id, response.json())


async def test_what_does_not_fit() -> None:
    """A response that is something else is the error of every other call."""
    async with answering(ok({"name": 1})) as server, client_of(server) as client:
        for kind in (Named, Conversation):
            with pytest.raises(APIResponseValidationError, match=f"does not fit {kind.__name__}"):
                await client.get("/models", cast_to=kind)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
async def test_bodies(method: str) -> None:
    """A body may hold our objects; options are those of the official client."""
    async with answering(ok({})) as server, client_of(server) as client:
        await getattr(client, method)(
            "/things",
            cast_to=object,
            body={"item": Message(role="user", content="Hi")},
            options={
                "headers": {"x-mine": "1"},
                "params": {"a": [1, 2], "b": None},
                "extra_json": {"more": True},
                "idempotency_key": "key-1",
            },
        )
    (asked,) = server.asked

    assert f"{method.upper()} /v1/things?a%5B%5D=1&a%5B%5D=2 HTTP/1.1" == asked.line
    assert {"item": {"type": "message", "role": "user", "content": "Hi"}, "more": True} == json.loads(asked.body)
    assert ("1", "key-1") == (asked.headers["x-mine"], asked.headers["idempotency-key"])


async def test_no_body() -> None:
    """Without a body none is sent; an empty list is one."""
    async with answering(ok({})) as server, client_of(server) as client:
        await client.post("/things", cast_to=object)
        await client.post("/things", cast_to=object, body=omit)
        await client.post("/things", cast_to=object, body=[])

    assert [b"", b"", b"[]"] == [asked.body for asked in server.asked]


@pytest.mark.parametrize("method", ["get", "put", "delete"])
async def test_sent_again(method: str) -> None:
    """What may be done twice is tried again, as often as its options say."""
    async with answering(BROKEN, BROKEN, ok({})) as server, client_of(server) as client:
        assert {} == await getattr(client, method)("/things", cast_to=object)
    async with answering(BROKEN) as other, client_of(other) as client:
        with pytest.raises(InternalServerError):
            await getattr(client, method)("/things", cast_to=object, options={"max_retries": 0})

    assert (3, 1) == (len(server.asked), len(other.asked))


@pytest.mark.parametrize("method", ["post", "patch"])
async def test_never_sent_again(method: str) -> None:
    """What may have been carried out is reported as that, and what certainly was not is tried again."""
    async with answering(BROKEN) as server, client_of(server) as client:
        with pytest.raises(AmbiguousWriteError, match="This client cannot look it up"):
            await getattr(client, method)("/things", cast_to=object, body={})
    async with answering(http(429, b"{}"), ok({})) as other, client_of(other) as client:
        assert {} == await getattr(client, method)("/things", cast_to=object, body={})

    assert (1, 2) == (len(server.asked), len(other.asked))


async def test_not_carried_out() -> None:
    """An error that says no is that error, and nothing was done."""
    async with answering(http(404, b"{}")) as server, client_of(server) as client:
        with pytest.raises(NotFoundError) as caught:
            await client.post("/things", cast_to=object, body={})

    assert caught.value.not_carried_out


async def test_a_write_to_a_conversation() -> None:
    """What was posted to a conversation by its path: nothing is known of its last item afterwards."""
    page = {"object": "list", "data": [{"type": "message", "id": "msg_1", "role": "user", "content": "a"}]}
    seen = []

    async def note(request, handler):
        seen.append((request.conversation_id, request.is_ordered, request.template))
        return await handler(request)

    async with answering(ok(page)) as server, client_of(server, middlewares=[note]) as client:
        await client.post("/conversations/conv%5F1/items", cast_to=object, body={"items": []})
        await client.get("/conversations/conv_1", cast_to=object)

    assert [("conv_1", True, "/conversations…"), ("conv_1", False, "/conversations…")] == seen


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("https://elsewhere.example/v1/models", r"make a view with_options\(base_url=…\)"),
        ("//elsewhere.example/models", r"make a view with_options\(base_url=…\)"),
        ("/models?limit=1", "give query values as options="),
        ("/models/a b", "must not contain ' ': percent-encode it"),
        ("/models/../secrets", "it would name another path"),
        ("/models/%2e%2e/secrets", "it would name another path"),
        ("", "path must be a path below base_url"),
        (None, "path must be a path below base_url, such as '/models', not None"),
    ],
)
async def test_paths(path: Any, complaint: str) -> None:
    """A path stays below the base URL: no key goes anywhere else."""
    async with ConversationsClient(api_key="sk-test") as client:
        with pytest.raises(InvalidArgumentError, match=complaint):
            await client.get(path, cast_to=object)


async def test_other_arguments() -> None:
    """What cannot be is refused before anything is sent."""
    async with ConversationsClient(api_key="sk-test") as client:
        with pytest.raises(InvalidArgumentError, match="cast_to must be a class of openai_conversations"):
            await client.get("/models", cast_to=int)
        with pytest.raises(TypeError, match="unexpected keyword argument 'follow_redirects'"):
            await client.get("/models", cast_to=object, options={"follow_redirects": True})
        with pytest.raises(InvalidArgumentError, match="extra_json needs a body that is a mapping"):
            await client.post("/models", cast_to=object, body=[1], options={"extra_json": {"a": 1}})
        with pytest.raises(InvalidArgumentError, match="max_retries"):
            await client.get("/models", cast_to=object, options={"max_retries": -1})
    assert issubclass(NotFoundError, APIStatusError)
