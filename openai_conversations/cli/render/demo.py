"""What the demo looks like: drawn in a terminal, plain lines in a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import attrs

from openai_conversations.cli.render.text import clean, folded

if TYPE_CHECKING:
    from rich.console import Console

_PLAIN_MARKS: Final = {"call": ">", "output": "="}
_MARKS: Final = {"call": ("▸", "blue"), "output": ("↳", "dim")}

CLOSING: Final = ("Point any client of the API at your own:", "openai-conversations serve")
"""What to do next, and the command, which is never cut."""


@attrs.frozen(kw_only=True)
class StepRequest:
    """One request of the demo and how it was answered."""

    method: str
    path: str
    status: int
    seconds: float


@attrs.frozen(kw_only=True)
class Piece:
    """
    What comes while a step goes on.

    Attributes:
        kind: A piece of the model's text, a function that it calls, or what the function gave.
        text: The text.
    """

    kind: Literal["text", "call", "output"]
    text: str


@attrs.frozen(kw_only=True)
class StepResult:
    """
    How a step ended that was shown as it went on.

    Attributes:
        requests: The requests that it took.
        notes: What came of it.
    """

    requests: Sequence[StepRequest]
    notes: Sequence[str]


@attrs.frozen(kw_only=True)
class Step:
    """
    What a step of the demo did.

    Attributes:
        title: What it is about.
        code: The call, as one would write it.
        requests: The requests that it took.
        notes: What came of it.
        transcript: JSON of the items to show, or ``None``.
    """

    title: str
    code: str
    requests: Sequence[StepRequest] = ()
    notes: Sequence[str] = ()
    transcript: Sequence[Mapping[str, Any]] | None = None


class View(Protocol):
    """Shows the demo."""

    def begin(self) -> None: ...
    def show(self, shown: Step | Piece | StepResult) -> None: ...
    def end(self) -> None: ...


def view(base_url: str, *, embedded: bool) -> View:
    """The view that fits standard output."""
    where = f"embedded server at {base_url}" if embedded else base_url
    if not sys.stdout.isatty():
        return PlainView(where)
    from rich.console import Console

    return RichView(where, Console(highlight=False))


class PlainView:
    """Lines for pipes and logs."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._number = 0
        self._requests = 0
        self._text = ""

    def begin(self) -> None:
        """Say where the demo runs."""
        print(f"demo: {self._where}")

    def show(self, shown: Step | Piece | StepResult) -> None:
        """Show a step, or more of the one that goes on."""
        match shown:
            case Step():
                self._step(shown)
            case Piece(kind="text"):
                self._text += shown.text  # a line is whole when something else follows
            case Piece():
                self._line_of_text()
                print(f"   {_PLAIN_MARKS[shown.kind]} {shown.text}")
            case StepResult():
                self._line_of_text()
                self._result(shown.requests, shown.notes)

    def _step(self, step: Step) -> None:
        from openai_conversations.cli.render.terminal import lines

        self._number += 1
        print(f"{self._number}. {step.title}")
        print(f"   {step.code}")
        self._result(step.requests, step.notes)
        for line in lines(step.transcript or ()):
            print("\n".join(f"   | {part}" for part in line.splitlines()))

    def _line_of_text(self) -> None:
        if self._text:
            print(f"   {clean(self._text)}")
        self._text = ""

    def _result(self, requests: Sequence[StepRequest], notes: Sequence[str]) -> None:
        self._requests += len(requests)
        for line in [*_request_lines(requests), *notes]:
            print(f"   {line}")

    def end(self) -> None:
        """Say that it worked."""
        print(f"done: {self._number} steps, {self._requests} requests, nothing left behind")


def _request_lines(requests: Sequence[StepRequest]) -> list[str]:
    """One line for each kind of request, with its number and time."""
    return [f"{name} -> {status}{times} {seconds * 1000:.1f} ms" for name, status, times, seconds in _grouped(requests)]


def _grouped(requests: Sequence[StepRequest]) -> list[tuple[str, int, str, float]]:
    """Equal requests together: name, status, ``" x3"``, seconds of all."""
    groups: dict[tuple[str, int], list[float]] = {}
    for request in requests:
        groups.setdefault((f"{request.method} {request.path}", request.status), []).append(request.seconds)
    return [
        (name, status, f" x{len(took)}" if len(took) > 1 else "", sum(took)) for (name, status), took in groups.items()
    ]


