"""Commands on many conversations: erase, export, import, check, repair, find."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from openai_conversations import ConversationsClient, Receipt, Registry
from openai_conversations.cli.render.reports import show_check
from openai_conversations.operations.repair.check import examine
from tests.cli.conftest import make
from tests.cli.processes import PROGRAM, environment, inherited, read_until
from tests.cli.samples import BROKEN, ITEMS
from tests.fakes import append_request


def test_erase_one(shell, conversation):
    """erase deletes items and conversation, and prints the receipt."""
    receipt = Receipt.from_json(shell("erase", conversation, "--yes").value)

    assert ("erased", 4) == (receipt.outcome, receipt.count)
    assert "404" in shell.fails("get", conversation, code=4)
    assert "already_gone" == shell("erase", conversation, "--yes", code=13).value["outcome"]
    assert "already_gone" == shell("erase", conversation, "--yes", "--missing-ok").value["outcome"]


def test_erase_asks(shell, conversation):
    """In a terminal erase asks first; in a pipe it wants --yes."""
    assert "cannot ask for confirmation; pass --yes" == shell.fails("erase", conversation, code=12)
    assert "nothing was done" in shell.in_terminal("erase", conversation, keys="\n", code=12)
    assert "items deleted" in shell.in_terminal("erase", conversation, keys="yes\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_question(shell, number):
    """One Ctrl-C at the question is enough, and SIGTERM as well; nothing was done."""
    made = make(shell, ITEMS)
    with shell.started_in_terminal("erase", made) as (process, screen):
        read_until(screen, r"\[y/N\] ")
        process.send_signal(number)

        assert 128 + number == process.wait(30)

    assert 4 == len(shell("show", made).values)


def test_erase_many(shell):
    """Ids come from a file or standard input; receipts and a summary come out; a second run has nothing to do."""
    ids = [make(shell, ITEMS) for _ in range(5)]
    (shell.folder / "ids.txt").write_text("\n".join(["# of user 42", *ids]))
    options = [
        "erase",
        "--ids-file",
        "ids.txt",
        "--yes",
        "--receipts",
        "receipts.jsonl",
        "--rate",
        "delete=500,get=500",
    ]

    first, second = shell(*options).value, shell(*options).value

    assert (5, 0, 0, 20) == (first["done"], first["before"], first["failed"], first["items"])
    assert (5, 5, {}) == (second["done"], second["before"], second["requests"])
    receipts = [json.loads(line) for line in (shell.folder / "receipts.jsonl").read_text().splitlines()]
    assert ids == [Receipt.from_json(receipt).conversation_id for receipt in receipts]
    assert {"erased"} == {receipt["outcome"] for receipt in receipts}


def test_erase_in_a_terminal(shell):
    """In a terminal a bar shows how it gets on, and a line what came of it."""
    ids = [make(shell, ITEMS) for _ in range(3)]

    shown = shell.in_terminal("erase", *ids, "--yes")

    assert "3/3" in shown
    assert "3 of 3 done, 12 items" in shown


def test_interrupted(shell):
    """Ctrl-C ends a run at once, with its own exit code; the next run goes on with the same ledger."""
    ids = [make(shell, ITEMS[:1]) for _ in range(30)]
    (shell.folder / "ids.txt").write_text("\n".join(ids))
    with shell.started_in_terminal("erase", "--ids-file", "ids.txt", "--yes", "--rate", "20") as (process, screen):
        read_until(screen, r"[1-9]\d*/30")
        process.send_signal(signal.SIGINT)
        shown = read_until(screen, "--rate 20")
        assert 130 == process.wait(30)

    said = (
        "error: interrupted; ids.txt.erase.sqlite holds what is done; to go on: openai-conversations erase --ids-file"
    )
    assert said in shown.replace("\r\n", "")
    with contextlib.closing(sqlite3.connect(shell.folder / "ids.txt.erase.sqlite")) as db:
        (done,) = db.execute("SELECT COUNT(*) FROM conversations WHERE phase = 'done'").fetchone()
    summary = shell("erase", "--ids-file", "ids.txt", "--yes").value

    assert 0 < done < 30
    assert (30, done) == (summary["done"], summary["before"])


@pytest.mark.parametrize("sigint", [signal.default_int_handler, signal.SIG_IGN], ids=["foreground", "background"])
def test_terminated(shell, sigint):
    """SIGTERM ends a run like Ctrl-C, with another exit code; also where a script's shell has switched Ctrl-C off."""
    ids = [make(shell, ITEMS[:1]) for _ in range(10)]
    with inherited(signal.SIGINT, sigint):
        process = subprocess.Popen(
            [*PROGRAM, "erase", *ids, "--yes", "--ledger", "ledger.sqlite", "--rate", "1"],
            cwd=shell.folder,
            env=environment(shell.base_url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    while not (shell.folder / "ledger.sqlite").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)

    assert 143 == process.returncode
    command = f"openai-conversations erase {' '.join(ids)} --yes --ledger ledger.sqlite --rate 1"
    assert f"error: terminated; ledger.sqlite holds what is done; to go on: {command}\n" == err.decode()


def test_some_fail(shell):
    """When some conversations fail, they are named, the exit code says so, and the others are done."""
    good = make(shell, ITEMS)
    (shell.folder / "archive").mkdir()

    done = shell("export", good, "conv_nowhere", "--to", "archive", code=10)

    assert (1, 1) == (done.value["done"], done.value["failed"])
    assert "conv_nowhere: NotFoundError" in done.err
    assert [f"{good}.jsonl"] == [path.name for path in (shell.folder / "archive").iterdir()]


def test_export_import(shell, conversation):
    """What was exported can be imported, and exports the same again."""
    lines = shell("export", conversation).out
    (shell.folder / "c.jsonl").write_text(lines)

    report = shell("import", "c.jsonl").value
    copy = shell("show", report["conversation_id"]).values

    assert (4, 4) == (report["total"], report["stored"])
    assert [item["type"] for item in ITEMS] == [item["type"] for item in copy]
    assert 0 == shell("import", "-", "--into", report["conversation_id"], input=lines).value["stored"]
    assert "dry run" in shell.in_terminal("import", "c.jsonl", "--dry-run")


@pytest.mark.parametrize(("format", "begin"), [("markdown", "#"), ("html", "<!")])
def test_export_for_people(shell, conversation, format, begin):
    """Markdown and HTML go to standard output or to a file."""
    shell("export", conversation, "--format", format, "--to", "file")

    assert shell("export", conversation, "-t", format).out.lstrip().lower().startswith(begin)
    assert (shell.folder / "file").read_text().lstrip().lower().startswith(begin)


def test_import_many(shell):
    """Many files are imported once each, however often the command runs; the reports come out."""
    for number in range(3):
        (shell.folder / f"{number}.jsonl").write_text(shell("export", make(shell, ITEMS[:1])).out)
    files = [f"{number}.jsonl" for number in range(3)]

    first = shell("import", *files, "--ledger", "import.sqlite").values
    second = shell("import", *files, "--ledger", "import.sqlite").values

    assert (4, 3) == (len(first), first[-1]["done"])
    assert [report["conversation_id"] for report in first[:3]] == [report["conversation_id"] for report in second[:3]]
    assert 3 == second[-1]["before"]


def test_check_and_repair(shell):
    """check finds a call without output and says so by its exit code; repair plans, and does it when asked to."""
    broken = make(shell, BROKEN)

    checked = shell("check", broken, code=11)
    plan = shell("repair", broken, code=11)
    found, planned = checked.value, plan.value
    still = shell("check", broken, code=11).value
    done = shell("repair", broken, "--apply", "--yes").value

    assert f"to fix it: openai-conversations repair {broken}\n" == checked.err
    assert "nothing was changed; --apply does it\n" == plan.err

    assert (
        ["call_without_output"]
        == [finding["kind"] for finding in found["findings"]]
        == [finding["kind"] for finding in still["findings"]]
    )
    assert (1, False) == (len(planned["plan"]["steps"]), planned["applied"])
    assert (True, True) == (done["applied"], done["after"]["is_sound"])
    assert "sound" in shell.in_terminal("check", broken)


def test_check_names_what_cannot_be_copied(capsys):
    """What a fork would leave out stands in one line for each reason."""
    show_check(examine("conv_1", [{"type": "structured_outputs", "id": n, "output": 1} for n in "ab"]))

    reason = "Azure AI Foundry gives structured_outputs items and, by its description, takes none"
    assert f"a fork or an import leaves out 2 of 2 items: {reason}\nsound 2 items\n" == capsys.readouterr().out


def test_repair_in_a_terminal(shell):
    """In a terminal repair shows its plan and asks before it does it."""
    broken = make(shell, BROKEN)

    shown = shell.in_terminal("repair", broken, code=11)
    assert "1. " in shown
    assert "item 2 (function_call" in shown
    assert "sound" in shell.in_terminal("repair", broken, "--apply", keys="y\n")


def test_check_many(shell):
    """Of many conversations only those with findings are printed, and a summary."""
    broken, sound = make(shell, BROKEN), make(shell, ITEMS)
    ids = "\n".join([sound, json.dumps({"id": broken})])

    *reports, summary = shell("check", "--ids-file", "-", input=ids, code=11).values

    assert [broken] == [report["conversation_id"] for report in reports]
    assert (2, 1) == (summary["done"], summary["problems"])
    assert "1 × call without output" in shell.in_terminal("check", broken, sound, code=11)


async def _register(path: Path, base_url: str) -> list[str]:
    async with (
        Registry(path) as registry,
        ConversationsClient(api_key="sk-test", base_url=base_url, middlewares=[registry]) as client,
    ):
        return [(await client.conversations.create(metadata={"user": str(number % 2)})).id for number in range(4)]


def test_find(shell):
    """find lists the conversations of a registry, in a form that other commands take."""
    ids = asyncio.run(_register(shell.folder / "conversations.sqlite", shell.base_url))

    mine = shell("find", "--owner", "1").out

    assert ids[1::2] == [json.loads(line)["id"] for line in mine.splitlines()]
    assert "\n".join([*ids, ""]) == shell("find", "--ids").out
    assert "" == shell("find", "--idle", "1h").out
    assert 2 == shell("erase", "--ids-file", "-", "--yes", input=mine).value["done"]
    assert "4 conversations" in shell.in_terminal("find")
    assert "" == shell("find", "--pending").out


def test_pending(shell):
    """find --pending tells of creations that nobody heard of again."""

    async def leave() -> None:
        async with Registry(shell.folder / "r.sqlite") as registry:
            with pytest.raises(KeyboardInterrupt):
                await registry(_create(), _interrupted)

    asyncio.run(leave())

    assert {"user": "7"} == shell("find", "-r", "r.sqlite", "--pending", code=11).value["metadata"]
    assert "owner 7" in shell.in_terminal("find", "-r", "r.sqlite", "--pending", code=11)


async def _interrupted(_):
    raise KeyboardInterrupt


def _create():
    return append_request(operation="createConversation", body=b'{"metadata":{"user":"7"}}', conversation_id=None)
