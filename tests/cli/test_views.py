"""What people see: items of every type, text that cannot do anything to a terminal, times, counts."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from rich.console import Console

from openai_conversations.bulk.progress import BulkProgress
from openai_conversations.cli import failures
from openai_conversations.cli.commands import find
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.render import bulk, terminal
from openai_conversations.cli.render.text import clean, folded
from openai_conversations.errors import APIStatusError
from openai_conversations.operations.errors import ArchiveError
from openai_conversations.schemas.items import ITEM_CLASSES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain\n\ttext", "plain\n\ttext"),
        ("\x1b[31mred\x1b[0m", "�[31mred�[0m"),
        ("a\x07b\x08c\x00d\x9be", "a�b�c�d�e"),
        ("evil\u202etxt.exe", "evil�txt.exe"),
        ("lone \ud800", "lone �"),
        ("dos\r\nline", "dos\nline"),
        ("over\rwrite", "over�write"),
        ("Ünïcödé 🧤", "Ünïcödé 🧤"),
    ],
)
def test_clean(text, expected):
    """Nothing that comes from elsewhere can move the cursor, change colours or turn the direction of text."""
    assert expected == clean(text)


def test_folded():
    """A folded text is one line of a given width."""
    assert "a b c" == folded("a\n\n  b\tc", 10)
    assert "abcdefghi…" == folded("abcdefghijkl", 10)


@pytest.mark.parametrize("tag", [*ITEM_CLASSES, "from_the_future"])
def test_every_type_is_shown(tag):
    """Items of every type, also unknown ones and those that lack everything, can be shown."""
    assert list(terminal.lines([{"type": tag, "id": "x_1"}]))
    assert _drawn([{"type": tag, "id": "x_1"}], full=True).strip()


CALL = {"type": "function_call", "call_id": "c", "name": "f"}


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([{"role": "user", "content": "Hi"}], ["user: Hi"]),
        ([{"role": "user", "content": [{"type": "refusal", "refusal": "no"}, "odd", 7]}], ["user: no\nodd\n7"]),
        (
            [{"type": "mcp_call", "name": "search", "arguments": "{}", "output": "found"}],
            ["  > search: {}", "    = found"],
        ),
        ([{"type": "file_search_call", "queries": ["a", "b"], "results": None}], ['  > file search: ["a", "b"]']),
        (
            [{**CALL, "arguments": "{}"}, {"type": "function_call_output", "call_id": "c", "output": "1"}],
            ["  > f: {}", "    = 1"],
        ),
        ([{"type": "function_call_output", "output": [{"type": "input_text", "text": "one"}]}], ["    = one"]),
        ([{"type": "reasoning", "summary": []}], ["  * Reasoning: The reasoning is not shown."]),
        (
            [{"type": "reasoning", "summary": [], "encrypted_content": "x"}],
            ["  * Reasoning: The reasoning is encrypted."],
        ),
        ([{"type": "new", "a": 1}], ['  * new: {"a": 1}']),
        ([{**CALL, "arguments": "{}", "status": "incomplete"}], ["  > f (incomplete): {}"]),
        (
            [{"role": "user", "content": [{"type": "input_image", "image_url": f"https://example.org/{'x' * 80}"}]}],
            [f"user: [image https://example.org/{'x' * 59}…]"],
        ),
        (
            [{"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]}],
            ["user: [image data:image/png]"],
        ),
        ([{"role": "user", "content": [{"type": "input_file", "filename": "a.pdf"}]}], ["user: [file a.pdf]"]),
    ],
)
def test_plain_lines(items, expected):
    """In a pipe the transcript is plain lines; an output stands with its call, or alone when its call is not there."""
    assert expected == list(terminal.lines(items))


def _drawn(items, **options):
    console = Console(file=io.StringIO(), width=60, force_terminal=False)
    for part in terminal.draw(items, width=60, **options):
        console.print(part)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_transcript():
    """Users stand on the right, assistants on the left; code keeps its lines; nothing of a message is left out."""
    items = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "See <b>this</b>:\n```python\nx = 1\n```\n[bold]end[/bold]"},
        {"role": "oracle", "content": ""},
        {"type": "function_call", "name": "f", "arguments": "x" * 200},
    ]

    drawn = _drawn(items)

    assert "│ Hi" in drawn.splitlines()[1][50:]
    for words in ("<b>this</b>", "x = 1", "[bold]end[/bold]", "oracle", "(empty)", "▸ f  xxx"):
        assert words in drawn
    assert max(map(len, drawn.splitlines())) <= 60
    assert 200 == _drawn(items[3:], full=True).count("x")


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (42, "42 s"), (250, "4 m 10 s"), (7500, "2 h 5 m")]
)
def test_times(seconds, expected):
    """Times are told with two units at the most."""
    assert expected == bulk.seconds_text(seconds)


@pytest.mark.parametrize(("text", "seconds"), [("90d", 7_776_000), ("12h", 43_200), ("1.5m", 90), ("2w", 1_209_600)])
def test_idle_times(text, seconds):
    """Times are read with one unit."""
    assert seconds == find.seconds_of(text)


def test_pace():
    """The bar tells rate, time left and failures."""
    progress = BulkProgress(
        total=10, is_total_known=True, done=4, missing=0, failed=1, items=9, rate=2.0, seconds_left=2.5, elapsed=2.0
    )

    assert "2.0/s, 2.5 s left, 1 failed" == bulk.rate_text(progress)


def test_explanations():
    """Failures are one line, whatever they hold."""
    assert "a b" == failures.explain(ArchiveError("a\n b"))
    assert Exit.BAD_INPUT == failures.exit_code(ArchiveError("x", line=3))
    assert "x: no such file" == failures.explain(FileNotFoundError(2, "No such file or directory", "x"))
    assert Exit.FAILED == failures.exit_code(failures.CommandError("x"))
    assert issubclass(APIStatusError, failures.EXPECTED)


def test_without_the_extra(tmp_path):
    """Where the extra is not installed, one line says what to install."""
    code = "import sys; sys.modules['cyclopts'] = None; from openai_conversations.cli import main; main()"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (3, "") == (done.returncode, done.stdout)
    assert 'error: the command line needs its extra "cli", or: pip install cyclopts rich\n' == done.stderr
