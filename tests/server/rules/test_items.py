"""What becomes of an item on its way into the store."""

from __future__ import annotations

import pytest

from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.profiles import ItemRules
from openai_conversations.server.rules.item_types import INPUT_ONLY, ITEM_TYPES
from openai_conversations.server.rules.items import complete, prepare, prepare_all, type_of
from openai_conversations.server.rules.tools import TOOL
from openai_conversations.server.rules.views import INCLUDABLE
from tests.server import description, samples
from tests.server.api import user


def new_id(prefix):
    return f"{prefix}_new"


def stored(item, **rules):
    return prepare(item, "items[0]", new_id, ItemRules(**rules)).item


def tools(tool):
    return {"type": "additional_tools", "role": "developer", "tools": [tool]}


def refusal_of(item, **rules):
    with pytest.raises(HTTPError) as caught:
        prepare_all([item], new_id, ItemRules(**rules))
    return caught.value.param, caught.value.code


def test_there_is_a_sample_of_everything():
    """The samples hold every type of item and of tool."""
    assert set(ITEM_TYPES) == {type_of(item, "") for item in samples.ITEMS}
    assert set(TOOL.shapes) == {tool["type"] for tool in samples.TOOLS}


@description.needs_description
def test_every_type_of_the_description_is_known():
    """Every type of item and of tool that the API describes has its row here."""
    schemas = description.load()["components"]["schemas"]

    def follow(schema):
        return schemas[schema["$ref"].rsplit("/")[-1]] if "$ref" in schema else schema

    def tags(schema):
        parts = [follow(part) for name in ("anyOf", "allOf") for part in schema.get(name, ())]
        own = schema.get("properties", {}).get("type", {}).get("enum", ())
        return {*own, *(tag for part in parts for tag in tags(part))}

    assert set(ITEM_TYPES) == tags(schemas["ConversationItem"])
    assert set(TOOL.shapes) == tags(schemas["Tool"])
    assert set(INCLUDABLE) == set(schemas["IncludeEnum"]["enum"])


@pytest.mark.parametrize("item", samples.ITEMS, ids=samples.IDS)
async def test_every_item_is_stored_and_valid(api, server, item):
    """Every type goes in, comes back with every operation as the description wants it, and loses nothing."""
    everything = "&".join(f"include={name}" for name in INCLUDABLE)
    conversation = await api.create()
    appended = await api.append(conversation, item, query=f"?{everything}")
    (shown,) = appended.json["data"]
    retrieved = await api.ask("GET", f"/conversations/{conversation}/items/{shown['id']}?{everything}")

    assert 200 == appended.status
    assert shown == retrieved.json == server.items(conversation)[0]
    assert _kept(item).items() <= shown.items()
    assert 200 == (await api.list(conversation)).status


def _kept(item):
    """The fields of an item that the service does not change."""
    return {name: item[name] for name in item if name not in ("content", "output", "tools", "action", "actions")}


