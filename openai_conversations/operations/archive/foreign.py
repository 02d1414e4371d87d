"""
Files that this package did not write: which format one is of, and which of its conversations is read.

A file is one JSON value, one a line, or several one after the other. In it stands a conversation, or several; a
conversation is a list of messages or items, wherever the ways of saving it put that list. The formats themselves are in
:mod:`openai_conversations.operations.archive.formats`, one file each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Literal, Protocol, TypeGuard

import attrs

from openai_conversations.checks import OPTIONAL_TEXT, one_of
from openai_conversations.jsontypes import JsonObject, as_array, as_object, is_array, is_object, text_of
from openai_conversations.operations.archive.documents import Document
from openai_conversations.operations.archive.formats.assistants import ThreadReader, is_thread_message
from openai_conversations.operations.archive.formats.chat_completions import ChatReader, is_chat_message
from openai_conversations.operations.archive.formats.chatgpt import is_chatgpt, read_chatgpt
from openai_conversations.operations.archive.formats.fields import WHOLE_FILE, Fields, Foreign, MessageError, unread
from openai_conversations.operations.archive.formats.items import (
    has_sign_of_order,
    is_certain_item,
    is_likely_item,
    is_newest_first,
    may_be_item,
)
from openai_conversations.operations.archive.formats.responses_log import is_exchange, read_exchanges
from openai_conversations.operations.archive.formats.times import in_order, time_of
from openai_conversations.operations.archive.formats.ui_messages import UiReader, is_ui_message
from openai_conversations.operations.differences import Difference
from openai_conversations.operations.errors import ArchiveError

FileKind = Literal["conversation", "items", "thread", "chat", "responses", "chatgpt", "ui"]
Order = Literal["asc", "desc"]

_MOST_NAMED: Final = 10
_LISTS: Final = ("messages", "items", "data")
"""Where the ways of saving a conversation put the list."""


@attrs.frozen(kw_only=True)
class Choice:
    """
    What is read of a file that leaves something open.

    Attributes:
        conversation: Which conversation of a file that holds several: its id, its title, or its number counted from 1;
            ``None`` when there is but one.
        branch: Which branch of a conversation whose messages are a tree: the id of its last message; ``None`` for the
            current one.
        order: ``asc`` when the file has the oldest message first, ``desc`` for the newest; ``None`` to find out by the
            times of the messages, or by calls and their outputs.
    """

    conversation: str | None = None
    branch: str | None = None
    order: Order | None = None

    def __attrs_post_init__(self) -> None:
        OPTIONAL_TEXT.check("conversation", self.conversation)
        OPTIONAL_TEXT.check("branch", self.branch)
        _ORDER.check("order", self.order)


_ORDER: Final = one_of(("asc", "desc")).or_none()

ALL: Final = Choice()


@attrs.frozen(kw_only=True)
class Found:
    """What was read, and in which format."""

    kind: FileKind
    items: tuple[JsonObject, ...]
    unread: tuple[Difference, ...]
    conversation: JsonObject


def read_foreign(documents: Sequence[Document], choice: Choice = ALL) -> Found:
    """
    Read the values of a file.

    Raises:
        ArchiveError: They are no conversation, or several of which none was chosen; or nothing of it can be expressed.
    """
    lines = [document.line for document in documents]
    values = [document.value for document in documents]
    if len(values) == 1 and is_array(values[0]) and any(map(_is_whole, values[0])):
        values, lines = values[0], [documents[0].line] * len(values[0])
    try:
        kind, found = _read(values, choice)
    except MessageError as error:
        raise _located(error, documents, lines) from None
    if not found.items:
        reason = next((f"; {note.path or 'a message'}: {note.reason}" for note in found.unread if note.reason), "")
        raise ArchiveError(f"the conversation would be empty: nothing of it can be expressed{reason}")
    return Found(kind=kind, items=found.items, unread=found.unread, conversation=found.conversation)


def _located(error: MessageError, documents: Sequence[Document], lines: Sequence[int]) -> ArchiveError:
    """With its line, where one line is one message; else with the number of the message."""
    if error.index == WHOLE_FILE:
        return ArchiveError(error.reason, line=documents[min(1, len(documents) - 1)].line)
    if len(documents) > 1 and error.index < len(lines):
        return ArchiveError(error.reason, line=lines[error.index])
    return ArchiveError(f"message {error.index + 1}: {error.reason}")


def _read(values: list[Any], choice: Choice) -> tuple[FileKind, Foreign]:
    if values and all(map(is_exchange, values)) and choice.conversation is None:
        return "responses", read_exchanges(values)
    if len(values) > 1 and any(map(_is_whole, values)):
        values = [_chosen(values, choice.conversation)]
    value: Any = values[0] if len(values) == 1 else values
    if is_chatgpt(value):
        return "chatgpt", read_chatgpt(value, choice.branch)
    if is_exchange(value):
        return "responses", read_exchanges([value])
    return _read_list(value, choice.order)


def _is_whole(value: object) -> bool:
    """Whether a value is a conversation by itself."""
    members = as_object(value)
    has_list = any(is_array(members.get(key)) or is_object(members.get(key)) for key in ("messages", "items"))
    return has_list or is_chatgpt(value) or is_exchange(value) or is_object(members.get("request"))


# Which of several


def _chosen(values: Sequence[Any], wanted: str | None) -> JsonObject:
    for number, value in enumerate(values, 1):
        if not _is_whole(value):
            raise MessageError(number - 1, "this is no conversation, as the others are")
    if wanted is None:
        shown = ", ".join(_names(number, value)[0] for number, value in enumerate(values[:_MOST_NAMED], 1))
        more = ", …" if len(values) > _MOST_NAMED else ""
        raise MessageError(WHOLE_FILE, f"the file holds {len(values)} conversations; choose one: {shown}{more}")
    names = [_names(number, value) for number, value in enumerate(values, 1)]
    found = [place for place, each in enumerate(names) if wanted == each[0]]
    found = found or [place for place, each in enumerate(names) if wanted in each]
    if len(found) == 1:
        return as_object(values[found[0]])
    reason = "there are several" if found else "there is no"
    raise MessageError(WHOLE_FILE, f"{reason} conversation {wanted!r} among the {len(values)} of the file")


def _names(number: int, value: Any) -> list[str]:
    """What a conversation may be called: the id, else the number; the title and the number, too."""
    ids = [text_of(value, key) for key in ("id", "conversation_id")]
    return [*dict.fromkeys(name for name in [*ids, str(number), text_of(value, "title")] if name)]


# Lists of messages or items


class _Reads(Protocol):
    """Makes items of one message."""

    def read(self, index: int, fields: Fields, /) -> list[JsonObject]: ...


class _ItemReader:
    """Items are items already."""

    def read(self, _: int, fields: Fields) -> list[JsonObject]:
        item = fields.take_all()
        return [{"type": "message", **item} if "role" in item and "type" not in item else item]


@attrs.frozen
class _Format:
    """
    A format of messages.

    Attributes:
        kind: Its name.
        is_certain: Whether a value is of it and of none of those behind it in the table.
        may_be: Whether a value may stand among others that are.
        reader: Makes what reads one conversation of it.
        noun: What one of its messages is called.
    """

    kind: FileKind
    is_certain: Callable[[object], bool]
    may_be: Callable[[object], bool]
    reader: Callable[[], _Reads]
    noun: str


def _has_role(value: object) -> bool:
    return bool(text_of(value, "role"))


_CHAT: Final = _Format("chat", is_chat_message, _has_role, ChatReader, "message of Chat Completions")
_FORMATS: Final = (
    _Format("thread", is_thread_message, _has_role, ThreadReader, "message of an Assistants thread"),
    _Format("ui", is_ui_message, _has_role, UiReader, "UI message"),
    _Format("items", is_certain_item, may_be_item, _ItemReader, "item"),
    _CHAT,
    _Format("items", is_likely_item, may_be_item, _ItemReader, "item"),
)


def _read_list(value: Any, order: Order | None) -> tuple[FileKind, Foreign]:
    holder = _Holder(value)
    messages = holder.messages
    format = next((each for each in _FORMATS if any(map(each.is_certain, messages))), None)
    if not messages and "choices" in holder.fields:
        format = _CHAT
    if format is None:
        raise MessageError(
            WHOLE_FILE,
            "this is no conversation: expected an export of this package, items, messages of an Assistants thread or "
            "of Chat Completions, UI messages, a log of the Responses API, or conversations of ChatGPT",
        )
    for index, each in enumerate(messages):
        if not format.may_be(each):
            raise MessageError(index, f"this is no {format.noun}, as the others are")
    reader = format.reader()
    items: list[JsonObject] = []
    notes: list[Difference] = []
    for index, each in _ordered(messages, order, holder):
        fields = Fields(each)
        items += reader.read(index, fields)
        notes += unread(index, fields, type=text_of(each, "role"), item_id=text_of(each, "id"))
    for fields in holder.answers():
        items += reader.read(WHOLE_FILE, fields)
    conversation = holder.conversation()
    notes += unread(WHOLE_FILE, holder.fields)
    return format.kind, Foreign(items=tuple(items), unread=tuple(notes), conversation=conversation)


def _ordered(messages: Sequence[Any], order: Order | None, holder: _Holder) -> list[tuple[int, JsonObject]]:
    """The oldest message first, each with its place in the file."""
    numbered = [*enumerate(messages)]
    if order is not None:
        return numbered if order == "asc" else numbered[::-1]
    if any(time_of(message) is not None for message in messages):
        return in_order(numbered, lambda pair: pair[1])
    if has_sign_of_order(messages):
        return numbered[::-1] if is_newest_first(messages) else numbered
    if holder.is_page and len(messages) > 1:
        reason = "the page does not say whether its first item is the oldest: it was taken for it; order= decides"
        holder.fields.note("data", reason, "changed")
    return numbered


class _Holder:
    """Where the messages of a file stand, and what stands around them."""

    def __init__(self, value: Any) -> None:
        self.is_page = False
        self.fields = Fields()
        self.messages: list[Any] = []
        self._conversation = Fields()
        if is_object(value):
            self.fields = Fields(value)
            self._open(self.fields)
        else:
            self._gather(as_array(value))
        if not self.messages and is_object(value) and "choices" not in self.fields:
            self.fields, self.messages = Fields(), [value]

    def _gather(self, values: list[Any]) -> None:
        """Messages, pages of messages, and the conversation that they belong to, in a list or line by line."""
        pages = [value for value in values if _is_page(value)]
        is_whole = any(page.get("has_more") is False for page in pages)
        for place, value in enumerate(values):
            if _is_page(value):
                page = Fields(value, f"[{place}]")
                if is_whole:
                    page.drop("has_more", True)
                self.fields.adopt(page)
                self._page(page)
            elif text_of(value, "object") == "conversation":
                self._conversation = Fields(value, f"[{place}]")
                self.fields.adopt(self._conversation)
            else:
                self.messages.append(value)
        if len(pages) > 1:
            self.messages = _once(self.messages)

    def _open(self, fields: Fields) -> None:
        request = fields.object("request") if is_object(fields.peek("request")) else fields
        name = next((name for name in _LISTS if is_array(request.peek(name)) or is_object(request.peek(name))), None)
        if name is None:
            return
        if is_array(request.peek(name)):
            if name == "data":
                self._page(request)
            else:
                self._gather(request.take(name))
        else:
            self._page(request.object(name))

    def _page(self, fields: Fields) -> None:
        """A page of a listing: what it says of itself says nothing but that there may be more."""
        self.is_page = True
        values = as_array(fields.take("data"))
        self.messages += values
        fields.drop("object", "list")
        for name, value in (("first_id", values[:1]), ("last_id", values[-1:])):
            fields.drop(name, *(text_of(each, "id") for each in value))
        fields.drop("has_more", False)
        if fields.peek("has_more") is True:
            fields.take("has_more")
            fields.note("has_more", "the file does not hold everything: the page says that there is more", "left_out")

    def answers(self) -> Iterator[Fields]:
        """The answer to a request, beside its messages."""
        names = [name for name in ("response", "completion") if is_object(self.fields.peek(name))]
        for side in [self.fields, *map(self.fields.object, names)]:
            for place, choice in enumerate(side.objects("choices")):
                if place == 0 and is_object(choice.peek("message")):
                    choice.drop("index", 0)
                    choice.drop("finish_reason", "stop", "tool_calls")
                    yield choice.object("message")
                elif place:
                    choice.leave("it is another answer to the same request", "left_out")
            side.drop("object", "chat.completion")

    def conversation(self) -> JsonObject:
        """The object that has the metadata: the conversation, the thread, or the document itself."""
        for name in ("conversation", "thread"):
            if is_object(self.fields.peek(name)):
                self._conversation = self.fields.object(name)
        holder = self._conversation if self._conversation.is_given else self.fields
        holder.drop("object", "conversation", "thread")
        return {key: holder.take(key) for key in _CONVERSATION if key in holder}


def _is_page(value: object) -> TypeGuard[JsonObject]:
    return text_of(value, "object") == "list" and is_array(as_object(value).get("data"))


def _once(messages: list[Any]) -> list[Any]:
    """Pages that were asked for one after the other overlap when something was deleted meanwhile."""
    known: dict[str, Any] = {}
    kept: list[Any] = []
    for message in messages:
        id = text_of(message, "id")
        if not (id and known.get(id) == message):
            kept.append(message)
        known.setdefault(id, message)
    return kept


_CONVERSATION: Final = ("id", "metadata", "created_at")
