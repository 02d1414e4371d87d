"""``erase``: what its receipts, its words and its exit codes say when things go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from openai_conversations import ConversationsClient, Receipt
from openai_conversations.server import ConversationsServer, faults
from tests.cli.processes import PROGRAM, Shell, environment

GHOST = "conv_" + "0" * 48


@pytest.fixture
async def server() -> AsyncIterator[ConversationsServer]:
    async with ConversationsServer() as running:
        yield running


async def fill(server: ConversationsServer, conversations: int = 1, items: int = 3) -> list[str]:
    async with ConversationsClient(api_key="sk-test", base_url=server.base_url) as client:
        ids = [(await client.conversations.create()).id for _ in range(conversations)]
    for id in ids:
        server.add_items(id, [f"{number}" for number in range(items)])
    return ids


def receipts(path: Path) -> list[Receipt]:
    return [Receipt.from_json(json.loads(line)) for line in path.read_bytes().splitlines()]


# "already gone"


async def test_many_that_are_not_there(server, tmp_path):
    """What is not there is counted apart, named, has an exit code of its own, and is asked for again."""
    shell = Shell(server.base_url, tmp_path)
    (good,) = await fill(server)
    command = ("erase", good, GHOST, "--yes", "--ledger", "l.sqlite")

    first = await asyncio.to_thread(shell, *command, code=13)
    shown = await asyncio.to_thread(shell.in_terminal, *command, code=13)
    allowed = await asyncio.to_thread(shell, *command, "--missing-ok")

    assert (1, 1, 0) == (first.value["done"], first.value["missing"], first.value["failed"])
    assert f"not there: {GHOST}" in first.err
    assert "a key of another project" in first.err
    assert "1 of 2 done" in shown
    assert "1 not there" in shown
    assert (1, 1, 1) == (allowed.value["done"], allowed.value["before"], allowed.value["missing"])


@pytest.mark.parametrize("body", ["detail", "html"])
async def test_a_404_of_somebody_else(server, tmp_path, body):
    """A 404 that is not the API's own is a failure: with the right address the same ledger erases what is there."""
    shell = Shell(server.base_url, tmp_path)
    ids = await fill(server, 3)
    server.add_fault(faults.status(404, body=body, message="Not Found", count=None))
    (tmp_path / "ids.txt").write_text("\n".join(ids))
    command = ("erase", "--ids-file", "ids.txt", "--yes")

    wrong = await asyncio.to_thread(shell, *command, code=10)
    one = await asyncio.to_thread(shell, "erase", ids[0], "--yes", code=4)
    server.clear_faults()
    right = await asyncio.to_thread(shell, *command)

    assert (0, 3) == (wrong.value["done"], wrong.value["failed"])
    assert "base_url" in one.err
    assert 3 == right.value["done"]
    for id in ids:
        server.assert_erased(id)


@pytest.mark.parametrize("base_url", ["right", "without /v1"])
async def test_nothing_but_404(server, tmp_path, base_url):
    """A run that meets nothing but 404 stops early, says why, and nothing is done."""
    url = server.base_url if base_url == "right" else server.base_url.removesuffix("/v1")
    (tmp_path / "ids.txt").write_text("\n".join(f"conv_{number}" for number in range(200)))

    line = await asyncio.to_thread(
        Shell(url, tmp_path).fails, "erase", "--ids-file", "ids.txt", "--yes", "--concurrency", "4", code=4
    )

    assert "none of the first 20 conversations is there (404); is the base URL right" in line
    assert len(server.requests) < 60


async def test_server_that_does_not_delete_items(server, tmp_path):
    """A server that cannot delete items is told at once, in those words."""
    (name,) = await fill(server)
    server.add_fault(faults.status(405, body="detail", operation="deleteConversationItem", count=None))

    done = await asyncio.to_thread(Shell(server.base_url, tmp_path), "erase", name, "--yes", code=1)

    assert f"error: {name} is not erased: the server does not delete items" in done.err
    assert ("incomplete", 0, 3) == (done.value["outcome"], done.value["count"], len(done.value["unconfirmed"]))
    assert 3 == len(server.items(name))


@pytest.mark.parametrize("bad", ["conv_1,conv_2", "id", "conv 1", '"conv_1"'])
async def test_what_is_no_id(server, tmp_path, bad):
    """What cannot be an id is refused before anything is sent, with its line where it stands in a file."""
    shell = Shell(server.base_url, tmp_path)
    (tmp_path / "ids.csv").write_text(f"conv_1\n{bad},x\n")

    assert "not the id" in await asyncio.to_thread(shell.fails, "erase", bad, "--yes", code=2)
    assert "ids.csv: line 2" in await asyncio.to_thread(shell.fails, "erase", "--ids-file", "ids.csv", "--yes", code=6)
    assert [] == server.requests


# receipts


