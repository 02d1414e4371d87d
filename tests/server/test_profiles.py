"""Where servers differ, and who may see what."""

from __future__ import annotations

import attrs
import pytest

from openai_conversations.server import PROFILES, ConversationsServer
from openai_conversations.server.profiles import ServerProfile, parse
from tests.server.api import Api, texts, user


@pytest.fixture
async def settings(request):
    return {"profile": getattr(request, "param", "openai")}


def profile(text):
    return pytest.mark.parametrize("settings", [text], indirect=True, ids=[text])


@profile("ogx")
async def test_ogx(api):
    """OGX answers errors with a message alone, and null for metadata that were not given."""
    created = await api.ask("POST", "/conversations", {"metadata": {str(n): "v" for n in range(20)}})
    empty = await api.ask("POST", "/conversations")
    conversation = created.json["id"]
    item = (await api.append(conversation, user("a"))).json["data"][0]["id"]
    deleted = await api.ask("DELETE", f"/conversations/{conversation}/items/{item}")
    page = (await api.list(conversation, "?limit=500")).json
    error = await api.ask("GET", "/conversations/conv_none")

    assert (20, None) == (len(created.json["metadata"]), empty.json["metadata"])
    assert (conversation, "conversation") == (deleted.json["id"], deleted.json["object"])
    assert ("", "") == (page["first_id"], page["last_id"])
    assert (404, {"message"}) == (error.status, set(error.json["error"]))
    assert "x-request-id" not in {name.lower() for name in error.headers}


@profile("ogx")
async def test_ogx_reads_one_style_of_arrays(api):
    """OGX ignores brackets, so that what was asked for in brackets stays hidden."""
    call = {"type": "file_search_call", "id": "fs_1", "queries": [], "status": "completed", "results": [{"text": "t"}]}
    conversation = await api.create(call)
    plain = await api.list(conversation, "?include=file_search_call.results")
    brackets = await api.list(conversation, "?include[]=file_search_call.results")

    assert "results" in plain.json["data"][0]
    assert "results" not in brackets.json["data"][0]


@profile("ogx")
async def test_ogx_copies(api, server):
    """An item with the id of one in another conversation is that one, in both; what was sent for it is ignored."""
    first, second = await api.create(user("a")), await api.create()
    (item,) = server.items(first)
    sent = {**user("ignored"), "id": item["id"]}
    appended = await api.append(second, sent)
    third = await api.create(sent)
    await api.ask("DELETE", f"/conversations/{first}/items/{item['id']}")

    assert [item] == appended.json["data"] == server.items(second) == server.items(third)
    assert ([], []) == (server.items(first), server.orphans())


@profile("ogx")
@pytest.mark.parametrize("where", ["conversation", "batch"])
async def test_ogx_refuses_an_id_twice(api, server, where):
    """An id that is in the conversation already, or twice among what is copied, is refused; nothing is stored."""
    conversation, other = await api.create(user("a")), await api.create()
    (item,) = server.items(conversation)
    sent = {**user("b"), "id": item["id"]}
    target, batch = (conversation, [user("new"), sent]) if where == "conversation" else (other, [sent, sent])
    before = server.items(target)
    refused = await api.append(target, *batch)

    assert 400 == refused.status
    assert (
        f"Invalid value for 'items': {item['id']}. Item already in conversation." == (refused.json["error"]["message"])
    )
    assert before == server.items(target)


@profile("ogx")
async def test_ogx_makes_its_own_ids(api, server):
    """An id that it does not know is replaced, also when it comes twice."""
    sent = [{**user(text), "id": "msg_mine"} for text in "ab"]
    conversation = await api.create(*sent)
    ids = [item["id"] for item in server.items(conversation)]

    assert 2 == len(set(ids))
    assert "msg_mine" not in ids


def whole(text):
    """A message in the long form, which OGX stores as it is."""
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


@profile("ogx")
async def test_ogx_takes_turns_with_what_is_there(api, server):
    """Input that the conversation holds already is not stored again, nor given to the model twice."""
    conversation = await api.create(whole("a"))
    answer = await api.turn([*server.items(conversation), whole("b")], conversation=conversation)

    assert 200 == answer.status
    assert ["a", "b", "You said: b"] == texts(await api.list(conversation, "?order=asc"))
    assert ["a", "b"] == [item["content"][0]["text"] for item in server.model.seen[-1].prompt]


