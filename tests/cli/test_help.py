"""``--help``: every command tells what it does, with examples, and without loading what it does not need."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from openai_conversations.cli import prepared
from openai_conversations.cli.main import COMMANDS
from tests.cli.processes import Shell


def test_pages_are_what_would_be_drawn():
    """The prepared pages are those that the options make; `python -m openai_conversations.cli.prepared` draws them."""
    kept = json.loads(Path(prepared.PAGES).read_text(encoding="utf-8"))

    assert prepared.draw() == kept


def test_colours(shell):
    """In a terminal help has colours, in a pipe it has none."""
    assert "\x1b[1mUsage:" in shell.in_terminal("erase", "--help")
    assert "\x1b" not in shell("erase", "--help").out


def test_unknown_command(shell):
    """Help for a command that does not exist is a mistake like any other."""
    assert "nonsense" in shell.fails("nonsense", "--help", code=2)


NOT_LOADED = {"aiohttp", "asyncio", "cattrs", "orjson", "rich.panel", "rich.progress", "sqlite3", "rich.markdown"}


def test_root(tmp_path):
    """--help lists every command with a line."""
    said = Shell(None, tmp_path)("--help").out

    for command in COMMANDS:
        assert f"  {command.name} " in said


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_command(name, inside):
    """COMMAND --help has a usage, options or arguments with a description each, and examples."""
    said = inside(name, "--help").out

    assert said.startswith(f"Usage: openai-conversations {name}")
    assert f"Examples:\n  openai-conversations {name}" in said.replace("OPENAI_API_KEY=… ", "")
    for line in said.splitlines():
        if line.startswith("  -"):
            assert "  " in line.strip() or len(line) > 28


def test_what_help_loads():
    """--help loads neither the client nor aiohttp, asyncio, SQLite or the heavy parts of rich."""
    code = (
        "import sys, json, contextlib, io\n"
        "before = set(sys.modules)\n"  # coverage brings sqlite3
        "from openai_conversations.cli.main import run\n"
        "with contextlib.redirect_stdout(io.StringIO()): run(['--help'])\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)

    assert set() == NOT_LOADED & set(loaded)
    assert not [
        name for name in loaded if name.startswith(("openai_conversations.client", "openai_conversations.server"))
    ]


def test_version(tmp_path):
    """--version is the package's."""
    from openai_conversations import __version__

    assert f"{__version__}\n" == Shell(None, tmp_path)("--version").out


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_completion(kind, inside):
    """completion prints a script that knows every command."""
    said = inside("completion", kind).out

    for command in COMMANDS:
        assert command.name in said


def test_no_examples_of_commands_that_do_not_exist():
    """Every example begins with its own command."""
    for command in COMMANDS:
        for example in command.examples:
            assert command.name in example.split()[:2]
