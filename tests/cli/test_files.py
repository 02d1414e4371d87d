"""Files that commands read and write."""

from __future__ import annotations

import asyncio
import codecs
import json
import os
import stat
import threading
from pathlib import Path

import pytest

from openai_conversations.server import ConversationsServer
from tests.cli.conftest import make
from tests.cli.processes import Shell
from tests.cli.samples import ITEMS


@pytest.mark.parametrize(
    ("name", "format", "begin"),
    [
        ("x.html", None, "<!doctype html>"),
        ("x.HTM", None, "<!doctype html>"),
        ("x.md", None, "# "),
        ("x.jsonl", None, '{"format"'),
        ("x", None, '{"format"'),
        ("x.html", "jsonl", '{"format"'),
        ("x.jsonl", "markdown", "# "),
    ],
)
def test_endings(inside, conversation, name, format, begin):
    """The ending of the file chooses the format; --format wins."""
    inside("export", conversation, "--to", name, *(["--format", format] if format else []))

    assert (inside.folder / name).read_text(encoding="utf-8").startswith(begin)


def test_existing_files(inside, conversation):
    """A file that is there stays as it is, unless --force is given; then it keeps its permissions."""
    file = inside.folder / "x.md"
    file.write_text("mine")
    file.chmod(0o640)

    assert "x.md: exists already; --force overwrites it" == inside.fails("export", conversation, "--to", "x.md", code=6)
    assert "mine" == file.read_text()
    inside("export", conversation, "--to", "x.md", "--force")
    assert (file.read_text()[:2], 0o640) == ("# ", stat.S_IMODE(file.stat().st_mode))
    assert ["x.md"] == [path.name for path in inside.folder.iterdir()]


def test_existing_files_of_a_bulk_run(shell, inside):
    """The same holds for each file of a folder; what the run itself wrote before it was killed is not in its way."""
    ids = [make(shell, ITEMS[:1]) for _ in range(2)]
    folder = inside.folder / "archive"
    folder.mkdir()
    (folder / f"{ids[0]}.jsonl").write_text("mine")

    done = inside("export", *ids, "--to", "archive", "--ledger", "l.sqlite", code=10)
    again = inside("export", *ids, "--to", "archive", "--ledger", "l.sqlite", code=10)

    assert (1, 1) == (done.value["done"], done.value["failed"])
    assert f"archive/{ids[0]}.jsonl exists already" in done.err
    assert "mine" == (folder / f"{ids[0]}.jsonl").read_text()
    assert 1 == again.value["failed"]
    assert 2 == inside("export", *ids, "--to", "archive", "--force").value["done"]


def test_standard_output(inside, conversation):
    """--to - is standard output."""
    assert inside("export", conversation, "--to", "-", "-t", "markdown").out.startswith("# ")
    assert [] == [path.name for path in inside.folder.iterdir()]


def test_an_ending_of_no_format(inside, conversation):
    """A file may have any ending when the format is named, and none at all."""
    inside("export", conversation, "--to", "a.pdf", "--format", "markdown")
    inside("export", conversation, "--to", "b")

    assert (inside.folder / "a.pdf").read_text(encoding="utf-8").startswith("# ")
    assert '{"format":"openai_conversations/conversation"' in (inside.folder / "b").read_text(encoding="utf-8")