@profile("ogx")
@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("POST", ""), ("DELETE", ""), ("GET", "/items"), ("GET", "/items/msg_1")]
)
async def test_ogx_looks_at_ids(api, method, path):
    """What does not begin as a conversation id does is refused as such."""
    body = {"metadata": {}} if method == "POST" else None
    statuses = [(await api.ask(method, f"/conversations/{id}{path}", body)).status for id in ("mine", "conv_none")]

    assert [400, 404] == statuses
    assert [400, 404] == [(await api.turn(conversation=id)).status for id in ("mine", "conv_none")]


@profile("ogx")
async def test_ogx_redirects_a_slash(api):
    """A trailing slash is redirected with 307."""
    response = await api.ask("POST", "/conversations/")

    assert (307, "/v1/conversations") == (response.status, response.headers["location"])


@profile("ogx")
async def test_orphans_that_can_be_read(api, server):
    """After the conversation is deleted its items can be read one by one, but not listed."""
    conversation = await api.create(user("a"))
    (item,) = server.items(conversation)
    await api.ask("DELETE", f"/conversations/{conversation}")

    assert item == (await api.ask("GET", f"/conversations/{conversation}/items/{item['id']}")).json
    assert 404 == (await api.list(conversation)).status


@profile("azure")
async def test_azure(api, server):
    """Azure has another address, takes its key in a header of its own, and sends a request id of its own."""
    headers = {"authorization": "", "api-key": "k"}
    response = await api.ask("POST", "/conversations?api-version=preview", headers=headers)
    project = f"{server.url}/api/projects/p1/openai/v1/conversations/{response.json['id']}"

    assert server.base_url.endswith("/openai/v1")
    assert response.headers["apim-request-id"] == response.headers["x-request-id"]
    assert 200 == (await api.ask("GET", project, headers=headers)).status
    assert 404 == (await api.ask("GET", f"{server.url}/v1/conversations/{response.json['id']}")).status


@profile("azure")
async def test_azure_lists_conversations(api):
    """Azure AI Foundry lists conversations, page by page, deleted ones left out."""
    ids = [await api.create(n=str(n)) for n in range(4)]
    await api.ask("DELETE", f"/conversations/{ids[0]}")
    first = (await api.ask("GET", "/conversations?limit=2")).json
    second = (await api.ask("GET", f"/conversations?limit=2&after={first['last_id']}")).json
    ascending = (await api.ask("GET", "/conversations?order=asc")).json

    assert ([ids[3], ids[2]], True) == ([one["id"] for one in first["data"]], first["has_more"])
    assert ([ids[1]], False) == ([one["id"] for one in second["data"]], second["has_more"])
    assert ids[1:] == [one["id"] for one in ascending["data"]]
    assert {"n": "3"} == first["data"][0]["metadata"]
    assert 404 == (await api.ask("GET", "/conversations?after=conv_none")).status


@profile("azure")
async def test_azure_lists_a_part_of_them(api):
    """A page ends before the cursor ``before``, in either order."""
    ids = [await api.create() for _ in range(4)]

    async def listed(query):
        return [one["id"] for one in (await api.ask("GET", f"/conversations?{query}")).json["data"]]

    assert ids[:2] == await listed(f"order=asc&before={ids[2]}")
    assert [ids[3]] == await listed(f"before={ids[2]}")
    assert [ids[1], ids[2]] == await listed(f"order=asc&after={ids[0]}&before={ids[3]}")
    assert 404 == (await api.ask("GET", "/conversations?before=conv_none")).status


@profile("azure")
@pytest.mark.parametrize("name", ["agent", "agent_reference"])
async def test_azure_lists_the_conversations_of_an_agent(api, name):
    """Those in which it took a turn: by its name, or by name and version."""
    first, second, third = [await api.create() for _ in range(3)]
    await api.turn(conversation=third)
    for conversation, version in ((first, "1"), (first, "1"), (second, "2")):
        agent = {"type": "agent_reference", "name": "helper", "version": version}
        assert 200 == (await api.turn(conversation=conversation, **{name: agent})).status

    async def listed(query):
        return [one["id"] for one in (await api.ask("GET", f"/conversations?order=asc&{query}")).json["data"]]

    assert [first, second] == await listed("agent_name=helper")
    assert [second] == await listed("agent_id=helper:2")
    assert [first, second] == await listed("agent_id=helper")
    assert [] == await listed("agent_name=nobody")
    assert [first, second, third] == await listed("")
    assert 200 == (await api.turn(**{name: {"name": "\ud800"}})).status


