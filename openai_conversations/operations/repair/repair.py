"""
Repairing a conversation that refuses its next turn: a plan that can be read first, and is then done as it stands.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

import attrs

from openai_conversations.api import requests
from openai_conversations.api.caller import Caller
from openai_conversations.api.results import check_deleted
from openai_conversations.checks import shown
from openai_conversations.errors import ConversationsError, InvalidArgumentError, NotFoundError
from openai_conversations.limits import ITEMS_PER_REQUEST
from openai_conversations.operations.deleting import is_item_gone
from openai_conversations.operations.errors import OutdatedPlanError, RepairIncompleteError
from openai_conversations.operations.listing import read_whole
from openai_conversations.operations.repair.check import CheckReport, check, examine
from openai_conversations.operations.repair.plans import DEFAULT_OUTPUT, RepairPlan, Strategy, make_plan
from openai_conversations.transport.message import HTTPRequest

logger: Final = logging.getLogger("openai_conversations")


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
        response = await caller.send(request)
    except NotFoundError as error:
        if not (request.item_id and is_item_gone(error, request, deletes_items=True)):
            raise
        return
    if request.item_id:
        check_deleted(response)
