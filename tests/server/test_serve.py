"""Serving until told to stop."""

from __future__ import annotations

import asyncio
import io
import re
import signal
import sys

import pytest

from openai_conversations.server import ServeOptions, serve
from openai_conversations.server.journal import JournalEntry
from openai_conversations.server.serve import access_line, make_server
from tests.server.process import serving


async def served(options, ask):
    """Serve in this loop, ask something, stop; what was printed and what was logged."""
    out, log = io.StringIO(), io.StringIO()
    started = asyncio.get_running_loop().create_future()
    serving = asyncio.ensure_future(serve(options, out=out, log=log, started=started.set_result))
    await asyncio.wait([serving, started], return_when=asyncio.FIRST_COMPLETED)
    if not serving.done():
        await ask(started.result())
        signal.raise_signal(signal.SIGTERM)
    await serving
    return out.getvalue(), log.getvalue()


async def nothing(server):
    """Ask nothing."""


async def test_a_shell_can_take_what_is_printed():
    """Both variables that the official clients need are set by the lines on standard output."""
    urls = []

    async def ask(server):
        urls.append(server.base_url)

    out, _ = await served(ServeOptions(), ask)
    shell = await asyncio.create_subprocess_exec(
        "sh", "-c", f'{out}printf "%s %s" "$OPENAI_BASE_URL" "$OPENAI_API_KEY"', stdout=asyncio.subprocess.PIPE
    )

    assert (f"{urls[0]} sk-local".encode(), None) == await shell.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
async def test_a_process_stops_cleanly(number, session):
    """The process tells its address in a line for the shell, logs what it answers, and ends well when it is told to."""
    async with serving(faults=("status:status=503,operation=getConversation",)) as (process, base_url):
        headers = {"authorization": "Bearer sk-secret"}
        async with session.post(f"{base_url}/conversations", headers=headers) as response:
            conversation = (await response.json())["id"]
        async with session.get(f"{base_url}/conversations/{conversation}", headers=headers) as response:
            await response.read()
        process.send_signal(number)
        _, log = await process.communicate()

        assert 0 == process.returncode
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", base_url)
    page, created, retrieved, stopped = log.decode().splitlines()
    assert f"look into it: {base_url.removesuffix('v1')}_control/" == page
    assert re.fullmatch(r"\d\d:\d\d:\d\d POST /v1/conversations 200 \d+\.\dms req_\w+", created)
    assert retrieved.endswith("fault=status")
    assert f"GET /v1/conversations/{conversation} 503 " in retrieved
    assert "stopped" == stopped
    assert b"sk-secret" not in log


async def test_options(session, tmp_path):
    """Every option reaches the server."""
    options = ServeOptions(
        database=str(tmp_path / "db"),
        profile="azure,after_delete=cascade",
        keys=("sk-a",),
        seed=1,
        access_log=False,
        faults=("locked:n=2",),
        max_body=10,
        page=False,
    )

    async def ask(server):
        for key, body, status in [("sk-b", b"{}", 401), ("sk-a", b"{}", 400), ("sk-a", b" " * 11, 413)]:
            headers = {"api-key": key, "content-type": "application/json"}
            async with session.post(f"{server.base_url}/conversations", data=body, headers=headers) as response:
                assert status == response.status

    out, log = await served(options, ask)
    base_url, key = out.splitlines()
    assert re.fullmatch(r"export OPENAI_BASE_URL=http://127\.0\.0\.1:\d+/openai/v1", base_url)
    assert "# export OPENAI_API_KEY=…, one of the accepted keys" == key
    assert "stopped\n" == log


@pytest.mark.parametrize(("keys", "whom"), [((), "clients with any key"), (("sk-a",), "clients with one of the keys")])
async def test_an_open_host_is_warned_of(keys, whom):
    """Listening to other machines is said to be so; loopback is not worth a word."""
    out, log = await served(ServeOptions(host="0.0.0.0", keys=keys), nothing)  # noqa: S104  # for a moment

    assert f"warning: 0.0.0.0 can be reached from other machines; {whom} " in log
    assert "OPENAI_BASE_URL=http://127.0.0.1:" in out
    assert "warning" not in (await served(ServeOptions(), nothing))[1]


@pytest.mark.parametrize(
    "options", [ServeOptions(faults=("explode",)), ServeOptions(profile="x")], ids=["fault", "profile"]
)
async def test_mistakes_are_told_before_anything_starts(options):
    """What cannot be served is an error."""
    with pytest.raises(ValueError, match="there is no"):
        await served(options, nothing)


def test_access_lines():
    """A line tells what was asked and answered; nothing in it can start another line."""
    entry = JournalEntry(number=1, time=0.0, method="GET", path="/a\nb\udcff", fault="refuse", seconds=0.0015)

    assert access_line(entry)[8:] == " GET /a\\nb\\udcff --- 1.5ms fault=refuse"


async def test_a_script(tmp_path):
    """The model says what a file holds, as fast as it is told to."""
    (tmp_path / "script.json").write_text('\ufeff["Grüezi", {"fail": "server_error"}]', encoding="utf-8")
    server = make_server(ServeOptions(script=str(tmp_path / "script.json"), tokens_per_second=50), sys.stderr)

    assert ["message", "failed"] == [str(turn) for turn in server.model.unused]
    assert 50 == server.model.tokens_per_second


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read: No such file"), ("[", "is not JSON"), ("[7]", "turn 1 of the script")],
)
async def test_a_script_that_is_none(tmp_path, content, message):
    """It is refused before anything listens."""
    path = tmp_path / "script.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    with pytest.raises(ValueError, match=message):
        make_server(ServeOptions(script=str(path)), sys.stderr)
