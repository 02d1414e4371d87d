"""Sessions of the official agents SDK: with its real runner, and with everything that can go wrong at every point."""

from __future__ import annotations

import asyncio
from functools import partial

import openai
import pytest

from openai_conversations import (
    APIResponseValidationError,
    AppendIncompleteError,
    ConversationsClient,
    ConversationsError,
    InternalServerError,
    NotFoundError,
    RetryPolicy,
)
from openai_conversations.server import ConversationsServer, faults
from openai_conversations.server.model import call, reason, say
from tests.fakes import until

agents = pytest.importorskip("agents", reason="needs the extra agents")
sessions = pytest.importorskip("openai_conversations.integrations.agents")

RETRY = RetryPolicy(initial=0.001, maximum=0.001)


@pytest.fixture
async def server():
    async with ConversationsServer() as running:
        yield running


@pytest.fixture
async def client(server):
    async with ConversationsClient(api_key="k", base_url=server.base_url, retry=RETRY) as made:
        yield made


@pytest.fixture
async def agent(server):
    """An agent with a tool; its model is that of the server."""

    @agents.function_tool
    def get_weather(city: str) -> str:
        """The weather of a city."""
        return f"Sunny in {city}"

    async with openai.AsyncOpenAI(api_key="k", base_url=server.base_url) as official:
        model = agents.OpenAIResponsesModel(model="gpt-x", openai_client=official)
        yield agents.Agent(name="Weather", model=model, tools=[get_weather])


async def run(agent, text, session):
    config = agents.RunConfig(tracing_disabled=True)
    return await agents.Runner.run(agent, text, session=session, run_config=config)


def script(server):
    """Reasoning, a tool call and an answer; then a second turn."""
    server.model.script(
        [
            reason("Hm.") + call("get_weather", {"city": "Bern"}, call_id="call_1"),
            say("It is sunny."),
            say("Still sunny."),
        ]
    )


async def talk(agent, session):
    await run(agent, "How is the weather?", session)
    await run(agent, "And now?", session)


def stored(server, conversation_id):
    """What is in a conversation, without the ids that the server gives."""
    return [_kind(item) for item in server.items(conversation_id)]


def _kind(item):
    if item["type"] == "message":
        return item["role"], item["content"][0]["text"]
    return item["type"], item.get("output") or item.get("arguments") or item.get("encrypted_content")


TALK = [
    ("user", "How is the weather?"),
    ("reasoning", None),
    ("function_call", '{"city":"Bern"}'),
    ("function_call_output", "Sunny in Bern"),
    ("assistant", "It is sunny."),
    ("user", "And now?"),
    ("assistant", "Still sunny."),
]


def message(text):
    return {"role": "user", "content": text}


def texts(items):
    return [item["content"][0]["text"] for item in items]


async def test_a_talk(server, client, agent):
    """Two runs: every item is stored once, in order, and the second run sees the history of the first."""
    script(server)
    session = sessions.ConversationsSession(client, metadata={"user": "42"})

    await talk(agent, session)

    assert TALK == stored(server, session.session_id)
    assert {"user": "42"} == (await client.conversations.retrieve(session.session_id)).metadata
    assert [1, 4, 6] == [len(turn.prompt) for turn in server.model.seen]
    server.model.assert_script_used()


async def test_a_stream(server, client, agent):
    """A streamed run stores the same."""
    script(server)
    session = sessions.ConversationsSession(client)
    config = agents.RunConfig(tracing_disabled=True)

    for text in ("How is the weather?", "And now?"):
        streamed = agents.Runner.run_streamed(agent, text, session=session, run_config=config)
        async for _ in streamed.stream_events():
            pass

    assert TALK == stored(server, session.session_id)


HIDDEN = {
    "answer lost after the commit": faults.commit_then_drop,
    "reset after the commit": partial(faults.commit_then_drop, reset=True),
    "lost before the commit": faults.drop_before_commit,
    "500 after the commit": faults.commit_then_status,
    "a gateway's 502": partial(faults.status, 502, body="html"),
    "429": partial(faults.status, 429, retry_after_ms=1),
    "locked": faults.locked,
    "half of the JSON": faults.truncated_json,
    "a cut body": partial(faults.truncated_json, cut=True),
    "no JSON": faults.malformed_json,
    "a page of HTML": faults.html,
    "no body": faults.empty_body,
    "another order": faults.reordered_response,
}
"""Faults that nobody hears of: the session finds out what became of an append."""


async def talk_with(fault, server, agent):
    """A talk in which one request goes wrong, with a client that knows nothing; the session."""
    server.clear_faults()
    server.model.clear()
    script(server)
    server.add_fault(fault)
    async with ConversationsClient(api_key="k", base_url=server.base_url, retry=RETRY) as client:
        session = sessions.ConversationsSession(client)
        await talk(agent, session)
    assert [] == server.unfired_faults
    return session


