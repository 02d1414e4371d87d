"""``openai-conversations demo``, the first thing that people run."""

from __future__ import annotations

import io

from openai_conversations.cli.render.demo import RichView, Step, StepRequest
from tests.cli.processes import Shell


def test_piped(tmp_path):
    """Without a key and without a terminal, the demo runs to its end and prints plain lines."""
    done = Shell(None, tmp_path)("demo")

    assert done.out.startswith("demo: embedded server at http://127.0.0.1:")
    assert done.out.endswith("done: 7 steps, 20 requests, nothing left behind\n")
    assert "\x1b" not in done.out
    assert "| user: What is the weather like in Ulaanbaatar right now?\n" in done.out
    assert '|   > get_weather: {"city":"Ulaanbaatar","unit":"celsius"}\n' in done.out
    assert "" == done.err


def test_a_turn(tmp_path):
    """A turn is taken: the function that the model calls, what it gave, and the text that comes in pieces."""
    done = Shell(None, tmp_path)("demo")

    _, _, turn = done.out.partition("2. Take a turn")
    assert '   > get_weather {"city":"Ulaanbaatar","unit":"celsius"}\n   = {"temperature":-14,' in turn
    assert "   Clear sky and −14 °C, with a light wind from the north-west.\n   POST /responses -> 200 x2 " in turn


def test_in_a_terminal(tmp_path):
    """In a terminal it is drawn: numbered steps, a chat with bubbles, a folded tool call."""
    shown = Shell(None, tmp_path).in_terminal("demo")

    assert "Page through them" in shown
    assert "╭" in shown
    assert "get_weather {" in shown
    assert "Clear sky and −14 °C, with a light wind from the north-west." in shown
    assert "nothing left behind" in shown
    assert "\x1b[" in shown


def test_live(shell):
    """With --live it does the same against the service that the environment names."""
    done = shell("demo", "--live")

    assert done.out.startswith(f"demo: {shell.base_url}\n")
    assert "done: 7 steps" in done.out
    assert "/responses" not in done.out


def test_live_with_a_model(shell):
    """With --model that model takes a turn."""
    done = shell("demo", "--live", "--model", "gpt-5.5")

    assert "2. Take a turn" in done.out
    assert "   POST /responses -> 200 " in done.out


def test_live_without_a_key(tmp_path):
    """Without a key --live says in one line what is missing."""
    said = Shell(None, tmp_path).fails("demo", "--live", code=3)

    assert "no API key: set OPENAI_API_KEY, or give a file with --api-key-file" == said


def test_a_narrow_terminal():
    """Where a line is too long the path is cut, and neither what came of it nor the next command."""
    from rich.console import Console

    drawn = io.StringIO()
    view = RichView("here", Console(width=60, file=drawn, highlight=False))
    path = "/conversations/{conversation_id}/items/{item_id}"
    request = StepRequest(method="DELETE", path=path, status=200, seconds=1.2)
    view.show(Step(title="A step", code="await it()", requests=[request, request]))
    view.end()
    lines = drawn.getvalue().splitlines()

    assert any("…" in line and line.rstrip().endswith("200 × 2  2400.0 ms") for line in lines)
    assert "       openai-conversations serve" in lines
