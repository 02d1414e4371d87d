"""Our classes where web frameworks and pydantic look for JSON: returned, annotated, and as fields of models."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from typing import Annotated, Any

import aiohttp
import pytest
from aiohttp import web
from fastapi import Body, FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, TypeAdapter, ValidationError

from openai_conversations import (
    Conversation,
    ConversationItem,
    ConversationItemList,
    InputText,
    Message,
    OutputText,
    ResponseStreamEvent,
    json_default,
)
from openai_conversations.schemas.content import MessageContent
from openai_conversations.schemas.items import ITEM_CLASSES

CONVERSATION = {"id": "conv_1", "object": "conversation", "metadata": {"user": "42"}, "created_at": 7, "new": [1]}
ITEMS = [
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}], "id": "msg_1"},
    {"type": "hologram", "id": "h_1", "depth": 3},
]

app = FastAPI()


@app.get("/bare")
async def bare():
    return Conversation.from_dict(CONVERSATION)


@app.get("/annotated")
async def annotated() -> Conversation:
    return Conversation.from_dict(CONVERSATION)


@app.get("/any")
async def anything() -> Any:
    return Conversation.from_dict(CONVERSATION)


@app.get("/inside")
async def inside() -> dict[str, Any]:
    return {"chat": Conversation.from_dict(CONVERSATION), "items": [ConversationItem.from_dict(ITEMS[1])]}


@app.get("/items")
async def items() -> list[ConversationItem]:
    return [ConversationItem.from_dict(item) for item in ITEMS]


@app.get("/page")
async def page():
    return ConversationItemList.from_dict({"object": "list", "data": ITEMS, "has_more": False})


@app.get("/event")
async def event() -> ResponseStreamEvent:
    return ResponseStreamEvent.from_dict({"type": "response.output_text.delta", "delta": "H"})


@app.post("/echo")
async def echo(message: Annotated[Message, Body()]) -> Message:
    return message


@pytest.fixture(name="client")
def client_() -> TestClient:
    return TestClient(app)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/bare", CONVERSATION),
        ("/annotated", CONVERSATION),
        ("/any", CONVERSATION),
        ("/inside", {"chat": CONVERSATION, "items": [ITEMS[1]]}),
        ("/items", ITEMS),
        ("/page", {"object": "list", "data": ITEMS, "has_more": False}),
        ("/event", {"type": "response.output_text.delta", "delta": "H"}),
    ],
)
def test_returned(client: TestClient, path: str, expected: Any) -> None:
    """An endpoint may return our objects, with an annotation or without: what came is what is sent."""
    assert expected == client.get(path).json()


def test_received(client: TestClient) -> None:
    """An endpoint may take them as its body; what does not fit is a 422 that names the place."""
    assert ITEMS[0] == client.post("/echo", json=ITEMS[0]).json()
    refused = client.post("/echo", json={"role": "user"})
    assert 422 == refused.status_code
    assert "required field missing @ $.content" in refused.text


def test_openapi(client: TestClient) -> None:
    """The OpenAPI document has every class once, by reference, and its page renders."""
    schemas = client.get("/openapi.json").json()["components"]["schemas"]

    assert set(ITEM_CLASSES.values()) <= set(schemas)
    assert ["id"] == schemas["Conversation"]["required"]
    assert {"type": "integer"} == schemas["Conversation"]["properties"]["created_at"]
    assert ["type", "role", "content"] == schemas["Message"]["required"]
    assert {"$ref": "#/components/schemas/InputText"} in schemas["Message"]["properties"]["content"]["anyOf"][1][
        "items"
    ]["anyOf"]
    assert 200 == client.get("/docs").status_code


def test_references(client: TestClient) -> None:
    """Every reference of the OpenAPI document leads somewhere."""
    document = client.get("/openapi.json").json()
    referred = {part.split('"')[0] for part in json.dumps(document).split('"#/components/schemas/')[1:]}

    assert set() == referred - set(document["components"]["schemas"])


class Chat(BaseModel):
    """A model of pydantic's, with our classes as fields."""

    conversation: Conversation
    items: list[ConversationItem] = []
    part: MessageContent | None = None


def test_fields_of_models() -> None:
    """A model takes instances and JSON, gives instances, and writes the JSON that came."""
    chat = Chat.model_validate(
        {"conversation": CONVERSATION, "items": ITEMS, "part": {"type": "output_text", "text": "x"}}
    )

    assert Conversation.from_dict(CONVERSATION) == chat.conversation
    assert [Message, "hologram"] == [type(chat.items[0]), chat.items[1].type]
    assert OutputText(text="x") == chat.part
    assert ITEMS == chat.model_dump()["items"]
    assert chat == Chat.model_validate_json(chat.model_dump_json())
    assert InputText(text="y") == Chat(conversation=chat.conversation, part=InputText(text="y")).part


def test_models_refuse() -> None:
    """What does not fit is pydantic's error, with our words."""
    with pytest.raises(ValidationError, match=r"required field missing @ \$\.id"):
        Chat.model_validate({"conversation": {}})
    with pytest.raises(ValidationError, match="expected the JSON of a Conversation, not a str"):
        Chat.model_validate({"conversation": "conv_1"})


def test_json_schema_of_models() -> None:
    """A model has a JSON schema, and so has a class of ours alone; one that holds itself refers to no end."""
    assert "Conversation" in Chat.model_json_schema()["$defs"]
    assert "CompoundFilter" in TypeAdapter(list[ConversationItem]).json_schema()["$defs"]


async def test_aiohttp() -> None:
    """``json_response`` takes them with a ``dumps`` that knows them."""
    dumps = partial(json.dumps, default=json_default)

    async def get(_: web.Request) -> web.Response:
        return web.json_response({"chat": Conversation.from_dict(CONVERSATION)}, dumps=dumps)

    application = web.Application()
    application.router.add_get("/", get)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with aiohttp.ClientSession() as session, session.get(site.name) as response:
            assert {"chat": CONVERSATION} == await response.json()
    finally:
        await runner.cleanup()


def test_nothing_is_imported() -> None:
    """Neither pydantic nor cattrs is loaded by a client and its classes."""
    script = (
        "import sys, openai_conversations as o; o.ConversationsClient, o.Message, o.ResponseStreamEvent;"
        "print([m for m in ('pydantic', 'pydantic_core', 'cattrs', 'openai', 'httpx') if m in sys.modules])"
    )

    assert "[]\n" == subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
