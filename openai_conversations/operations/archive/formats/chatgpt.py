"""
Conversations as ChatGPT exports them (``conversations.json``) as items.

https://help.openai.com/en/articles/7260999: the file is a list of conversations; the form of one is not documented, and
read here as it was seen. Its messages are a tree, because a message can be edited and an answer can be made again: one
branch is read, from the root to one node. Tools are called without an id: a call gets that of its message, and what a
tool says answers the last call before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from openai_conversations.jsontypes import JsonObject, as_array, as_object, is_array, is_object, text_of
from openai_conversations.operations.archive.formats.fields import (
    WHOLE_FILE,
    Fields,
    Foreign,
    MessageError,
    input_text,
    message,
    text_part,
    unread,
)
from openai_conversations.operations.archive.formats.times import time_of
from openai_conversations.operations.differences import Difference

_ASKS: Final = frozenset({"system", "user"})
_TEXTS: Final = ("text", "result", "content")
"""Where the kinds of content that are no list of parts have their text."""

_SAID: Final = frozenset({"text", "multimodal_text", "code", "execution_output", "system_error", "tether_quote"})


def is_chatgpt(value: object) -> bool:
    """Whether a JSON value is a conversation of ChatGPT: it has a mapping of nodes."""
    nodes = as_object(as_object(value).get("mapping"))
    return any({"message", "parent", "children"} & as_object(node).keys() for node in nodes.values())


def read_chatgpt(document: JsonObject, branch: str | None = None) -> Foreign:
    """
    One branch of a conversation of ChatGPT.

    Args:
        document: The conversation.
        branch: Id of the last node, or of its message; ``None`` reads the branch that ChatGPT showed last.

    Raises:
        MessageError: There is no such node.
    """
    fields = Fields(document)
    nodes = as_object(fields.take("mapping"))
    path = _path(nodes, _end(nodes, branch or "", fields))
    reader = _Reader()
    items: list[JsonObject] = []
    notes: list[Difference] = []
    places = {name: index for index, name in enumerate(nodes)}
    for name in path:
        if not is_object(nodes[name]):
            notes += _strange(places[name], name, nodes[name])
            continue
        made, said = reader.read(places[name], _node(name, nodes))
        items += made
        notes += said
    ends = _ends(nodes)
    others = [_other(places[name], name, nodes, ends[name]) for name in nodes if name not in path]
    conversation = _conversation(fields)
    return Foreign(
        items=tuple(items),
        unread=(*notes, *(note for note in others if note is not None), *unread(WHOLE_FILE, fields)),
        conversation=conversation,
    )


def _conversation(fields: Fields) -> JsonObject:
    """Id and time as the conversation has them; the title becomes metadata, where transcripts look for it."""
    id, title = fields.text("conversation_id", "id"), fields.text("title")
    fields.drop("id", id)
    return {
        "id": id,
        "created_at": time_of({"create_time": fields.peek("create_time")}),
        "metadata": {"title": title} if title else {},
    }


def _end(nodes: JsonObject, branch: str, fields: Fields) -> str:
    """The node that a branch ends with."""
    current = fields.text("current_node")
    if not branch:
        return current if current in nodes else _newest_leaf(nodes)
    for name, node in nodes.items():
        if branch in (name, text_of(as_object(node).get("message"), "id")):
            return name
    raise MessageError(WHOLE_FILE, f"there is no branch {branch!r}; there are: {', '.join(_leaves(nodes, nodes))}")


def _newest_leaf(nodes: JsonObject) -> str:
    said = {name: as_object(node).get("message") for name, node in nodes.items() if as_object(node).get("message")}
    leaves = _leaves(said, nodes) or list(said) or list(nodes)
    return max(leaves, key=lambda name: time_of(said.get(name)) or 0)


def _leaves(names: Iterable[str], nodes: JsonObject) -> list[str]:
    """Those that are no node's parent."""
    parents = {text_of(node, "parent") for node in nodes.values()}
    return [name for name in names if name not in parents]


def _path(nodes: JsonObject, end: str) -> dict[str, None]:
    """From the root to a node; a tree whose parents go round is read once round."""
    names: dict[str, None] = {}
    while end in nodes and end not in names:
        names[end] = None
        end = text_of(nodes[end], "parent")
    return dict.fromkeys(reversed(names))


def _ends(nodes: JsonObject) -> dict[str, str]:
    """Of each node the last one of a branch that goes through it: the first child is taken each time."""
    ends: dict[str, str] = {}
    for name in nodes:
        walked = {name: None}
        while True:
            last = next(reversed(walked))
            children = as_array(as_object(nodes[last]).get("children"))
            child = next((child for child in children if _is_node(child, nodes) and child not in walked), None)
            if child is None or child in ends:
                break
            walked[child] = None
        end = last if child is None else ends[child]
        ends.update(dict.fromkeys(walked, end))
    return ends


