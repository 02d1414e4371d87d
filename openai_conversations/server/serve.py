"""
Serving until told to stop: what ``openai-conversations serve`` does, without its command line.

::

    asyncio.run(serve(ServeOptions(port=8765, faults=("locked:n=3",))))
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TextIO

import attrs

from openai_conversations.converters import json
from openai_conversations.server.journal import JournalEntry
from openai_conversations.server.model.parse import load_script
from openai_conversations.server.model.script import ScriptedModel
from openai_conversations.server.server import LOOPBACK, MAX_BODY, ConversationsServer

JOURNAL_LIMIT = 10_000
"""Requests that a server keeps in mind when it runs for days."""

ANY_KEY = "sk-local"
"""What clients are told to use as a key where every key is accepted: they want one."""


@attrs.frozen(kw_only=True)
class ServeOptions:
    """
    What to serve and how; see :class:`.ConversationsServer` for what the fields mean.

    Attributes:
        host: Where to listen.
        port: 0 takes a free one.
        database: A file, or ``None`` for memory.
        profile: ``openai``, ``ogx``, ``azure``, with traits: ``openai,after_delete=cascade``.
        faults: Lines such as ``commit_then_drop:operation=createConversationItems,count=2``.
        keys: The accepted keys; empty accepts any.
        seed: Makes ids and clock reproducible.
        rate_limit: Requests per minute.
        max_body: The most bytes of a body.
        control: Whether the control path answers; ``None`` only on a loopback address.
        page: Whether the control path shows a page to browsers.
        script: A file with the script of the model, as JSON; see :mod:`.model.parse`.
        tokens_per_second: How fast the model is; ``None`` for all at once.
        access_log: Whether every request is told.
    """

    host: str = "127.0.0.1"
    port: int = 0
    database: str | None = None
    profile: str = "openai"
    faults: tuple[str, ...] = ()
    keys: tuple[str, ...] = attrs.field(default=(), repr=False)
    seed: int | None = None
    rate_limit: int | None = None
    max_body: int = MAX_BODY
    control: bool | None = None
    page: bool = True
    script: str | None = None
    tokens_per_second: float | None = None
    access_log: bool = True


async def serve(
    options: ServeOptions,
    *,
    out: TextIO | None = None,
    log: TextIO | None = None,
    started: Callable[[ConversationsServer], None] | None = None,
) -> None:
    """
    Serve until SIGINT or SIGTERM, then stop cleanly.

    Args:
        options: What to serve.
        out: Where the lines ``export OPENAI_BASE_URL=…`` and ``export OPENAI_API_KEY=…`` go; standard output if
            ``None``.
        log: Where warnings and the access log go; standard error if ``None``.
        started: Called when the server listens.

    Raises:
        ValueError: A fault or a profile that does not exist, or a script that is none.
        OSError: The address is taken, or is not of this machine.
    """
    told: TextIO = out or sys.stdout
    logged: TextIO = log or sys.stderr
    server = make_server(options, logged)
    _warn_of_open_host(options, logged)
    ended = asyncio.Event()
    with _signals(ended):
        async with server:
            print(environment_lines(server.base_url, has_keys=bool(options.keys)), file=told, flush=True)
            if server.page_url:
                print(f"look into it: {server.page_url}", file=logged, flush=True)
            if started is not None:
                started(server)
            await ended.wait()
    print("stopped", file=logged, flush=True)


def environment_lines(base_url: str, *, has_keys: bool) -> str:
    """What a shell runs to point every client at the server; a key that means something is not printed."""
    key = "# export OPENAI_API_KEY=…, one of the accepted keys" if has_keys else f"export OPENAI_API_KEY={ANY_KEY}"
    return f"export OPENAI_BASE_URL={base_url}\n{key}"


def make_server(options: ServeOptions, log: TextIO) -> ConversationsServer:
    """The server that the options describe, not started."""
    server = ConversationsServer(
        host=options.host,
        port=options.port,
        database=options.database,
        profile=options.profile,
        faults=options.faults,
        keys=options.keys or None,
        seed=options.seed,
        rate_limit=options.rate_limit,
        max_body=options.max_body,
        control=options.control,
        page=options.page,
        journal_limit=JOURNAL_LIMIT,
        on_request=_access_log(log) if options.access_log else None,
    )
    server.model.set_speed(tokens_per_second=options.tokens_per_second)
    if options.script is not None:
        _load_script(server.model, options.script)
    return server


class ScriptFileError(ValueError):
    """The file of a script cannot be read, or holds none."""


def _load_script(model: ScriptedModel, path: str) -> None:
    try:
        content = Path(path).read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise ScriptFileError(f"the script {path} cannot be read: {error.strerror}") from error
    if not content.strip():
        raise ScriptFileError(f"the script {path} is empty")
    try:
        script = json.loads_exact(content)
    except ValueError as error:
        raise ScriptFileError(f"the script {path} is not JSON: {error}") from None
    try:
        load_script(model, script)
    except ValueError as error:
        raise ScriptFileError(f"the script {path}: {error}") from None


def _warn_of_open_host(options: ServeOptions, log: TextIO) -> None:
    if options.host.startswith(LOOPBACK):
        return
    whom = "clients with one of the keys" if options.keys else "clients with any key"
    print(
        f"warning: {options.host} can be reached from other machines; {whom} can read and write all that is stored",
        file=log,
        flush=True,
    )


def _access_log(log: TextIO) -> Callable[[JournalEntry], None]:
    def write(entry: JournalEntry) -> None:
        print(access_line(entry), file=log, flush=True)

    return write


def access_line(entry: JournalEntry) -> str:
    """One line for one request: no content, no key."""
    clock = time.strftime("%H:%M:%S", time.localtime(entry.time))
    path = ascii(entry.path)[1:-1]  # nothing in it starts another line or colours the terminal
    parts = [clock, entry.method, path, str(entry.status or "---"), f"{entry.seconds * 1000:.1f}ms", entry.request_id]
    if entry.events:
        parts.append(f"events={entry.events}")
    if entry.client_left:
        parts.append("client left")
    if entry.fault:
        parts.append(f"fault={entry.fault}")
    return " ".join(filter(None, parts))


@contextlib.contextmanager
def _signals(ended: asyncio.Event) -> Generator[None]:
    """Let SIGINT and SIGTERM set the event. Where the loop takes no handlers (Windows) the system's own remain."""
    loop = asyncio.get_running_loop()
    taken: list[signal.Signals] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, RuntimeError):
            loop.add_signal_handler(number, ended.set)
            taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)