@pytest.mark.parametrize("fault", HIDDEN)
async def test_a_fault_at_every_append(fault, server, agent):
    """Whatever goes wrong at whichever append of a talk: no item is there twice, none is lost."""
    for skip in range(5):
        made = HIDDEN[fault](operation="createConversationItems", skip=skip)
        session = await talk_with(made, server, agent)
        assert TALK == stored(server, session.session_id)


@pytest.mark.parametrize("operation", ["createConversation", "listConversationItems"])
@pytest.mark.parametrize("fault", ["answer lost after the commit", "lost before the commit", "429", "a cut body"])
async def test_a_fault_of_other_requests(fault, operation, server, agent):
    """The same where the conversation is made, and where the history is read."""
    session = await talk_with(HIDDEN[fault](operation=operation), server, agent)

    assert TALK == stored(server, session.session_id)


async def test_a_history_that_cannot_be_read(server, agent):
    """Without a history there is no run: an error, and nothing is stored."""
    with pytest.raises(APIResponseValidationError):
        await talk_with(faults.error_in_200(operation="listConversationItems"), server, agent)

    assert ["createConversation", "listConversationItems"] == [entry.operation for entry in server.requests]


MANY = [message(f"{number}") for number in range(45)]


@pytest.mark.parametrize("skip", range(3))
@pytest.mark.parametrize(
    "fault",
    [
        partial(faults.commit_then_drop, count=None),
        partial(faults.drop_before_commit, count=None),
        partial(faults.error_in_200, commit=True, count=None),
        partial(faults.status, 503, count=None),
    ],
    ids=["lost after the commit", "lost before the commit", "error in a 200", "503"],
)
async def test_the_same_items_again(fault, skip, server, client):
    """After an error the same call goes on: what is stored is not sent again, what may be is looked up."""
    session = sessions.ConversationsSession(client)
    await session.add_items([message("before")])
    server.add_fault(fault(operation="createConversationItems", skip=skip))
    try:
        await session.add_items(MANY)
    except AppendIncompleteError:
        server.clear_faults()
        await session.add_items(MANY)

    assert ["before", *map(str, range(45))] == texts(server.items(session.session_id))


async def test_the_same_items_after_a_success(server, client):
    """Items that are added twice on purpose are there twice."""
    session = sessions.ConversationsSession(client)
    for _ in range(2):
        await session.add_items([message("yes")])

    assert ["yes", "yes"] == texts(server.items(session.session_id))


