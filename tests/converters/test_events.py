"""Events of a stream: a known one is always of its class, and whatever a server sends comes out as it came in."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from openai_conversations.converters.codec import Codec, codec
from openai_conversations.converters.errors import DecodeError
from openai_conversations.schemas.base import Schema
from openai_conversations.schemas.items import Message
from openai_conversations.schemas.responses import events
from openai_conversations.schemas.responses.events import (
    EVENT_CLASSES,
    ResponseCompletedEvent,
    ResponseContentPartAddedEvent,
    ResponseCreatedEvent,
    ResponseErrorEvent,
    ResponseFunctionCallArgumentsDoneEvent,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
    ResponseShellCallOutputContentDeltaEvent,
    ResponseTextDeltaEvent,
    UnknownEvent,
)
from openai_conversations.schemas.responses.response import (
    CompactedResponse,
    Response,
    ResponseDeleted,
    ResponseError,
)
from openai_conversations.schemas.responses.usage import InputTokenCount, InputTokensDetails, ResponseUsage
from openai_conversations.schemas.unknown import Unknown, UnknownContent, UnknownItem
from tests.converters.walk import parts
from tests.schemas.families import classes
from tests.strategies import anything, described_events, mangled, novel_events, plain

CODEC = Codec()


each = pytest.mark.parametrize("tag", sorted(EVENT_CLASSES))


def every_event(test: Any) -> Any:
    """Run a property for every event: each gets its part of the cases."""
    cases = settings(
        max_examples=max(3, -(-settings().max_examples // len(EVENT_CLASSES))),
        suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow],
    )
    return each(cases(test))


def as_bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


def written(value: Any) -> Any:
    return json.loads(CODEC.encode(CODEC.to_json(value)))


LEFT_OUT = [
    (a.name, plain(a.default))
    for cls in classes()
    for a in attrs.fields(cls)
    if a.metadata.get("left_out") and a.default is not attrs.NOTHING
]


def lost(sent: Any, back: Any, path: str = "$") -> list[str]:
    """
    Where something that was sent is not in what was written.

    A member that was missing may have its default, and one that is sent as its default counts as left out.
    """
    if isinstance(sent, dict) and isinstance(back, dict):
        kept = {name: member for name, member in sent.items() if (name, member) not in LEFT_OUT}
        found = [lost(member, back.get(name), f"{path}.{name}") for name, member in kept.items()]
        return [line for lines in found for line in lines]
    if isinstance(sent, list) and isinstance(back, list) and len(sent) == len(back):
        found = [lost(member, back[i], f"{path}[{i}]") for i, member in enumerate(sent)]
        return [line for lines in found for line in lines]
    return [] if sent == back else [f"{path}: {sent!r} became {back!r}"]


def test_every_event_has_a_strategy() -> None:
    """The tables of these tests and the classes have the same types."""
    assert set(EVENT_CLASSES) == set(described_events())


@every_event
@given(data=st.data())
def test_what_is_described_fits(tag: str, data: st.DataObject) -> None:
    """What the API describes becomes its class at every depth, and comes out as it came in."""
    sent = data.draw(described_events()[tag])

    event = CODEC.decode_event(as_bytes(sent))

    assert EVENT_CLASSES[tag] == type(event).__name__
    assert [] == [part for part in parts(event) if isinstance(part, Unknown)]
    assert [] == [part for part in parts(event) if isinstance(part, Schema) and part.extra]
    assert plain(sent) == plain(written(event))


@every_event
@given(data=st.data())
def test_what_is_new_is_kept(tag: str, data: st.DataObject) -> None:
    """Unknown fields, members and words, in any place, cost nothing: the rest is read, and all of it comes out."""
    sent = data.draw(novel_events()[tag])

    event = CODEC.decode_event(as_bytes(sent))

    assert EVENT_CLASSES[tag] == type(event).__name__
    assert plain(sent) == plain(written(event))


@every_event
@given(data=st.data())
def test_what_does_not_fit_is_kept(tag: str, data: st.DataObject) -> None:
    """An event with a member that is something else is of its class all the same, and nothing of it is lost."""
    sent = data.draw(mangled(novel_events()[tag]))

    event = CODEC.decode_event(as_bytes(sent))

    assert EVENT_CLASSES[tag] == type(event).__name__
    assert [] == lost(plain(sent), plain(written(event)))


@each
def test_an_event_of_nothing(tag: str) -> None:
    """An event that has nothing but its type is of its class, and every attribute can be asked for."""
    for sent in ({"type": tag}, {"type": tag, **dict.fromkeys(described_members(tag))}):
        event = CODEC.decode_event(as_bytes(sent))

        assert EVENT_CLASSES[tag] == type(event).__name__
        assert repr(event)
        assert tag == written(event)["type"]


def described_members(tag: str) -> list[str]:
    """The members of an event's class."""
    return [a.name for a in attrs.fields(getattr(events, EVENT_CLASSES[tag])) if a.name not in {"type", "extra"}]


