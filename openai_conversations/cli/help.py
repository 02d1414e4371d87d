"""How ``--help`` looks: two columns, quickly drawn. The framework's own view with boxes takes 40 ms more."""

# ruff: noqa: ARG002  # the framework's signatures

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions

_WIDEST: Final = 100
_LONGEST_LABEL: Final = 26


class HelpFormatter:
    """Draws the parts of a help page; what :class:`cyclopts.App` takes as ``help_formatter``."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """One section: a title and its entries."""
        if not panel.entries:
            return
        rows = [(_label(entry), _description(entry)) for entry in panel.entries]
        column = min(max(len(label) for label, _ in rows), _LONGEST_LABEL) + 4
        console.print(Text(f"{plain(panel.title)}:", style="bold"))
        for label, description in rows:
            _print_row(console, label, description, column)
        console.print()

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Any) -> None:
        """``Usage: openai-conversations …``."""
        text = plain(usage).strip().removeprefix("Usage:").strip()
        if text:
            console.print(Text.assemble(("Usage: ", "bold"), text))
            console.print()

    def render_description(self, console: Console, options: ConsoleOptions, description: Any) -> None:
        """What the command does, paragraph by paragraph."""
        paragraphs = [" ".join(paragraph.split()) for paragraph in plain(description).split("\n\n")]
        for paragraph in filter(None, paragraphs):
            console.print(Text("\n".join(textwrap.wrap(paragraph, _width(console)))))
            console.print()


def plain(value: Any) -> str:
    """The text of what the framework hands over: a string, a rich text, or its wrapper of one with others."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, Text):
        return value.plain
    parts = [value.primary_renderable, *value.texts] if hasattr(value, "primary_renderable") else value.renderables
    return " ".join(filter(None, (plain(part) for part in parts)))


def _label(entry: HelpEntry) -> str:
    """``-f, --file FILE`` or ``ID``."""
    if entry.positional_label:
        return entry.positional_label
    names = ", ".join(sorted(entry.all_options, key=len))
    return f"{names} {entry.metavar}" if entry.metavar else names


def _description(entry: HelpEntry) -> str:
    words = plain(entry.description).split()
    if entry.choices:
        words.append(f"One of {', '.join(entry.choices)}.")
    if entry.env_var:
        words.append(f"Else ${entry.env_var[0]}.")
    if entry.default not in (None, "", "None", "False", "()"):
        words.append(f"[{entry.default}]")
    return " ".join(words)


def _print_row(console: Console, label: str, description: str, column: int) -> None:
    lines = textwrap.wrap(description, max(_width(console) - column, 20)) or [""]
    head = Text(f"  {label}", style="cyan")
    if len(label) + 4 > column:
        console.print(head)
        console.print(Text(" " * column + lines[0]))
    else:
        console.print(Text.assemble(head, " " * (column - len(label) - 2), lines[0]))
    for line in lines[1:]:
        console.print(Text(" " * column + line))


def _width(console: Console) -> int:
    return min(console.width, _WIDEST)
