"""The file that takes the receipts of an erasure: opened before the first deletion, and only ever added to."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from openai_conversations.cli.render.output import json_line, note, write_bytes


class ReceiptsFile:
    """
    Receipts, one JSON object a line. What the file holds already is not added again.

    Args:
        path: The file; ``None`` keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._known: set[bytes] = set()

    def __enter__(self) -> Self:
        """
        Open the file.

        Raises:
            OSError: It cannot be written; nothing was deleted yet.
        """
        if self._path is not None:
            self._file = self._path.open("ab")
            if self._path.is_file():  # not a pipe, and not a device: it may have no end
                with self._path.open("rb") as lines:
                    self._known = {_digest(line) for line in lines}
        return self

    def add(self, receipt: Mapping[str, Any]) -> None:
        """Write a receipt to the disk; where that fails it is printed, for what it tells of is done."""
        line = json_line(receipt)
        if self._file is None or _digest(line) in self._known:
            return
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            note(f"{self._path}: {error.strerror}; the receipt goes to standard output")
            write_bytes(line)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with suppress(OSError):
                os.fsync(self._file.fileno())
            with suppress(OSError):
                self._file.close()


def _digest(line: bytes) -> bytes:
    return hashlib.blake2b(line.rstrip(b"\n"), digest_size=16).digest()
