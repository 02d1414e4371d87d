"""Files that a command is to write are looked at before anything is done."""

from __future__ import annotations

import os
from pathlib import Path

from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import CommandError


def check_target(path: Path, *, force: bool) -> None:
    """
    Find out whether a file may be written, before anything else is done.

    Args:
        path: The file.
        force: Whether it may be there already.

    Raises:
        CommandError: It is there, or is a folder, or its folder is missing or cannot be written to.
    """
    if path.is_dir():
        raise CommandError(f"{path}: is a directory", Exit.BAD_INPUT)
    if not path.parent.is_dir():
        raise CommandError(f"{path.parent}: no such directory", Exit.BAD_INPUT)
    if path.is_file() and not force:
        raise CommandError(f"{path}: exists already; --force overwrites it", Exit.BAD_INPUT)
    if not os.access(path if path.exists() and not path.is_file() else path.resolve().parent, os.W_OK):
        raise CommandError(f"{path}: permission denied", Exit.BAD_INPUT)


def check_folder(path: Path) -> None:
    """
    Make a folder when it is not there, and find out whether files can be made in it.

    Raises:
        CommandError: They cannot.
    """
    if path.exists() and not path.is_dir():
        raise CommandError(f"{path}: not a directory, and there is more than one conversation", Exit.BAD_INPUT)
    path.mkdir(parents=True, exist_ok=True)
    if not os.access(path, os.W_OK | os.X_OK):
        raise CommandError(f"{path}: permission denied", Exit.BAD_INPUT)
