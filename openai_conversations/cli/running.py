"""What the commands that work on many conversations share: their options, a progress bar, a summary, an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import attrs
from cyclopts import Group, Parameter

from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import CommandError
from openai_conversations.cli.render.output import console, note, write_json
from openai_conversations.cli.render.text import clean

if TYPE_CHECKING:
    from openai_conversations.bulk.ids import Ids
    from openai_conversations.bulk.progress import BulkProgress, BulkSummary
    from openai_conversations.bulk.runner import BulkOptions
    from openai_conversations.cli.connection import Connection
    from openai_conversations.client import ConversationsClient
    from openai_conversations.middlewares.rate_limit import RateLimiter

_BULK: Final = Group("Many conversations", sort_key=2)


@Parameter(name="*", group=_BULK)
@attrs.frozen(kw_only=True)
class Many:
    """
    How a run over many conversations goes.

    Attributes:
        ids_file: A file of ids, one a line, bare or as JSON objects with "id"; - is standard input.
        ledger: A file that remembers what is done: running again goes on where a run stopped.
        rate: The most requests per second: 50, or delete=50,get=100,post=20.
        concurrency: Conversations at a time.
    """

    ids_file: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None
    ledger: Path | None = None
    rate: str | None = None
    concurrency: int = 16

    def ids(self, named: Sequence[str]) -> Ids:
        """
        The ids that were named and those of the file.

        Raises:
            CommandError: There are none, or the file cannot be read.
        """
        if not named and self.ids_file is None:
            raise CommandError("no conversations: give their ids, or --ids-file", Exit.USAGE)
        if self.ids_file not in (None, "-") and not Path(str(self.ids_file)).is_file():
            raise CommandError(f"{self.ids_file}: no such file", Exit.BAD_INPUT)
        return self._all(named)

    def _all(self, named: Sequence[str]) -> Iterator[str]:
        from openai_conversations.bulk.ids import ids_of_file, ids_of_lines

        yield from named
        if self.ids_file == "-":
            yield from ids_of_lines(sys.stdin.buffer, "standard input")
        elif self.ids_file is not None:
            yield from ids_of_file(self.ids_file)

    @property
    def is_one(self) -> bool:
        """Whether nothing asks for a ledger."""
        return self.ids_file is None and self.ledger is None

    @contextmanager
    def ledger_file(self, operation: str) -> Generator[Path]:
        """The ledger that was asked for, else one beside the file of ids, else one that is forgotten."""
        if self.ledger is not None:
            yield self.ledger
        elif self.ids_file not in (None, "-"):
            yield Path(f"{self.ids_file}.{operation}.sqlite")
        else:
            import tempfile

            with tempfile.TemporaryDirectory(prefix="openai-conversations-") as directory:
                yield Path(directory) / "ledger.sqlite"

    def pace(self) -> RateLimiter:
        """
        What holds the rate.

        Raises:
            InvalidArgumentError: It is no rate.
        """
        from openai_conversations.middlewares.rate_limit import Limits, RateLimiter

        return RateLimiter(None if self.rate is None else Limits.parse(self.rate))

    def client(self, connection: Connection, pace: RateLimiter) -> ConversationsClient:
        """A client whose requests wait for their turn."""
        from openai_conversations.transport.policy import RetryPolicy

        return connection.client(middlewares=[pace], retry=RetryPolicy(on_attempt=pace.on_attempt))

    def options(self, on_progress: Callable[[BulkProgress], object] | None) -> BulkOptions:
        """For the runner."""
        from openai_conversations.bulk.runner import BulkOptions

        return BulkOptions(concurrency=self.concurrency, on_progress=on_progress)


@contextmanager
def progress_bar(verb: str) -> Generator[Callable[[BulkProgress], object] | None]:
    """A bar on standard error, with rate and time left; nothing where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bar, SpinnerColumn, TextColumn

    columns = (
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}", style="dim"),
    )
    with Bar(*columns, console=console(stderr=True), expand=True) as bar:
        task = bar.add_task(verb, total=None, pace="")

        def show(progress: BulkProgress) -> None:
            done = progress.done + progress.failed
            total = progress.total if progress.is_total_known else None
            bar.update(task, completed=done, total=total, pace=pace_of(progress))

        yield show


def pace_of(progress: BulkProgress) -> str:
    """``12.3/s, 4 m 10 s left, 2 failed``."""
    words = [f"{progress.rate:.1f}/s"]
    if progress.seconds_left:
        words.append(f"{seconds_text(progress.seconds_left)} left")
    if progress.failed:
        words.append(f"{progress.failed} failed")
    return ", ".join(words)


def seconds_text(seconds: float) -> str:
    """Two units at the most: ``9.1 s``, ``4 m 10 s``, ``2 h 5 m``."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} m" if hours else f"{minutes} m {rest} s"


def finish(summary: BulkSummary, *, json: bool) -> Exit:
    """Say what came of a run, and choose the exit code."""
    if json:
        write_json(summary_json(summary))
    else:
        _show(summary)
    for id, error in summary.failures[:10]:
        note(f"failed: {id}: {error}")
    if summary.failed > 10:
        note(f"… and {summary.failed - 10} more; the ledger has them all")
    return exit_of(summary)


def exit_of(summary: BulkSummary) -> Exit:
    """Ten for failures, eleven for problems that a check found."""
    if summary.failed:
        return Exit.SOME_FAILED
    return Exit.PROBLEMS_FOUND if summary.problems else Exit.OK


def summary_json(summary: BulkSummary) -> dict[str, Any]:
    """A summary as JSON; failures have a line of their own on standard error."""
    value = attrs.asdict(summary, filter=lambda attribute, _: attribute.name != "failures")
    return {**value, "seconds": round(summary.seconds, 3)}


def _show(summary: BulkSummary) -> None:
    from rich.text import Text

    out = console()
    color = "red" if summary.failed else "green"
    parts = [f"{summary.done} of {summary.total} done", f"{summary.items} items"]
    parts += [f"{summary.before} of them before"] if summary.before else []
    parts += [f"{summary.failed} failed"] if summary.failed else []
    parts += [f"{summary.problems} with problems"] if summary.problems else []
    parts.append(seconds_text(summary.seconds))
    out.print(Text.assemble((f"{summary.operation} ", f"bold {color}"), ", ".join(parts)))
    for kind, count in summary.errors.items():
        out.print(Text.assemble((f"  {count} × ", "red"), clean(kind)))
