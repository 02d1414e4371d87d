"""An answer as it comes: Markdown that grows in a terminal, plain text in a pipe."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final, Self

from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from openai_conversations.cli.render.text import clean

_REDRAWS: Final = 12
"""Times a second that a growing answer is drawn at the most."""


class Answer:
    """
    Draws the events of a turn.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._text = ""
        self._written = False
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=_REDRAWS, vertical_overflow="visible")
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()
        elif self._written:
            self._console.print()

    def take(self, event: Any) -> None:
        """Show what an event brings: text, a refusal, or that a tool is called."""
        if event.type in {"response.output_text.delta", "response.refusal.delta"}:
            self._add(event.delta)
        elif event.type == "response.output_item.done" and event.item.type == "function_call":
            self._add(f"\n\n`{event.item.name}({event.item.arguments})`\n\n")

    def _add(self, piece: str) -> None:
        self._text += piece
        if self._live is not None:
            self._live.update(Markdown(clean(self._text), hyperlinks=False))
        else:
            self._written = True
            self._console.print(Text(clean(piece)), end="", soft_wrap=True)
