"""
Very many calls by one client over a loopback socket: file descriptors, tasks and memory stay as they are.

The server is a process of its own, so that what is measured is the client's; it answers with ready-made bytes.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path

import attrs
import pytest

from openai_conversations import ConversationsClient

pytestmark = pytest.mark.real_time

TASKS = 32

SERVER = r'''
import asyncio, itertools, json

ITEM = {"type": "message", "id": "msg_00000001", "role": "user", "status": "completed",
        "content": [{"type": "input_text", "text": "Hi"}]}
CONVERSATION = {"id": "conv_1", "object": "conversation", "created_at": 1, "metadata": {}}
PAGE = {"object": "list", "data": [ITEM], "has_more": False, "first_id": "msg_00000001", "last_id": "msg_00000001"}


def http(value):
    body = json.dumps(value).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


class Server(asyncio.Protocol):
    """Answers by the first line; a request is read whole before, as one head and a body of a known length."""

    def connection_made(self, transport):
        self.transport, self.data = transport, b""

    def data_received(self, data):
        self.data += data
        while (head := self.data.find(b"\r\n\r\n")) >= 0:
            lines = self.data[:head].lower().split(b"\r\n")
            sizes = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
            end = head + 4 + sum(sizes)
            if len(self.data) < end:
                return
            self.data = self.data[end:]
            self.transport.write(page(lines[0]) if b"/items" in lines[0] else CONVERSATIONS)


PAGES, CONVERSATIONS, IDS = http(PAGE), http(CONVERSATION), itertools.count(2)


def page(line):
    """What is added has an id of its own: one that comes again is not believed."""
    return PAGES.replace(b"msg_00000001", b"msg_%08d" % next(IDS)) if line.startswith(b"post") else PAGES


async def main():
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
'''


@attrs.frozen
class Usage:
    """What the process holds: open file descriptors, tasks, and bytes of memory that is in use."""

    descriptors: int
    tasks: int
    memory: int

    @classmethod
    def now(cls) -> Usage:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return cls(len(list(Path("/proc/self/fd").iterdir())), len(asyncio.all_tasks()), pages * 4096)


@pytest.fixture
async def base_url():
    """A server in a process of its own."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVER, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    yield f"http://127.0.0.1:{port}/v1"
    process.kill()
    await process.wait()


async def many(client: ConversationsClient, calls: int) -> None:
    """Calls of every kind that do not end a conversation, each to another of 20,000 conversations, by some tasks."""
    numbers = iter(range(calls))
    items = client.conversations.items
    item = {"role": "user", "content": "Hi"}

    async def work() -> None:
        for number in numbers:
            conversation = f"conv_{number % 20_000}"
            match number % 5:
                case 0 | 1:
                    await items.create(conversation, items=[item])
                case 2:
                    await items.list(conversation, limit=1)
                case 3:
                    await client.conversations.update(conversation, metadata={"number": str(number)})
                case _:
                    await client.conversations.retrieve(conversation)

    await asyncio.gather(*(work() for _ in range(TASKS)))


async def usages(base_url: str, calls: int, parts: int) -> list[Usage]:
    """What is held after each part of so many calls."""
    found = []
    async with ConversationsClient(api_key="sk-test", base_url=base_url) as client:
        for _ in range(parts):
            await many(client, calls // parts)
            found.append(Usage.now())
    return found


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks the kernel of Linux")
async def test_thousands_of_calls(base_url):
    """After 4,000 calls no descriptor and no task is held that was not after the first 1,000."""
    first, *_, last = await usages(base_url, 4_000, parts=4)

    assert (first.descriptors, first.tasks) == (last.descriptors, last.tasks)


@pytest.mark.endurance
async def test_a_million_calls(base_url):
    """After a million calls descriptors and tasks are as after the first tenth, and memory within a MiB."""
    found = await usages(base_url, 1_000_000, parts=10)
    sys.stdout.write(
        "".join(f"\n{usage.descriptors} descriptors, {usage.tasks} tasks, {usage.memory >> 10} KiB" for usage in found)
    )

    first, last = found[0], found[-1]
    assert (first.descriptors, first.tasks) == (last.descriptors, last.tasks)
    assert last.memory - first.memory < 1 << 20
