"""Starting, stopping, threads, and what one connection may do to the others."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import threading
import urllib.request

import pytest

from openai_conversations.server import ConversationsServer, faults
from tests.server.api import Api, user


async def test_ports(session):
    """A free port is taken by default, a given one is used, and one that is taken is an error."""
    async with ConversationsServer() as first:
        assert first.base_url == f"http://127.0.0.1:{first.port}/v1"
        with pytest.raises(OSError):
            await ConversationsServer(port=first.port).start()
    async with ConversationsServer(port=first_port(first)) as second:
        assert 200 == (await Api(second, session).ask("POST", "/conversations")).status


def first_port(server):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


async def test_ipv6(session):
    """An IPv6 address stands in brackets."""
    try:
        async with ConversationsServer(host="::1") as server:
            assert server.base_url.startswith("http://[::1]:")
            assert 200 == (await Api(server, session).ask("POST", "/conversations")).status
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")


async def test_a_server_that_does_not_run():
    """What needs a running server says so."""
    server = ConversationsServer()
    with pytest.raises(RuntimeError, match="the server is not running; use `async with"):
        _ = server.base_url
    await server.stop()
    async with server:
        with pytest.raises(RuntimeError, match="already running"):
            await server.start()
    with pytest.raises(RuntimeError, match="not running"):
        server.conversations()


async def test_a_server_can_run_again(session):
    """A server in memory starts anew, one on a file goes on."""
    server = ConversationsServer()
    for _ in range(2):
        async with server:
            await Api(server, session).create()
            assert 1 == len(server.conversations())


async def test_a_database_that_is_none(tmp_path):
    """A file that is no database is an error at the start, and leaves nothing open."""
    (tmp_path / "db").write_bytes(b"x" * 4096)
    with pytest.raises(sqlite3.DatabaseError):
        await ConversationsServer(database=tmp_path / "db").start()


async def test_a_database_that_breaks(session, tmp_path):
    """When the database stops working the client hears 503 in the usual shape."""
    async with ConversationsServer(database=tmp_path / "db") as server:
        connection = sqlite3.connect(tmp_path / "db")
        connection.execute("DROP TABLE conversations")
        connection.close()
        async with session.post(f"{server.base_url}/conversations", headers={"authorization": "Bearer x"}) as response:
            error = (await response.json())["error"]

    assert (503, "server_error") == (response.status, error["type"])
    assert "no such table" in error["message"]


@pytest.mark.parametrize("database", [None, "db"], ids=["memory", "file"])
def test_in_a_thread(tmp_path, database):
    """Plain functions use a server in a thread, and look into it while it runs."""
    with ConversationsServer(database=database and tmp_path / database, seed=1) as server:
        request = urllib.request.Request(  # noqa: S310  # our own server
            f"{server.base_url}/conversations",
            data=b'{"items":[{"role":"user","content":"a"}]}',
            headers={"authorization": "Bearer x", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as response:  # noqa: S310  # the same
            assert 200 == response.status
        (conversation,) = server.conversations()

        assert 1 == len(conversation.items)
        server.add_items(conversation.id, ["b"])
        server.assert_no_loss({conversation.id: ["a", "b"]})
        server.assert_requests("createConversation")
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("conversations-")]


def test_a_thread_that_cannot_start():
    """What keeps the server from listening is raised where it was started."""
    with ConversationsServer() as server, pytest.raises(OSError), ConversationsServer(port=server.port):
        pass


def test_many_threads_look_in():
    """Methods of the server may be called from several threads at once."""
    with ConversationsServer() as server:

        def work():
            for _ in range(50):
                server.add_fault(faults.locked())
                server.conversations()
                server.clear_faults()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [] == server.conversations()


async def test_stopping_hangs_up(session):
    """Connections that are kept alive do not keep the server."""
    async with ConversationsServer() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        await Api(server, session).create()

    assert b"" == await reader.read()
    writer.close()


async def test_stopping_ends_an_outage():
    """A server can be stopped while it is down."""
    down = asyncio.Event()

    async def wait(seconds):
        down.set()
        await asyncio.get_running_loop().create_future()

    async with ConversationsServer(sleep=wait) as server:
        port = server.port
        server.go_down(1e9)
        await down.wait()

    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


# HTTP, as it should not be


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


# What one connection may cost


async def test_a_connection_that_says_nothing_is_closed():
    """A slow loris, be it silent or dripping its head, is hung up on; the others are served meanwhile."""
    async with ConversationsServer(patience=0.05) as server:
        drip = b"GET /v1/conversations/x HTTP/1.1\r\nx: "

        assert [b"", b""] == await asyncio.gather(speak(server.port), speak(server.port, drip))


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
        answers = {(await reader.readuntil(b"\r\n"))[:12] for reader, _ in connections}
        for _, writer in connections:
            writer.close()

        assert {b"HTTP/1.1 200"} == answers
        assert 2000 == len(server.conversations())
