"""A chat in a pipe and in a terminal, on the service and offline."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest

from openai_conversations.server import ConversationsServer
from openai_conversations.server.model import load_script
from tests.cli.processes import Shell, environment, read_all, read_until

OFFLINE = {**dict.fromkeys(("OPENAI_API_KEY", "OPENAI_BASE_URL"), "")}


def test_a_chat(shell):
    """What is said and answered is in the conversation, which can be gone on with."""
    told = shell("chat", input="Hello\n\nAnd you?\n")
    name = told.err.split()[-1]
    again = shell("chat", name, input="/history\n/quit\nnever said\n")

    assert "You said: Hello\nYou said: And you?\n" == told.out
    assert all(text in again.out for text in ("Hello", "You said: Hello", "And you?"))
    assert 4 == len(shell("show", name).out.splitlines())


def test_words(shell, tmp_path):
    """The words do what they say; what goes wrong is one line, and the chat goes on, and ends with its exit code."""
    lines = [
        "Hi",
        "/fork",
        "/export chat.md",
        "/export chat.md",
        "/export chat.pdf",
        "/export",
        "/nope",
        "/help",
        "Bye",
    ]
    told = shell("chat", input="\n".join(lines), code=1)

    assert 2 == told.err.count("conversation: ")
    assert "You said: Hi" in (tmp_path / "chat.md").read_text()
    assert "chat.md" in told.err
    assert 2 == told.err.count("name a file that ends in .jsonl, .md or .html")
    assert "there is no /nope" in told.err
    assert "/quit" in told.out
    assert told.out.endswith("You said: Bye\n")


def test_without_a_key(shell):
    """Without a key it says so, and talks to a server of its own."""
    told = shell("chat", input="Hello\n", env=OFFLINE)

    assert "nothing leaves this machine" in told.err
    assert "You said: Hello\n" == told.out


def test_a_conversation_that_is_not_there(shell):
    """Nothing is said to a conversation that does not exist."""
    told = shell("chat", "conv_0", input="Hello\n", code=4)

    assert "not found" in told.err


def test_in_a_terminal(shell):
    """A terminal shows a prompt, and the answer as Markdown."""
    screen = shell.in_terminal("chat", keys="Say **this**\n/quit\n", env=OFFLINE)

    assert "> " in screen
    assert "You said: Say" in screen


@pytest.mark.parametrize("options", [["--no-background"], ["--instructions", "Be brief", "--model", "m"]])
def test_options(shell, options):
    """How turns are taken can be said."""
    assert "You said: Hi\n" == shell("chat", *options, input="Hi\n").out


def test_the_environment_of_these_tests():
    """The offline runs really have no key."""
    assert environment("http://x/v1")["OPENAI_API_KEY"]


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_keys_that_end_it(shell, key):
    """Ctrl-C at the prompt ends the chat as Ctrl-D does: no error, and the line of the prompt is ended."""
    with shell.started_in_terminal("chat", env=OFFLINE) as (process, screen):
        shown = read_until(screen, "> $")
        if key == "\x03":  # the terminal of a test controls no process, and sends no signal
            process.send_signal(signal.SIGINT)
        else:
            os.write(screen, key.encode())
        rest = "".join(read_all(screen))

        assert 0 == process.wait(30), shown + rest
    assert rest.endswith("\r\n")
    assert "error" not in rest


def test_a_turn_that_fails(tmp_path):
    """In a pipe a turn that fails is the exit code, although the chat went on."""
    with _scripted([{"fail": "server_error"}, {"say": "Hello"}]) as url:
        told = Shell(url, tmp_path)("chat", input="Hi\nAgain\n", code=1)

    assert "error: " in told.err
    assert "Hello\n" == told.out


def test_a_function_that_nobody_calls(tmp_path):
    """A call that waits for its output is told with the command that closes it."""
    with _scripted([{"call": {"name": "get_weather", "arguments": {}}}, {"say": "Sorry"}]) as url:
        one = Shell(url, tmp_path)
        told = one("chat", input="Hi\n")
        name = told.err.splitlines()[0].split()[-1]
        assert f"openai-conversations repair {name} --apply" in told.err

        one("repair", name, "--apply", "--yes")
        assert "Sorry\n" == one("chat", name, input="And?\n").out


@contextlib.contextmanager
def _scripted(turns):
    """A server whose model says these turns; its base URL."""
    with ConversationsServer() as server:
        load_script(server.model, turns)
        yield server.base_url