class RichView:
    """
    Colours, rules and a chat.

    Args:
        where: What the demo talks to.
        console: Where to draw it.
    """

    def __init__(self, where: str, console: Console) -> None:
        from openai_conversations.cli.render.terminal import view_width

        self._where = where
        self._console = console
        self._width = view_width(self._console)
        self._number = 0
        self._requests = 0
        self._in_text = False
        self._began = time.perf_counter()

    def begin(self) -> None:
        """A headline."""
        from rich.text import Text

        self._console.print()
        self._console.print(
            Text.assemble(("  openai_conversations ", "bold"), (f"· {self._where}", "dim")),
            no_wrap=True,
            overflow="ellipsis",
            width=self._width,
        )

    def show(self, shown: Step | Piece | StepResult) -> None:
        """A step, or more of the one that goes on."""
        match shown:
            case Step():
                self._step(shown)
            case Piece():
                self._piece(shown)
            case StepResult():
                self._end_of_text()
                self._result(shown.requests, shown.notes)

    def _step(self, step: Step) -> None:
        """A step: its title, the call, its requests, what came of it, the chat."""
        from rich.text import Text

        self._number += 1
        self._console.print()
        self._line(Text.assemble((f" {self._number} ", "bold reverse cyan"), (f" {step.title}", "bold")))
        self._line(_python(step.code, "    "))
        self._result(step.requests, step.notes)
        if step.transcript is not None:
            self._transcript(step)

    def _piece(self, piece: Piece) -> None:
        """Text goes on in its line; a call and its output have a line each."""
        from rich.text import Text

        if piece.kind == "text":
            indent = "" if self._in_text else "    "
            self._console.print(Text(f"{indent}{clean(piece.text)}", style="green"), end="", soft_wrap=True)
            self._in_text = True
            return
        self._end_of_text()
        mark, style = _MARKS[piece.kind]
        self._line(Text.assemble((f"    {mark} ", style), (folded(piece.text, self._width), style)))

    def _end_of_text(self) -> None:
        if self._in_text:
            self._console.print()
        self._in_text = False

    def _result(self, requests: Sequence[StepRequest], notes: Sequence[str]) -> None:
        from rich.text import Text

        self._requests += len(requests)
        for name, status, number, seconds in _grouped(requests):
            method, _, path = name.partition(" ")
            times, took = number.replace(" x", " × "), f"  {seconds * 1000:.1f} ms"
            left = self._width - len(f"    ✓ {method:<6}  {status}{times}{took}")
            self._line(
                Text.assemble(
                    ("    ✓ ", "green"),
                    (f"{method:<6} ", "blue"),
                    folded(path, left),  # what came of it is worth more than the end of the path
                    (f" {status}", "green"),
                    (times, "dim"),
                    (took, "dim"),
                )
            )
        for note in notes:
            self._line(Text.assemble(("    → ", "dim"), note))

    def _transcript(self, step: Step) -> None:
        from rich.padding import Padding

        from openai_conversations.cli.render.terminal import draw

        self._console.print()
        for drawn in draw(step.transcript or (), width=self._width - 6):
            self._console.print(Padding(drawn, (0, 2, 0, 4)), width=self._width)

    def end(self) -> None:
        """Say that it worked, and what to do next."""
        from rich.text import Text

        seconds = time.perf_counter() - self._began
        self._console.print()
        self._line(
            Text.assemble(
                ("  done ", "bold green"),
                (f"{self._number} steps, {self._requests} requests, {seconds:.1f} s, nothing left behind", ""),
            )
        )
        said, command = CLOSING
        is_wide = len(f"  next {said} {command}") <= self._width
        self._line(Text.assemble(("  next ", "bold cyan"), said, f" {command}" if is_wide else ""))
        if not is_wide:
            self._line(f"       {command}")
        self._console.print()

    def _line(self, text: object) -> None:
        self._console.print(text, no_wrap=True, overflow="ellipsis", width=self._width)


def _python(code: str, indent: str) -> object:
    """One line of Python, highlighted without loading a lexer."""
    from rich.text import Text

    text = Text(f"{indent}{code}", style="default")
    text.highlight_words(["await", "async for", "async with", " in ", " as "], style="magenta")
    text.highlight_regex(r'"[^"]*"', style="green")
    return text
