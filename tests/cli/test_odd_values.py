"""Conversations with odd or hostile values: every command shows what can be shown, and a terminal is never touched."""

from __future__ import annotations

import html
import json
import re

import pytest

from tests.cli.canned import canned, message
from tests.cli.processes import Shell

DEEP = '{"a":' * 600 + "1" + "}" * 600

ODD_ITEMS = [
    '{"type":"message","role":"user","content":null}',
    '{"type":"message","role":7,"content":{"type":"input_text","text":1}}',
    json.dumps({"type": "function_call", "id": "fc_1", "call_id": "c", "name": "deep", "arguments": DEEP}),
    '{"type":"function_call","id":"fc_2","call_id":"d","name":"big","arguments":"{\\"a\\":1e999,\\"b\\":NaN}"}',
    '{"type":"hologram","id":"h_1","beams":123456789012345678901234567890,"list":[1.5,null,true]}',
    '{"type":"message","id":"msg_9","role":"user","content":"half \\ud83d an emoji"}',
]

ODD_CONVERSATIONS = {
    "milliseconds": '"created_at":1767225600000,"metadata":null',
    "far future": '"created_at":1795721692800,"metadata":{}',
    "before": '"created_at":-5,"metadata":{}',
    "text": '"created_at":"1767225600","metadata":{}',
}

HOSTILE = "\x1b]0;owned\x07 \x1b[2J \x9b31m \u202egnp.exe \x08\x08 \u2066"


def is_harmless(shown: str) -> bool:
    """Whether nothing but colours of ours and line ends could act on the terminal."""
    text = re.sub(r"\x1b\[[\d;]*m", "", shown)
    return re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text) is None


@pytest.mark.parametrize("conversation", ODD_CONVERSATIONS.values(), ids=ODD_CONVERSATIONS)
def test_odd_times(inside, monkeypatch, conversation):
    """A time that is none is shown as it stands, in every format."""
    with canned(conversation, message("Hi")) as base_url:
        monkeypatch.setenv("OPENAI_BASE_URL", base_url)

        assert "Hi" in inside("export", "conv_odd", "-t", "markdown").out
        assert "Hi" in inside("export", "conv_odd", "-t", "html").out
        assert "Hi" in inside("export", "conv_odd").out


def test_odd_times_are_named(inside, monkeypatch):
    """… and called what it is not."""
    with canned(ODD_CONVERSATIONS["milliseconds"]) as base_url:
        monkeypatch.setenv("OPENAI_BASE_URL", base_url)

        said = inside("export", "conv_odd", "-t", "markdown").out
        shown = Shell(base_url, inside.folder).in_terminal("get", "conv_odd")

    assert "- Created: 1767225600000 (not a time in seconds)\n" in said
    assert "1767225600000 (not a time in seconds)" in shown


@pytest.mark.parametrize("format", ["jsonl", "markdown", "html"])
def test_odd_items(inside, monkeypatch, format):
    """Items without id, values that nest 600 deep, numbers that are none: all of it is exported."""
    with canned('"created_at":1,"metadata":{}', *ODD_ITEMS) as base_url:
        monkeypatch.setenv("OPENAI_BASE_URL", base_url)

        said = inside("export", "conv_odd", "--format", format).out

    assert "1e999" in said
    assert "123456789012345678901234567890" in said
    assert DEEP in re.sub(r"\s", "", html.unescape(said).replace('\\"', '"'))


def test_items_without_id(tmp_path):
    """show goes on where it stopped though an item has no id, and shows none of them twice."""
    items = ['{"type":"message","role":"user","content":"one"}', message("two"), '{"role":"user","content":"three"}']
    with canned('"created_at":1,"metadata":{}', *items) as base_url:
        shell = Shell(base_url, tmp_path)

        assert 3 == len(shell("show", "conv_odd").values)
        assert 2 == len(shell("show", "conv_odd", "--last", "2").values)
        assert 1 == shell.in_terminal("show", "conv_odd").count("three")


COMMANDS = [
    ["show", "conv_odd"],
    ["show", "conv_odd", "--full"],
    ["show", "conv_odd", "--json"],
    ["get", "conv_odd"],
    ["get", "conv_odd", "--json"],
    ["check", "conv_odd"],
    ["export", "conv_odd"],
    ["export", "conv_odd", "-t", "markdown"],
    ["export", "conv_odd", "-t", "html"],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_terminal(tmp_path, arguments):
    """No character out of a conversation acts on the terminal: not from texts, names, keys or values of metadata."""
    text = HOSTILE.encode("unicode_escape").decode().replace("\\x", "\\u00")
    items = [
        message(HOSTILE),
        message(f"```\n{HOSTILE}\n```", "assistant", "msg_2"),
        f'{{"type":"function_call","id":"{text}","call_id":"{text}","name":"{text}","arguments":"{text}","status":"{text}"}}',
        f'{{"type":"{text}","id":"x","{text}":"{text}"}}',
    ]
    with canned(f'"created_at":1,"metadata":{{"{text}":"{text}","title":"{text}"}}', *items) as base_url:
        shell = Shell(base_url, tmp_path)
        code = 11 if arguments[0] == "check" else 0

        shown = shell.in_terminal(*arguments, code=code)

    assert is_harmless(shown)
    assert "owned" in shown


@pytest.mark.parametrize("locale", ["ASCII", "cp1252"])
@pytest.mark.parametrize("arguments", COMMANDS[:1] + COMMANDS[3:4] + COMMANDS[-2:], ids=" ".join)
def test_locale(tmp_path, arguments, locale):
    """Where the terminal cannot show a character it gets another one; files and pipes with JSON are UTF-8."""
    environment = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": locale}
    with canned('"created_at":1,"metadata":{"ключ":"日本"}', message("−14 °C, grüße, 日本")) as base_url:
        shell = Shell(base_url, tmp_path)

        shown = shell.in_terminal(*arguments, env=environment)
        done = shell(*arguments, env=environment)

    assert "?" in shown
    assert "日" not in shown
    assert "日本" in done.out