@each
def test_attributes_are_what_the_class_says(tag: str) -> None:
    """A text is a text, a number a number and a list a list, also when null came in its place."""
    event = CODEC.decode_event(as_bytes({"type": tag, **dict.fromkeys(described_members(tag))}))

    kinds = {"delta": str, "text": str, "arguments": str, "output_index": int, "sequence_number": int, "item_id": str}
    if tag == "response.shell_call_output_content.delta":
        del kinds["delta"]
    for name, kind in kinds.items():
        assert isinstance(getattr(event, name, kind()), kind), name


@given(anything)
def test_any_json_is_an_event(sent: Any) -> None:
    """Data that is no event, or an event of nobody knows what, is kept whole."""
    event = CODEC.decode_event(as_bytes(sent))

    assert isinstance(event, UnknownEvent)
    assert plain(sent) == plain(written(event))


DELTA = {
    "type": "response.output_text.delta",
    "item_id": "msg_1",
    "output_index": 0,
    "content_index": 1,
    "delta": "Hi",
    "sequence_number": 7,
    "logprobs": [],
    "obfuscation": "x",
}


def test_text_delta() -> None:
    """A delta as the service sends it."""
    assert ResponseTextDeltaEvent(
        item_id="msg_1",
        output_index=0,
        content_index=1,
        delta="Hi",
        sequence_number=7,
        logprobs=[],
        obfuscation="x",
    ) == codec().decode_event(as_bytes(DELTA))


@pytest.mark.parametrize("name", ["item_id", "output_index", "content_index", "sequence_number", "logprobs"])
def test_left_out(name: str) -> None:
    """What servers leave out has its default, and is not written."""
    sent = {key: member for key, member in DELTA.items() if key != name}

    event = CODEC.decode_event(as_bytes(sent))

    assert attrs.fields_dict(ResponseTextDeltaEvent)[name].default == getattr(event, name)
    assert event.extra is None
    assert sent == CODEC.to_json(event)


def test_delta_of_null() -> None:
    """A delta of null adds no text; what came is written back."""
    event = CODEC.decode_event(as_bytes({**DELTA, "delta": None}))

    assert isinstance(event, ResponseTextDeltaEvent)
    assert "" == event.delta
    assert {**DELTA, "delta": None} == CODEC.to_json(event)


@pytest.mark.parametrize("cls", [ResponseOutputItemAddedEvent, ResponseOutputItemDoneEvent])
@pytest.mark.parametrize("sent", [{"item": None}, {}])
def test_item_of_null(cls: type[ResponseOutputItemDoneEvent], sent: dict[str, Any]) -> None:
    """An item of null, or none, is an unknown item without data."""
    tag = attrs.fields_dict(cls)["type"].default

    assert cls(item=UnknownItem(data=None)) == CODEC.decode_event(as_bytes({"type": tag, **sent}))


@pytest.mark.parametrize("sent", [{"part": None}, {}, {"part": None, "output_index": None, "content_index": "0"}])
def test_part_of_null(sent: dict[str, Any]) -> None:
    """A part of null, or none, is an unknown part without data, whatever else does not fit."""
    event = CODEC.decode_event(as_bytes({"type": "response.content_part.added", **sent}))

    assert isinstance(event, ResponseContentPartAddedEvent)
    assert UnknownContent(data=None) == event.part
    assert -1 == event.content_index


def test_output_of_a_command_that_is_null() -> None:
    """A delta that is an object is an empty one when null came."""
    event = CODEC.decode_event(b'{"type":"response.shell_call_output_content.delta","delta":null}')

    assert isinstance(event, ResponseShellCallOutputContentDeltaEvent)
    assert event.delta.stdout is None


