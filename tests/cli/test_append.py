"""``append`` and ``create``: any number of items, each of them once, whatever stops them."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal

import pytest

from openai_conversations import ConversationsClient
from openai_conversations.cli.commands.append import Progress
from openai_conversations.cli.failures import CommandError
from openai_conversations.server import ConversationsServer, faults
from tests.cli.conftest import make
from tests.cli.processes import Shell, read_until

LINES = "\n".join(json.dumps({"role": "user", "content": f"number {index}"}) for index in range(65))
NUMBERS = [f"number {index}" for index in range(65)]


def texts(shell: Shell, conversation: str) -> list[str]:
    return [item["content"][0]["text"] for item in shell("show", conversation).values]


REFUSED = faults.status(403, operation="createConversationItems", skip=2)
LOST = faults.commit_then_drop(operation="createConversationItems", skip=2)
NO_LOOKUP = faults.status(500, operation="listConversationItems", skip=1)

STOPS = {
    "refused": ([REFUSED], 5, "40 items were stored ("),
    "stored, but not heard of": ([LOST, NO_LOOKUP], 8, "40 items were stored; whether 20 more are stored is not known"),
}


@pytest.mark.parametrize(("stops", "code", "said"), STOPS.values(), ids=STOPS)
async def test_resume(tmp_path, stops, code, said):
    """An append that stops says how many are stored; with --resume the same command goes on from there, exactly."""
    async with ConversationsServer() as server:
        shell = Shell(server.base_url, tmp_path)
        (tmp_path / "items.jsonl").write_text(LINES)
        made = await asyncio.to_thread(make, shell, [])
        command = ("append", made, "-f", "items.jsonl", "--resume", "state", "--max-retries", "0")
        for fault in stops:
            server.add_fault(fault)

        line = await asyncio.to_thread(shell.fails, *command, code=code)
        kept = json.loads((tmp_path / "state").read_text())
        done = await asyncio.to_thread(shell, *command)
        again = await asyncio.to_thread(shell, *command)
        found = await asyncio.to_thread(texts, shell, made)

    assert said in line
    assert line.endswith("; the same command goes on from there")
    assert 40 == kept["stored"]
    assert NUMBERS == found
    assert (65, 65) == (done.value["count"], again.value["count"])
    assert (25, 0) == (len(done.value["ids"]), len(again.value["ids"]))


def test_resume_of_something_else(shell):
    """The file of an append that is done stands in the way of no other; that of one that is not is not overwritten."""
    one, two = make(shell, []), make(shell, [])
    command = ("append", one, "Good morning", "--resume", "state")
    shell(*command)

    assert 1 == shell(*command).value["count"]
    assert "stored: 1 item, by an earlier run; remove state to add them again" in shell.in_terminal(*command)
    assert 1 == shell("append", two, "Good morning", "--resume", "state").value["count"]
    assert 1 == shell("append", two, "Good evening", "--resume", "state").value["count"]
    assert ["Good morning"] == texts(shell, one)
    assert ["Good morning", "Good evening"] == texts(shell, two)

    state = shell.folder / "state"
    state.write_text(json.dumps({**json.loads(state.read_text()), "done": False}))
    line = shell.fails("append", two, "Good night", "--resume", "state", code=6)
    assert "state: of other items, which are not all stored: name another file, or remove this one" in line


@pytest.mark.parametrize("room", [0, 1, 2])
async def test_a_file_that_cannot_be_written(tmp_path, room):
    """Where the file of --resume cannot be written, nothing more is sent, and it is said how much is stored."""
    items = [{"role": "user", "content": str(number)} for number in range(50)]
    folder = tmp_path / "folder"
    folder.mkdir()
    async with ConversationsServer() as server, ConversationsClient(api_key="k", base_url=server.base_url) as client:
        made = await client.conversations.create()
        progress = Progress(folder / "state", made.id, items)

        async def keep(told):
            if told.stored == 20 * room:
                shutil.rmtree(folder)
            await progress.keep(told)

        append = asyncio.ensure_future(client.conversations.items.append(made.id, items, on_progress=keep))
        with pytest.raises(asyncio.CancelledError):
            await append
        with pytest.raises(CommandError) as raised:
            progress.check_written()
        stored = len(server.items(made.id))

    assert 20 * room == stored
    said = f"{stored} of 50 items are stored" if stored else "nothing was stored"
    assert f": No such file or directory: {said}; the same command goes on from there" in str(raised.value)


def test_interrupted(shell):
    """After Ctrl-C the same command goes on, and no item is stored twice."""
    made = make(shell, [])
    (shell.folder / "items.jsonl").write_text("\n".join([LINES] * 20))
    command = ("append", made, "-f", "items.jsonl", "--resume", "state")
    with shell.started_in_terminal(*command) as (process, screen):
        while not (shell.folder / "state").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        read_until(screen, "error: interrupted")
        assert 130 == process.wait(30)

    assert 1300 == shell(*command).value["count"]
    assert NUMBERS * 20 == texts(shell, made)


def test_create(inside):
    """create makes a conversation, with metadata, and with a text or any number of items."""
    (inside.folder / "items.jsonl").write_text(LINES)

    empty = inside("create", "-m", "user=42", "-m", "topic=a=b").value
    said = inside("create", "Good morning").value
    filled = inside("create", "-f", "items.jsonl")

    assert {"user": "42", "topic": "a=b"} == empty["metadata"]
    assert [] == inside("show", empty["id"]).values
    assert "Good morning" == inside("show", said["id"]).value["content"][0]["text"]
    assert NUMBERS == [item["content"][0]["text"] for item in inside("show", filled.value["id"]).values]
    assert f"created: {filled.value['id']}\n" == filled.err
    assert "not both" in inside.fails("create", "x", "-f", "items.jsonl", code=2)
