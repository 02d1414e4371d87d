"""HTTP as it should not be, and what one connection may do to the others."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations.server import ConversationsServer, faults
from tests.fakes import until
from tests.server.api import Api, user


async def speak(port, *chunks):
    """What the server says to raw bytes until it hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for chunk in chunks:
        writer.write(chunk)
    answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /v1/conversations HTTP/1.1\r\nbad header\r\n\r\n",
        b"POST /v1/conversations HTTP/1.1\r\nhost: x\r\ncontent-length: nine\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
    ids=["TLS", "no target", "version", "header", "length", "long target"],
)
async def test_what_is_not_http(server, nonsense):
    """What is no HTTP gets a 400 in the shape of every error."""
    answer = await speak(server.port, nonsense)

    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert b'{"error":{"message":"This is not a valid HTTP request' in answer


async def test_a_broken_chunk(server):
    """A chunked body that breaks off in nonsense is a bad request."""
    head = (
        b"POST /v1/conversations HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\ntransfer-encoding: chunked\r\n\r\n"
    )

    assert b" 400 " in (await speak(server.port, head, b"zz\r\n")).split(b"\r\n")[0]


async def test_expecting_to_go_on():
    """A client that asks whether to send its body is told to, unless the body is too large."""
    head = (
        b"POST /v1/conversations HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\nconnection: close\r\n"
        b"content-type: application/json\r\nexpect: 100-continue\r\ncontent-length: %d\r\n\r\n"
    )
    async with ConversationsServer(patience=0.1) as server:
        answer = await speak(server.port, head % 2, b"{}")
        refused = await speak(server.port, head % 10**9)

    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    assert refused.startswith(b"HTTP/1.1 413 ")


async def test_an_error_of_the_server(server, session, caplog):
    """What goes wrong in the server itself is logged, and answered in the shape of every error."""

    def fail(call):
        raise ZeroDivisionError

    server.add_fault(faults.locked(when=fail))
    async with session.post(f"{server.base_url}/conversations", headers={"authorization": "Bearer x"}) as response:
        error = (await response.json())["error"]

    assert (500, "server_error") == (response.status, error["type"])
    assert "ZeroDivisionError" in caplog.text


async def test_absolute_targets(server):
    """A target with a host in it, as proxies get it, is understood."""
    answer = await speak(
        server.port,
        b"POST http://example.com/v1/conversations HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\n"
        b"connection: close\r\n\r\n",
    )

    assert answer.startswith(b"HTTP/1.1 200 OK")


async def test_bytes_that_are_no_text(server):
    """An address of any bytes is only an address that is not there."""
    answer = await speak(
        server.port,
        b"GET /v1/conversations/\xff\xfe%ff%00 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \xff\r\n"
        b"connection: close\r\n\r\n",
    )

    assert b" 404 " in answer.split(b"\r\n")[0] or b" 400 " in answer.split(b"\r\n")[0]


async def test_a_connection_that_says_nothing_is_closed():
    """A slow loris, be it silent or dripping its head, is hung up on; the others are served meanwhile."""
    async with ConversationsServer(patience=0.05) as server:
        drip = b"GET /v1/conversations/x HTTP/1.1\r\nx: "

        assert [b"", b""] == await asyncio.gather(speak(server.port), speak(server.port, drip))


@pytest.mark.parametrize("late", [False, True], ids=["with the first", "while the first is answered"])
async def test_a_second_head_that_comes_early(late):
    """A head that was begun before the first request is answered must arrive in the same time, too."""
    head = b"GET /v1/conversations/x HTTP/1.1\r\nhost: x\r\n"
    async with ConversationsServer(patience=0.05) as server, asyncio.timeout(5):
        server.add_fault(faults.slow(0.1))
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(head + b"\r\n" + (b"" if late else head))
        if late:
            await until(lambda: server.requests)
            writer.write(head)
        told = await reader.read()
        writer.close()

    assert 1 == told.count(b"HTTP/1.1 ")