@pytest.mark.parametrize("sent", [{}, {"response": None}, {"response": []}, {"response": "resp_1"}])
def test_response_of_null(sent: dict[str, Any]) -> None:
    """A lifecycle event without a response has one without an id."""
    event = CODEC.decode_event(as_bytes({"type": "response.created", **sent}))

    assert isinstance(event, ResponseCreatedEvent)
    assert event.response == Response(id="")


def test_response_that_is_written_in_another_way() -> None:
    """Of an odd response everything that fits is read, at every depth, and what does not comes out as it came."""
    response = {
        "id": "resp_1",
        "created_at": "2026-11-27T09:00:00Z",
        "output": [{"type": "message", "role": "assistant", "content": "Hi"}],
        "usage": {"input_tokens": 3, "input_tokens_details": None, "output_tokens": "4", "total_tokens": 7},
        "error": {"code": 500, "message": "no"},
        "tool_choice": 7,
        "parallel_tool_calls": "yes",
    }

    event = CODEC.decode_event(as_bytes({"type": "response.completed", "response": response}))

    assert isinstance(event, ResponseCompletedEvent)
    read = event.response
    assert "resp_1" == read.id
    assert 0 == read.created_at
    assert "Hi" == read.output_text
    assert read.usage is not None
    assert (3, 0, 7) == (read.usage.input_tokens, read.usage.output_tokens, read.usage.total_tokens)
    assert read.usage.input_tokens_details == InputTokensDetails()
    assert read.error is not None
    assert (None, "no") == (read.error.code, read.error.message)
    back = written(event)["response"]
    assert "4" == back["usage"]["output_tokens"]
    assert {key: response[key] for key in response if key not in {"usage", "output"}} == {
        key: back[key] for key in response if key not in {"usage", "output"}
    }


@pytest.mark.parametrize("output", [None, "absent"])
def test_completed_without_output(output: Any) -> None:
    """An output of null, or none, is an empty one."""
    response = {"id": "resp_1"} if output == "absent" else {"id": "resp_1", "output": output}

    event = CODEC.decode_event(as_bytes({"type": "response.completed", "response": response}))

    assert isinstance(event, ResponseCompletedEvent)
    assert [] == event.response.output


def test_integers_beyond_64_bits() -> None:
    """An integer of any size comes out as it came in, also where a class wants one and where it wants none."""
    sent = {**DELTA, "sequence_number": 2**70, "item_id": 2**70, "new": [2**70]}

    event = CODEC.decode_event(as_bytes(sent))

    assert 2**70 == event.sequence_number
    assert sent == CODEC.to_json(event)


def test_half_a_surrogate_pair() -> None:
    """A character that is cut between two deltas is whole in the joined text."""
    deltas = [CODEC.decode_event(as_bytes({**DELTA, "delta": half})) for half in ("\ud83d", "\ude00")]

    assert all(isinstance(event, ResponseTextDeltaEvent) for event in deltas)
    joined = "".join(event.delta for event in deltas if isinstance(event, ResponseTextDeltaEvent))
    assert "😀" == joined.encode("utf-16", "surrogatepass").decode("utf-16")


def test_invalid_utf_8() -> None:
    """Bytes that are not UTF-8 become U+FFFD, and the event is read."""
    event = CODEC.decode_event(as_bytes(DELTA).replace(b"Hi", b"\xff"))

    assert isinstance(event, ResponseTextDeltaEvent)
    assert "\ufffd" == event.delta


@pytest.mark.parametrize("data", [b"upstream connect error", b"", b'{"type":"error"', b"{'a': 1}", b"\xff", b"NaN"])
def test_not_json(data: bytes) -> None:
    """Data that is not JSON is an error that says so, with its text."""
    with pytest.raises(DecodeError, match="not JSON") as caught:
        CODEC.decode_event(data)

    assert str(caught.value).endswith(data.decode("utf-8", "replace"))


def test_long_data_that_is_not_json() -> None:
    """Of a long text the beginning is told."""
    with pytest.raises(DecodeError) as caught:
        CODEC.decode_event(b"x" * 10_000)

    assert str(caught.value).endswith(": " + "x" * 200 + "…")


