"""``repair``: what makes a conversation refuse its next turn is fixed."""

from __future__ import annotations

from typing import Literal

from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.flags import Flag, Json, Yes
from openai_conversations.cli.input import typed
from openai_conversations.cli.render.output import confirm, note, wants_json, write_json
from openai_conversations.cli.render.reports import show_check, show_plan

DEFAULT = Connection()


async def repair(
    conversation_id: str,
    /,
    *,
    apply: Flag = False,
    strategy: Literal["add_outputs", "delete_tail"] = "add_outputs",
    output: str | None = None,
    yes: Yes = False,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Fix what check finds.

    Without --apply it only shows the plan.

    Args:
        conversation_id: The conversation.
        apply: Do what is planned; without, only the plan is shown.
        strategy: add_outputs says that there is no output; delete_tail deletes all from the first broken call on.
        output: What the added outputs say.
    """
    said = None if output is None else typed(output)
    async with connection.client() as client:
        report = await client.conversations.repair(conversation_id, strategy=strategy, output=said)
        if not wants_json(json):
            show_plan(report)
        if apply and report.plan.steps:
            confirm(f"Do this to {conversation_id}?", yes=yes)
            report = await client.conversations.repair(conversation_id, plan=report.plan, dry_run=False)
    if wants_json(json):
        write_json(report.to_json())
    elif report.after is not None:
        show_check(report.after)
    elif report.applied:
        note("it was done; the conversation could not be checked afterwards")
    if report.plan.steps and not report.applied:
        note("nothing was changed; --apply does it")
    sound = report.found.is_sound if report.after is None else report.after.is_sound
    return Exit.OK if sound else Exit.PROBLEMS_FOUND
