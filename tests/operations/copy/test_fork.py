"""Forking: the rules, on the service in memory."""

from __future__ import annotations

import json

import pytest

from openai_conversations.errors import APIConnectionError
from openai_conversations.operations.copy.copying import plan_copy, seen
from openai_conversations.operations.copy.fork import fork
from openai_conversations.operations.errors import CopyIncompleteError, NoSuchItemError
from openai_conversations.transport.message import HTTPRequest, HTTPResponse
from tests.operations.fakes import FakeService, Refuses, broken, response, sent_items, user, writer


def call(name: str) -> dict[str, object]:
    return {"type": "function_call", "id": f"fc_{name}", "call_id": name, "name": "f", "arguments": "{}"}


def output(name: str) -> dict[str, object]:
    return {"type": "function_call_output", "id": f"fco_{name}", "call_id": name, "output": "done"}


def assistant(name: str) -> dict[str, object]:
    return {
        "type": "message",
        "id": name,
        "role": "assistant",
        "content": [{"type": "output_text", "text": "hello", "annotations": []}],
        "status": "completed",
    }


def texts(service: FakeService, name: str) -> list[str]:
    return [item["content"][0]["text"] for item in service.stored[name].items]


async def test_copy():
    """All items in order, in requests of at most 20, into a new conversation with the metadata of the original."""
    service = FakeService()
    source = service.conversation(*[f"text {number}" for number in range(45)], metadata={"user": "42"})

    report = await fork(*writer(service), source)

    copy = service.stored[report.conversation_id]
    assert ([f"text {number}" for number in range(45)], {"user": "42"}) == (
        texts(service, report.conversation_id),
        copy.body["metadata"],
    )
    assert 3 == service.operations().count("createConversationItems")
    assert (45, 45, source, False) == (report.total, report.stored, report.source, report.dry_run)


async def test_original_is_only_read():
    """No call changes the original."""
    service = FakeService()
    source = service.conversation("a", assistant("msg_1"))
    before = list(service.stored[source].items)

    await fork(*writer(service), source)

    assert before == service.stored[source].items
    assert {"GET"} == {request.method for request in service.requests if request.conversation_id == source}


async def test_no_id_of_a_message_is_replayed():
    """The id of a message is never sent: the service would take the message away from its conversation."""
    service = FakeService()
    source = service.conversation(assistant("msg_1"), {**user("x"), "id": "msg_2"}, call("a"), output("a"))

    report = await fork(*writer(service), source)

    appends = [request for request in service.requests if request.operation == "createConversationItems"]
    sent = [item for request in appends for item in sent_items(request)]
    assert [] == [item for item in sent if "id" in item]
    assert {"msg_1", "msg_2", "fc_a", "fco_a"} == set(report.ids)
    assert not {"msg_1", "msg_2", "fc_a", "fco_a"} & set(report.ids.values())


async def test_until():
    """The copy ends with the item that was asked for."""
    service = FakeService()
    source = service.conversation(*[{**user(name), "id": name} for name in "abc"])

    report = await fork(*writer(service), source, until="b")

    assert (["a", "b"], "b") == (texts(service, report.conversation_id), report.last_item_id)


async def test_until_is_unknown():
    """An item that the conversation does not have is an error, and no conversation is made."""
    service = FakeService()
    source = service.conversation("a")

    with pytest.raises(NoSuchItemError) as caught:
        await fork(*writer(service), source, until="x")

    assert (source, "x") == (caught.value.conversation_id, caught.value.item_id)
    assert "createConversation" not in service.operations()


@pytest.mark.parametrize(
    ("until", "last"),
    [("fc_a", "fco_b"), ("fc_b", "fco_b"), ("fco_a", "fco_b"), ("fco_b", "fco_b"), ("msg_1", "msg_1"), ("m", "m")],
)
async def test_calls_are_not_separated_from_their_outputs(until, last):
    """The copy goes on to the last output of the calls that it holds."""
    service = FakeService()
    items = [{**user("x"), "id": "m"}, call("a"), call("b"), output("a"), output("b"), assistant("msg_1")]
    source = service.conversation(*items)

    report = await fork(*writer(service), source, until=until)

    assert (last, ()) == (report.last_item_id, report.unanswered)


