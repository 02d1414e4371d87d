"""Files that are there whole or not at all."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import stat
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

_CHUNK: Final = 256 * 1024

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


async def write_file(path: Path, lines: AsyncIterator[bytes]) -> tuple[int, int]:
    """
    Write a file; gives lines and bytes.

    A regular file is written beside its place, under a name that cannot be predicted, and moved there when it is whole
    and on the disk. Where the path is a link, what it leads to is replaced. A device or a pipe is written to as it is.

    Raises:
        OSError: It cannot be written; names the file.
    """
    try:
        target = await asyncio.to_thread(path.resolve)
        if not await asyncio.to_thread(is_regular, target):
            return await _write_through(target, lines)
        partial, file = await asyncio.to_thread(_beside, target)
        try:
            with file:
                counts = await _write(file, lines)
                await asyncio.to_thread(_to_disk, file)
            await asyncio.to_thread(_move, partial, target)
        finally:
            with suppress(FileNotFoundError):
                partial.unlink()
    except OSError as error:
        raise _named(error, path) from error
    return counts


def replace_file(path: Path, content: bytes) -> None:
    """
    Write a small file in the same way.

    Raises:
        OSError: It cannot be written.
    """
    partial, file = _beside(path)
    try:
        with file:
            file.write(content)
            _to_disk(file)
        _move(partial, path)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


def is_regular(path: Path) -> bool:
    """Whether a path is a file that can be replaced, or nothing yet."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return True


async def _write_through(path: Path, lines: AsyncIterator[bytes]) -> tuple[int, int]:
    with await asyncio.to_thread(path.open, "wb") as file:
        counts = await _write(file, lines)
        await asyncio.to_thread(file.flush)
    return counts


async def _write(file: IO[bytes], lines: AsyncIterator[bytes]) -> tuple[int, int]:
    count = size = waiting = 0
    chunk: list[bytes] = []
    async for line in lines:
        chunk.append(line)
        count, size, waiting = count + 1, size + len(line), waiting + len(line)
        if waiting >= _CHUNK:
            await asyncio.to_thread(file.write, b"".join(chunk))
            chunk, waiting = [], 0
    await asyncio.to_thread(file.write, b"".join(chunk))
    return count, size


def _beside(path: Path) -> tuple[Path, IO[bytes]]:
    """A new file in the same folder; one that is there, or a link that somebody put there, is not touched."""
    partial = path.with_name(f".{secrets.token_hex(8)}.partial")
    return partial, os.fdopen(os.open(partial, _NEW, 0o666), "wb")


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _move(partial: Path, path: Path) -> None:
    with suppress(FileNotFoundError):
        partial.chmod(stat.S_IMODE(path.stat().st_mode))
    partial.replace(path)


def _named(error: OSError, path: Path) -> OSError:
    """An error with the name of the file; the system does not name the file that found the disk full."""
    return error if error.filename is not None else OSError(error.errno or errno.EIO, error.strerror or "", str(path))
