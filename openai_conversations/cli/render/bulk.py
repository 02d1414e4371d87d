"""How a run over many conversations looks: a bar while it goes on, a summary at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs

from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.render.output import console, note, write_json
from openai_conversations.cli.render.text import clean

if TYPE_CHECKING:
    from openai_conversations.bulk.progress import BulkProgress, BulkSummary


@contextmanager
def progress_bar(operation: str) -> Generator[Callable[[BulkProgress], object] | None]:
    """A bar on standard error, with rate and time left; nothing where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bar, SpinnerColumn, TextColumn
    from rich.text import Text

    columns = (
        SpinnerColumn(finished_text=Text("✓", style="green")),
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}", style="dim"),
    )
    with Bar(*columns, console=console(stderr=True), expand=True) as bar:
        task = bar.add_task(f"{operation.removesuffix('e')}ing", total=None, rate="")

        def show(progress: BulkProgress) -> None:
            done = progress.done + progress.missing + progress.failed
            total = progress.total if progress.is_total_known else None
            bar.update(task, completed=done, total=total, rate=rate_text(progress))

        yield show


def rate_text(progress: BulkProgress) -> str:
    """``12.3/s, 4 m 10 s left, 2 failed``."""
    words = [f"{progress.rate:.1f}/s"]
    if progress.seconds_left:
        words.append(f"{seconds_text(progress.seconds_left)} left")
    if progress.missing:
        words.append(f"{progress.missing} not there")
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


def show_summary(summary: BulkSummary, *, json: bool, missing_ok: bool = False) -> Exit:
    """Say what came of a run; gives the exit code."""
    if json:
        write_json(summary_json(summary))
    else:
        _show(summary)
    for id, error in summary.failures[:10]:
        note(f"failed: {id}: {error}")
    if summary.failed > 10:
        note(f"… and {summary.failed - 10} more; the ledger has them all")
    for id in summary.missing_ids[:10]:
        note(f"not there: {id}")
    if summary.missing:
        note(f"{summary.missing} not there, by the service's word; it says the same to a key of another project")
    return exit_of(summary, missing_ok=missing_ok)


def exit_of(summary: BulkSummary, *, missing_ok: bool = False) -> Exit:
    """Ten for failures, thirteen for conversations that are not there, eleven for problems that a check found."""
    if summary.failed:
        return Exit.SOME_FAILED
    if summary.missing and not missing_ok:
        return Exit.NOT_THERE
    return Exit.PROBLEMS_FOUND if summary.problems else Exit.OK


def summary_json(summary: BulkSummary) -> dict[str, Any]:
    """A summary as JSON; failures and what is not there have lines of their own on standard error."""
    value = attrs.asdict(summary, filter=lambda attribute, _: attribute.name not in ("failures", "missing_ids"))
    return {**value, "seconds": round(summary.seconds, 3)}


def _show(summary: BulkSummary) -> None:
    from rich.text import Text

    out = console()
    color = "red" if summary.failed else "yellow" if summary.missing else "green"
    parts = [f"{summary.done} of {summary.total} done", f"{summary.items} items"]
    parts += [f"{summary.before} of them before"] if summary.before else []
    parts += [f"{summary.missing} not there"] if summary.missing else []
    parts += [f"{summary.failed} failed"] if summary.failed else []
    parts += [f"{summary.problems} with problems"] if summary.problems else []
    parts.append(seconds_text(summary.seconds))
    out.print(Text.assemble((f"{summary.operation} ", f"bold {color}"), ", ".join(parts)))
    for kind, count in summary.errors.items():
        out.print(Text.assemble((f"  {count} × ", "red"), clean(kind)))