async def test_calls_are_separated_when_asked():
    """With split_tool_calls the copy ends exactly there, and the report names the calls that have no output."""
    service = FakeService()
    source = service.conversation(call("a"), call("b"), output("a"), output("b"))

    report = await fork(*writer(service), source, until="fco_a", split_tool_calls=True)

    assert ("fco_a", ("fc_b",)) == (report.last_item_id, report.unanswered)


@pytest.mark.parametrize(
    ("metadata", "expected"), [({"a": "b"}, {"a": "b"}), ({}, {}), (None, {})], ids=["other", "empty", "none"]
)
async def test_metadata(metadata, expected):
    """Metadata that is given replaces that of the original."""
    service = FakeService()
    source = service.conversation("x", metadata={"user": "42"})

    report = await fork(*writer(service), source, metadata=metadata)

    assert expected == service.stored[report.conversation_id].body["metadata"]


async def test_metadata_that_cannot_be_written():
    """Metadata that the API does not take is left out, and named."""
    service = FakeService()
    odd = {"number": 1, "k" * 65: "x", "long": "x" * 513, "good": "yes"}
    source = service.conversation("x", metadata=odd)

    report = await fork(*writer(service), source)

    assert {"good": "yes"} == service.stored[report.conversation_id].body["metadata"]
    assert ("number", "k" * 65, "long") == report.metadata_left_out
    assert not report.is_exact


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"type": "reasoning", "id": "", "summary": [{"type": "summary_text", "text": "x"}]}, "encrypted"),
        ({"type": "reasoning", "id": "rs_1", "summary": []}, "empty"),
        ({"type": "message", "id": "m", "role": "critic", "content": []}, "critic"),
        ({"type": "message", "id": "m", "role": "user", "content": [{"type": "refusal", "refusal": "no"}]}, "content"),
        ({"type": "additional_tools", "id": "t", "role": "user", "tools": []}, "user"),
        ({"type": "compaction_trigger", "id": "t"}, "stored"),
        ({"type": "file_search_call", "id": "", "queries": [], "status": "completed"}, "without the id"),
    ],
    ids=lambda value: value if isinstance(value, str) else value["type"],
)
async def test_left_out(item, reason):
    """What cannot be stored is left out, and the report says which item and why."""
    service = FakeService()
    source = service.conversation("a", item, "b")

    report = await fork(*writer(service), source)

    assert (["a", "b"], [1]) == (texts(service, report.conversation_id), [found.index for found in report.left_out])
    assert reason in report.left_out[0].reason


@pytest.mark.parametrize(
    ("role", "part", "written"),
    [
        ("user", {"type": "text", "text": "x"}, {"type": "input_text", "text": "x"}),
        ("assistant", {"type": "text", "text": "x"}, {"type": "output_text", "text": "x", "annotations": []}),
        ("developer", {"type": "summary_text", "text": "x"}, {"type": "input_text", "text": "x"}),
        (
            "user",
            {"type": "computer_screenshot", "detail": "low", "image_url": "u", "file_id": None},
            {"type": "input_image", "detail": "low", "image_url": "u"},
        ),
        ("user", {"type": "hologram", "beams": 3}, {"type": "hologram", "beams": 3}),
        ("assistant", {"type": "refusal", "refusal": "no"}, {"type": "refusal", "refusal": "no"}),
    ],
    ids=lambda value: value if isinstance(value, str) else value["type"],
)
async def test_parts(role, part, written):
    """A part that a role does not write becomes one that it does; unknown parts are passed on."""
    service = FakeService()
    source = service.conversation({"type": "message", "id": "m", "role": role, "content": [part]})

    report = await fork(*writer(service), source)

    (copied,) = service.stored[report.conversation_id].items
    assert [written] == copied["content"]
    assert (part != written) == bool(report.differences)


async def test_states_that_only_exist_in_responses():
    """A failed screenshot is copied without its state, which the report names."""
    service = FakeService()
    item = {
        "type": "computer_call_output",
        "id": "o",
        "call_id": "c",
        "output": {"type": "computer_screenshot", "image_url": "u"},
        "status": "failed",
        "created_by": "somebody",
    }
    source = service.conversation(item)

    report = await fork(*writer(service), source)

    assert [("lost", "created_by"), ("lost", "status")] == [(f.kind, f.path) for f in report.differences]


