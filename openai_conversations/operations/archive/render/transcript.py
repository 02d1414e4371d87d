"""
A conversation as people read it: entries with roles, tool calls together with their outputs. Pure values.

This is the one place that knows what an item of each type says. Markdown, HTML and the terminal only say how an entry
looks. Nothing here is escaped, and no URL is trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

import attrs

from openai_conversations.api.pagination import item_id
from openai_conversations.jsontypes import JsonObject, as_array, as_object, is_array, text_of, type_of
from openai_conversations.operations.archive.render.blocks import (
    Block,
    Section,
    code,
    json_block,
    note,
    of_content,
    section,
)
from openai_conversations.operations.archive.render.values import flat_json, hint
from openai_conversations.operations.azure_items import OUTPUT_OF_SERVICE, TOOL_CALLS
from openai_conversations.operations.repair.tool_calls import link

EntryKind = Literal["message", "tool", "output", "reasoning", "event"]


@attrs.frozen(kw_only=True)
class Entry:
    """
    One thing that happened.

    Attributes:
        id: Id of the item, ``""`` when it has none.
        output_id: Id of the output that stands with it, ``""`` when there is none.
        kind: A message, a tool call with its output, an output whose call is not here, reasoning, or anything else.
        role: Who said it; ``""`` for what nobody said.
        title: The name of the tool, or the kind of event.
        hint: A few words of the call, for when it is folded.
        status: The item's status where it is not ``completed``.
        blocks: What a message says.
        sections: What a folded entry holds.
    """

    id: str
    kind: EntryKind
    role: str = ""
    title: str = ""
    hint: str = ""
    status: str = ""
    output_id: str = ""
    blocks: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()


@attrs.frozen(kw_only=True)
class Transcript:
    """
    A whole conversation.

    Attributes:
        title: What stands above it.
        conversation_id: Its id, ``""`` when it is not known.
        created_at: What the server wrote: Unix seconds, or something that is no time; ``None`` when it is not known.
        metadata: Its metadata as text.
        entries: What happened.
        items: How many items it has.
    """

    title: str
    conversation_id: str
    created_at: object
    metadata: tuple[tuple[str, str], ...]
    entries: tuple[Entry, ...]
    items: int


def transcribe(items: Sequence[JsonObject], conversation: JsonObject, *, title: str | None = None) -> Transcript:
    """
    The conversation as entries.

    Args:
        items: The items as JSON, oldest first.
        conversation: The conversation as JSON, or an empty object.
        title: What stands above it; ``None`` takes ``title`` of the metadata, or the id.
    """
    metadata = as_object(conversation.get("metadata"))
    name = text_of(conversation, "id")
    heading = title or text_of(metadata, "title") or name or "Conversation"
    return Transcript(
        title=heading,
        conversation_id=name,
        created_at=conversation.get("created_at") or None,
        metadata=tuple(
            (key, value if isinstance(value, str) else flat_json(value))
            for key, value in metadata.items()
            if (key, value) != ("title", heading)
        ),
        entries=entries_of(items),
        items=len(items),
    )


def entries_of(items: Sequence[JsonObject]) -> tuple[Entry, ...]:
    """The entries of items, oldest first; each output stands with its call."""
    links = link(items)
    answered = {output: call for call, output in links.output_of.items()}
    return tuple(
        _entry(item, items[links.output_of[index]] if index in links.output_of else None)
        for index, item in enumerate(items)
        if index not in answered
    )


def _entry(item: JsonObject, output: JsonObject | None) -> Entry:
    made = _MAKERS.get(type_of(item), _unknown)(item)
    status = text_of(output, "status") if output else text_of(item, "status")
    if output is not None:
        made = attrs.evolve(made, output_id=item_id(output), sections=(*made.sections, *_output_of(output)))
    return attrs.evolve(made, id=item_id(item), status="" if status == "completed" else status)


def _message(item: JsonObject) -> Entry:
    title = "commentary" if text_of(item, "phase") == "commentary" else ""
    blocks = of_content(item.get("content"))
    return Entry(id="", kind="message", role=text_of(item, "role"), title=title, blocks=blocks)


def _reasoning(item: JsonObject) -> Entry:
    blocks = (*of_content(item.get("summary")), *of_content(item.get("content")))
    if not blocks:
        hidden = "encrypted" if text_of(item, "encrypted_content") else "not shown"
        blocks = (note(f"The reasoning is {hidden}."),)
    words = hint(blocks[0].text)
    return Entry(id="", kind="reasoning", title="Reasoning", hint=words, sections=(Section(title="", blocks=blocks),))


def _call(name: str | None, *asked: str, came_back: Sequence[str] = ()) -> Callable[[JsonObject], Entry]:
    """A tool call whose name is a member or fixed, the members that say what was asked, and those with its result."""

    def make(item: JsonObject) -> Entry:
        title = text_of(item, "name") if name is None else name
        sections = [
            section(key, item.get(key), is_output=key in came_back)
            for key in (*asked, *came_back)
            if item.get(key) not in (None, [], {}, "")
        ]
        words = next((hint(item.get(key)) for key in asked if item.get(key)), "")
        return Entry(id="", kind="tool", title=title or "tool", hint=words, sections=tuple(sections))

    return make


def _image_generation(item: JsonObject) -> Entry:
    made = _call("image generation", "revised_prompt", came_back=("error",))(item)
    picture = text_of(item, "result")
    if not picture:
        return made
    kind = text_of(item, "output_format") or "png"
    image = Block(kind="image", url=f"data:image/{kind};base64,{picture}", text=text_of(item, "revised_prompt"))
    return attrs.evolve(made, sections=(*made.sections, Section(title="result", blocks=(image,), is_output=True)))


def _code_interpreter(item: JsonObject) -> Entry:
    source = text_of(item, "code")
    sections = [Section(title="code", blocks=(code(source, "python"),))] if source else []
    blocks = [_interpreter_output(output) for output in as_array(item.get("outputs"))]
    if blocks:
        sections.append(Section(title="output", blocks=tuple(blocks), is_output=True))
    return Entry(id="", kind="tool", title="code interpreter", hint=hint(source), sections=tuple(sections))


def _interpreter_output(output: Any) -> Block:
    if text_of(output, "type") == "image":
        return Block(kind="image", url=text_of(output, "url"))
    if text_of(output, "type") == "logs":
        return code(text_of(output, "logs"))
    return json_block(output)


def _approval(item: JsonObject) -> Entry:
    word = "approved" if item.get("approve") is True else "refused"
    return Entry(id="", kind="event", title=f"{word} by the user", hint=hint(item.get("reason")))


def _event(title: str, *shown: str) -> Callable[[JsonObject], Entry]:
    make = _call(title, *shown)
    return lambda item: attrs.evolve(make(item), kind="event")


def _workflow_action(item: JsonObject) -> Entry:
    made = _event("workflow action", "action_id", "parent_action_id", "previous_action_id")(item)
    return attrs.evolve(made, hint=text_of(item, "kind"))


def _unknown(item: JsonObject) -> Entry:
    title = type_of(item) or "unknown item"
    shown = (Section(title="", blocks=(json_block(item),)),)
    return Entry(id="", kind="event", title=title, hint=hint(_rest(item)), sections=shown)


def _rest(item: JsonObject) -> JsonObject:
    """What an item says beside its id and type."""
    return {key: value for key, value in item.items() if key not in ("id", "type", "status", "created_by")}


def _orphaned_output(item: JsonObject) -> Entry:
    title = type_of(item).replace("_", " ")
    return Entry(id="", kind="output", title=title, sections=_output_of(item))


def _output_of(output: JsonObject) -> tuple[Section, ...]:
    tag = type_of(output)
    if tag == "mcp_approval_response":
        return (Section(title="answer", blocks=(note(_approval(output).title),), is_output=True),)
    value = output.get(_OUTPUT_MEMBER.get(tag, "output"))
    if tag == "shell_call_output":
        return tuple(_shell_output(as_object(each)) for each in as_array(value))
    if tag == "computer_call_output":
        return (Section(title="screenshot", blocks=of_content(value), is_output=True),)
    if is_array(value):
        return (Section(title="output", blocks=of_content(value), is_output=True),)
    return () if value is None else (section("output", value, is_output=True),)


def _shell_output(output: JsonObject) -> Section:
    outcome = as_object(output.get("outcome"))
    end = f"exit code {outcome.get('exit_code')}" if text_of(outcome, "type") == "exit" else text_of(outcome, "type")
    texts = [code(text_of(output, name)) for name in ("stdout", "stderr") if text_of(output, name)]
    blocks = tuple(texts) or (note("nothing was printed"),)
    return Section(title=f"output, {end}", blocks=blocks, is_output=True)


_OUTPUT_MEMBER: Final[Mapping[str, str]] = {"tool_search_output": "tools", "program_output": "result"}

_MAKERS: Final[Mapping[str, Callable[[JsonObject], Entry]]] = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _call(None, "arguments"),
    "custom_tool_call": _call(None, "input"),
    "mcp_call": _call(None, "arguments", came_back=("output", "error")),
    "mcp_approval_request": _call(None, "arguments"),
    "file_search_call": _call("file search", "queries", came_back=("results",)),
    "web_search_call": _call("web search", "action"),
    "computer_call": _call("computer", "action", "actions", "pending_safety_checks"),
    "local_shell_call": _call("local shell", "action"),
    "shell_call": _call("shell", "action"),
    "apply_patch_call": _call("apply patch", "operation"),
    "tool_search_call": _call("tool search", "arguments"),
    "program": _call("program of tool calls", "code"),
    "image_generation_call": _image_generation,
    "code_interpreter_call": _code_interpreter,
    "mcp_approval_response": _approval,
    "mcp_list_tools": _event("tools of an MCP server", "server_label", "tools", "error"),
    "additional_tools": _event("additional tools", "tools"),
    "configuration_update": _event("configuration update", "reasoning", "text"),
    "compaction": _event("earlier items were compacted"),
    "memory_search_call": _call("memory search", came_back=("memories", "results")),
    "oauth_consent_request": _event("consent is asked for", "server_label", "consent_link"),
    "structured_outputs": _event("structured outputs", "output"),
    "workflow_action": _workflow_action,
    **{call: _call(name, "arguments") for call, name in TOOL_CALLS.items()},
    **dict.fromkeys(OUTPUT_OF_SERVICE.values(), _orphaned_output),
    "function_call_output": _orphaned_output,
    "custom_tool_call_output": _orphaned_output,
    "computer_call_output": _orphaned_output,
    "local_shell_call_output": _orphaned_output,
    "shell_call_output": _orphaned_output,
    "apply_patch_call_output": _orphaned_output,
    "tool_search_output": _orphaned_output,
    "program_output": _orphaned_output,
}
