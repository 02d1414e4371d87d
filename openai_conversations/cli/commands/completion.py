"""``completion``: what a shell needs to complete commands and options."""

from __future__ import annotations

from typing import Literal

from openai_conversations.cli.exit_codes import Exit


def completion(shell: Literal["bash", "zsh", "fish"], /) -> int:
    """
    Print the script that lets a shell complete commands.

    Args:
        shell: Which shell.
    """
    from openai_conversations.cli.main import make_app

    print(make_app().generate_completion(shell=shell))
    return Exit.OK