def test_short_messages_become_whole():
    """A message in the short form is stored as every message is."""
    assert {
        "type": "message",
        "id": "msg_new",
        "role": "user",
        "status": "completed",
        "content": [{"type": "input_text", "text": "Hi"}],
    } == stored(user("Hi"))
    assert [{"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}] == stored(
        {"role": "assistant", "content": "Hi"}
    )["content"]


@pytest.mark.parametrize(
    ("item", "filled"),
    [
        ({"type": "function_call", "call_id": "c", "name": "n", "arguments": ""}, {"status": "completed"}),
        (
            {"type": "tool_search_call", "arguments": {}},
            {"call_id": None, "execution": "server", "status": "completed"},
        ),
        ({"type": "shell_call", "call_id": "c", "action": {"commands": []}}, {"environment": None}),
        ({"type": "shell_call_output", "call_id": "c", "output": []}, {"max_output_length": None}),
    ],
    ids=lambda value: value.get("type", ""),
)
def test_gaps_are_filled(item, filled):
    """What a stored item always has and a request may omit is filled in."""
    assert filled.items() <= stored(item).items()


def test_nulls_that_mean_nothing_are_dropped():
    """A null is stored only where the description lets a stored item have one."""
    item = stored({"type": "function_call_output", "call_id": "c", "output": "", "name": None, "caller": None})

    assert "name" not in item
    assert item["caller"] is None


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"role": "user"}, ("items[0].content", "missing_required_parameter")),
        ({"role": "critic", "content": "a"}, ("items[0].role", "invalid_value")),
        ({"type": "message", "content": "a"}, ("items[0].role", "invalid_type")),
        ({"role": "user", "content": 1}, ("items[0].content", "invalid_type")),
        ({"role": "user", "content": [{}]}, ("items[0].content[0].type", "missing_required_parameter")),
        ({"role": "user", "content": [{"type": "output_text"}]}, ("items[0].content[0].type", "invalid_value")),
        ({"role": "assistant", "content": [{"type": "input_text"}]}, ("items[0].content[0].type", "invalid_value")),
        ({"role": "user", "content": "a", "status": "done"}, ("items[0].status", "invalid_value")),
        ({"type": "function_call", "name": "n", "arguments": ""}, ("items[0].call_id", "missing_required_parameter")),
        ({"type": "compaction", "encrypted_content": 1}, ("items[0].encrypted_content", "invalid_type")),
        (
            {"type": "function_call_output", "call_id": "c" * 65, "output": ""},
            ("items[0].call_id", "string_above_max_length"),
        ),
        (
            {"type": "function_call_output", "call_id": "", "output": ""},
            ("items[0].call_id", "string_below_min_length"),
        ),
        (
            {"type": "function_call_output", "namespace": "a b", "output": ""},
            ("items[0].namespace", "invalid_value"),
        ),
        (
            tools({"type": "image_generation", "partial_images": 4}),
            ("items[0].tools[0].partial_images", "integer_above_max_value"),
        ),
        (
            tools({"type": "mcp", "server_label": "m", "allowed_tools": {"x": 1}}),
            ("items[0].tools[0].allowed_tools.x", "unknown_parameter"),
        ),
        (tools({"type": "custom", "name": "c", "async": 1}), ("items[0].tools[0].async", "invalid_type")),
        (tools({"type": "function", "name": "f", "parameters": []}), ("items[0].tools[0].parameters", "invalid_type")),
        (tools({"type": "shell", "allowed_callers": "x"}), ("items[0].tools[0].allowed_callers", "invalid_type")),
        (tools("web_search"), ("items[0].tools[0]", "invalid_type")),
        (
            tools({"type": "file_search", "vector_store_ids": [], "ranking_options": {"score_threshold": True}}),
            ("items[0].tools[0].ranking_options.score_threshold", "invalid_type"),
        ),
        ({"id": 5}, ("items[0].id", "invalid_type")),
        ({"type": "item_reference"}, ("items[0].id", "missing_required_parameter")),
        ({"role": "user", "content": "a", "id": "msg_\ud800"}, ("items[0].id", "invalid_value")),
    ],
)  # fmt: skip
def test_items_that_do_not_fit(item, expected):
    """An item of a known type that does not fit is refused, and the error names the place."""
    assert expected == refusal_of(item)


@pytest.mark.parametrize("tag", [tag for tag, kind in ITEM_TYPES.items() if kind.keeps_id])
def test_some_items_are_nothing_without_their_id(tag):
    """Items that the service made itself must bring their ids."""
    item = samples.of(tag)

    assert item["id"] == stored(item)["id"]
    assert ("items[0].id", "missing_required_parameter") == refusal_of({**item, "id": None})


@pytest.mark.parametrize("tag", ["message", "function_call", "reasoning", "custom_tool_call"])
def test_ids_have_the_prefix_of_their_type(tag):
    """Where the service is known to look at the prefix of an id, so does the server."""
    item = samples.of(tag)
    prefix = ITEM_TYPES[tag].prefix

    assert ("items[0].id", "invalid_value") == refusal_of({**item, "id": "item_1"})
    assert f"{prefix}_1" == stored({**item, "id": f"{prefix}_1"})["id"]


