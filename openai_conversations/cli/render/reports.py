"""Results for people: conversations, checks, repairs, copies, receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from openai_conversations.cli.render.output import console
from openai_conversations.cli.render.text import clean, folded
from openai_conversations.jsontypes import as_object

if TYPE_CHECKING:
    from openai_conversations.operations.repair.check import CheckReport
    from openai_conversations.operations.repair.repair import RepairReport

_WIDEST_NAME: Final = 40


def show_fields(fields: Mapping[str, object]) -> None:
    """Names and values in two columns."""
    from rich.text import Text

    out = console()
    names = [folded(name, _WIDEST_NAME) for name in fields]
    width = max(map(len, names), default=0)
    for name, value in zip(names, fields.values(), strict=True):
        text = clean(str(value)).replace("\n", f"\n{'':{width + 2}}")
        out.print(Text.assemble((f"{name:>{width}}  ", "dim"), text), soft_wrap=True)


def show_conversation(conversation: Mapping[str, Any]) -> None:
    """A conversation for people."""
    metadata = as_object(conversation.get("metadata"))
    created = conversation.get("created_at")
    fields: dict[str, object] = {"id": conversation.get("id"), "created": local_time(created) if created else "unknown"}
    show_fields({**fields, **{f"metadata.{key}": value for key, value in metadata.items()}})


def local_time(seconds: object) -> str:
    """Unix seconds in the time zone of whoever looks; what is no time is shown as it stands."""
    try:
        return datetime.fromtimestamp(float(str(seconds))).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} (not a time in seconds)"


def show_check(report: CheckReport) -> None:
    """What a check found."""
    from rich.text import Text

    out = console()
    if report.include_refused:
        refused = f"the server refuses to show: {', '.join(report.include_refused)}"
        out.print(Text(clean(refused), "yellow"), soft_wrap=True)
    _show_not_writable(report)
    if report.is_sound:
        out.print(Text.assemble(("sound ", "bold green"), f"{report.items} items"))
        return
    out.print(Text.assemble((f"{len(report.findings)} found ", "bold red"), f"in {report.items} items"))
    for finding in report.findings:
        out.print(Text.assemble(("  • ", "red"), clean(str(finding))), soft_wrap=True)


def _show_not_writable(report: CheckReport) -> None:
    """What a fork or an import would leave out, by reasons."""
    from rich.text import Text

    reasons = [item.reason for item in report.not_writable]
    for reason in dict.fromkeys(reasons):
        text = f"a fork or an import leaves out {reasons.count(reason)} of {report.items} items: {reason}"
        console().print(Text(clean(text), "yellow"), soft_wrap=True)


def show_plan(report: RepairReport) -> None:
    """What a repair would do."""
    from rich.text import Text

    out = console()
    show_check(report.found)
    for number, step in enumerate(report.plan.steps, 1):
        out.print(Text.assemble((f"  {number}. ", "cyan"), clean(str(step))), soft_wrap=True)
    for finding in report.plan.left:
        out.print(Text.assemble(("  not fixed: ", "yellow"), clean(str(finding))), soft_wrap=True)


def show_copy(report: dict[str, Any]) -> None:
    """What came of a fork or an import, for people."""
    show_fields(
        {
            "conversation": report["conversation_id"] or "(dry run: none was made)",
            "items": f"{report['total']} in all, {report['stored']} added, {report['present']} there before",
            "differences": _listed(report["differences"]),
            "metadata left out": ", ".join(report["metadata_left_out"]) or "none",
            **({"metadata not kept": ", ".join(report["metadata_not_kept"])} if report["metadata_not_kept"] else {}),
            **({"not shown by server": ", ".join(report["include_refused"])} if report["include_refused"] else {}),
            **({"damage": report["damage"]} if report["damage"] else {}),
            **({"not expressible": len(report["unread"])} if report["unread"] else {}),
            **({"calls without output": ", ".join(report["unanswered"])} if report["unanswered"] else {}),
        }
    )


def _listed(differences: Sequence[dict[str, Any]]) -> str:
    if not differences:
        return "none but the ids, as far as the server shows"
    kinds = [str(found.get("kind")) for found in differences]
    counted = ", ".join(f"{kinds.count(kind)} × {kind.replace('_', ' ')}" for kind in dict.fromkeys(kinds))
    return f"{counted} (--json lists them)"


def show_receipt(receipt: Mapping[str, Any]) -> None:
    """What an erasure did and saw."""
    show_fields(
        {
            "conversation": receipt["conversation_id"],
            "outcome": str(receipt["outcome"]).replace("_", " "),
            "items deleted": receipt["count"],
            **({"not confirmed": len(receipt["unconfirmed"])} if receipt["unconfirmed"] else {}),
            "sha256 of ids": receipt["sha256"],
            "proof": _proof(receipt),
            "finished": receipt["finished_at"],
        }
    )


def _proof(receipt: Mapping[str, Any]) -> str:
    proof = as_object(receipt["proof"])
    if proof:
        return f"at {proof['at']} a listing showed {proof['items']} items"
    if receipt["outcome"] == "already_gone":
        return "none: the service says that it is not there, as it does to a key of another project"
    return "none: it may still be there"
