"""
The command line ``openai-conversations``.

A command loads what it needs when it runs: ``--help`` loads neither the client nor aiohttp nor the server.
"""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line of this process and leave with its exit code."""
    gc.disable()  # until a command runs: loading modules leaves nothing to collect, and looking for it takes a tenth
    try:
        from openai_conversations.cli.main import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("cyclopts", "rich"):
            raise
        sys.stderr.write('error: the command line needs its extra "cli", or: pip install cyclopts rich\n')
        sys.exit(3)
    sys.exit(run(sys.argv[1:]))
