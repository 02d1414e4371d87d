"""
Repairing a conversation that refuses its next turn: a plan that can be read first, and is then done as it stands.

Either the missing outputs are added, or everything from the first broken call on is deleted. Both also delete outputs
that answer nothing, reasoning that is empty or lacks the item that must follow it, and references to what is not
there.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, Literal

import attrs

from openai_conversations.api import requests
from openai_conversations.api.caller import Caller
from openai_conversations.api.pagination import item_id
from openai_conversations.checks import shown
from openai_conversations.errors import ConversationsError, InvalidArgumentError, NotFoundError
from openai_conversations.jsontypes import JsonObject, text_of, type_of
from openai_conversations.limits import ITEMS_PER_REQUEST
from openai_conversations.operations.deleting import is_item_gone
from openai_conversations.operations.errors import OutdatedPlanError, RepairIncompleteError
from openai_conversations.operations.listing import read_whole
from openai_conversations.operations.repair.check import CheckReport, Finding, check, examine, fingerprint
from openai_conversations.operations.repair.tool_calls import link
from openai_conversations.transport.message import HTTPRequest

logger: Final = logging.getLogger("openai_conversations")

Strategy = Literal["add_outputs", "delete_tail"]

DEFAULT_OUTPUT: Final = "The call was interrupted. Nothing is known about its outcome."


@attrs.frozen(kw_only=True)
class RepairStep:
    """
    One thing to do.

    Attributes:
        action: ``delete`` an item or ``append`` one.
        item_id: The item to delete, or the call whose output is appended.
        reason: One sentence.
        item: What to append; ``None`` when an item is deleted.
    """

    action: Literal["delete", "append"]
    item_id: str
    reason: str
    item: JsonObject | None = None

    def __str__(self) -> str:
        return f"{self.action} {'' if self.item is None else self.item['type'] + ' for '}{self.item_id}: {self.reason}"


@attrs.frozen(kw_only=True)
class RepairPlan:
    """
    What is to be done to a conversation.

    Attributes:
        conversation_id: The conversation.
        strategy: ``add_outputs`` or ``delete_tail``.
        steps: What to do, in order: deletions from the end backwards, then what is appended.
        left: Findings that this plan does not fix: outputs that nobody can make up, and items that cannot be deleted
            because they have no id of their own.
        fingerprint: Of the conversation that the plan is for; see :class:`CheckReport`.
    """

    conversation_id: str
    strategy: Strategy
    steps: tuple[RepairStep, ...]
    left: tuple[Finding, ...]
    fingerprint: str

    def to_json(self) -> dict[str, Any]:
        """The plan as a JSON value; it holds the outputs that are to be appended and no other content."""
        return {
            "conversation_id": self.conversation_id,
            "strategy": self.strategy,
            "steps": [attrs.asdict(step) for step in self.steps],
            "left": [attrs.asdict(finding) for finding in self.left],
            "fingerprint": self.fingerprint,
        }


@attrs.frozen(kw_only=True)
class RepairReport:
    """
    What came of a repair.

    Attributes:
        found: What was wrong before.
        plan: What was to be done.
        applied: Whether it was done; a dry run only plans.
        after: What is wrong now; ``None`` after a dry run, and when the conversation could not be read afterwards.
    """

    found: CheckReport
    plan: RepairPlan
    applied: bool
    after: CheckReport | None = None

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON value."""
        return {
            "found": self.found.to_json(),
            "plan": self.plan.to_json(),
            "applied": self.applied,
            "after": None if self.after is None else self.after.to_json(),
        }


def check_plan(plan: object) -> None:
    """
    What is given as a plan.

    Raises:
        InvalidArgumentError: It is none.
    """
    hint = " (its `.plan` is one)" if isinstance(plan, RepairReport) else ""
    if plan is not None and not isinstance(plan, RepairPlan):
        raise InvalidArgumentError(f"plan must be a RepairPlan or None, not {shown(plan)}{hint}")


