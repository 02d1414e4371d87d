"""The turns of a service, written down by a server that forwards, and taken again by the scripted model."""

from __future__ import annotations

import openai
import pytest

from openai_conversations.converters import json
from openai_conversations.server import ConversationsServer, RecordingServer, TurnRecorder, faults
from openai_conversations.server.model import load_script, recorded
from tests.server.api import Api
from tests.server.faults.support import until
from tests.server.model.support import WEATHER

KEY = "sk-proj-0123456789abcdef"


@pytest.fixture
async def real():
    """What stands for the real service; it takes one key."""
    async with ConversationsServer(seed=1, keys=[KEY]) as server:
        yield server


@pytest.fixture
async def recording(real, tmp_path):
    async with RecordingServer(real.base_url, path=tmp_path / "turns.json") as server:
        yield server


@pytest.fixture
async def official(recording):
    async with openai.AsyncOpenAI(api_key=KEY, base_url=recording.base_url, max_retries=0) as client:
        yield client


async def chat(client):
    """A program that streams a turn with a tool, and takes one that it does not stream; what it was told."""
    conversation = await client.conversations.create()
    stream = await client.responses.create(
        model="m", input="Weather?", conversation=conversation.id, tools=[WEATHER], stream=True
    )
    events = [event async for event in stream]
    call = events[-1].response.output[-1]
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "21"}
    last = await client.responses.create(model="m", input=[output], conversation=conversation.id)
    deltas = [(event.type, event.delta) for event in events if event.type.endswith(".delta")]
    return deltas, [event.type for event in events], last.output_text, last.usage


def script(real):
    real.model.reason("Hm.", encrypted_content="mine-alone").say("Wait a moment", chunks="word").call("f", {"a": "b c"})
    real.model.say(f"It is 21; your key is {KEY}")


async def test_what_was_recorded_is_said_again(real, recording, official, tmp_path):
    """The program runs the same against the script: the same events in the same pieces, the same usage."""
    script(real)
    told = await chat(official)
    async with ConversationsServer(seed=2) as server:
        load_script(server.model, tmp_path / "turns.json")
        async with openai.AsyncOpenAI(api_key="sk-other", base_url=server.base_url, max_retries=0) as client:
            again = await chat(client)
        server.model.assert_script_used()
        ids = [item["id"] for item in server.items(server.conversations()[0].id)]

    assert (told[:2], told[3]) == (again[:2], again[3])
    assert told[2].replace(KEY, "***") == again[2]
    assert 6 == len(ids) == len(set(ids))
    assert 0 == recording.recorder.unfinished


async def test_no_secret_is_written_down(real, official, tmp_path):
    """No key, nothing that was encrypted, no ids of the service, no request."""
    script(real)
    tools = [{**WEATHER}, {"type": "mcp", "server_label": "s", "authorization": "token-of-mine-1234"}]
    real.model.item(
        {"type": "tool_search_output", "tools": tools, "call_id": None, "execution": "server", "status": "completed"}
    )
    await chat(official)
    await official.responses.create(model="m", input="my question", user="me@example.com")
    written = (tmp_path / "turns.json").read_text()

    for secret in (KEY, "mine-alone", "token-of-mine-1234", "resp_", "msg_", "my question", "me@example.com"):
        assert secret not in written
    assert 3 == len(json.loads(written.encode()))


async def test_other_requests_are_forwarded(real, recording, session):
    """Whatever is asked is asked of the service, and its errors come back as they are."""
    api = Api(real, session)
    url = f"{recording.base_url}/conversations/conv_none?a=%20b"
    missing = await api.ask("GET", url, headers={"authorization": f"Bearer {KEY}"})
    refused = await api.ask("POST", f"{recording.base_url}/responses", {"model": "m", "input": "Hi"})

    assert (404, 401) == (missing.status, refused.status)
    assert ({"a": [" b"]}, "/v1/conversations/conv_none") == (real.requests[0].query, real.requests[0].path)
    assert real.requests[0].request_id == missing.headers["x-request-id"]
    assert ([], 1) == (recording.recorder.script, recording.recorder.unfinished)


