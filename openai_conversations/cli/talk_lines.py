"""The lines that a person types, without keeping the event loop or the end of the program."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Generator
from typing import Final, TextIO

PROMPT: Final = "> "


class Lines:
    """
    Reads lines in a thread of its own, one when it is asked for, so that a terminal edits the line.

    Args:
        source: Where they come from.
    """

    def __init__(self, source: TextIO) -> None:
        self._source = source
        self.is_terminal: bool = source.isatty()

    async def next(self) -> str | None:
        """The next line, without its end; ``None`` at the end of the input, and at Ctrl-C in a terminal."""
        loop = asyncio.get_running_loop()
        arrived: asyncio.Future[str | None] = loop.create_future()

        def read() -> None:
            line = self._read()
            with contextlib.suppress(RuntimeError):  # the loop was closed: the chat is over
                loop.call_soon_threadsafe(give, line)

        def give(line: str | None) -> None:
            if not arrived.done():
                arrived.set_result(line)

        # A daemon: a thread that waits for a line must not keep the program when it is interrupted.
        reader = threading.Thread(target=read, daemon=True)
        if not self.is_terminal:
            reader.start()
            return await arrived
        with ending(lambda: give(None)):  # before the prompt can be seen
            reader.start()
            line = await arrived
        if line is None:
            print(flush=True)  # the prompt's line is ended, so that a shell begins its own
        return line

    def _read(self) -> str | None:
        if not self.is_terminal:
            line = self._source.readline()
            return line.rstrip("\r\n") if line else None
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  # pyright: ignore[reportUnusedImport]  # lines can be edited, and had again
        try:
            return input(PROMPT)
        except EOFError:
            return None


@contextlib.contextmanager
def interrupting(task: asyncio.Task[object]) -> Generator[None]:
    """While this is open, Ctrl-C cancels a task, and nothing else."""
    with ending(task.cancel):
        yield


@contextlib.contextmanager
def ending(end: Callable[[], object]) -> Generator[None]:
    """While this is open, Ctrl-C calls a function in the event loop, and does nothing else."""
    before = signal.getsignal(signal.SIGINT)
    loop = asyncio.get_running_loop()

    def called(*_: object) -> None:
        loop.call_soon_threadsafe(end)

    signal.signal(signal.SIGINT, called)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        sys.stdout.flush()