async def repair(
    caller: Caller,
    conversation_id: str,
    *,
    strategy: Strategy = "add_outputs",
    output: str = DEFAULT_OUTPUT,
    dry_run: bool = True,
    plan: RepairPlan | None = None,
) -> RepairReport:
    """
    Plan a repair, and do it when asked to.

    Args:
        caller: Makes the calls.
        conversation_id: The conversation.
        strategy: ``add_outputs`` says in place of each missing output that there is none; ``delete_tail`` deletes
            everything from the first broken call on.
        output: What the added outputs say.
        dry_run: Whether to plan only.
        plan: A plan that was made before; it is done as it stands, or not at all.

    Raises:
        OutdatedPlanError: Items came or went since *plan* was made; nothing was changed.
        RepairIncompleteError: It stopped half way.
    """
    whole = await read_whole(caller, conversation_id)
    items, refused = whole.items, whole.include.refused
    found = examine(conversation_id, items, refused)
    if plan is not None and (plan.conversation_id, plan.fingerprint) != (conversation_id, found.fingerprint):
        message = f"{conversation_id} is not any more what the plan was made for; plan again"
        raise OutdatedPlanError(message, conversation_id=conversation_id)
    chosen = plan or make_plan(conversation_id, items, strategy, output, refused)
    if dry_run:
        return RepairReport(found=found, plan=chosen, applied=False)
    await _apply(caller, chosen)
    return RepairReport(found=found, plan=chosen, applied=True, after=await _check_after(caller, conversation_id))


async def _check_after(caller: Caller, conversation_id: str) -> CheckReport | None:
    """What is wrong now. The repair is done, whether this can be read or not."""
    try:
        return await check(caller, conversation_id)
    except ConversationsError as error:
        logger.warning("%s is repaired, but could not be checked afterwards: %s", conversation_id, error)
        return None


async def _apply(caller: Caller, plan: RepairPlan) -> None:
    """Every request is made before the first is sent: what is wrong with a plan changes nothing."""
    requests_of_plan = list(_requests(caller, plan))
    done = 0
    for request, count in requests_of_plan:
        try:
            await _send(caller, request)
        except ConversationsError as error:
            raise RepairIncompleteError(
                f"{plan.conversation_id} is not repaired: {done} of {len(plan.steps)} steps were done: {error}",
                conversation_id=plan.conversation_id,
                plan=plan,
                done=plan.steps[:done],
            ) from error
        done += count


def _requests(caller: Caller, plan: RepairPlan) -> Iterator[tuple[HTTPRequest, int]]:
    """What is sent, in order, and how many steps each request is."""
    for is_append, steps in groupby(plan.steps, lambda step: step.item is not None):
        if not is_append:
            yield from ((requests.delete_item(caller, plan.conversation_id, step.item_id), 1) for step in steps)
            continue
        outputs = [step.item for step in steps if step.item is not None]
        for start in range(0, len(outputs), ITEMS_PER_REQUEST):
            chunk = outputs[start : start + ITEMS_PER_REQUEST]
            yield requests.create_items(caller, plan.conversation_id, chunk), len(chunk)


async def _send(caller: Caller, request: HTTPRequest) -> None:
    """That somebody else has just deleted an item is as good."""
    try:
        await caller.send(request)
    except NotFoundError as error:
        if not (request.item_id and is_item_gone(error, request, deletes_items=True)):
            raise


def make_plan(
    conversation_id: str,
    items: Sequence[JsonObject],
    strategy: Strategy = "add_outputs",
    output: str = DEFAULT_OUTPUT,
    include_refused: tuple[str, ...] = (),
) -> RepairPlan:
    """What has to be done to these items, which were read without the fields that were refused."""
    findings = examine(conversation_id, items, include_refused).findings
    named = _named(items)
    end = _tail(items) if strategy == "delete_tail" else len(items)
    appended: list[RepairStep] = []
    left: list[Finding] = []
    if not named.issuperset(range(end, len(items))):  # a tail that cannot go as a whole stays as it is
        end, left, findings = len(items), [*findings], ()
    deleted = dict.fromkeys(range(end, len(items)), "it comes after a call without output")
    for finding in findings:
        made = _output_for(items[finding.index], output) if finding.kind == "call_without_output" else None
        if finding.index >= end:
            deleted[finding.index] = _REASONS[finding.kind]
        elif made is not None:
            reason = _REASONS[finding.kind]
            appended.append(RepairStep(action="append", item_id=finding.item_id, reason=reason, item=made))
        elif _may_go(finding) and finding.index in named:
            deleted[finding.index] = _REASONS[finding.kind]
        else:
            left.append(finding)
    return RepairPlan(
        conversation_id=conversation_id,
        strategy=strategy,
        steps=(*_deletions(items, deleted), *appended),
        left=tuple(left),
        fingerprint=fingerprint(items),
    )