@profile("azure")
async def test_azure_says_whose_it_is(api, server):
    """What a turn makes names its response and its agent, which needs no model; a request may name neither."""
    conversation = await api.create()
    agent = {"type": "agent_reference", "name": "helper", "version": "3"}
    response = (await api.turn(conversation=conversation, agent_reference=agent, model=None)).json
    sent, made = server.items(conversation)
    refused = [await api.append(conversation, {**made, "id": "msg_x", name: made[name]}) for name in ("response_id",)]

    assert agent == response["agent_reference"] == made["agent_reference"]
    assert response["id"] == made["response_id"]
    assert "response_id" not in sent
    assert [(400, "unknown_parameter")] == [(each.status, each.json["error"]["code"]) for each in refused]
    assert 400 == (await api.turn(conversation=conversation, model=None)).status


@profile("azure")
async def test_azure_lists_items_of_a_type(api, server):
    """A list of items can be of one type, page by page."""
    conversation = await api.create(user("a"))
    server.add_items(conversation, [{"type": "workflow_action", "kind": "SetVariable", "action_id": n} for n in "123"])
    first = (await api.list(conversation, "?item_type=workflow_action&limit=2")).json
    second = (await api.list(conversation, f"?item_type=workflow_action&limit=2&after={first['last_id']}")).json

    assert (["3", "2"], True) == ([each["action_id"] for each in first["data"]], first["has_more"])
    assert (["1"], False) == ([each["action_id"] for each in second["data"]], second["has_more"])
    assert all(each["id"].startswith("wfa_") for each in first["data"])
    assert [] == (await api.list(conversation, "?item_type=hologram")).json["data"]


@profile("azure")
async def test_azure_refuses_as_its_gateway_does(api):
    """Without a key, the words are those of API Management."""
    response = await api.ask("GET", "/conversations", headers={"authorization": ""})

    assert (401, "401") == (response.status, response.json["error"]["code"])
    assert response.json["error"]["message"].startswith("Access denied due to invalid subscription key")


@profile("azure")
async def test_azure_keeps_users_apart(api):
    """Users of one key are kept apart by a header."""

    async def count(user):
        headers = {"x-ms-user-isolation-key": user} if user else {}
        await api.ask("POST", "/conversations", headers=headers)
        return len((await api.ask("GET", "/conversations", headers=headers)).json["data"])

    assert [1, 1, 2, 1] == [await count(user) for user in ("a", "b", "a", "")]


@profile("openai,update=merge")
async def test_updates_that_merge(api):
    """Some servers merge metadata instead of replacing them."""
    conversation = await api.create(a="1", b="1")
    response = await api.ask("POST", f"/conversations/{conversation}", {"metadata": {"b": "2"}})

    assert {"a": "1", "b": "2"} == response.json["metadata"]


@profile("openai,default_order=asc")
async def test_lists_that_are_ascending_by_default(api):
    """Some servers list the oldest first unless they are asked otherwise."""
    conversation = await api.create(user("a"), user("b"))

    assert ["a", "b"] == texts(await api.list(conversation))
    assert ["b", "a"] == texts(await api.list(conversation, "?order=desc"))


@profile("openai,default_order=asc,ignores_order=true")
async def test_lists_that_have_one_order(api):
    """Some servers have one order, whatever they are asked for."""
    conversation = await api.create(user("a"), user("b"))

    assert {("a", "b")} == {tuple(texts(await api.list(conversation, f"?order={o}"))) for o in ("asc", "desc", "up")}


@profile("openai,repeat_ids=true")
async def test_ids_that_are_not_unique(api, server):
    """Some servers keep the ids that they are given and never look whether they are there already."""
    first, second = [{"role": "user", "content": text, "id": "msg_x"} for text in "ab"]
    conversation = await api.create(first, second)
    other = await api.create()
    appended = await api.append(other, first)
    again = await api.append(other, second, second)
    server.add_items(other, [first])

    assert [200, 200] == [appended.status, again.status]
    assert ["b", "a"] == texts(await api.list(conversation))
    assert ["a", "b", "b", "a"] == texts(await api.list(other, "?order=asc"))
    assert {"msg_x"} == {item["id"] for item in (await api.list(other)).json["data"]}
    assert ["a"] == texts(await api.list(other, "?order=asc&limit=1"))