async def test_dry_run():
    """Nothing is written, and the report predicts what would be lost."""
    service = FakeService()
    source = service.conversation(
        {**user("x"), "created_by": "me", "phase": None}, {"type": "reasoning", "summary": []}
    )

    report = await fork(*writer(service), source, dry_run=True)

    assert {"listConversationItems", "getConversation"} == set(service.operations())
    assert [("lost", "created_by"), ("left_out", "")] == [(f.kind, f.path) for f in report.differences]
    assert (None, 0, True) == (report.conversation_id, report.stored, report.dry_run)


async def test_stopped_half_way():
    """An append that fails names the new conversation and how many items are in it."""
    service = FakeService()
    source = service.conversation(*"abcdefghijklmnopqrstuvwxyz")
    second = iter([False, True])

    def stop(_: int, name: str) -> None:
        if name == "createConversationItems" and next(second):
            raise broken()

    service.before = stop

    with pytest.raises(CopyIncompleteError) as caught:
        await fork(*writer(service), source)

    error = caught.value
    assert (20, 26, 20) == (error.stored, error.total, len(service.stored[error.conversation_id].items))
    assert isinstance(error.__cause__, APIConnectionError)


async def test_response_that_is_not_whole():
    """When an append is not answered with what was stored, the conversation is looked at."""
    service = FakeService()
    source = service.conversation("a", "b")

    async def half(request: HTTPRequest) -> HTTPResponse:
        answer = await service(request)
        if request.operation != "createConversationItems":
            return answer
        page = json.loads(answer.content)
        return response(request, {**page, "data": page["data"][:-1]})

    report = await fork(*writer(half), source)

    assert (2, 2) == (report.stored, len(report.ids))
    assert ["a", "b"] == texts(service, report.conversation_id)


async def test_report_as_json():
    """The report is a JSON value without content."""
    service = FakeService()
    source = service.conversation({**user("my secret"), "id": "a", "created_by": "me"})

    report = (await fork(*writer(service), source)).to_json()

    assert "secret" not in str(report)
    assert [{"index": 0, "item_id": "a", "type": "message", "kind": "lost", "path": "created_by", "reason": ""}] == (
        report["differences"]
    )


async def test_metadata_that_the_server_drops():
    """What came back is compared with what was sent: a copy without its metadata is not exact."""
    service = FakeService()
    source = service.conversation("a", metadata={"user": "42", "kept": "yes"})

    async def drops(request: HTTPRequest) -> HTTPResponse:
        answer = await service(request)
        if request.operation != "createConversation":
            return answer
        return response(request, {**json.loads(answer.content), "metadata": {"kept": "yes"}})

    report = await fork(*writer(drops), source)

    assert (("user",), False) == (report.metadata_not_kept, report.is_exact)
    assert ["user"] == report.to_json()["metadata_not_kept"]


async def test_refused_fields():
    """A field of include that the server refuses is named; the copy is made, and not called exact."""
    service = Refuses("web_search_call.results")
    source = service.conversation("a")

    report = await fork(*writer(service), source)

    assert (1, ("web_search_call.results",), False) == (report.stored, report.include_refused, report.is_exact)
    assert ["a"] == texts(service, report.conversation_id)


def test_items_that_nobody_saw():
    """Items of which the server does not say that it stored them are not in the copy, as far as anybody knows."""
    plan = plan_copy([user("a"), user("b")])

    (found,) = seen(plan, [user("a")])

    assert (1, "left_out") == (found.index, found.kind)


async def test_reasoning_that_the_server_does_not_show():
    """Reasoning whose encrypted content the server refuses to show is not called empty."""
    service = Refuses("reasoning.encrypted_content")
    source = service.conversation("a", {"type": "reasoning", "id": "rs_1", "summary": []})

    report = await fork(*writer(service), source)

    assert ["the server refuses to show what the reasoning holds"] == [found.reason for found in report.left_out]
