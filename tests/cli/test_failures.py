"""Bad input: one line on standard error, an exit code of its own, no traceback."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from openai_conversations.cli.exit_codes import MEANINGS, Exit
from openai_conversations.cli.main import COMMANDS, make_app
from openai_conversations.server import ConversationsServer
from openai_conversations.version import __version__
from tests.cli.processes import PROGRAM, Shell, environment

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
        (["serve", "--tokens-per-second", "0"], 2, "Must be a positive number."),
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
        (["import"], 2, "no files: name them"),
        (["import", "void"], 6, "void: line 1: the file is empty"),
        (["append", "conv_1", "-f", "void"], 6, "void is empty"),
        (["export", "conv_1", "--to", "a.pdf"], 2, "no format has the ending .pdf; known are .jsonl"),
        (["erase", "conv_1", "--yes", "--receipts", "/nope/r"], 6, "/nope: no such directory"),
        (["serve", "--script", "nowhere"], 6, "the script nowhere cannot be read"),
        (["serve", "--script", "void"], 6, "the script void is empty"),
        (["serve", "--script", "here"], 6, "the script here is not JSON"),
        (["serve", "--script", "numbers"], 6, "the script numbers: turn 1"),
        (["serve", "--keys-file", "nowhere"], 6, "nowhere"),
        (["serve", "--keys-file", "blank"], 6, "blank has no key"),
        (["find"], 6, "conversations.sqlite: no such file"),
        (["get", "conv_1", "--api-key-file", "nowhere"], 3, "nowhere"),
        (["get", "conv_1", "--api-key-file", "blank"], 3, "blank has no key"),
        (["get", "conv_1", "--api-key-file", "here-and-there"], 3, "the key of --api-key-file contains a line break"),
        (["get", "conv_1", "--base-url", "ftp://x"], 3, "--base-url must be an absolute http(s) URL, not 'ftp://x'"),
        (
            ["get", "conv_1", "--profile", "nonsense"],
            3,
            "--profile must be one of openai, azure, generic, not",
        ),
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
        "void": "",
        "here-and-there": "sk-1\nsk-2",
        "bad-ids": "conv_1\ntwo words\n",
    }.items():
        (inside.folder / name).write_text(content)

    assert said in inside.fails(*arguments, code=code)


NUMBERS = {
    "--timeout": ("check", ["0", "-1", "nan", "inf"]),
    "--max-retries": ("check", ["-1"]),
    "--concurrency": ("check", ["0", "-1"]),
    "--patience": ("check", ["-1", "nan", "inf"]),
    "--rate": ("check", ["0", "-1", "nan", "inf", "fast", "x=1", "delete=0"]),
    "--last": ("show", ["-1"]),
    "--interval": ("show", ["0", "-1", "nan"]),
    "--port": ("serve", ["-1", "65536"]),
    "--rate-limit": ("serve", ["0", "-1"]),
    "--tokens-per-second": ("serve", ["0", "-1", "nan"]),
}


@pytest.mark.parametrize(
    ("command", "option", "number"),
    [(command, option, number) for option, (command, numbers) in NUMBERS.items() for number in numbers],
)
def test_numbers_that_mean_nothing(inside, command, option, number):
    """A number that means nothing is refused by the option that got it, before anything is done."""
    named = [] if command == "serve" else ["conv_1"]

    assert option in inside.fails(command, *named, f"{option}={number}", code=2)


def test_every_number_is_tried():
    """An option that takes a number has its line above."""
    app = make_app()
    found = {
        name
        for command in COMMANDS
        for argument in app[command.name].assemble_argument_collection()
        for name in argument.names
        if any(kind in {int, float} for kind in (argument.hint, *get_args(argument.hint))) and name.startswith("--")
    }

    assert found - {"--seed"} <= set(NUMBERS)
    assert len(found) > 5


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"OPENAI_API_KEY": "sk-marker\nsk"}, "the environment variable OPENAI_API_KEY contains a line break"),
        ({"OPENAI_BASE_URL": "nope"}, "the environment variable OPENAI_BASE_URL must be an absolute http(s) URL"),
        ({"OPENAI_ORG_ID": "a\nb"}, "the environment variable OPENAI_ORG_ID must be"),
        ({"OPENAI_CUSTOM_HEADERS": "nope"}, "OPENAI_CUSTOM_HEADERS must hold"),
        (
            {"ALL_PROXY": "socks5://p:1", "NO_PROXY": ""},
            (
                "the environment variable ALL_PROXY names a proxy of the kind socks5, and only HTTP proxies can be "
                "used: unset it, or except the host in NO_PROXY"
            ),
        ),
    ],
    ids=["key", "base URL", "organization", "headers", "proxy"],
)
def test_variables_that_cannot_be_used(inside, monkeypatch, variables, said):
    """What the environment says is called by its variable, and the way out is one of a command line."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    line = inside.fails("get", "conv_1", code=3)

    assert line.startswith(said)
    assert "=" not in line
    assert "marker" not in line


def test_a_port_that_is_taken(inside):
    """The line says how to get a free one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = inside.fails("serve", "--port", str(port), code=3)

    assert line == f"cannot listen on 127.0.0.1:{port}: {os.strerror(errno.EADDRINUSE)}; --port 0 takes a free one"


def test_a_file_without_ids(inside):
    """Nothing to do is no failure, and is said."""
    (inside.folder / "none").write_text("# nobody\n")

    assert "none holds no ids\n" == inside("check", "--ids-file", "none", "--json").err


async def test_the_request_id_of_an_append(tmp_path):
    """What stopped an append half way is told with the id of its request."""
    async with ConversationsServer(faults=["status:status=400,operation=createConversationItems"]) as server:
        made = await asyncio.to_thread(_made, server.base_url)
        said = await asyncio.to_thread(Shell(server.base_url, tmp_path).fails, "append", made, "x", code=9)

    assert re.search(r"\(request id req_\w+\)$", said)


async def test_a_server_that_allows_no_more(tmp_path):
    """Who waits for the server hears for how long."""
    async with ConversationsServer(rate_limit=2) as server:
        made = await asyncio.to_thread(_made, server.base_url)  # the first of this minute
        said = await asyncio.to_thread(
            Shell(server.base_url, tmp_path).fails, "erase", made, "--yes", "--timeout", "5", code=7
        )

    assert "The rate limit lets this request through in" in said


@pytest.mark.parametrize("arguments", ["--help", "export --help", "--version", "completion bash", "nonsense"])
def test_a_reader_that_went_away(arguments, tmp_path):
    """A command whose reader is gone ends without a word."""
    command = [*PROGRAM, *arguments.split()]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            command, stdout=writing, stderr=subprocess.PIPE, env=environment(), cwd=tmp_path, check=False
        )
        silent = subprocess.run(command, stdout=writing, stderr=writing, env=environment(), cwd=tmp_path, check=False)
    finally:
        os.close(writing)

    expected = (2, 1) if arguments == "nonsense" else (0, 0)
    assert expected == (done.returncode, len(done.stderr.splitlines()))
    assert 0 == silent.returncode


def test_the_package_is_a_program(tmp_path):
    """``python -m openai_conversations`` is the command line."""
    done = subprocess.run(
        [sys.executable, "-m", "openai_conversations", "--version"],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=tmp_path,
        check=True,
    )

    assert __version__ == done.stdout.strip()


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
