"""Streams and turns that go wrong."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from openai_conversations.converters import json
from openai_conversations.server import faults
from tests.server.api import texts, user
from tests.server.faults.support import LOST, stored, until

WHOLE = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.delta",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]


@pytest.fixture(autouse=True)
def _script(server):
    server.model.when().say("a b c")


def asked(**fields):
    return {"model": "gpt-5", "input": "Hi", "stream": True, **fields}


async def raw(api, **fields):
    """The bytes of a stream, and whether they came to an end."""
    headers = {"authorization": "Bearer sk-test"}
    body = b""
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{api.server.base_url}/responses", json=asked(**fields)) as response,
    ):
        try:
            async for chunk in response.content.iter_any():
                body += chunk
        except aiohttp.ClientPayloadError:
            return body, False
    return body, True


def types(body):
    """The types of the events in the bytes of a stream."""
    return [line.partition(b": ")[2].decode() for line in body.splitlines() if line.startswith(b"event: ")]


@pytest.mark.parametrize(
    ("fault", "came", "end"),
    [
        (faults.cut_stream(), 3, b"\n\n"),
        (faults.cut_stream(after=0), 0, b""),
        (faults.cut_stream(after=5), 5, b"\n\n"),
        (faults.cut_stream(at="response.completed"), 10, b"\n\n"),
        (faults.cut_stream(in_text=True), 5, b'"item_i'),
    ],
)
async def test_a_stream_that_breaks_off(api, server, fault, came, end):
    """The connection closes in the middle; the turn is stored all the same, and was not acknowledged."""
    conversation = await api.create()
    server.add_fault(fault)
    body, is_whole = await raw(api, conversation=conversation)
    await until(lambda: len(server.items(conversation)) == 2)

    assert (WHOLE[:came], False) == (types(body), is_whole)
    assert body.endswith(end)
    assert (False, "cut_stream") == (server.requests[-1].acknowledged, server.requests[-1].fault)


def test_a_stream_is_cut_at_one_place():
    """Two places are refused when the fault is made."""
    with pytest.raises(ValueError, match="one place"):
        faults.cut_stream(3, in_text=True)


async def test_a_cut_stream_is_retried(api, server):
    """A client that takes the turn again after a cut has stored it twice, and the server says so."""
    conversation = await api.create()
    server.add_fault(faults.cut_stream(at="response.completed"))
    await raw(api, conversation=conversation)
    await raw(api, conversation=conversation)

    with pytest.raises(AssertionError, match=r"2 times message user: 'Hi'"):
        server.assert_no_duplicates()


async def test_a_stream_without_its_end(api, server):
    """It ends as if it were whole."""
    server.add_fault(faults.no_terminal_event())

    assert WHOLE[:-1] == [event["type"] for event in await api.stream()]
    assert not server.requests[-1].acknowledged


@pytest.mark.parametrize(("after", "came"), [(None, 10), (2, 2), (0, 0)])
async def test_an_error_event(api, server, after, came):
    """It is the last event; the turn is stored."""
    conversation = await api.create()
    server.add_fault(faults.error_event("overloaded", message="Too much.", after=after))
    *events, error = await api.stream(conversation=conversation)
    await until(lambda: server.items(conversation))

    assert WHOLE[:came] == [event["type"] for event in events]
    assert ("error", "overloaded", "Too much.", came) == tuple(
        error[name] for name in ("type", "code", "message", "sequence_number")
    )


async def test_failed_and_then_an_error(api, server):
    """Some servers tell it twice."""
    server.add_fault(faults.failed_then_error("rate_limit_exceeded"))
    *events, failed, error = await api.stream()

    assert WHOLE[:-1] == [event["type"] for event in events]
    assert ("response.failed", "failed", "rate_limit_exceeded") == (
        failed["type"],
        failed["response"]["status"],
        failed["response"]["error"]["code"],
    )
    assert ("error", "rate_limit_exceeded", 11) == (error["type"], error["code"], error["sequence_number"])


async def test_a_stream_that_pauses(api, server, naps):
    """It goes on after so many seconds."""
    server.add_fault(faults.stall_stream(30, after=4))

    assert WHOLE == [event["type"] for event in await api.stream()]
    assert [30] == naps.asked


async def test_a_stream_that_stalls(api, server):
    """It says nothing until the client hangs up, or the server ends."""
    server.add_fault(faults.stall_stream(after=1))
    async with api.open("POST", "/responses", asked()) as events:
        assert "response.created" == (await anext(events))["type"]
    await until(lambda: server.requests[-1].seconds)

    server.add_fault(faults.stall_stream(after=1))
    async with api.open("POST", "/responses", asked()) as events:
        await anext(events)
        await server.stop()
        with pytest.raises(LOST):
            await anext(events)
    await server.start()


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (faults.duplicate_event(), [*WHOLE[:5], *WHOLE[4:]]),
        (faults.duplicate_event("response.completed"), [*WHOLE, WHOLE[-1]]),
        (faults.skip_event(), [*WHOLE[:4], *WHOLE[5:]]),
        (faults.skip_event("response.output_item.added"), [*WHOLE[:2], *WHOLE[3:]]),
        (faults.keepalive_comments(), WHOLE),
        (faults.crlf(), WHOLE),
        (faults.chunk_size(), WHOLE),
        (faults.constant_sequence(7), WHOLE),
    ],
)
async def test_odd_streams(api, server, fault, expected):
    """Events that come twice or not at all, and events that are written in other ways."""
    server.add_fault(fault)
    body, is_whole = await raw(api)

    assert (expected, True) == (types(body), is_whole)
    assert server.requests[-1].acknowledged
    assert 1 == server.faults[-1][1]


async def test_how_streams_are_written(api, server):
    """Comments, line ends, a byte order mark, one number for all."""
    bodies = {}
    for name in ("keepalive_comments", "crlf", "bom", "constant_sequence"):
        server.add_fault(faults.NAMED[name]())
        bodies[name], _ = await raw(api)

    assert bodies["keepalive_comments"].startswith(b": keep-alive\n\nevent: response.created\n")
    assert bodies["crlf"].startswith(b"event: response.created\r\ndata: {")
    assert bodies["crlf"].count(b"\n") == bodies["crlf"].count(b"\r\n")
    assert bodies["bom"].startswith(b"\xef\xbb\xbfevent: response.created\n")
    assert 11 == bodies["constant_sequence"].count(b'"sequence_number":0')


async def events_with(api, server, fault):
    """The events of a stream, whatever they hold."""
    server.add_fault(fault)
    body, _ = await raw(api)
    return [json.loads(line[6:]) for line in body.splitlines() if line.startswith(b"data: ")]


ERROR = b'{"type":"server_error","code":"c","message":"No.","param":null}'


@pytest.mark.parametrize(
    ("shape", "block"),
    [
        (
            "flat",
            b'event: error\ndata: {"type":"error","code":"c","message":"No.","param":null,"sequence_number":2}\n\n',
        ),
        (
            "nested",
            b'event: error\ndata: {"type":"error","sequence_number":2,"error":%b}\n\n' % ERROR,
        ),
        ("bare", b'data: {"error":%b}\n\n' % ERROR),
        ("text", b"event: error\ndata: No.\n\n"),
    ],
)
async def test_shapes_of_errors(api, server, shape, block):
    """An error in a stream comes in the shapes that servers give it, and is the end of the stream."""
    conversation = await api.create()
    server.add_fault(faults.error_shape(shape, code="c", message="No.", after=2))
    response = await api.ask("POST", "/responses", asked(conversation=conversation))

    assert response.body.endswith(b"\n\n" + block)
    assert 3 == response.body.count(b"data: ")
    assert not server.requests[-1].acknowledged


async def test_an_error_in_place_of_the_end(api, server):
    """Without a number of events it stands where the last one would."""
    conversation = await api.create()
    server.add_fault(faults.error_shape("text"))
    response = await api.ask("POST", "/responses", asked(conversation=conversation))

    assert types(response.body)[:-1] == WHOLE[:-1]
    assert ["Hi", "a b c"] == texts(await api.list(conversation, "?order=asc"))
    with pytest.raises(ValueError, match="shape is one of flat, nested, bare, text, not 'round'"):
        faults.error_shape("round")


async def test_a_response_without_its_output(api, server):
    """Who builds on the last event alone has nothing; the items came before."""
    events = await events_with(api, server, faults.completed_without_output())

    assert ("response.completed", []) == (events[-1]["type"], events[-1]["response"]["output"])
    assert ["message"] == [e["item"]["type"] for e in events if e["type"] == "response.output_item.done"]


async def test_ids_that_change(api, server):
    """An item is done under another id."""
    events = await events_with(api, server, faults.rewrite_ids())
    added, done = (event["item"]["id"] for event in events if "item" in event)

    assert (True, True) == (added.startswith("msg_"), done.startswith("item_"))


async def test_items_that_are_null(api, server):
    """Some servers say that something was added, and not what."""
    events = await events_with(api, server, faults.null_item())

    assert [None, None] == [event["item"] for event in events if "item" in event]
    assert WHOLE == [event["type"] for event in events]


async def test_blocks_without_data(api, server):
    """They are no events."""
    server.add_fault(faults.control_blocks())
    body, _ = await raw(api)

    assert body.startswith(b"retry: 1000\n\nid: 0\n\nevent: ping\n\nevent: response.created\ndata: {")
    assert 11 == body.count(b"data: ")


async def test_json_in_place_of_a_stream(api, server):
    """The whole response comes when the turn has ended."""
    server.add_fault(faults.json_instead_of_stream())
    answer = await api.ask("POST", "/responses", asked())

    assert ("application/json", "completed") == (answer.headers["content-type"], answer.json["status"])
    assert ["a b c"] == [item["content"][0]["text"] for item in answer.json["output"]]


async def test_an_open_end(api, server):
    """The connection stays open behind the last event."""
    server.add_fault(faults.hold_open())
    async with api.open("POST", "/responses", asked()) as events:
        came = [(await anext(events))["type"] for _ in WHOLE]
        await until(lambda: server.requests[-1].events == len(WHOLE))
        assert not server.requests[-1].seconds
    await until(lambda: server.requests[-1].seconds)

    assert WHOLE == came


async def test_late_headers(api, server, naps):
    """The turn begins, and nothing is heard of it for a while."""
    server.add_fault(faults.headers_late(20))
    await api.stream()

    assert [20] == naps.asked


@pytest.mark.parametrize("stream", [True, False])
async def test_complete_but_not_stored(api, server, stream):
    """The response reads completed, and the conversation stays as it was."""
    conversation = await api.create()
    server.add_fault(faults.completed_not_stored())
    answer = await api.ask("POST", "/responses", asked(stream=stream, conversation=conversation))
    id = server.requests[-1].response_id

    assert b'"status":"completed"' in answer.body
    assert [] == server.items(conversation)
    assert "completed" == (await api.ask("GET", f"/responses/{id}")).json["status"]
    assert not server.requests[1].acknowledged


async def test_complete_and_stored_later(api, server, naps):
    """The response reads completed, and the conversation gets the items behind what came meanwhile."""
    conversation = await api.create()
    server.add_fault(faults.stored_later(10))
    naps.ended.clear()
    answer = await api.turn(conversation=conversation)
    assert ("completed", []) == (answer.json["status"], server.items(conversation))
    server.add_items(conversation, [{"role": "user", "content": "between"}])
    naps.ended.set()
    await until(lambda: server.requests[-1].item_ids)

    assert [10] == naps.asked
    assert "between" == stored(server, conversation)[0]
    assert answer.json["output"][0]["id"] == server.items(conversation)[2]["id"]
    assert server.requests[-1].item_ids == tuple(item["id"] for item in server.items(conversation)[1:])


async def test_a_lock_that_stays(api, server, clock):
    """The conversation is locked until the time is over; the lock is no fault of other conversations."""
    conversation = await api.create()
    server.add_fault(faults.lock_held(10))
    await api.turn(conversation=conversation)
    locked = await api.turn(conversation=conversation)
    clock.now += 10

    assert (400, "conversation", "conversation_locked") == locked.error
    assert 200 == (await api.turn(conversation=conversation)).status


async def test_a_plain_turn_meets_no_fault_of_streams(api, server):
    """Such a fault waits for a stream, also for one that is read again."""
    server.add_fault(faults.no_terminal_event())
    id = (await api.stream(background=True, conversation=None))[0]["response"]["id"]
    server.add_fault(faults.no_terminal_event())
    await api.turn()
    await api.ask("GET", f"/responses/{id}")
    assert [1, 0] == [fired for _, fired in server.faults]
    async with api.open("GET", f"/responses/{id}?stream=true") as events:
        assert "response.completed" not in [event["type"] async for event in events]


async def test_a_stream_that_is_refused_stays_so(api, server):
    """A fault of streams does not change an error."""
    for name in ("cut_stream", "json_instead_of_stream", "crlf", "headers_late"):
        server.add_fault(faults.NAMED[name]())
        assert 404 == (await api.ask("POST", "/responses", asked(conversation="conv_none"))).status


# The other faults


@pytest.mark.parametrize("stream", [True, False])
async def test_a_turn_whose_response_is_lost(api, server, stream):
    """The turn has ended and is stored when the connection closes."""
    conversation = await api.create()
    server.add_fault(faults.commit_then_drop())
    with pytest.raises(LOST):
        await api.ask("POST", "/responses", asked(stream=stream, conversation=conversation))

    assert ["Hi", "a b c"] == texts(await api.list(conversation, "?order=asc"))
    assert (True, False) == (server.requests[1].committed, server.requests[1].acknowledged)


async def test_a_turn_that_comes_late(api, server, naps):
    """The request is processed although its connection is gone."""
    conversation = await api.create()
    naps.ended.clear()
    server.add_fault(faults.late_commit(5))
    with pytest.raises(LOST):
        await api.ask("POST", "/responses", asked(conversation=conversation))
    before = server.items(conversation)
    naps.ended.set()
    await until(lambda: server.items(conversation))

    assert ([], [5]) == (before, naps.asked)


async def test_a_turn_that_is_answered_with_an_error(api, server):
    """The duplicate of a client that tries again is found."""
    conversation = await api.create()
    server.add_fault(faults.commit_then_status(500))
    statuses = [(await api.turn(conversation=conversation)).status for _ in range(2)]

    assert [500, 200] == statuses
    with pytest.raises(AssertionError, match="something was stored more than once"):
        server.assert_no_duplicates()


async def test_spoiled_bodies(api, server):
    """What spoils JSON spoils the bytes of a stream as well."""
    server.add_fault(faults.truncated_json())
    body, _ = await raw(api)
    server.add_fault(faults.unknown_fields())
    extended = (await api.turn()).json
    server.add_fault(faults.unknown_fields())
    stream, _ = await raw(api)

    assert 0 < len(types(body)) < len(WHOLE)
    assert "x_future" in extended
    assert WHOLE == types(stream)


async def test_every_fault_can_meet_a_turn(api, server, session):
    """None of them breaks the server."""
    conversation = await api.create(user("a"))
    for name, make in faults.NAMED.items():
        if name in {"refuse", "gzip_bomb"}:
            continue
        for stream in (True, False):
            server.add_fault(make())
            try:
                async with (
                    asyncio.timeout(0.5),
                    session.post(
                        f"{server.base_url}/responses",
                        headers={"authorization": "Bearer sk-test"},
                        json=asked(stream=stream, conversation=conversation),
                    ) as response,
                ):
                    assert response.status < 500 or make().name in {"commit_then_status", "status"}
                    await response.read()
            except LOST:
                pass
            server.clear_faults()
    assert json.loads_exact(b"[]") == server.unfired_faults
