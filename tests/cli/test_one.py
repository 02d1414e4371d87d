"""Commands on one conversation: get, append, show, update, delete, fork."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from tests.cli.processes import PROGRAM, environment, read_until


def test_get(shell, conversation):
    """get prints the conversation, or one of its items, as JSON in a pipe."""
    assert conversation == shell("get", conversation).value["id"]

    items = shell("show", conversation).values
    assert items[1] == shell("get", conversation, items[1]["id"]).value


def test_get_in_a_terminal(shell, conversation):
    """In a terminal it prints fields for people; an item is shown as JSON without live escape sequences."""
    assert "created" in shell.in_terminal("get", conversation)

    answer = shell("show", conversation).values[-1]["id"]
    assert "\x1b[31m−14" not in shell.in_terminal("get", conversation, answer)


def test_show(shell, conversation):
    """show prints the items in their order, one JSON object a line."""
    items = shell("show", conversation).values

    assert ["message", "function_call", "function_call_output", "message"] == [item["type"] for item in items]
    assert items[-2:] == shell("show", conversation, "--last", "2").values
    assert [] == shell("show", conversation, "-n", "0").values


def test_show_in_a_terminal(shell, conversation):
    """In a terminal it is a chat with folded tool calls; what could move the cursor is shown instead of done."""
    shown = shell.in_terminal("show", conversation)

    assert "get_weather" in shown
    assert '{"temperature": -14}' in shown
    assert "�[31m−14 °C�[0m." in shown
    assert shown == shell.in_terminal("show", conversation)
    assert "assistant" in shell.in_terminal("show", conversation, "--full", "--last", "1")


def test_show_ids_in_a_terminal(shell, conversation):
    """--ids shows every id, that of an output under that of its call; without it there are none."""
    ids = [item["id"] for item in shell("show", conversation).values]
    shown = shell.in_terminal("show", conversation, "--ids")

    assert [] == [id for id in ids if id not in shown]
    assert shown.index(ids[1]) < shown.index(f"↳ {ids[2]}") < shown.index("get_weather")
    assert ids[0] not in shell.in_terminal("show", conversation)


def test_show_json_in_a_terminal(shell, conversation):
    """--json prints JSON in a terminal too."""
    lines = shell.in_terminal("show", conversation, "--json").splitlines()

    assert "message" == json.loads(lines[0])["type"]


def test_show_follow(shell, conversation):
    """--follow shows what is added, until Ctrl-C."""
    with shell.started_in_terminal("show", conversation, "--follow", "--interval", "0.05") as (process, screen):
        read_until(screen, "Cold")
        shell("append", conversation, "And tomorrow?")
        read_until(screen, r"And tomorrow\?")
        process.send_signal(signal.SIGINT)
        read_until(screen, "error: interrupted")

        assert 130 == process.wait(30)


def test_append(shell, conversation):
    """append stores a text, and tells its id."""
    done = shell("append", conversation, "Thanks", "--role", "user").value

    stored = shell("show", conversation).values[-1]
    assert "Thanks" == stored["content"][0]["text"]
    assert {"conversation_id": conversation, "count": 1, "ids": [stored["id"]]} == done


ONE = {"type": "message", "role": "user", "content": "one"}


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (json.dumps(ONE), 1),
        (json.dumps([ONE, ONE], indent=2), 2),
        (json.dumps({"items": [ONE, ONE, ONE]}), 3),
        ("\n".join([json.dumps(ONE)] * 45), 45),
    ],
    ids=["item", "list", "object", "lines"],
)
def test_append_file(shell, conversation, content, count):
    """A file holds one item, a list, an object with items, or an item a line; any number, and - is standard input."""
    (shell.folder / "items.json").write_text(content)

    assert count == shell("append", conversation, "-f", "items.json").value["count"]
    assert count == len(shell("append", conversation, "-f", "-", input=content).value["ids"])
    assert 4 + 2 * count == len(shell("show", conversation).values)


def test_update(shell, conversation):
    """update changes what is named and leaves the rest; --replace forgets the rest."""
    shell("update", conversation, "user=42", "topic=a=b")

    assert {"user": "42", "topic": "a=b"} == shell("get", conversation).value["metadata"]
    assert {"user": "42", "x": ""} == shell("update", conversation, "x=", "--unset", "topic").value["metadata"]
    assert {"y": "1"} == shell("update", conversation, "y=1", "--replace").value["metadata"]
    assert "y" in shell.in_terminal("get", conversation)


def test_delete(shell, conversation):
    """delete deletes an item or the conversation, after a question or with --yes."""
    item = shell("show", conversation).values[0]["id"]

    assert "cannot ask for confirmation; pass --yes" == shell.fails("delete", conversation, item, code=12)
    assert conversation == shell("delete", conversation, item, "--yes").value["id"]
    assert "nothing was done" in shell.in_terminal("delete", conversation, keys="n\n", code=12)
    assert "deleted" in shell.in_terminal("delete", conversation, keys="y\n")
    assert "404" in shell.fails("get", conversation, code=4)


def test_fork(shell, conversation):
    """fork makes a copy, up to an item when asked, and never parts a call from its output."""
    items = shell("show", conversation).values

    copy = shell("fork", conversation, "--until", items[1]["id"]).value

    assert 3 == len(shell("show", copy["conversation_id"]).values)
    assert items == shell("show", conversation).values
    assert "dry run" in shell.in_terminal("fork", conversation, "--dry-run")
    assert "no item" in shell.fails("fork", conversation, "--until", "msg_nowhere", code=4)


def test_closed_pipe(shell, conversation):
    """A reader that goes away, as head does, is no error."""
    shell("append", conversation, "-f", "-", input="\n".join([json.dumps(ONE)] * 200))
    show = subprocess.Popen(
        [*PROGRAM, "show", conversation],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(shell.base_url),
    )
    subprocess.run([sys.executable, "-c", "input()"], stdin=show.stdout, check=True)
    assert show.stdout is not None
    show.stdout.close()
    assert show.stderr is not None
    err = show.stderr.read()
    show.stderr.close()

    assert (0, b"") == (show.wait(30), err)
