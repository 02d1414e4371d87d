"""Connections that die silently, or close while nobody looks; and every fault that was asked for is there."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from openai_conversations.server import ConversationsServer, faults
from tests.server.api import texts, user
from tests.server.faults.support import LOST, until

REQUEST = (
    b"POST /v1/conversations HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk-test\r\n"
    b"content-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
)


@pytest.mark.parametrize(("commit", "stored"), [(False, []), (True, ["a"])])
async def test_a_connection_that_is_half_open(api, server, conversation, commit, stored):
    """Nothing is answered and nothing closed until the client hangs up; other connections live."""
    server.add_fault(faults.half_open(commit=commit))
    asking = asyncio.create_task(api.append(conversation, user("a")))
    await until(lambda: server.faults[0][1])
    assert stored == texts(await api.list(conversation))
    assert not asking.done()
    asking.cancel()
    await until(lambda: server.requests[1].seconds)

    assert (None, commit, False) == (
        server.requests[1].status,
        server.requests[1].committed,
        server.requests[1].acknowledged,
    )


async def test_a_half_open_connection_ends_with_the_server(api, server, conversation):
    """A server that stops does not wait for it."""
    server.add_fault(faults.half_open())
    asking = asyncio.create_task(api.append(conversation, user("a")))
    await until(lambda: server.faults[0][1])
    await server.stop()
    with pytest.raises(LOST):
        await asking
    await server.start()


async def test_an_idle_connection_is_closed(server, naps):
    """A true response says nothing of it; the connection is closed when it has been idle so long."""
    naps.ended.clear()
    server.add_fault(faults.close_idle(4))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(REQUEST)
    head = await reader.readuntil(b"\r\n\r\n")
    await until(lambda: naps.asked)
    naps.ended.set()
    rest = await reader.read()
    writer.close()

    assert b"connection: close" not in head.lower()
    assert rest.startswith(b'{"id":"conv_')
    assert [4] == naps.asked
    assert (200, True) == (server.requests[0].status, server.requests[0].acknowledged)


async def test_a_reset_of_an_idle_connection(server):
    """The client of such a connection learns of it when it uses it."""
    server.add_fault(faults.close_idle(reset=True))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(REQUEST)
    with pytest.raises(ConnectionResetError):
        await reader.readuntil(b"never")
    writer.close()


async def test_a_connection_that_is_used_again_stays(server, naps):
    """What is not idle is not closed."""
    naps.ended.clear()
    server.add_fault(faults.close_idle(4))
    turn = server.model.say("a").hold()
    connector = aiohttp.TCPConnector(limit=1)
    headers = {"authorization": "Bearer sk-test"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        async with session.post(f"{server.base_url}/conversations") as response:
            assert 200 == response.status
        asked = {"model": "m", "input": "a", "stream": True}
        async with session.post(f"{server.base_url}/responses", json=asked) as response:
            naps.ended.set()
            for _ in range(20):
                await asyncio.sleep(0)
            turn.release()
            assert b"response.completed" in await response.read()


async def test_a_stream_behind_which_the_connection_closes(api, server):
    """The stream comes whole, and is acknowledged."""
    server.add_fault(faults.close_idle())

    assert "response.completed" == (await api.stream())[-1]["type"]
    assert server.requests[-1].acknowledged


@pytest.mark.parametrize(
    "line",
    [
        "cut_stream:after=2",
        "cut_stream:at=response.completed",
        "cut_stream:in_text=true",
        "no_terminal_event",
        "error_event",
        "stall_stream:seconds=1",
        "completed_not_stored",
        "stored_later:seconds=1",
        "lock_held:seconds=1",
        "late_commit:seconds=1",
        "stale_reads:seconds=1",
        "duplicate_event",
        "skip_event",
        "keepalive_comments",
        "json_instead_of_stream",
        "hold_open",
        "failed_then_error",
        "error_shape:shape=flat",
        "error_shape:shape=nested",
        "error_shape:shape=bare",
        "error_shape:shape=text",
        "completed_without_output",
        "rewrite_ids",
        "null_item",
        "constant_sequence",
        "control_blocks",
        "crlf",
        "bom",
        "chunk_size:chunk=1",
        "headers_late:seconds=1",
        "refuse",
        "half_open",
        "close_idle",
        "sort_keys",
        "escape_non_ascii",
        "rewrite_numbers",
        "replace_surrogates",
        "trim_whitespace",
        "nfc",
    ],
)
async def test_what_can_happen_to_a_turn(line, session, naps, clock):
    """Every one of these fires at a streamed turn or a list, and the server takes turns as before."""
    name = line.partition(":")[0]
    async with ConversationsServer(seed=1, sleep=naps, clock=clock, faults=[line]) as server:
        headers = {"authorization": "Bearer sk-test"}
        asked = {"model": "m", "input": "Hi", "stream": True}
        for method, path, body in (("POST", "/responses", asked), ("GET", "/conversations/conv_none/items", None)):
            try:
                async with (
                    asyncio.timeout(0.1 if name in {"half_open", "hold_open"} else 10),
                    session.request(method, f"{server.base_url}{path}", headers=headers, json=body) as response,
                ):
                    await response.read()
            except LOST:
                continue
        server.clear_faults()
        async with asyncio.timeout(10):
            while True:
                try:
                    async with session.post(f"{server.base_url}/responses", headers=headers, json=asked) as response:
                        told = await response.read()
                    break
                except aiohttp.ClientError:  # the server is down for a moment
                    await asyncio.sleep(0)

    assert name in {fired for entry in server.requests for fired in entry.fault.split(", ")}
    assert told.count(b"event: ") > 8
