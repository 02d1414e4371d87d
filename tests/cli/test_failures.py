"""Bad input: one line on standard error, an exit code of its own, no traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openai_conversations.cli.exit_codes import MEANINGS, Exit
from openai_conversations.server import ConversationsServer
from tests.cli.processes import Shell

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nonsense"], 2, "Unknown command"),
        (["get"], 2, "requires an argument"),
        (["get", "conv_1", "--port", "3"], 2, "Unknown option"),
        (["serve", "--port", "99999"], 2, "--port"),
        (["serve", "--fault", "nonsense"], 2, "nonsense"),
        (["serve", "--profile", "nonsense"], 2, "nonsense"),
        (["append", "conv_1"], 2, "give either a text or --file"),
        (["update", "conv_1", "novalue"], 2, "expected KEY=VALUE"),
        (["update", "conv_1"], 2, "nothing to change"),
        (["erase", "--yes"], 2, "no conversations"),
        (["erase", "conv_1", "--yes", "--rate", "fast"], 2, "rate"),
        (["export", "conv_1", "conv_2"], 2, "name a folder with --to"),
        (["import", "a.jsonl", "b.jsonl", "--into", "conv_1"], 2, "--into takes one file"),
        (["import", "a.jsonl", "-"], 2, "standard input is one conversation"),
        (["find", "--idle", "soon", "-r", "here"], 2, "expected a time such as 90d"),
        (["get", "../secret"], 2, "conversation_id"),
        (["get", "conv_nowhere"], 4, "404"),
        (["show", "conv_nowhere"], 4, "404"),
        (["check", "conv_nowhere"], 4, "404"),
        (["append", "conv_nowhere", "x"], 4, "404"),
        (["append", "conv_1", "-f", "nowhere.json"], 6, "nowhere.json: no such file"),
        (["append", "conv_1", "-f", "here"], 6, "not JSON"),
        (["append", "conv_1", "-f", "lines"], 6, "line 2 is not JSON"),
        (["append", "conv_1", "-f", "numbers"], 6, "item 1 is not a JSON object"),
        (["append", "conv_1", "-f", "empty"], 6, "no items"),
        (["erase", "--ids-file", "nowhere", "--yes"], 6, "nowhere: no such file"),
        (["erase", "--ids-file", "bad-ids", "--yes"], 6, "line 2 has no id"),
        (["erase", "conv_1", "--yes", "--ledger", "here"], 6, "here"),
        (["import", "nowhere.jsonl"], 6, "nowhere.jsonl: no such file"),
        (["import", "here"], 6, "line 1"),
        (["find"], 6, "conversations.sqlite: no such file"),
        (["get", "conv_1", "--api-key-file", "nowhere"], 3, "nowhere"),
        (["get", "conv_1", "--api-key-file", "blank"], 3, "blank has no key"),
        (["get", "conv_1", "--base-url", "ftp://x"], 3, "base_url"),
        (["get", "conv_1", "--profile", "nonsense"], 3, "profile"),
        (["get", "conv_1", "--base-url", "http://127.0.0.1:1", "--max-retries", "0"], 7, "Connection error"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input(inside, arguments, code, said):
    """Each mistake has one line and an exit code."""
    for name, content in {
        "here": "hello",
        "lines": '{"role":"user"}\n{\n{}\n',
        "numbers": "[1]",
        "empty": "[]",
        "blank": " \n",
        "bad-ids": "conv_1\ntwo words\n",
    }.items():
        (inside.folder / name).write_text(content)

    assert said in inside.fails(*arguments, code=code)


def test_no_traceback(shell):
    """The same holds for a real process."""
    assert "Unknown command" in shell.fails("nonsense", code=2)
    assert "404" in shell.fails("get", "conv_nowhere", code=4)
    assert "nowhere.json: no such file" in shell.fails("append", "conv_1", "-f", "nowhere.json", code=6)


def test_no_key(tmp_path):
    """Without a key every command that needs one says so; there is no option to type it where others can see it."""
    shell = Shell(None, tmp_path)

    assert "no API key" in shell.fails("get", "conv_1", code=3)
    assert "Unknown option" in shell.fails("get", "conv_1", "--api-key", "sk-1", code=2)


async def test_refused_key(tmp_path):
    """A key that the service does not accept has its own exit code, and is never shown."""
    import asyncio

    async with ConversationsServer(keys=["sk-right"]) as server:
        shell = Shell(server.base_url, tmp_path)
        (tmp_path / "key").write_text("sk-right\n")

        said = await asyncio.to_thread(shell.fails, "get", "conv_1", code=5)
        known = await asyncio.to_thread(shell.fails, "get", "conv_1", "--api-key-file", "key", code=4)

    assert "401" in said
    assert "sk-test" not in said
    assert "404" in known


async def test_unknown_outcome(tmp_path):
    """A write that may or may not be stored has its own exit code."""
    import asyncio

    async with ConversationsServer(faults=["commit_then_drop:operation=createConversationItems,count=9"]) as server:
        server.add_fault("status:status=500,operation=listConversationItems,skip=1,count=99")
        shell = Shell(server.base_url, tmp_path)
        made = await asyncio.to_thread(_made, server.base_url)

        said = await asyncio.to_thread(shell.fails, "append", made, "x", "--max-retries", "0", "--timeout", "5", code=8)

    assert "outcome" in said


def _made(base_url: str) -> str:
    from tests.cli.conftest import make

    return make(Shell(base_url, Path()), [])


def test_codes_are_told():
    """Every exit code has a meaning, and the documentation shows them all."""
    page = (ROOT / "docs" / "how-to" / "command-line.md").read_text(encoding="utf-8")

    assert set(Exit) == set(MEANINGS)
    assert {int(code) for code in Exit} == {int(number) for number in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