async def test_a_second_request_that_comes_early():
    """Requests one behind the other are answered, also when the first takes longer than a head may."""
    head = b"GET /v1/conversations/x HTTP/1.1\r\nhost: x\r\n"
    async with ConversationsServer(patience=0.05) as server, asyncio.timeout(5):
        server.add_fault(faults.slow(0.2))
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(head + b"\r\n" + head)
        await until(lambda: server.requests)
        writer.write(b"connection: close\r\n\r\n")
        told = await reader.read()
        writer.close()

    assert 2 == told.count(b"HTTP/1.1 ")


@pytest.mark.virtual_time
async def test_a_body_that_comes_late_begins_no_head():
    """A connection is kept idle for longer than a head may take, also when its request came in pieces."""
    head = b"POST /v1/conversations HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\n"
    async with ConversationsServer() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(head + b"content-type: application/json\r\ncontent-length: 2\r\n\r\n")
        await until(lambda: server.requests)
        writer.write(b"{}")
        told = await reader.readuntil(b'"metadata":{}}')
        begun = asyncio.get_running_loop().time()
        assert b"" == await reader.read()
        writer.close()

    assert told.startswith(b"HTTP/1.1 200 ")
    assert 74 < asyncio.get_running_loop().time() - begun


async def test_a_second_head_that_drips():
    """The head of a later request must arrive in the same time as that of the first."""
    head = b"GET /v1/conversations/x HTTP/1.1\r\nhost: x\r\n"
    async with ConversationsServer(patience=0.05) as server, asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for _ in range(2):
            writer.write(head + b"\r\n")
            await reader.readuntil(b"}}")
        writer.write(head)

        assert b"" == await reader.read()
        writer.close()


async def test_a_body_that_does_not_come():
    """A body that does not arrive in time answers 408 and ends the connection."""
    async with ConversationsServer(patience=0.05) as server:
        head = b"POST /v1/conversations HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\ncontent-length: 10\r\n\r\n"

        assert (await speak(server.port, head, b"{")).startswith(b"HTTP/1.1 408 ")


async def test_a_slow_loris_among_others(session):
    """While slow connections drip, the others are served."""
    async with ConversationsServer() as server:
        api = Api(server, session)
        slow = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(50)]
        for _, writer in slow:
            writer.write(b"POST /v1/conversations HTTP/1.1\r\nhost")

        assert 1 == len((await api.append(await api.create(), user("a"))).json["data"])
        for _, writer in slow:
            writer.close()


async def test_a_hundred_megabytes(session):
    """A body of 100 MB is refused without being kept, and the server goes on."""

    async def flood():
        chunk = b"x" * 1_000_000
        for _ in range(100):
            yield chunk

    async with ConversationsServer() as server:
        api = Api(server, session)
        headers = {"content-type": "application/json", "content-length": "100000000"}
        with_length = await _refused(api, flood, headers)
        chunked = await _refused(api, flood, {"content-type": "application/json"})

        assert [True, True] == [with_length, chunked]
        assert 200 == (await api.ask("POST", "/conversations")).status


async def _refused(api, flood, headers):
    """413, or a connection that closed while there was still much to send: which one is a race."""
    import aiohttp

    try:
        return (await api.ask("POST", "/conversations", data=flood(), headers=headers)).status == 413
    except aiohttp.ClientError:
        return True


async def test_two_thousand_connections(session):
    """2,000 open connections do not keep the server from serving them all."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < 5000:
        pytest.skip(f"this machine allows {most} open files, 5000 are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    request = b"POST /v1/conversations HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\n\r\n"
    async with ConversationsServer(journal_limit=1) as server:
        connections = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2000)]
        for _, writer in connections:
            writer.write(request)
        responses = {(await reader.readuntil(b"\r\n"))[:12] for reader, _ in connections}
        for _, writer in connections:
            writer.close()

        assert {b"HTTP/1.1 200"} == responses
        assert 2000 == len(server.conversations())