@pytest.mark.parametrize("many", [False, True])
async def test_receipts_when_it_fails_half_way(server, tmp_path, many):
    """Every acknowledged deletion is on a receipt when the service fails half way; the next run adds its own."""
    shell = Shell(server.base_url, tmp_path)
    (name,) = await fill(server, items=30)
    items = {item["id"] for item in server.items(name)}
    server.add_fault(faults.status(503, operation="deleteConversationItem", skip=16, count=None))
    command = ("erase", name, "--yes", "--receipts", "r.jsonl", *(["--ledger", "l.sqlite"] if many else []))

    await asyncio.to_thread(shell, *command, code=10 if many else 7)
    (half,) = receipts(tmp_path / "r.jsonl")
    gone = items - {item["id"] for item in server.items(name)}
    server.clear_faults()
    await asyncio.to_thread(shell, *command)
    _, whole = receipts(tmp_path / "r.jsonl")

    assert ("incomplete", 16, gone) == (half.outcome, half.count, set(half.item_ids))
    assert items == {*half.item_ids, *half.unconfirmed} == gone.union(whole.item_ids)
    assert "erased" == whole.outcome
    assert ["r.jsonl"] == [path.name for path in tmp_path.iterdir() if not path.name.startswith("l.sqlite")]


@pytest.mark.parametrize("count", [1, 3])
async def test_receipts_of_a_killed_process(server, tmp_path, count):
    """What a process did that was killed stands in the receipts file after the next one that writes to it."""
    shell = Shell(server.base_url, tmp_path)
    ids = await fill(server, count, items=30)
    (other,) = await fill(server)
    server.add_fault(faults.slow(30, operation="deleteConversationItem", skip=20, count=None))
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "erase", *ids, "--yes", "--receipts", "r.jsonl"),
        cwd=tmp_path,
        env=environment(server.base_url),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(60):
        while sum(entry.acknowledged for entry in server.requests if entry.method == "DELETE") < 20:  # noqa: ASYNC110  # it happens in another process
            await asyncio.sleep(0.01)
    process.kill()
    await process.wait()
    server.clear_faults()

    await asyncio.to_thread(shell, "erase", other, "--yes", "--receipts", "r.jsonl")

    named = {id for receipt in receipts(tmp_path / "r.jsonl") for id in (*receipt.item_ids, *receipt.unconfirmed)}
    acknowledged = [entry.item_id for entry in server.requests if entry.method == "DELETE" and entry.acknowledged]
    assert set(acknowledged) - {""} <= named
    assert ["r.jsonl"] == [path.name for path in tmp_path.iterdir()]


async def test_a_line_that_was_cut(server, tmp_path):
    """A line that a killed process left half way does not spoil the receipt that follows."""
    (name,) = await fill(server)
    (tmp_path / "r.jsonl").write_text('{"half')

    await asyncio.to_thread(Shell(server.base_url, tmp_path), "erase", name, "--yes", "--receipts", "r.jsonl")

    half, whole = (tmp_path / "r.jsonl").read_text().splitlines()
    assert ('{"half', name) == (half, json.loads(whole)["conversation_id"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
async def test_receipts_of_many_that_cannot_be_written(server, tmp_path):
    """Where a receipt cannot be written it is printed, each of them."""
    ids = await fill(server, 3)

    done = await asyncio.to_thread(Shell(server.base_url, tmp_path), "erase", *ids, "--yes", "--receipts", "/dev/full")

    *printed, summary = done.values
    assert (ids, 3) == ([receipt["conversation_id"] for receipt in printed], summary["done"])


async def test_a_restart(server, tmp_path):
    """A service that is away for a while is waited for; nothing has failed in the end."""
    ids = await fill(server, 40, items=1)
    server.add_fault(faults.refuse(1.0, skip=40))

    done = await asyncio.to_thread(
        Shell(server.base_url, tmp_path), "erase", *ids, "--yes", "--ledger", "l.sqlite", "--patience", "30"
    )

    assert (40, 0) == (done.value["done"], done.value["failed"])


# odd values


@contextlib.contextmanager
def odd_server(item_id: str) -> Iterator[str]:
    """A server with one item of an odd id in every conversation, and odd request ids; gives its base URL."""
    deleted: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            owner = self.path.split("/")[3]
            items = "" if owner in deleted else f'{{"id":{item_id},"type":"message"}}'
            self._say(f'{{"object":"list","data":[{items}],"has_more":false,"created_at":{2**70}}}')

        def do_DELETE(self) -> None:
            deleted.add(self.path.split("/")[3])
            self._say(f'{{"id":"x","deleted":true,"big":{2**70}}}')

        def _say(self, body: str) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("x-request-id", "req_\udcff".encode("utf-8", "surrogateescape").decode("latin-1"))
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Nothing: standard error is the program's."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}/v1"
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


@pytest.mark.parametrize(("item_id", "done"), [('"msg_1"', 2), ('"\\ud83d"', 0), (str(2**70), 0), ('"a/b"', 0)])
def test_odd_ids(tmp_path, item_id, done):
    """Half an emoji, an integer over 64 bits, a slash, odd request ids: a row is done or says why; no run hangs."""
    with odd_server(item_id) as base_url:
        ended = Shell(base_url, tmp_path)(
            *("erase", "conv_1", "conv_2", "--yes", "--receipts", "r.jsonl"), code=0 if done else 10
        )

    assert (done, 2 - done) == (ended.value["done"], ended.value["failed"])
    assert 2 == len((tmp_path / "r.jsonl").read_bytes().splitlines()) or not done
    assert 2 - done == ended.err.count("failed: ")
