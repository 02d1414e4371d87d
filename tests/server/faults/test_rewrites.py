"""What a store makes of the items that it is given, as long as the fault is there."""

from __future__ import annotations

import contextlib

import aiohttp
import pytest

from openai_conversations.server import faults
from openai_conversations.server.faults.effects.rewrites import rewrite_body
from tests.server.api import texts, user


def call(arguments):
    return {"type": "function_call", "call_id": "c", "name": "f", "arguments": arguments}


LARGE = "1" + "0" * 400


@pytest.mark.parametrize(
    ("fault", "sent", "stored"),
    [
        (faults.sort_keys(), '{"b": {"d": 1, "c": 2}, "a": []}', '{"a": [], "b": {"c": 2, "d": 1}}'),
        (faults.sort_keys(), '[{"b":1,"a":"ü"}]', '[{"a":"ü","b":1}]'),
        (faults.sort_keys(), '{"b" 1, "a": 2}', '{"b" 1, "a": 2}'),
        (faults.escape_non_ascii(), '{"city":  "Zürich 😀"}', '{"city":  "Z\\u00fcrich \\ud83d\\ude00"}'),
        (faults.escape_non_ascii(), "Zürich", "Zürich"),
        (faults.rewrite_numbers(), '{"a":1.50,"b":9007199254740993,"c":7}', '{"a":1.5,"b":9007199254740992.0,"c":7}'),
        (faults.rewrite_numbers(), f"[{LARGE}]", f"[{LARGE}]"),
        (faults.replace_surrogates(), "a\ud800b", "a\ufffdb"),
        (faults.trim_whitespace(), " \n a b\t", "a b"),
        (faults.nfc(), "u\u0308", "ü"),
        (faults.lower_case(), '{"City": "Bern"}', '{"city": "bern"}'),
        (faults.truncate_text(5), "123456789", "12345"),
    ],
    ids=[
        "keys",
        "keys in an array",
        "no JSON",
        "escapes",
        "escapes of no JSON",
        "numbers",
        "numbers beyond floats",
        "surrogates",
        "white space",
        "normal form",
        "case",
        "length",
    ],
)
async def test_texts_are_stored_rewritten(api, server, fault, sent, stored):
    """The store rewrites what it is given, the response shows it, and so does every listing."""
    server.add_fault(fault)
    conversation = await api.create()
    appended = (await api.append(conversation, call(sent))).json["data"]

    assert [stored] == [item["arguments"] for item in appended]
    assert appended == (await api.list(conversation)).json["data"] == server.items(conversation)


async def test_objects_are_rewritten_too(api, server):
    """Keys and numbers of an item's own objects are rewritten like those in its strings."""
    server.add_fault(faults.sort_keys())
    server.add_fault(faults.rewrite_numbers())
    conversation = await api.create(
        {"type": "tool_search_call", "arguments": {"b": 2**53 + 1, "a": [2**53]}, "execution": "client"}
    )
    (item,) = server.items(conversation)

    assert [("a", [2**53]), ("b", float(2**53))] == [*item["arguments"].items()]
    assert isinstance(item["arguments"]["b"], float)


async def test_words_of_the_api_stay(api, server):
    """Lower case and shortness are for texts: types, roles, ids and names are left alone."""
    server.add_fault(faults.lower_case())
    server.add_fault(faults.truncate_text(2))
    item = {"type": "function_call", "id": "fc_ABC", "call_id": "CALL", "name": "Find", "arguments": "ABC"}
    (stored,) = (await api.append(await api.create(), item)).json["data"]

    assert {**item, "arguments": "ab", "status": "completed"} == stored


async def test_texts_in_parts(api, server):
    """A text is rewritten wherever it stands: as the content of a message, in its parts, in the output of a tool."""
    parts = [{"type": "input_text", "text": "AB"}, {"type": "input_image", "image_url": "https://EXAMPLE.com"}]
    output = {"type": "function_call_output", "call_id": "C", "output": "AB"}
    server.add_fault(faults.lower_case())
    conversation = await api.create({"role": "user", "content": parts}, user("AB"), output)
    first, second, third = server.items(conversation)

    assert ["ab", "https://EXAMPLE.com"] == [first["content"][0]["text"], first["content"][1]["image_url"]]
    assert ["ab", "ab"] == [second["content"][0]["text"], third["output"]]


async def test_parts_are_dropped(api, server):
    """Of each message the first parts are kept, and messages that are texts stay whole."""
    parts = [{"type": "input_text", "text": text} for text in "abc"]
    server.add_fault(faults.drop_parts(2))
    conversation = await api.create({"role": "user", "content": parts}, user("d"))

    assert [["a", "b"], ["d"]] == [[part["text"] for part in item["content"]] for item in server.items(conversation)]


