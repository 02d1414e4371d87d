"""Finding what makes a conversation refuse its next turn. Only read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import attrs

from openai_conversations.api.caller import Caller
from openai_conversations.api.pagination import item_id
from openai_conversations.jsontypes import JsonObject, type_of
from openai_conversations.operations.include import ENCRYPTED
from openai_conversations.operations.listing import read_whole
from openai_conversations.operations.repair.reasoning import reasoning_without_item
from openai_conversations.operations.repair.tool_calls import (
    Links,
    calls_named_by,
    link,
    names_of,
    own_names,
    references,
)
from openai_conversations.operations.writable import is_empty_reasoning, why_not_writable

Trouble = Literal[
    "call_without_output",
    "output_without_call",
    "second_output",
    "empty_reasoning",
    "reasoning_without_item",
    "dangling_reference",
]


@attrs.frozen(kw_only=True)
class Finding:
    """
    One thing that is wrong.

    Attributes:
        kind: ``call_without_output``: the model refuses to go on until the output is there.
            ``output_without_call``: an output whose call is not before it.
            ``second_output``: an output of a call that has one already.
            ``empty_reasoning``: reasoning without summary, content and encrypted content.
            ``reasoning_without_item``: reasoning behind which the item of the model that must follow it is not there.
            ``dangling_reference``: an item that names another one that is not there.
        index: Which item, counted from 0.
        item_id: Its id.
        type: Its type.
        call_id: What the item names: a call, an item; ``""`` where it names nothing.
    """

    kind: Trouble
    index: int
    item_id: str
    type: str
    call_id: str = ""

    def __str__(self) -> str:
        named = f" {self.call_id}" if self.call_id else ""
        return f"item {self.index + 1} ({self.type} {self.item_id}): {self.kind.replace('_', ' ')}{named}"


@attrs.frozen(kw_only=True)
class NotWritable:
    """
    An item that a fork, or an import of its export, would leave out; a conversation goes on with it all the same.

    Attributes:
        index: Which item, counted from 0.
        item_id: Its id.
        type: Its type.
        reason: One sentence.
    """

    index: int
    item_id: str
    type: str
    reason: str


@attrs.frozen(kw_only=True)
class CheckReport:
    """
    What a check found.

    Attributes:
        conversation_id: The conversation.
        items: How many items it has.
        findings: What is wrong, in the order of the items.
        fingerprint: SHA-256 over the ids in their order: the same as long as no item comes or goes.
        include_refused: Fields of ``include`` that the server refused. Without ``reasoning.encrypted_content`` nobody
            can tell empty reasoning from the other kind, and none is reported.
        not_writable: Items that cannot be stored again. Nothing is wrong with them where they are.
    """

    conversation_id: str
    items: int
    findings: tuple[Finding, ...]
    fingerprint: str
    include_refused: tuple[str, ...] = ()
    not_writable: tuple[NotWritable, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON value, without content."""
        return {
            "conversation_id": self.conversation_id,
            "items": self.items,
            "is_sound": self.is_sound,
            "findings": [attrs.asdict(finding) for finding in self.findings],
            "fingerprint": self.fingerprint,
            "include_refused": list(self.include_refused),
            "not_writable": [attrs.asdict(item) for item in self.not_writable],
        }


async def check(caller: Caller, conversation_id: str) -> CheckReport:
    """
    Look for tool calls without output, outputs without call, reasoning that is empty or alone, dangling references.

    While somebody is writing, a call without its output may be one that is being answered, and reasoning at the end
    may be about to get the item that must follow it.
    """
    whole = await read_whole(caller, conversation_id)
    return examine(conversation_id, whole.items, whole.include.refused)


def examine(conversation_id: str, items: Sequence[JsonObject], include_refused: tuple[str, ...] = ()) -> CheckReport:
    """What :func:`check` finds in items that were read already, without the fields that were refused."""
    found = _findings(items, is_all_shown=ENCRYPTED not in include_refused)
    findings = sorted(found, key=lambda finding: finding.index)
    return CheckReport(
        conversation_id=conversation_id,
        items=len(items),
        findings=tuple(findings),
        fingerprint=fingerprint(items),
        include_refused=include_refused,
        not_writable=tuple(_not_writable(items, is_all_shown=ENCRYPTED not in include_refused)),
    )


def _not_writable(items: Sequence[JsonObject], *, is_all_shown: bool) -> Iterator[NotWritable]:
    """Items that cannot be stored again; what reasoning holds is not known where not all is shown."""
    for index, item in enumerate(items):
        reason = why_not_writable(item) if is_all_shown or type_of(item) != "reasoning" else ""
        if reason:
            yield NotWritable(index=index, item_id=item_id(item), type=type_of(item), reason=reason)


def fingerprint(items: Iterable[JsonObject]) -> str:
    """SHA-256 over the ids of items in their order."""
    return hashlib.sha256("".join(f"{item_id(item)}\n" for item in items).encode("utf-8", "surrogatepass")).hexdigest()


def _findings(items: Sequence[JsonObject], *, is_all_shown: bool) -> Iterator[Finding]:
    links = link(items)
    for index in links.open:
        yield _finding("call_without_output", index, items[index], names_of(items[index])[0])
    yield from _outputs(items, links)
    yield from _reasoning(items, is_all_shown=is_all_shown)
    known = {name for item in items if type_of(item) != "item_reference" for name in own_names(item)}
    for index, item in enumerate(items):
        for name in references(item):
            if name not in known:
                yield _finding("dangling_reference", index, item, name)


def _reasoning(items: Sequence[JsonObject], *, is_all_shown: bool) -> Iterator[Finding]:
    """Reasoning that is empty, or else alone; nobody can tell the empty kind where not all is shown."""
    empty: set[int] = set()
    if is_all_shown:
        empty = {n for n, item in enumerate(items) if type_of(item) == "reasoning" and is_empty_reasoning(item)}
    yield from (_finding("empty_reasoning", index, items[index]) for index in sorted(empty))
    for index in reasoning_without_item(items):
        if index not in empty:
            yield _finding("reasoning_without_item", index, items[index])


def _outputs(items: Sequence[JsonObject], links: Links) -> Iterator[Finding]:
    for index in links.orphaned:
        item = items[index]
        is_approval = type_of(item) == "mcp_approval_response"
        kind: Trouble = "dangling_reference" if is_approval else "output_without_call"
        yield _finding(kind, index, item, calls_named_by(item))
    for index in links.second:
        yield _finding("second_output", index, items[index], calls_named_by(items[index]))


def _finding(kind: Trouble, index: int, item: JsonObject, named: str = "") -> Finding:
    return Finding(kind=kind, index=index, item_id=item_id(item), type=type_of(item), call_id=named)