def test_created_by_is_not_sent():
    """What only answers carry is refused in requests."""
    assert ("items[0].created_by", "unknown_parameter") == refusal_of({**user("a"), "created_by": "x"})


def test_unknown_fields_are_kept():
    """The description leaves objects open, and so does the store."""
    assert {"x": [1, 1.0]}.items() <= stored({**user("a"), "x": [1, 1.0]}).items()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"summary": []}, "missing_required_parameter"),
        ({"summary": [{"type": "summary_text", "text": "s"}]}, "missing_required_parameter"),
        ({"id": "rs_1", "summary": []}, "invalid_value"),
        ({"id": "rs_1", "summary": [], "encrypted_content": None}, "invalid_value"),
        ({"id": "rs_1"}, "missing_required_parameter"),
        ({"summary": [], "encrypted_content": "e"}, None),
        ({"id": "rs_1", "summary": [{"type": "summary_text", "text": "s"}]}, None),
    ],
)
def test_reasoning_needs_identity_and_content(fields, code):
    """Reasoning needs its id or its encrypted content, and where a trait says so, it must hold something."""
    item = {"type": "reasoning", **fields}

    if code is None:
        assert "reasoning" == stored(item)["type"]
    else:
        assert code == refusal_of(item, empty_reasoning=False)[1]


def test_empty_reasoning_is_taken():
    """The agents SDK sends reasoning with nothing but its id."""
    item = {"type": "reasoning", "id": "rs_1", "summary": []}

    assert item == stored(item)


def test_a_compaction_trigger_stores_nothing():
    """A trigger is taken as the last item only, and leaves nothing behind."""
    values = [user("a"), {"type": "compaction_trigger"}]

    assert 1 == len(prepare_all(values, new_id, ItemRules()))
    with pytest.raises(HTTPError, match="must be the final input item"):
        prepare_all(values[::-1], new_id, ItemRules())


def test_input_only_types_are_not_stored():
    """No stored item has a type that only requests have."""
    assert set() == {*INPUT_ONLY} & {*ITEM_TYPES}


@pytest.mark.parametrize(
    "reference", [{"type": "item_reference"}, {"type": None}, {}], ids=["typed", "null", "untyped"]
)
async def test_a_reference_is_replaced_by_its_item(api, server, reference):
    """A reference stores the item that it means, and leaves it where it was."""
    source, target = await api.create(user("a")), await api.create()
    (item,) = server.items(source)
    response = await api.append(target, {**reference, "id": item["id"]})

    assert [item] == response.json["data"] == server.items(target) == server.items(source)


async def test_a_reference_to_an_orphan(api, server):
    """Items of deleted conversations are not deleted, and can still be referred to."""
    source, target = await api.create(user("a")), await api.create()
    (item,) = server.items(source)
    await api.ask("DELETE", f"/conversations/{source}")

    assert [item] == (await api.append(target, {"id": item["id"]})).json["data"]


async def test_a_reference_to_nothing(api):
    """A reference to an item that never was answers 404."""
    assert 404 == (await api.append(await api.create(), {"id": "msg_none"})).status


async def test_replaying_a_message_unlinks_it(api, server):
    """A message that is sent again with its id leaves the conversation that it was in, silently."""
    source, target = await api.create(user("a"), user("b")), await api.create()
    first, second = server.items(source)
    response = await api.append(target, {"role": "user", "content": "a", "id": first["id"]})

    assert first["id"] == response.json["data"][0]["id"]
    assert [second] == server.items(source)
    assert [(first["id"], source)] == [(orphan.id, orphan.conversation_id) for orphan in server.orphans()]


async def test_items_that_keep_their_id_stand_in_several_conversations(api, server):
    """An item that must keep its id can be copied to another conversation."""
    item = {"type": "program_output", "id": "progo_1", "call_id": "c", "result": "1", "status": "completed"}
    source, target = await api.create(item), await api.create(item)

    assert server.items(source) == server.items(target)
    assert [] == server.orphans()


