"""Very many turns at once, on one event loop."""

from __future__ import annotations

import asyncio

STREAMS = 500
WORDS = 20
REQUEST = b'{"model":"m","input":"Hi","stream":true}'
HEAD = (
    b"POST /v1/responses HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\ncontent-type: application/json\r\n"
    b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(REQUEST)
)


async def test_500_streams_at_once(server):
    """All are open at the same time, each gets every event in order, and none waits for another."""
    turn = server.model.when().say("word " * WORDS).hold()
    connections = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(STREAMS)]
    for _, writer in connections:
        writer.write(HEAD + REQUEST)
    for reader, _ in connections:
        await reader.readuntil(b"response.content_part.added")
    assert STREAMS == len(server.model.seen)
    turn.release()
    streams = [await reader.read() for reader, _ in connections]
    for _, writer in connections:
        writer.close()

    assert {WORDS + 1} == {stream.count(b"event: response.output_text.delta") for stream in streams}
    assert all(b"event: response.completed" in stream for stream in streams)
    assert all(entry.acknowledged and entry.events == WORDS + 9 for entry in server.requests)