def test_devices_and_pipes(inside, conversation):
    """What is no regular file is written to, not replaced; a full device is an error that names it."""
    os.mkfifo(inside.folder / "pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((inside.folder / "pipe").read_bytes()))
    reader.start()

    inside("export", conversation, "--to", "pipe")
    reader.join()

    assert 5 == len(read[0].splitlines())
    assert stat.S_ISFIFO((inside.folder / "pipe").stat().st_mode)
    assert "/dev/full: No space left on device" == inside.fails("export", conversation, "--to", "/dev/full", code=6)
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_planted_links(inside, conversation):
    """A link that somebody put where a file is being written is not followed."""
    target = inside.folder / "target"
    (inside.folder / "x.md.partial").symlink_to(target)

    inside("export", conversation, "--to", "x.md")

    assert not target.exists()
    assert (inside.folder / "x.md").read_text().startswith("# ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["export", "conv_1", "--to", "no/x.md"], "no: no such directory"),
        (["export", "conv_1", "--to", "."], ".: is a directory"),
        (["export", "a", "b", "--to", "file"], "file: not a directory"),
        (["erase", "conv_1", "--yes", "--receipts", "no/r.jsonl"], "no: no such directory"),
        (["erase", "conv_1", "--yes", "--receipts", "."], ".: "),
        (["append", "conv_1", "x", "--resume", "no/r"], "no: no such directory"),
        (["append", "conv_1", "x", "--resume", "file"], "file: not what --resume wrote"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
async def test_nothing_is_done(tmp_path, arguments, said):
    """A file that cannot be written is told in one line before a single request is made."""
    (tmp_path / "file").write_text("hello")
    async with ConversationsServer() as server:
        line = await asyncio.to_thread(Shell(server.base_url, tmp_path).fails, *arguments, code=6)

        assert line.startswith(said)
        assert [] == server.requests


@pytest.mark.skipif(os.geteuid() == 0, reason="everything is allowed to root")
def test_no_permission(inside):
    """A folder that may not be written to is told in one line before anything is done."""
    (inside.folder / "locked").mkdir(mode=0o555)

    assert "locked/x.md: permission denied" == inside.fails("export", "conv_1", "--to", "locked/x.md", code=6)


ITEM = {"type": "message", "role": "user", "content": "Grüße, 日本"}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(ITEM, ensure_ascii=False).encode(),
        codecs.BOM_UTF8 + json.dumps(ITEM, ensure_ascii=False).encode(),
        json.dumps(ITEM, ensure_ascii=False).encode("utf-16"),
        codecs.BOM_UTF8 + b"\r\n".join([json.dumps(ITEM).encode()] * 3) + b"\r\n",
    ],
    ids=["UTF-8", "with a byte order mark", "UTF-16", "lines of Windows"],
)
def test_encodings(shell, conversation, content):
    """Files of items are read as UTF-8 whatever the locale, with or without a byte order mark, and as UTF-16."""
    (shell.folder / "items.json").write_bytes(content)

    shell(
        "append", conversation, "-f", "items.json", env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    )

    assert "Grüße, 日本" == shell("show", conversation).values[-1]["content"][0]["text"]


def test_typed_text(shell, conversation):
    """What is typed where the locale is ASCII arrives as it was typed."""
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    shell("append", conversation, "Grüße, 日本", env=ascii_only)
    shell("update", conversation, "ключ=Ünï", env=ascii_only)

    assert "Grüße, 日本" == shell("show", conversation).values[-1]["content"][0]["text"]
    assert {"ключ": "Ünï"} == shell("get", conversation).value["metadata"]


@pytest.mark.parametrize("content", [codecs.BOM_UTF8 + b"sk-test\r\n", "sk-test\n".encode("utf-16")], ids=["8", "16"])
def test_key_files(inside, monkeypatch, conversation, content):
    """A file with the key may begin with a byte order mark."""
    monkeypatch.delenv("OPENAI_API_KEY")
    (inside.folder / "key").write_bytes(content)

    assert conversation == inside("get", conversation, "--api-key-file", "key").value["id"]


def test_receipts_are_added(inside, shell):
    """Receipts are added to what the file holds; none is lost, and none stands there twice."""
    first, second = make(shell, ITEMS), make(shell, ITEMS)

    inside("erase", first, "--yes", "--receipts", "r.jsonl")
    inside("erase", second, "--yes", "--receipts", "r.jsonl")

    lines = [json.loads(line) for line in (inside.folder / "r.jsonl").read_bytes().splitlines()]
    assert [first, second] == [line["conversation_id"] for line in lines]


def test_receipts_that_cannot_be_written(inside, conversation):
    """When the file is full, the receipt is printed: what it tells of is done."""
    done = inside("erase", conversation, "--yes", "--receipts", "/dev/full")

    assert {conversation} == {value["conversation_id"] for value in done.values}
    assert "/dev/full: No space left on device; the receipt goes to standard output\n" == done.err


def test_import_names_the_file(inside):
    """What is wrong with a file is said with its name."""
    (inside.folder / "x.json").write_text("{]")

    assert inside.fails("import", "x.json", code=6).startswith("x.json: line 1: not JSON")


def test_what_show_writes_can_be_imported(inside, conversation):
    """What ``show`` writes into a pipe, in the encoding of any shell, is a conversation again."""
    shown = inside("show", conversation)
    (inside.folder / "shown.jsonl").write_bytes(shown.out.encode("utf-16"))

    report = inside("import", "shown.jsonl").value

    assert (len(ITEMS), len(ITEMS), []) == (report["total"], report["stored"], report["unread"])


def test_one_of_several(inside):
    """Which conversation of a file, and which end of a page is the newest, can be said; for one file only."""
    chats = [{"id": name, "messages": [{"role": "user", "content": name}]} for name in ("a", "b")]
    page = {"object": "list", "data": [{"type": "message", "role": "user", "content": text} for text in ("2", "1")]}
    (inside.folder / "chats.json").write_text(json.dumps(chats))
    (inside.folder / "page.json").write_text(json.dumps(page))

    assert "choose one: a, b" in inside.fails("import", "chats.json", code=6)
    chosen = inside("import", "chats.json", "--conversation", "b").value["conversation_id"]
    turned = inside("import", "page.json", "--order", "desc").value

    assert ["b"] == [item["content"][0]["text"] for item in inside("show", chosen).values]
    assert ["1", "2"] == [item["content"][0]["text"] for item in inside("show", turned["conversation_id"]).values]
    assert [] == turned["unread"]
    assert "--order takes one file" in inside.fails("import", "chats.json", "page.json", "--order", "asc", code=2)