@profile("openai,item_limit=false")
async def test_servers_without_an_item_limit(api):
    """Some servers take any number of items at once."""
    assert 30 == len((await api.append(await api.create(), *[user("a")] * 30)).json["data"])


@profile("ogx")
async def test_metadata_that_cannot_be_written_again(api):
    """Where metadata are hardly checked, what JSON cannot carry is refused all the same."""
    response = await api.ask("POST", "/conversations", b'{"metadata":{"a":1e999}}')

    assert (400, {"message"}) == (response.status, set(response.json["error"]))


@profile("openai,delete_again=repeated")
async def test_deletes_that_repeat(api):
    """Some servers answer a second delete like the first."""
    conversation = await api.create()
    responses = [await api.ask("DELETE", f"/conversations/{conversation}") for _ in range(2)]

    assert responses[0].json == responses[1].json
    other = await api.create()
    assert 200 == (await api.ask("DELETE", f"/conversations/{other}/items/msg_none")).status


@profile("openai,full_page_has_more=true")
async def test_a_full_last_page(api):
    """Some servers say ``has_more`` on a full last page, and then send an empty one."""
    conversation = await api.create(user("a"), user("b"))
    full = (await api.list(conversation, "?limit=2")).json
    empty = (await api.list(conversation, f"?limit=2&after={full['last_id']}")).json

    assert (True, [], False) == (full["has_more"], empty["data"], empty["has_more"])


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("ogx,empty_ids=absent", {"object", "data", "has_more"}),
        ("ogx,last_id=false", {"object", "data", "has_more", "first_id"}),
    ],
)
async def test_lists_without_ids(session, text, keys):
    """Some servers leave out the ids of an empty list, or have no ``last_id`` at all."""
    async with ConversationsServer(profile=text) as server:
        api = Api(server, session)

        assert keys == set((await api.list(await api.create())).json)


@pytest.mark.parametrize(
    ("style", "content_type", "body"),
    [
        ("detail", "application/json", b'{"detail":"Conversation with id \'conv_x\' not found."}'),
        ("text", "text/plain", b"Conversation with id 'conv_x' not found."),
        ("empty", "text/plain", b""),
    ],
)
async def test_error_styles(session, style, content_type, body):
    """Errors come in every style that servers of this API have."""
    async with ConversationsServer(profile=f"ogx,errors={style}") as server:
        response = await Api(server, session).ask("GET", "/conversations/conv_x")

    assert (404, content_type, body) == (
        response.status,
        response.headers["content-type"].partition(";")[0],
        response.body,
    )


async def test_problem_json(session):
    """A problem document has a URL as its type."""
    async with ConversationsServer(profile="ogx,errors=problem,invalid_status=422") as server:
        response = await Api(server, session).ask("POST", "/conversations", {"metadata": 1})

    assert (422, "application/problem+json") == (response.status, response.headers["content-type"])
    assert (422, "invalid_type") == (response.json["status"], response.json["title"])
    assert response.json["type"].startswith("https://")


def test_profiles_have_names():
    """A profile is found by its name, with traits changed."""
    assert PROFILES["openai"] == parse("openai") == ServerProfile(name="openai")
    assert attrs.evolve(PROFILES["openai"], keepalive=5.0, last_id=False) == parse("openai,keepalive=5,last_id=false")
    assert ("include",) == parse("openai, include=include").include
    assert "/api" == parse("openai,prefix=/api").prefix


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("anthropic", "there is no profile 'anthropic'; the profiles are openai, ogx, azure"),
        ("openai,colour=red", "a profile has no trait 'colour'; the traits are name, "),
        ("openai,update=never", "update is one of replace, merge, not 'never'"),
        ("openai,last_id=no", "last_id is one of true, false, not 'no'"),
        ("openai,keepalive=long", "could not convert string to float"),
    ],
)
def test_profiles_that_are_none(text, message):
    """A mistake in a profile is named, with the choices."""
    with pytest.raises(ValueError) as caught:
        parse(text)

    assert str(caught.value).startswith(message)
