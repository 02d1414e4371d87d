"""``check`` and ``repair``: what makes a conversation refuse its next turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.render.output import Json, confirm, console, wants_json, write_json
from openai_conversations.cli.render.text import clean
from openai_conversations.cli.running import Many, finish, progress_bar

if TYPE_CHECKING:
    from openai_conversations.bulk.ledger import Ledger
    from openai_conversations.operations.repair.check import CheckReport
    from openai_conversations.operations.repair.repair import RepairReport

DEFAULT = Connection()
ALONE = Many()


async def check(
    *conversation_ids: str, many: Many = ALONE, json: Json = False, connection: Connection = DEFAULT
) -> int:
    """
    Look for tool calls without output, outputs without call, empty reasoning and dangling references.

    The exit code tells whether something was found.

    Args:
        conversation_ids: The conversations.
    """
    ids = many.ids(conversation_ids)
    pace = many.pace()
    async with many.client(connection, pace) as client:
        if many.is_one and len(conversation_ids) == 1:
            report = await client.conversations.check(conversation_ids[0])
            write_json(report.to_json()) if wants_json(json) else _show(report)
            return Exit.OK if report.is_sound else Exit.PROBLEMS_FOUND

        from openai_conversations.bulk.jobs import checking
        from openai_conversations.bulk.runner import run_bulk

        with many.ledger_file("check") as ledger, progress_bar("checking") as bar:
            summary = await run_bulk(
                "check",
                checking(client.conversations),
                ids,
                ledger=ledger,
                options=many.options(bar),
                requests=pace.requests,
                on_receipts=_tell_json if wants_json(json) else _tell,
            )
    return finish(summary, json=wants_json(json))


async def _tell_json(ledger: Ledger) -> None:
    async for report in ledger.receipts():
        write_json(report)


async def _tell(ledger: Ledger) -> None:
    out = console()
    async for report in ledger.receipts():
        kinds = [str(finding["kind"]).replace("_", " ") for finding in report["findings"]]
        counted = ", ".join(f"{kinds.count(kind)} × {kind}" for kind in dict.fromkeys(kinds))
        out.print(clean(f"{report['conversation_id']}: {counted}"))


def _show(report: CheckReport) -> None:
    from rich.text import Text

    out = console()
    if report.is_sound:
        out.print(Text.assemble(("sound ", "bold green"), f"{report.items} items"))
        return
    out.print(Text.assemble((f"{len(report.findings)} found ", "bold red"), f"in {report.items} items"))
    for finding in report.findings:
        out.print(Text.assemble(("  • ", "red"), clean(str(finding))))


async def repair(
    conversation_id: str,
    /,
    *,
    apply: bool = False,
    strategy: Literal["add_outputs", "delete_tail"] = "add_outputs",
    output: str | None = None,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"])] = False,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Plan how to mend what check finds, and do it with --apply.

    Args:
        conversation_id: The conversation.
        apply: Do what is planned; without, only the plan is shown.
        strategy: add_outputs says in place of each missing output that there is none; delete_tail deletes everything
            from the first broken call on.
        output: What the added outputs say.
        yes: Do not ask before --apply.
    """
    async with connection.client() as client:
        report = await client.conversations.repair(conversation_id, strategy=strategy, output=output)
        if not wants_json(json):
            _show_plan(report)
        if apply and report.plan.steps:
            confirm(f"Do this to {conversation_id}?", yes=yes)
            report = await client.conversations.repair(conversation_id, plan=report.plan, dry_run=False)
    if wants_json(json):
        write_json(report.to_json())
    elif report.after is not None:
        _show(report.after)
    sound = report.found.is_sound if report.after is None else report.after.is_sound
    return Exit.OK if sound else Exit.PROBLEMS_FOUND


def _show_plan(report: RepairReport) -> None:
    from rich.text import Text

    out = console()
    _show(report.found)
    for number, step in enumerate(report.plan.steps, 1):
        out.print(Text.assemble((f"  {number}. ", "cyan"), clean(str(step))))
    for finding in report.plan.left:
        out.print(Text.assemble(("  not mended: ", "yellow"), clean(str(finding))))