def _named(items: Sequence[JsonObject]) -> set[int]:
    """The items that have an id of their own: by any other nobody can be sure to delete the right one."""
    count = Counter(map(item_id, items))
    return {index for index, item in enumerate(items) if item_id(item) and count[item_id(item)] == 1}


def _deletions(items: Sequence[JsonObject], reasons: Mapping[int, str]) -> Iterator[RepairStep]:
    """From the end backwards: wherever it stops, what is left is the beginning of the conversation."""
    for index in sorted(reasons, reverse=True):
        yield RepairStep(action="delete", item_id=item_id(items[index]), reason=reasons[index])


def _may_go(finding: Finding) -> bool:
    """Whether the item is nothing but its trouble. A call that names what is not there says something all the same."""
    if finding.kind == "dangling_reference":
        return finding.type in ("item_reference", "mcp_approval_response")
    return finding.kind != "call_without_output"


def _tail(items: Sequence[JsonObject]) -> int:
    """
    Where the part begins that has to go: at the first call without output, or before.

    A call before it whose output comes after it loses that output and has to go too, and so has the reasoning that
    led to a call.
    """
    links = link(items)
    if not links.open:
        return len(items)
    start = links.open[0]
    for call, output in sorted(links.output_of.items(), reverse=True):
        if call < start <= output:
            start = call
    while start and type_of(items[start - 1]) == "reasoning":
        start -= 1
    return start


def _output_for(call: JsonObject, text: str) -> JsonObject | None:
    """The output that says that there is none, or ``None`` where nobody can make one up (a screenshot)."""
    make = _OUTPUTS.get(type_of(call))
    if make is None:
        return None
    caller = {"caller": call["caller"]} if call.get("caller") else {}
    return {**make(call, text), **caller}


def _texts(tag: str) -> Callable[[JsonObject, str], JsonObject]:
    return lambda call, text: {"type": tag, "call_id": text_of(call, "call_id"), "output": text}


def _local_shell(call: JsonObject, text: str) -> JsonObject:
    return {"type": "local_shell_call_output", "id": text_of(call, "call_id"), "output": text}


def _shell(call: JsonObject, text: str) -> JsonObject:
    said = {"stdout": "", "stderr": text, "outcome": {"type": "exit", "exit_code": 1}}
    return {"type": "shell_call_output", "call_id": text_of(call, "call_id"), "output": [said]}


def _patch(call: JsonObject, text: str) -> JsonObject:
    output = {"type": "apply_patch_call_output", "call_id": text_of(call, "call_id")}
    return {**output, "status": "failed", "output": text}


def _search(call: JsonObject, _: str) -> JsonObject:
    return {"type": "tool_search_output", "call_id": text_of(call, "call_id"), "execution": "client", "tools": []}


_OUTPUTS: Final[Mapping[str, Callable[[JsonObject, str], JsonObject]]] = {
    "function_call": _texts("function_call_output"),
    "custom_tool_call": _texts("custom_tool_call_output"),
    "local_shell_call": _local_shell,
    "shell_call": _shell,
    "apply_patch_call": _patch,
    "tool_search_call": _search,
}

_REASONS: Final[Mapping[str, str]] = {
    "call_without_output": "the call has no output",
    "output_without_call": "there is no call that it answers",
    "second_output": "the call that it answers has an output already",
    "empty_reasoning": "the reasoning is empty",
    "reasoning_without_item": "the item that must follow the reasoning is not there",
    "dangling_reference": "it names an item that is not there",
}
