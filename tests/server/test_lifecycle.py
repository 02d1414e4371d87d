"""Starting, stopping, threads, and what one connection may do to the others."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import threading
import urllib.request

import pytest

from openai_conversations.server import ConversationsServer, faults
from openai_conversations.storage.errors import DatabaseError
from tests.server.api import Api


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
    with pytest.raises(DatabaseError, match="is not a database of the embedded server"):
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
