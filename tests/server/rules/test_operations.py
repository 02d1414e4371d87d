"""The eight operations, as any program meets them on the wire."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations.server import ConversationsServer
from tests.server.api import Api, texts, user


async def test_create_responses_the_conversation(api):
    """A new conversation has an id, a time, an object name and its metadata."""
    response = await api.ask("POST", "/conversations", {"metadata": {"user": "42"}})
    conversation = response.json

    assert (200, "conversation", {"user": "42"}) == (response.status, conversation["object"], conversation["metadata"])
    assert conversation["id"].startswith("conv_")
    assert len("conv_") + 48 == len(conversation["id"])


@pytest.mark.parametrize("body", [{}, {"metadata": None, "items": None}, None], ids=["empty", "nulls", "no body"])
async def test_create_needs_nothing(api, body):
    """An empty conversation needs no field, and no body either."""
    response = await api.ask("POST", "/conversations", body)

    assert (200, {}) == (response.status, response.json["metadata"])


async def test_retrieve_responses_what_create_did(api):
    """A conversation is the same whenever it is asked for."""
    created = await api.ask("POST", "/conversations", {"metadata": {"a": "b"}})
    retrieved = await api.ask("GET", f"/conversations/{created.json['id']}")

    assert created.json == retrieved.json


async def test_update_replaces_the_metadata(api):
    """An update leaves nothing of the metadata before it."""
    conversation = await api.create(old="1")
    updated = await api.ask("POST", f"/conversations/{conversation}", {"metadata": {"new": "2"}})

    assert {"new": "2"} == updated.json["metadata"]
    assert {"new": "2"} == (await api.ask("GET", f"/conversations/{conversation}")).json["metadata"]


async def test_delete_leaves_the_items_as_orphans(api, server):
    """Deleting a conversation hides its items from everybody and deletes none."""
    conversation = await api.create(user("a"), user("b"))
    deleted = await api.ask("DELETE", f"/conversations/{conversation}")

    assert {"id": conversation, "object": "conversation.deleted", "deleted": True} == deleted.json
    assert 404 == (await api.list(conversation)).status
    assert [item["id"] for item in server.items(conversation)] == [orphan.id for orphan in server.orphans()]
    assert 2 == len(server.orphans(conversation))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("POST", "", {"metadata": {}}),
        ("DELETE", "", None),
        ("GET", "/items", None),
        ("POST", "/items", {"items": []}),
        ("GET", "/items/msg_1", None),
        ("DELETE", "/items/msg_1", None),
    ],
)
@pytest.mark.parametrize("deleted", [False, True], ids=["never there", "deleted"])
async def test_unknown_conversation(api, method, path, body, deleted):
    """Every operation on a conversation that is not there answers 404."""
    conversation = await api.create()
    if deleted:
        await api.ask("DELETE", f"/conversations/{conversation}")
    response = await api.ask(method, f"/conversations/{conversation if deleted else 'conv_none'}{path}", body)

    assert (404, None, None) == response.error


async def test_items_come_newest_first(api):
    """A list is in descending order unless asked otherwise, 20 items long."""
    conversation = await api.create(*map(user, "abcdefghij"))
    await api.append(conversation, *map(user, "klmnopqrstuvwxyz"))
    page = await api.list(conversation)

    assert list("zyxwvutsrqponmlkjihg") == texts(page)
    assert page.json["has_more"]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 3, 5, 100])
async def test_pages_join_to_the_whole(api, order, limit):
    """Following ``last_id`` shows every item once, in order, whatever the size of the pages."""
    conversation = await api.create(*map(user, "abcde"))
    seen, query = [], ""
    while True:
        page = await api.list(conversation, f"?order={order}&limit={limit}{query}")
        seen += texts(page)
        if not page.json["has_more"]:
            break
        query = f"&after={page.json['last_id']}"

    assert list("abcde" if order == "asc" else "edcba") == seen


async def test_ends_of_a_page(api):
    """``first_id`` and ``last_id`` are the ids at the ends of the page; an empty list has empty ones."""
    conversation = await api.create(*map(user, "abc"))
    page = (await api.list(conversation, "?limit=2")).json
    empty = (await api.list(await api.create())).json

    assert [page["first_id"], page["last_id"]] == [item["id"] for item in page["data"]]
    assert {"object": "list", "data": [], "has_more": False, "first_id": "", "last_id": ""} == empty


async def test_unknown_cursor(api):
    """A cursor that is no item of the conversation answers 404."""
    conversation = await api.create(user("a"))

    assert 404 == (await api.list(conversation, "?after=msg_none")).status


async def test_append_responses_the_stored_items_in_order(api, server):
    """The response to an append lists what was stored, in the order of the request."""
    conversation = await api.create(user("a"))
    response = await api.append(conversation, user("b"), user("c"))

    assert ["b", "c"] == texts(response)
    assert not response.json["has_more"]
    assert response.json["data"] == server.items(conversation)[1:]


async def test_append_of_nothing(api):
    """An empty batch is stored as nothing."""
    assert [] == (await api.append(await api.create())).json["data"]


async def test_a_batch_is_stored_whole_or_not_at_all(api, server):
    """One item that cannot be stored keeps out the whole batch."""
    conversation = await api.create(user("a"))
    response = await api.append(conversation, user("b"), {"type": "message", "role": "user"}, user("c"))

    assert (400, "items[1].content", "missing_required_parameter") == response.error
    assert 1 == len(server.items(conversation))


async def test_retrieve_an_item(api):
    """One item is what the list shows of it."""
    conversation = await api.create(user("a"))
    (listed,) = (await api.list(conversation)).json["data"]

    assert listed == (await api.ask("GET", f"/conversations/{conversation}/items/{listed['id']}")).json


async def test_delete_an_item_responses_the_conversation(api, server):
    """Deleting an item answers its conversation, and the item is gone for good."""
    conversation = await api.create(user("a"), user("b"))
    first, second = server.items(conversation)
    response = await api.ask("DELETE", f"/conversations/{conversation}/items/{first['id']}")

    assert (conversation, "conversation") == (response.json["id"], response.json["object"])
    assert [second] == server.items(conversation)
    assert [] == server.orphans()


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_unknown_item(api, method):
    """An item of another conversation is as unknown as one that never was."""
    mine, other = await api.create(user("a")), await api.create(user("b"))
    (foreign,) = api.server.items(other)

    assert 404 == (await api.ask(method, f"/conversations/{mine}/items/{foreign['id']}")).status
    assert 404 == (await api.ask(method, f"/conversations/{mine}/items/msg_none")).status


async def test_order_survives_deletes(api, server):
    """What is appended after a delete comes last, and cursors before the gap go on behind it."""
    conversation = await api.create(*map(user, "abc"))
    first, _, last = server.items(conversation)
    await api.ask("DELETE", f"/conversations/{conversation}/items/{last['id']}")
    await api.append(conversation, user("d"))

    assert ["b", "d"] == texts(await api.list(conversation, f"?order=asc&after={first['id']}"))


@pytest.mark.parametrize("database", [None, "conversations.sqlite"], ids=["memory", "file"])
async def test_concurrent_appends_interleave_by_batch(tmp_path, session, database):
    """Appends at the same time are all stored, each batch in one piece."""
    async with ConversationsServer(database=database and tmp_path / database) as server:
        api = Api(server, session)
        conversation = await api.create()
        await asyncio.gather(*(api.append(conversation, *(user(f"{n}.{k}") for k in range(5))) for n in range(40)))
        stored = [item["content"][0]["text"] for item in server.items(conversation)]

    batches = [stored[start : start + 5] for start in range(0, len(stored), 5)]
    assert [[f"{batch[0].split('.')[0]}.{k}" for k in range(5)] for batch in batches] == batches
    assert 40 == len({batch[0] for batch in batches})


async def test_every_response_tells_of_itself(api):
    """Every response, an error too, carries a request id, its processing time and the rate limit."""
    names = {"x-request-id", "openai-processing-ms", "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"}
    responses = [await api.ask("POST", "/conversations"), await api.ask("GET", "/conversations/conv_none")]

    assert [200, 404] == [response.status for response in responses]
    assert all(names <= {name.lower() for name in response.headers} for response in responses)
    assert 2 == len({response.headers["x-request-id"] for response in responses})


async def test_seed_repeats_everything(session):
    """Two servers with one seed give the same ids and times to the same requests; without a seed nothing repeats."""

    async def story(seed):
        async with ConversationsServer(seed=seed) as server:
            api = Api(server, session)
            conversation = (await api.ask("POST", "/conversations", {"items": [user("a")]})).body
            return conversation, server.items(server.conversations()[0].id)

    assert await story(7) == await story(7)
    assert await story(7) != await story(8)
    assert await story(None) != await story(None)


async def test_a_file_outlives_the_server(session, tmp_path):
    """What was stored in a file is there for the next server, whose seed does not repeat ids."""
    ids = []
    for _ in range(2):
        async with ConversationsServer(database=tmp_path / "db", seed=3) as server:
            ids.append(await Api(server, session).create(user("a")))
            held = [conversation.id for conversation in server.conversations()]

    assert ids == held
    assert 2 == len(set(ids))


async def test_two_servers_on_one_file(session, tmp_path):
    """Two servers with one seed on one file make different ids, whoever opened it first and whatever is in it."""
    options = {"seed": 1, "database": tmp_path / "db"}
    async with ConversationsServer(**options) as first, ConversationsServer(**options) as second:
        apis = [Api(first, session), Api(second, session)]
        made = [await api.create(user("a")) for _ in range(10) for api in apis]
        appended = [(await api.append(made[0], user("b"))).status for _ in range(10) for api in apis]

    assert 20 == len(set(made))
    assert [200] * 20 == appended
    async with ConversationsServer(**options) as third:
        assert await Api(third, session).create() not in made


async def test_integers_of_any_size_come_back(api, server):
    """Numbers are stored as they were written: 20 digits stay, 1 and 1.0 stay apart."""
    conversation = await api.create()
    body = b'{"items":[{"role":"user","content":"a","x":[12345678901234567890123,1,1.0,true]}]}'
    await api.ask("POST", f"/conversations/{conversation}/items", body)
    (item,) = server.items(conversation)

    assert "[12345678901234567890123, 1, 1.0, True]" == repr(item["x"])
