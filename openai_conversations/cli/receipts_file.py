"""The file that takes the receipts of an erasure: opened before the first deletion, and only ever added to."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import CommandError
from openai_conversations.cli.render.output import json_line, note, write_bytes


class ReceiptsFile:
    """
    Receipts, one JSON object a line. What the file holds already is not added again.

    Args:
        path: The file; ``None`` keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.is_whole: bool = True
        """Whether every receipt so far is in the file."""
        self._file: IO[bytes] | None = None
        self._known: set[bytes] = set()

    def __enter__(self) -> Self:
        """
        Open the file and write to it.

        Raises:
            CommandError: Its folder is not there.
            OSError: It cannot be written; nothing was deleted yet.
        """
        if self.path is not None:
            if not self.path.parent.is_dir():
                raise CommandError(f"{self.path.parent}: no such directory", Exit.BAD_INPUT)
            self._file = self.path.open("ab")
            if self.is_regular:  # not a pipe, and not a device: it may have no end
                self._begin(self._file, self.path)
        return self

    @property
    def is_regular(self) -> bool:
        """Whether it is a file on a disk."""
        return self.path is not None and self.path.is_file()

    def _begin(self, file: IO[bytes], path: Path) -> None:
        """Read what is there, end a line that a killed process left half way, and see that the disk takes it."""
        last = b"\n"
        with path.open("rb") as lines:
            for last in lines:
                self._known.add(_digest(last))
        if not last.endswith(b"\n"):
            file.write(b"\n")
            file.flush()
        os.fsync(file.fileno())
        _sync_folder(path.parent)

    def add(self, receipt: Mapping[str, Any]) -> None:
        """Write a receipt; where that fails it is printed, for what it tells of is done."""
        line = json_line(receipt)
        if self._file is None or _digest(line) in self._known:
            return
        self._known.add(_digest(line))
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            self._print(line, error)

    def sync(self) -> None:
        """What was added is on the disk, as far as there is one."""
        if self._file is not None:
            with suppress(OSError):
                os.fsync(self._file.fileno())

    def _print(self, line: bytes, error: OSError) -> None:
        self.is_whole = False
        note(f"{self.path}: {error.strerror}; the receipt goes to standard output")
        write_bytes(line)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self.sync()
            with suppress(OSError):
                self._file.close()


def _sync_folder(folder: Path) -> None:
    """The name of a new file is on the disk, too; not every system can say so of a folder."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _digest(line: bytes) -> bytes:
    return hashlib.blake2b(line.rstrip(b"\n"), digest_size=16).digest()