async def test_the_same_items_after_a_cancellation(server, client):
    """A cancelled call may be made again, too, wherever it was."""
    for skip in range(3):
        session = sessions.ConversationsSession(client)
        await session.get_items()
        server.add_fault(faults.slow(60, operation="createConversationItems", skip=skip))
        before = len(server.requests)
        task = asyncio.ensure_future(session.add_items(MANY))
        await until(lambda before=before, skip=skip: len(server.requests) == before + skip + 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await session.add_items(MANY)

        assert [str(number) for number in range(45)] == texts(server.items(session.session_id))


async def test_other_items_after_an_error(server, client):
    """Other items are a call of their own."""
    session = sessions.ConversationsSession(client)
    server.add_fault(faults.status(400, operation="createConversationItems"))
    with pytest.raises(AppendIncompleteError):
        await session.add_items([message("a")])
    await session.add_items([message("b")])

    assert ["b"] == texts(server.items(session.session_id))


async def test_any_number_of_items(server, client):
    """Hundreds of items are read in pages of a hundred; a limit gives the newest, oldest first."""
    session = sessions.ConversationsSession(client)
    numbers = [str(number) for number in range(245)]
    await session.add_items([message(number) for number in numbers])
    written = len(server.requests)

    assert numbers == texts(await session.get_items())
    assert ["100"] * 3 == [limit_of(entry) for entry in server.requests[written:]]
    assert numbers[-3:] == texts(await session.get_items(limit=3))
    assert numbers[-130:] == texts(await session.get_items(limit=130))
    assert [] == await session.get_items(limit=0)


def limit_of(entry):
    return ",".join(entry.query["limit"])


async def test_the_limit_of_the_settings(server, client):
    """The SDK's settings say how long the history is; a call may say otherwise."""
    session = sessions.ConversationsSession(client, session_settings={"limit": 2})
    await session.add_items(MANY[:5])

    assert ["3", "4"] == texts(await session.get_items())
    assert ["4"] == texts(await session.get_items(1))
    assert 5 == len(server.items(session.session_id))


async def test_nothing_to_add(server, client):
    """No items, no request."""
    await sessions.ConversationsSession(client).add_items([])

    assert [] == server.requests


async def test_two_sessions_of_one_conversation(server, client):
    """What two sessions add at the same time stays together, in the order of asking."""
    first = sessions.ConversationsSession(client)
    await first.get_items()
    second = sessions.ConversationsSession(client, first.session_id)

    await asyncio.gather(first.add_items(MANY), second.add_items(MANY[::-1]), first.add_items([message("end")]))

    found = texts(server.items(first.session_id))
    ascending = [str(number) for number in range(45)]
    assert [*ascending, *ascending[::-1], "end"] == found


async def test_pop_item(server, client):
    """The newest item is deleted and returned; of nothing, nothing."""
    session = sessions.ConversationsSession(client)
    await session.add_items(MANY[:2])

    popped = [await session.pop_item() for _ in range(3)]

    assert ["1", "0"] == texts(popped[:2])
    assert popped[2] is None
    assert [] == server.items(session.session_id)


async def test_a_pop_whose_response_is_lost(server, client):
    """It is found out, and one item is gone."""
    session = sessions.ConversationsSession(client)
    await session.add_items(MANY[:2])
    server.add_fault(faults.commit_then_drop(operation="deleteConversationItem"))
    popped = await session.pop_item()

    assert "1" == popped["content"][0]["text"]
    assert ["0"] == texts(server.items(session.session_id))


@pytest.mark.parametrize("fault", [faults.commit_then_status, faults.status], ids=["after", "before the commit"])
async def test_a_pop_that_failed(fault, server, client):
    """The next one deletes the same item, and no other."""
    session = sessions.ConversationsSession(client)
    await session.add_items(MANY[:2])
    server.add_fault(fault(500, operation="deleteConversationItem", count=None))
    with pytest.raises(InternalServerError):
        await session.pop_item()
    server.clear_faults()
    popped = await session.pop_item()

    assert "1" == popped["content"][0]["text"]
    assert ["0"] == texts(server.items(session.session_id))


async def test_an_item_that_somebody_else_popped(server, client):
    """Two sessions that pop at the same time pop two items."""
    first = sessions.ConversationsSession(client)
    await first.add_items(MANY[:4])
    second = sessions.ConversationsSession(client, first.session_id)

    popped = await asyncio.gather(first.pop_item(), second.pop_item())

    assert ["2", "3"] == sorted(texts(popped))
    assert ["0", "1"] == texts(server.items(first.session_id))


async def test_a_404_for_an_item_that_is_there(server, client):
    """An item that is still listed is not taken for popped."""
    session = sessions.ConversationsSession(client)
    await session.add_items(MANY[:1])
    server.add_fault(faults.status(404, operation="deleteConversationItem", count=None))
    with pytest.raises(NotFoundError):
        await session.pop_item()

    assert ["0"] == texts(server.items(session.session_id))


async def test_clear_session(server, client):
    """Every item is erased, not only the conversation; the next call makes a new one."""
    session = sessions.ConversationsSession(client)
    await session.clear_session()
    assert [] == server.requests

    await session.add_items(MANY)
    first = session.session_id
    server.add_fault(faults.commit_then_drop(operation="deleteConversation"))
    await session.clear_session()

    server.assert_erased(first)
    with pytest.raises(ValueError, match="no conversation yet"):
        _ = session.session_id
    assert [] == await session.get_items()
    assert first != session.session_id


async def test_a_session_that_could_not_be_cleared(server, client):
    """It keeps its conversation, and may be cleared again."""
    session = sessions.ConversationsSession(client)
    await session.add_items(MANY)
    first = session.session_id
    server.add_fault(faults.status(500, operation="deleteConversation", count=None))
    with pytest.raises(ConversationsError):
        await session.clear_session()
    server.clear_faults()
    assert first == session.session_id
    await session.clear_session()

    server.assert_erased(first)


async def test_another_conversation(client):
    """The id can be set, as the SDK does it."""
    made = await client.conversations.create(items=[message("Hi")])
    session = sessions.ConversationsSession(client)
    session.session_id = made.id

    assert ["Hi"] == texts(await session.get_items())


def test_what_the_sdk_looks_for(client):
    """It is the SDK's own class, and knows no compaction of its own."""
    session = sessions.ConversationsSession(client)

    assert isinstance(session, agents.OpenAIConversationsSession)
    assert not hasattr(session, "run_compaction")


async def test_the_sdks_own_class(server, client, agent):
    """The SDK's session takes our client in place of the official one, as it is."""
    script(server)
    session = agents.OpenAIConversationsSession(openai_client=client)

    await talk(agent, session)
    assert TALK == stored(server, session.session_id)

    await session.add_items(MANY)
    assert 52 == len(await session.get_items())
    assert ["43", "44"] == texts(await session.get_items(limit=2))
    popped = await session.pop_item()
    assert "44" == popped["content"][0]["text"]
    await session.clear_session()
    assert 1 == len([entry for entry in server.requests if entry.operation == "deleteConversation"])