async def test_a_part_of_a_batch(api, server):
    """The response says 200 and holds what was stored: less than was sent, so the journal calls it no true response."""
    conversation = await api.create()
    server.add_fault(faults.partial_commit(2))
    first = await api.append(conversation, *map(user, "abc"))
    second = await api.append(conversation, user("d"))

    assert [(200, ["a", "b"]), (200, ["d"])] == [(first.status, texts(first)), (second.status, texts(second))]
    assert [(True, False), (True, True)] == [(entry.committed, entry.acknowledged) for entry in server.requests[1:]]


async def test_rewrites_come_on_top_of_the_rest(api, server):
    """A store rewrites items whether the response is lost or not; the journal names all that happened."""
    server.add_fault(faults.trim_whitespace())
    server.add_fault(faults.commit_then_drop(operation="createConversationItems"))
    server.add_fault(faults.lower_case())
    conversation = await api.create()
    with contextlib.suppress(aiohttp.ClientError):
        await api.append(conversation, user(" A "))

    assert ["a"] == [item["content"][0]["text"] for item in server.items(conversation)]
    assert "trim_whitespace, commit_then_drop, lower_case" == server.requests[-1].fault


async def test_only_as_often_as_asked(api, server):
    """A rewrite is for ever by default; a count ends it."""
    server.add_fault(faults.lower_case(count=1))
    conversation = await api.create(user("A"))
    await api.append(conversation, user("B"))

    assert ["a", "B"] == [item["content"][0]["text"] for item in server.items(conversation)]


# What turns leave


@pytest.mark.parametrize("stream", [True, False])
async def test_turns_are_stored_rewritten(api, server, stream):
    """The store rewrites input and output of a turn; the response itself tells what the model said."""
    conversation = await api.create()
    server.add_fault(faults.lower_case())
    server.model.say("So BE it").call("f", {"B": "C"})
    answer = (await api.turn("AB", conversation=conversation, stream=stream)).body
    id = server.requests[-1].response_id
    kept = (await api.ask("GET", f"/responses/{id}")).json
    first, second, third = server.items(conversation)

    assert b"So BE it" in answer or b"BE" in answer
    assert ["ab", "so be it", '{"b":"c"}'] == [
        first["content"][0]["text"],
        second["content"][0]["text"],
        third["arguments"],
    ]
    assert [second, third] == kept["output"]
    assert [first] == (await api.ask("GET", f"/responses/{id}/input_items")).json["data"]
    assert server.requests[1].acknowledged


async def test_rewritten_items_keep_their_ids(api, server):
    """They are those of the stream, and what is shown on demand stays so."""
    conversation = await api.create()
    server.add_fault(faults.sort_keys())
    server.model.reason("Hm.", encrypted_content="x").say("a")
    events = await api.stream(conversation=conversation)
    listed = (await api.list(conversation, "?order=asc")).json["data"]

    assert [item["id"] for item in events[-1]["response"]["output"]] == [item["id"] for item in listed[1:]]
    assert "encrypted_content" not in listed[1]
    assert "encrypted_content" in server.items(conversation)[1]


@pytest.mark.parametrize(("n", "kept"), [(0, []), (1, ["Hi"]), (3, ["Hi", "You said: Hi"])])
async def test_a_part_of_a_turn(api, server, n, kept):
    """A store can keep the first items of a turn alone; then no response to it is true."""
    conversation = await api.create()
    server.add_fault(faults.partial_commit(n, operation="createResponse"))
    await api.turn(conversation=conversation)

    assert kept == texts(await api.list(conversation, "?order=asc"))
    assert (len(kept) < 2, len(kept) == 2) == (server.requests[1].partial, server.requests[1].acknowledged)


async def test_what_nests_too_deep_is_stored_as_it_is(api, server):
    """A rewrite breaks no turn."""
    server.add_fault(faults.trim_whitespace())
    nested = {"a": "b"}
    for _ in range(2000):
        nested = {"a": nested}
    server.model.item({"type": "tool_search_call", "arguments": nested, "call_id": None, "execution": "client"})

    assert (await api.turn()).status < 500


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b"{}", b'{"items":1}', b'{"items":null}'])
def test_what_cannot_be_rewritten_stays(body):
    """A body without items is left to the rules."""
    assert (body, True) == rewrite_body(body, [lambda items: items[:0]])


async def test_odd_items_are_left_to_the_rules(api, server):
    """A rewrite breaks nothing: what is no item is refused as ever."""
    server.add_fault(faults.drop_parts())
    server.add_fault(faults.truncate_text())

    assert (400, "items[0]", "invalid_type") == (await api.append(await api.create(), "a")).error
