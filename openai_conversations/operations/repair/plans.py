"""
What is to be done to a conversation that refuses its next turn: a plan, as a value.

Either the missing outputs are added, or everything from the first broken call on is deleted. Both also delete outputs
that answer nothing, reasoning that is empty or lacks the item that must follow it, and references to what is not
there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import attrs

from openai_conversations.api.pagination import item_id
from openai_conversations.jsontypes import JsonObject, text_of, type_of
from openai_conversations.operations.repair.check import Finding, examine, fingerprint
from openai_conversations.operations.repair.tool_calls import link

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
    """The output that says that there is none; ``None`` where nobody can make one up: of a screenshot, without id."""
    make = _OUTPUTS.get(type_of(call))
    if make is None or not text_of(call, "call_id"):
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
