"""``--help``: what each command does, its options and examples, without loading what is not needed."""

from __future__ import annotations

import inspect
import json
import re
import shlex
import subprocess
import sys

import attrs
import pytest

from openai_conversations.cli.main import COMMANDS, make_app
from tests.cli.processes import Shell

NAMES = [command.name for command in COMMANDS]

EXAMPLES = [(command.name, example) for command in COMMANDS for example in command.examples]


def test_root(tmp_path):
    """--help, and no argument at all, list every command with the first line of its help."""
    said = Shell(None, tmp_path)("--help").out

    for name in NAMES:
        (line,) = [line for line in said.splitlines() if line.startswith(f"│ {name} ")]
        summary = inspect.getdoc(make_app()[name].default_command).splitlines()[0]
        assert summary.startswith(line.removeprefix(f"│ {name} ").strip(" │"))
    assert said == Shell(None, tmp_path)().out


def options_of(name: str) -> list[str]:
    """The options of a command, from the signature of its function; those of a group are the fields of its class."""
    parameters = inspect.signature(make_app()[name].default_command).parameters.values()
    options: list[str] = []
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY:
            group = type(parameter.default)
            options += [field.name for field in attrs.fields(group)] if attrs.has(group) else [parameter.name]
    return [option.replace("_", "-") for option in options]


@pytest.mark.parametrize("name", NAMES)
def test_options(name, inside):
    """COMMAND --help names every option that the command takes, each with what it does."""
    said = inside(name, "--help").out

    found = re.findall(r"^│ --([a-z-]+)(?: -\w| --no-\1)?(?: [A-Z]+(?:\.\.\.)?)? {2,}[\w-]", said, re.MULTILINE)
    assert sorted(options_of(name)) == sorted(found)


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_examples(name, example, inside):
    """Each example stands whole on a line of 80 columns, and is a command line that can be understood."""
    said = inside(name, "--help").out
    words = [word for word in shlex.split(example.partition(" | ")[0].partition(" > ")[0]) if "OPENAI_" not in word]

    (line,) = [line for line in said.splitlines() if line.endswith(f" {example.removeprefix('OPENAI_API_KEY=… ')}")]
    assert len(line) <= 80
    command, _, unused, _ = make_app().parse_known_args(words)
    assert (name.replace("import", "import_"), []) == (command.__name__, unused)


def test_width(inside, monkeypatch):
    """In a terminal of 80 columns no example is broken over two lines."""
    monkeypatch.setenv("COLUMNS", "80")

    assert all(example in inside(name, "--help").out for name, example in EXAMPLES if "=…" not in example)


@pytest.mark.parametrize("arguments", [["--help"], ["erase", "--help"]], ids=" ".join)
def test_what_help_loads(arguments):
    """--help loads neither the client nor its libraries nor the server: it answers at once."""
    code = (
        "import sys, json, contextlib, io\n"
        "before = set(sys.modules)\n"  # coverage brings sqlite3
        "from openai_conversations.cli.main import run\n"
        f"with contextlib.redirect_stdout(io.StringIO()): run({arguments!r})\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    loaded = set(json.loads(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout))

    assert "cyclopts" in loaded
    assert set() == loaded & {"aiohttp", "asyncio", "cattrs", "orjson", "sqlite3", "jinja2", "markdown_it"}
    assert set() == loaded & {"openai_conversations.client", "openai_conversations.server"}


def test_colours(shell):
    """In a terminal help has colours, in a pipe it has none."""
    assert "\x1b[" in shell.in_terminal("erase", "--help")
    assert "\x1b" not in shell("erase", "--help").out


def test_unknown_command(shell):
    """Help for a command that does not exist is a mistake like any other."""
    assert "nonsense" in shell.fails("nonsense", "--help", code=2)


def test_version(tmp_path):
    """--version is the package's."""
    from openai_conversations import __version__

    assert f"{__version__}\n" == Shell(None, tmp_path)("--version").out


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_completion(kind, inside):
    """completion prints a script that knows every command and its options."""
    said = inside("completion", kind).out

    for name in NAMES:
        assert name in said
    assert "receipts" in said
