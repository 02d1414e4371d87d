"""``append`` and ``create``: any number of items, each of them once, whatever stops them."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest

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
        found = await asyncio.to_thread(texts, shell, made)

    assert said in line
    assert line.endswith("; the same command goes on from there")
    assert 40 == kept["stored"]
    assert NUMBERS == found
    assert 65 == done.value["count"]
    assert not (tmp_path / "state").exists()


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