async def test_a_turn_in_the_background(real, recording, official):
    """It is whole when its response was looked up at its end, or its stream read on to it."""
    real.model.say("a b c")
    real.model.say("d e f")
    first = await official.responses.create(model="m", input="Hi", background=True)
    await until(lambda: real.requests[0].committed)
    assert 1 == recording.recorder.unfinished
    await official.responses.retrieve(first.id)
    real.add_fault(faults.cut_stream(after=6))
    stream = await official.responses.create(model="m", input="Hi", background=True, stream=True)
    # The official client lets errors of the library below through, at times: httpcore's.
    with pytest.raises(Exception, match=r"Connection error|without sending complete"):
        [event async for event in stream]
    id = real.requests[-1].response_id
    rest = await official.responses.retrieve(id, stream=True, starting_after=5)
    assert "response.completed" == [event.type async for event in rest][-1]
    one, two = (recorded(turn["recorded"]) for turn in recording.recorder.script)

    assert ["a b c", "d e f"] == [reply.parts[0].item["content"][0]["text"] for reply in (one, two)]
    assert [0, 3] == [len([e for e in reply.parts[0].events if "delta" in e]) for reply in (one, two)]


async def test_a_service_that_is_away(recording, real, session):
    """The program hears that the service cannot be reached."""
    await real.stop()
    response = await Api(real, session).ask("POST", f"{recording.base_url}/responses", {"model": "m", "input": "Hi"})
    await real.start()

    assert (502, None, None) == response.error


async def test_a_body_that_is_too_large(recording, session):
    """It is refused before the service hears of it."""
    headers = {"content-length": "100000000", "expect": "100-continue"}
    async with session.post(f"{recording.base_url}/responses", headers=headers, data=b"") as response:
        assert 413 == response.status


async def test_a_program_that_leaves(real, recording, session):
    """A turn that was not heard to its end is in no script."""
    turn = real.model.say("a").hold()
    asked = {"model": "m", "input": "Hi", "stream": True}
    headers = {"authorization": f"Bearer {KEY}"}
    async with session.post(f"{recording.base_url}/responses", json=asked, headers=headers) as response:
        await response.content.readline()
    await recording.stop()
    await turn.wait_until_client_left()
    turn.release()

    assert ([], 1) == (recording.recorder.script, recording.recorder.unfinished)


def test_in_a_thread():
    """Plain functions record as well."""
    with ConversationsServer() as real, RecordingServer(real.base_url) as recording:
        with openai.OpenAI(api_key="k", base_url=recording.base_url) as client:
            client.responses.create(model="m", input="Hi")
        assert ["response.completed"] == [turn["recorded"][-1]["type"] for turn in recording.recorder.script]
    with pytest.raises(RuntimeError, match="not running"):
        _ = recording.base_url


async def test_from_bytes(session):
    """What was kept of a service some other way is recorded from its bytes."""
    recorder = TurnRecorder()
    stream = (
        b"\xef\xbb\xbf: hello\r\n\r\nevent: response.created\r\n"
        b'data: {"type":"response.created","sequence_number":0,\r\n'
        b'data: "response":{"id":"resp_1"}}\r\n\r\ndata: nonsense\r\n\r\n'
        b'data: {"type":"response.steered","sequence_number":1}\r\n\r\n'
        b'data: {"type":"error","sequence_number":2,"code":"server_error","message":"No."}\r\n\r\ndata: [DONE]\r\n\r\n'
    )
    recorder.begin(headers={}).hear(stream, "text/event-stream; charset=utf-8")
    recorder.begin(headers={}).hear(b"no JSON", "application/json")
    async with ConversationsServer() as server:
        load_script(server.model, json.loads(recorder.to_json()))
        events = await Api(server, session).stream()

    assert recorder.find("resp_1")
    assert ["response.steered", "response.failed"] == [event["type"] for event in events[-2:]]
    assert {"code": "server_error", "message": "No."} == events[-1]["response"]["error"]
    assert 1 == recorder.unfinished


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([], "does not end with the last event of a turn"),
        ([{"type": "response.created"}], "does not end with the last event"),
        ([{"type": "response.output_item.done"}, {"type": "error"}], "holds no events of a turn: KeyError"),
        ([{"type": "response.completed", "response": 7}], "holds no events of a turn: AttributeError"),
    ],
)
def test_what_is_no_recording(events, message):
    """What cannot be said again is refused when the script is read."""
    with pytest.raises(ValueError, match=message):
        recorded(events)


async def test_an_incomplete_turn(real, recording, official):
    """It ends as it ended."""
    real.model.say("Hal").incomplete("content_filter")
    await official.responses.create(model="m", input="Hi")
    reply = recorded(recording.recorder.script[0]["recorded"])

    assert ("incomplete", "content_filter") == (reply.end, reply.reason)