def _other(index: int, name: str, nodes: JsonObject, end: str) -> Difference | None:
    """What is said of a node of another branch; nothing of one that holds nothing."""
    if not nodes[name] or (is_object(nodes[name]) and not any(_node(name, nodes).notes())):
        return None
    reason = f"it is of another branch: read it with the branch {end!r}"
    return Difference(index=index, item_id=name, type="message", kind="left_out", path="", reason=reason)


def _node(name: str, nodes: JsonObject) -> Fields:
    """A node without what makes it one of the tree."""
    node = Fields(nodes[name])
    node.drop("id", name)
    if _is_node(node.peek("parent"), nodes):
        node.take("parent")
    children = node.peek("children")
    if is_array(children) and all(_is_node(child, nodes) for child in children):
        node.take("children")
    return node


def _strange(index: int, name: str, node: object) -> Iterator[Difference]:
    if node:
        yield Difference(index=index, item_id=name, type="", kind="left_out", reason="it is no node of a tree")


def _is_node(name: Any, nodes: JsonObject) -> bool:
    return isinstance(name, str) and name in nodes


class _Reader:
    """Goes along a branch; remembers the call that is to be answered."""

    def __init__(self) -> None:
        self._call: str | None = None
        self._output: JsonObject | None = None
        """The output that the last message of a tool became: what it says more belongs to it."""

    def read(self, index: int, node: Fields) -> tuple[list[JsonObject], list[Difference]]:
        fields = node.object("message")
        if "author" not in fields and "content" not in fields:
            return [], unread(index, node)
        author = fields.object("author")
        role, name = author.text("role"), author.text("name")
        id = text_of({"id": fields.peek("id")}, "id")
        content = fields.object("content")
        for key, value in _USUAL.items():
            fields.drop(key, value)
        items = self._items(role, id, fields, content)
        if name:
            fields.note("author.name", "")
        return items, unread(index, node, type=role, item_id=id)

    def _items(self, role: str, id: str, fields: Fields, content: Fields) -> list[JsonObject]:
        recipient = fields.text("recipient")
        texts = list(_texts(content, None if role == "tool" else _SAID))
        is_call = role == "assistant" and recipient
        if recipient and not is_call:
            fields.note("recipient", "")
        if not texts:
            fields.note("", "nothing of it can be expressed", "left_out")
            return []
        if role == "tool":
            return self._answer(texts, fields)
        self._output = None
        if role not in (*_ASKS, "assistant"):
            fields.leave(f"a message of the role {role!r} cannot be expressed", "left_out")
            return []
        if not is_call:
            return [message(role, [text_part(role, text) for text in texts])]
        fields.drop("id", id)
        self._call = f"call_{id}"
        fields.note("", f"the call had no id; it got {self._call!r}", "added")
        given = "\n".join(texts)
        return [{"type": "custom_tool_call", "call_id": self._call, "name": recipient, "input": given}]

    def _answer(self, texts: list[str], fields: Fields) -> list[JsonObject]:
        """What a tool says: the output of the last call, or more of the output before."""
        parts = [input_text(text) for text in texts]
        if self._call is not None:
            self._output = {"type": "custom_tool_call_output", "call_id": self._call, "output": parts}
            self._call = None
            return [self._output]
        if self._output is None:
            fields.leave("it says of no call that it is its result, and there is none before it", "left_out")
        else:
            self._output["output"] += parts
        return []


_USUAL: Final[dict[str, object]] = {
    "status": "finished_successfully",
    "recipient": "all",
    "weight": 1.0,
    "channel": "final",
}
"""What nearly every message says, and what says nothing."""


def _texts(content: Fields, may_hold: frozenset[str] | None) -> Iterator[str]:
    """The texts of a content that is said; what else it holds is named."""
    tag = content.peek("content_type")
    if may_hold is not None and not (isinstance(tag, str) and tag in may_hold):
        content.leave(f"a content of the type {tag!r} cannot be expressed")
        return
    content.drop("content_type", *_SAID)
    for part in content.elements("parts"):
        if isinstance(part, str):
            if part:
                yield part
        elif part.peek("content_type") == "audio_transcription" and isinstance(part.peek("text"), str):
            part.take("content_type")
            yield part.text("text")
        else:
            part.leave(f"a part of the type {part.peek('content_type')!r} cannot be expressed")
    for key in _TEXTS:
        if text := content.text(key):
            yield text
