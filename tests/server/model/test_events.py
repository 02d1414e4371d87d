"""The events of a reply, held against OpenAI's description."""

from __future__ import annotations

import pytest

from openai_conversations.server.model import Reply, call, custom_call, item, raw_events, reason, refuse, say
from openai_conversations.server.model.events import output_events
from openai_conversations.server.model.output import make_output
from tests.server.model import description
from tests.server.model.support import make_ids

CITATION = {"type": "url_citation", "start_index": 0, "end_index": 1, "title": "t", "url": "https://example.com"}
SHELL = {"type": "shell_call", "action": {"commands": ["ls -l"], "timeout_ms": None, "max_output_length": None}}
SHELL_OUTPUT = {
    "type": "shell_call_output",
    "call_id": "call_1",
    "output": [{"outcome": {"type": "exit", "exit_code": 0}, "stdout": "a b", "stderr": "c"}],
}
TOOL_ERROR = {"type": "http_error", "code": 500, "message": "broken"}

REPLIES = {
    "message": say("Hi you", annotations=[CITATION]),
    "refusal": refuse(),
    "function_call": call("f", {"a": 1}),
    "custom_tool_call": custom_call("f", "a b"),
    "reasoning": reason("Hm hm", content="so it is", encrypted_content="x"),
    "file_search_call": item({"type": "file_search_call", "queries": ["a"]}),
    "web_search_call": item({"type": "web_search_call"}),
    "image_generation_call": item({"type": "image_generation_call", "result": "QUJD"}),
    "code_interpreter_call": item({"type": "code_interpreter_call", "code": "1 + 1"}),
    "mcp_call": item({"type": "mcp_call", "name": "f", "arguments": '{"a": 1}'}),
    "mcp_call, failed": item({"type": "mcp_call", "name": "f", "error": TOOL_ERROR}),
    "mcp_list_tools": item({"type": "mcp_list_tools"}),
    "mcp_list_tools, failed": item({"type": "mcp_list_tools", "error": "broken"}),
    "shell_call": item(SHELL),
    "shell_call_output": item(SHELL_OUTPUT),
    "audio": raw_events(
        {"type": "response.audio.delta", "delta": "QUJD"},
        {"type": "response.audio.done", "response_id": "resp_1"},
        {"type": "response.audio.transcript.delta", "delta": "a", "response_id": "resp_1"},
        {"type": "response.audio.transcript.done", "response_id": "resp_1"},
    ),
}
LIFE_CYCLE = {f"response.{name}" for name in ("created", "queued", "in_progress", "completed", "failed", "incomplete")}


def streamed(reply: Reply):
    return list(output_events(make_output(reply, make_ids())))


@description.needs_description
@pytest.mark.parametrize("name", REPLIES)
def test_events_are_as_described(name):
    """Every event is valid against the description."""
    for number, event in enumerate(streamed(REPLIES[name])):
        description.check_event({**event, "sequence_number": number})


@description.needs_description
def test_every_type_of_event_can_be_had():
    """No event of the description is left out."""
    types = {event["type"] for reply in REPLIES.values() for event in streamed(reply)}

    assert description.event_types() == types | LIFE_CYCLE | {"error"}


def test_the_order_of_a_message():
    """An item opens, its parts open and close, the item closes."""
    assert [
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
    ] == [event["type"] for event in streamed(say("Hi you"))]


@pytest.mark.parametrize("name", REPLIES)
def test_what_a_client_puts_together_is_the_item(name):
    """What opens is empty and in progress; what closes is the item; events between point to it."""
    stream = [event for event in streamed(REPLIES[name]) if "output_index" in event]
    items = make_output(REPLIES[name], make_ids()).items

    assert items == [event["item"] for event in stream if event["type"] == "response.output_item.done"]
    assert {one["id"] for one in items} == {event.get("item_id", items[0]["id"]) for event in stream}
    assert {"in_progress"} >= {event["item"].get("status", "in_progress") for event in stream[:1]}


def test_an_incomplete_reply_leaves_its_last_item_incomplete():
    """The items before it are complete."""
    reply = call("f") + say("Hi") + Reply(end="incomplete", reason="max_output_tokens")

    assert ["completed", "incomplete"] == [one["status"] for one in make_output(reply, make_ids()).items]