@pytest.mark.parametrize("in_one_batch", [True, False])
async def test_duplicate_ids(api, server, in_one_batch):
    """One conversation holds an id once."""
    item = {"role": "user", "content": "a", "id": "msg_1"}
    conversation = await api.create(*([] if in_one_batch else [item]))
    response = await api.append(conversation, *([item, item] if in_one_batch else [item]))

    assert 400 == response.status
    assert "Duplicate item found with id msg_1" in response.json["error"]["message"]
    assert (0 if in_one_batch else 1) == len(server.items(conversation))


GATED = {
    "file_search_call.results": (samples.of("file_search_call"), lambda item: item.get("results")),
    "web_search_call.action.sources": (samples.of("web_search_call"), lambda item: item["action"].get("sources")),
    "message.input_image.image_url": (
        {"role": "user", "content": samples.USER_PARTS},
        lambda item: item["content"][1].get("image_url"),
    ),
    "message.output_text.logprobs": (
        {"role": "assistant", "content": samples.ASSISTANT_PARTS},
        lambda item: item["content"][0]["logprobs"],
    ),
    "computer_call_output.output.image_url": (
        samples.of("computer_call_output"),
        lambda item: item["output"].get("image_url"),
    ),
    "code_interpreter_call.outputs": (samples.of("code_interpreter_call"), lambda item: item["outputs"]),
    "reasoning.encrypted_content": (samples.of("reasoning"), lambda item: item.get("encrypted_content")),
    "web_search_call.results": (
        {**samples.of("web_search_call"), "results": [{"url": "https://example.com"}]},
        lambda item: item.get("results"),
    ),
}


def test_every_field_behind_include_is_tested():
    """No name of ``include`` goes untested."""
    assert set(INCLUDABLE) == set(GATED)


@pytest.mark.parametrize("style", ["include", "include[]", "include%5B%5D"])
@pytest.mark.parametrize("name", GATED)
async def test_fields_behind_include(api, name, style):
    """A field behind ``include`` is left out or empty unless it is asked for, in either style of arrays."""
    sample, field = GATED[name]
    others = [other for other in INCLUDABLE if other != name]
    conversation = await api.create()
    (appended,) = (await api.append(conversation, sample)).json["data"]
    (plain,) = (await api.list(conversation)).json["data"]
    (asked,) = (await api.list(conversation, f"?{style}={others[0]}&{style}={name}")).json["data"]
    (other,) = (await api.list(conversation, "?" + "&".join(f"{style}={other}" for other in others))).json["data"]

    assert field(asked)
    assert not field(plain)
    assert not field(other)
    assert plain == appended == (await api.ask("GET", f"/conversations/{conversation}/items/{plain['id']}")).json


class TestLooseServers:
    @pytest.fixture
    def settings(self):
        return {"profile": "ogx"}

    async def test_items_are_answered_as_they_were_sent(self, api):
        """A loose server checks items but does not complete them."""
        conversation = await api.create()
        (item,) = (await api.append(conversation, user("Hi"))).json["data"]

        assert ("Hi", None) == (item["content"], item["status"])
        assert 400 == (await api.append(conversation, {"role": "user"})).status


def test_new_ids_replace_own_ids_by_setting():
    """A server may give every item an id of its own."""
    assert "msg_new" == stored({**user("a"), "id": "msg_1"}, own_ids=False)["id"]


@pytest.mark.parametrize("item", ["Hi", user("Hi"), {"type": "hologram"}, {"type": "reasoning", "summary": []}, {}])
def test_tests_may_store_anything(item):
    """What a test puts behind the client's back is completed where that is possible, and never refused."""
    assert complete(item, new_id).item["id"]


def test_ids_are_not_shared_by_accident():
    """Ids differ as long as nobody seeds them alike."""
    from openai_conversations.server.storage.ids import IdFactory

    ids = IdFactory()
    made = {ids.new("msg") for _ in range(1000)}
    assert 1000 == len(made)
    assert {4 + 48} == {len(id) for id in made}
    assert IdFactory(1).new("a") == IdFactory(1).new("a") != IdFactory(1, opening=1).new("a")
