"""The tests of docs/how-to/testing.md, which shows them: they run here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import unittest
from pathlib import Path

import openai
import pytest

from openai_conversations import AmbiguousWriteError, ConversationsClient
from openai_conversations.server import ConversationsServer, faults


class Notes:
    """A small service on the API: what one would test."""

    def __init__(self, client: ConversationsClient, conversation_id: str) -> None:
        self._client = client
        self._conversation_id = conversation_id

    async def write(self, text: str) -> None:
        """Keep a note."""
        await self._client.conversations.items.create(self._conversation_id, items=[{"role": "user", "content": text}])

    async def read(self) -> list[str]:
        """All notes, oldest first."""
        notes = self._client.conversations.items.list(self._conversation_id, order="asc")
        return [note.text async for note in notes]


async def test_notes_are_kept(conversations_client, conversations_server):
    """Notes come back in the order in which they were written."""
    conversation = await conversations_client.conversations.create()
    notes = Notes(conversations_client, conversation.id)
    await notes.write("milk")
    await notes.write("bread")

    assert ["milk", "bread"] == await notes.read()
    conversations_server.assert_no_loss({conversation.id: ["milk", "bread"]})
    conversations_server.assert_requests(createConversation=1, createConversationItems=2, listConversationItems=1)


async def test_a_lost_answer_stores_a_note_once(conversations_client, conversations_server):
    """The response to a write is lost on the way: the note is stored, and stored once."""
    conversation = await conversations_client.conversations.create()
    conversations_server.add_fault(faults.commit_then_drop(operation="createConversationItems"))
    notes = Notes(conversations_client, conversation.id)
    with contextlib.suppress(AmbiguousWriteError):  # the client may not find out; it does not guess
        await notes.write("milk")

    conversations_server.assert_no_duplicates()
    conversations_server.assert_no_loss({conversation.id: ["milk"]})


class Assistant:
    """A small chat: what one would test."""

    def __init__(self, client: openai.AsyncOpenAI, conversation_id: str) -> None:
        self._client = client
        self._conversation_id = conversation_id

    async def ask(self, question: str) -> str:
        """One turn, and another when the model wants to know the weather."""
        input: list[dict[str, object]] = [{"role": "user", "content": question}]
        while True:
            response = await self._client.responses.create(
                model="gpt-5", conversation=self._conversation_id, input=input, tools=[WEATHER]
            )
            calls = [item for item in response.output if item.type == "function_call"]
            if not calls:
                return response.output_text
            input = [{"type": "function_call_output", "call_id": call.call_id, "output": "21"} for call in calls]


WEATHER = {
    "type": "function",
    "name": "get_weather",
    "strict": True,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest.fixture
async def chat(conversations_server):
    """The official client of the server."""
    async with openai.AsyncOpenAI(api_key="sk-test", base_url=conversations_server.base_url, max_retries=0) as client:
        yield client


async def test_the_assistant_asks_for_the_weather(chat, conversations_server):
    """The model calls the tool, gets what it gave back, and answers."""
    model = conversations_server.model
    model.reason("The user wants the weather.").call("get_weather", {"city": "Bern"})
    model.say("It is 21 degrees in Bern.")
    conversation = await chat.conversations.create()
    answer = await Assistant(chat, conversation.id).ask("How warm is it in Bern?")

    assert "It is 21 degrees in Bern." == answer
    assert "21" == model.seen[-1].prompt[-1]["output"]
    model.assert_script_used()


async def test_a_reader_leaves_in_the_middle(chat, conversations_server):
    """Nothing sleeps: the test lets out what the reader gets, and waits until the reader has left."""
    turn = conversations_server.model.say("A long story").hold()
    stream = await chat.responses.create(model="gpt-5", input="Tell me a story", stream=True)
    turn.release(1)
    async with stream:
        async for event in stream:
            if event.type == "response.output_text.delta":
                break
    await turn.wait_until_client_left()
    turn.release()

    assert conversations_server.requests[-1].events < 8


@pytest.mark.conversations(profile="ogx", seed=1)
async def test_notes_on_another_server(conversations_client):
    """The service works on OGX too."""
    conversation = await conversations_client.conversations.create()
    notes = Notes(conversations_client, conversation.id)
    await notes.write("milk")

    assert ["milk"] == await notes.read()


def test_the_official_client(conversations_environment):
    """The official client finds the server by its environment variables."""
    with openai.OpenAI() as client:
        conversation = client.conversations.create(items=[{"role": "user", "content": "Hi"}])

    conversations_environment.assert_no_loss({conversation.id: ["Hi"]})


class NotesTest(unittest.IsolatedAsyncioTestCase):
    """The same with unittest."""

    async def asyncSetUp(self) -> None:
        self.server = await self.enterAsyncContext(ConversationsServer())
        self.client = await self.enterAsyncContext(
            ConversationsClient(api_key="sk-test", base_url=self.server.base_url)
        )

    async def test_notes(self) -> None:
        """A note is kept."""
        conversation = await self.client.conversations.create()
        await Notes(self.client, conversation.id).write("milk")

        self.server.assert_no_loss({conversation.id: ["milk"]})


def test_another_program():
    """Any program that reads OPENAI_BASE_URL can be tested; the server runs in a thread meanwhile."""
    with ConversationsServer() as server:
        environment = {**os.environ, "OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-test"}
        asyncio.run(run_program(environment))

        assert 1 == len(server.conversations())
        server.assert_requests("createConversation")


async def run_program(environment: dict[str, str]) -> None:
    """A program that knows nothing of this test; here it is curl's smallest cousin."""
    async with ConversationsClient(
        api_key=environment["OPENAI_API_KEY"], base_url=environment["OPENAI_BASE_URL"]
    ) as client:
        await client.conversations.create()


def test_the_guide_lists_every_fault():
    """The table of faults in the guide has one row for each."""
    guide = (Path(__file__).parents[2] / "docs" / "how-to" / "testing.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|", guide, flags=re.MULTILINE)

    assert sorted(faults.NAMED) == sorted(row for row in rows if row in faults.NAMED)
