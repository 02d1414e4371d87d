"""
Help pages that were drawn beforehand: ``--help`` answers in the time that Python takes to start.

Drawing one loads the framework and looks at every option, which takes a sixth of a second. So the pages are kept beside
this module, and a test holds that they are what would be drawn. After a change of an option:

    python -m openai_conversations.cli.prepared
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

PAGES: Final = os.path.join(os.path.dirname(__file__), "help_pages.json")  # noqa: PTH118, PTH120  # pathlib takes 6 ms

WIDTH: Final = 80

_COLOURS: Final = re.compile(r"\x1b\[[\d;]*m")


def show(arguments: Sequence[str]) -> bool:
    """Print the page that the arguments ask for; tells whether there was one."""
    if not arguments or arguments[-1] not in ("--help", "-h"):
        return False
    with open(PAGES, encoding="utf-8") as file:  # noqa: PTH123  # see PAGES
        page: str | None = json.load(file).get(" ".join(arguments[:-1]))
    if page is None:
        return False
    sys.stdout.write(page if _wants_colours(os.environ) else _COLOURS.sub("", page))
    return True


def _wants_colours(environ: Mapping[str, str]) -> bool:
    """As rich decides it: https://no-color.org counts."""
    return sys.stdout.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") not in ("dumb", "unknown")


def draw() -> dict[str, str]:
    """Every page by its command, with colours; ``""`` is the page of the program."""
    from openai_conversations.cli.main import COMMANDS, make_app

    names = ["", *(command.name for command in COMMANDS)]
    return {name: _drawn(make_app(), name) for name in names}


def _drawn(app: Any, name: str) -> str:
    import io

    from rich.console import Console

    file = io.StringIO()
    console = Console(
        file=file, width=WIDTH, force_terminal=True, color_system="standard", highlight=False, _environ={}
    )
    app.help_print([name] if name else [], console=console)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def main() -> None:
    """Draw the pages anew."""
    with open(PAGES, "w", encoding="utf-8") as file:  # noqa: PTH123  # see PAGES
        json.dump(draw(), file, ensure_ascii=False, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