def test_deep_members() -> None:
    """A member that nests too deeply for its class is kept, and the rest is read."""
    filters: dict[str, Any] = {"type": "eq", "key": "a", "value": 1}
    for _ in range(300):
        filters = {"type": "and", "filters": [filters]}
    tools = [{"type": "file_search", "vector_store_ids": [], "filters": filters}]
    response = {"id": "resp_1", "status": "completed", "tools": tools}

    event = CODEC.decode_event(as_bytes({"type": "response.completed", "response": response}))

    assert isinstance(event, ResponseCompletedEvent)
    assert ("resp_1", "completed") == (event.response.id, event.response.status)


def test_deep_data() -> None:
    """Data that nests too deeply is an error of ours."""
    with pytest.raises(DecodeError, match="too deeply"):
        CODEC.decode_event(b"[" * 100_000 + b"]" * 100_000)


@pytest.mark.parametrize(
    ("sent", "name", "code", "message"),
    [
        ({"type": "error", "code": "x", "message": "no", "param": None, "sequence_number": 1}, "error", "x", "no"),
        ({"type": "error", "code": None, "message": "no"}, "error", None, "no"),
        ({"type": "error", "error": {"type": "server_error", "code": "x", "message": "no"}}, "error", "x", "no"),
        ({"type": "error", "error": {"code": 500, "message": None}}, "", None, ""),
        ({"type": "error", "error": "no"}, "", None, "no"),
        ({"error": {"code": None, "message": "no"}}, "", None, "no"),
        ({"error": {"message": "no"}}, "error", None, "no"),
        ({"code": "x", "message": "no"}, "error", "x", "no"),
        ({"type": "server_error", "code": "x", "message": "no"}, "error", "x", "no"),
        ({"type": None, "message": "no"}, "error", None, "no"),
    ],
)
def test_errors(sent: dict[str, Any], name: str, code: str | None, message: str) -> None:
    """An error is one, flat or nested, with or without its type, and says its reason; nothing of it is lost."""
    event = CODEC.decode_event(as_bytes(sent), name)

    assert isinstance(event, ResponseErrorEvent)
    assert "error" == event.type
    assert (code, message) == (event.reason.code, event.reason.message)
    assert [] == lost(plain(sent), plain(CODEC.to_json(event)))


def test_reason() -> None:
    """A reason has all that the error has."""
    error = {"type": "server_error", "code": "x", "message": "no", "param": "input"}

    event = CODEC.decode_event(as_bytes({"type": "error", "error": error}))

    assert isinstance(event, ResponseErrorEvent)
    assert ResponseError(code="x", message="no", type="server_error", param="input") == event.reason


def test_name_instead_of_type() -> None:
    """What ``event:`` said counts when the JSON has no type, and not when it has one."""
    untyped = {key: member for key, member in DELTA.items() if key != "type"}

    assert isinstance(CODEC.decode_event(as_bytes(untyped), "response.output_text.delta"), ResponseTextDeltaEvent)
    assert isinstance(CODEC.decode_event(as_bytes(untyped)), UnknownEvent)
    assert isinstance(CODEC.decode_event(as_bytes(DELTA), "response.completed"), ResponseTextDeltaEvent)
    assert isinstance(CODEC.decode_event(as_bytes({"type": "new"}), "response.completed"), UnknownEvent)


@pytest.mark.parametrize(
    ("sent", "tag", "number"),
    [
        ({"type": "keepalive", "sequence_number": 7}, "keepalive", 7),
        ({"type": "response.steer.accepted", "sequence_number": "7"}, "response.steer.accepted", -1),
        ({"type": 7, "sequence_number": True}, "", -1),
        ({}, "", -1),
        ([], "", -1),
    ],
)
def test_unknown_events(sent: Any, tag: str, number: int) -> None:
    """An event that is newer than this package has its type, its number if it has one, and all its data."""
    event = CODEC.decode_event(as_bytes(sent))

    assert isinstance(event, UnknownEvent)
    assert (tag, number, sent) == (event.type, event.sequence_number, event.data)


@pytest.mark.parametrize("data", [b'{"type":"keepalive"}', b"{}", b"[]", b'{"type":[]}'])
def test_unknown_event_first(data: bytes) -> None:
    """The first event of all may be one that nobody knows."""
    assert isinstance(Codec().decode_event(data), UnknownEvent)


def test_function_name_of_older_servers() -> None:
    """The name of a function in the event of its arguments is newer than the event."""
    event = CODEC.decode_event(b'{"type":"response.function_call_arguments.done","arguments":"{}"}')

    assert ResponseFunctionCallArgumentsDoneEvent(arguments="{}") == event


# Whole responses


def test_response() -> None:
    """A response is decoded like any other body, and its text is that of its messages."""
    body = {
        "id": "resp_1",
        "object": "response",
        "output": [
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "no"}]},
            {
                "type": "message",
                "id": "msg_1",
                "role": "assistant",
                "content": [
                    {"type": "output_text", "text": "a", "annotations": []},
                    {"type": "refusal", "refusal": "no"},
                    {"type": "new", "text": "no"},
                    {"type": "output_text", "text": "b", "annotations": []},
                ],
            },
            {"type": "new", "text": "no"},
            {"type": "message", "role": "assistant", "content": "c"},
        ],
        "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
    }

    response = CODEC.decode(as_bytes(body), Response)

    assert "abc" == response.output_text
    assert isinstance(response.output[1], Message)
    assert ResponseUsage(input_tokens=1, output_tokens=2, total_tokens=3) == response.usage


def test_text_that_a_server_sends() -> None:
    """Some servers send ``output_text``; it is kept, and the property goes by the output."""
    response = CODEC.decode(b'{"id":"resp_1","output_text":"x"}', Response)

    assert "" == response.output_text
    assert {"output_text": "x"} == response.extra


@pytest.mark.parametrize(
    ("body", "kind", "where"),
    [
        (b'{"error":{"message":"no"}}', Response, r"\$\.id"),
        (b'{"id":7,"output":[]}', Response, r"\$\.id"),
        (b'[{"id":"resp_1"}]', Response, r"\$"),
        (b'{"id":"resp_1","usage":7}', CompactedResponse, r"\$\.output"),
        (b'{"object":"response.input_tokens"}', InputTokenCount, r"\$\.input_tokens"),
        (b'{"deleted":true}', ResponseDeleted, r"\$\.id"),
    ],
)
def test_what_is_no_response(body: bytes, kind: Any, where: str) -> None:
    """A response without what makes it one is an error that names the place: a 200 with an error is no response."""
    with pytest.raises(DecodeError, match=where):
        CODEC.decode(body, kind)


def test_odd_response() -> None:
    """Of a response with an id everything that fits is read, and what does not is kept."""
    body = {"id": "resp_1", "created_at": 1.5, "status": 7, "tools": None, "usage": 7, "output": [None, 7]}

    response = CODEC.decode(as_bytes(body), Response)

    assert (1.5, None, [], None) == (response.created_at, response.status, response.tools, response.usage)
    assert [UnknownItem(data=None), UnknownItem(data=7)] == response.output
    assert {"status": 7, "usage": 7} == response.extra


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"object": "response.input_tokens", "input_tokens": 7}, InputTokenCount(input_tokens=7)),
        ({"id": "resp_1", "object": "response", "deleted": True}, ResponseDeleted(id="resp_1")),
        (
            {
                "id": "cmp_1",
                "object": "response.compaction",
                "output": [],
                "created_at": 1,
                "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
            },
            CompactedResponse(
                id="cmp_1",
                output=[],
                created_at=1,
                usage=ResponseUsage(input_tokens=1, output_tokens=1, total_tokens=2),
            ),
        ),
    ],
)
def test_other_responses(body: dict[str, Any], expected: Schema) -> None:
    """Token counts, deletions and compactions are decoded, and come out as they came in."""
    read = CODEC.decode(as_bytes(body), type(expected))

    assert expected == read
    assert body == {key: member for key, member in written(read).items() if key != "usage"} | (
        {"usage": body["usage"]} if "usage" in body else {}
    )


def test_items_load_no_events() -> None:
    """Decoding items loads nothing of turns; a first event loads its own family and no other."""
    code = """
import sys
from openai_conversations.converters.codec import codec
from openai_conversations.schemas.items.base import Item
ours = "openai_conversations.schemas.responses."
codec().decode(b'{"type":"message","role":"user","content":"Hi"}', Item)
print(*(m.removeprefix(ours) for m in sys.modules if m.startswith(ours)))
codec().decode_event(b'{"type":"response.output_text.delta","delta":"Hi"}')
print(*(m.removeprefix(ours) for m in sys.modules if m.startswith(ours)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    before, after = done.stdout.splitlines()

    assert "" == before
    assert {"events", "events.base", "events.text"} == set(after.split())
