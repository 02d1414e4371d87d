"""
Whether stored items are those that were sent.

Pure functions over JSON values: the decoded body of the request on one side, the decoded listing on the other.

Two questions. *Same*: is a stored item what was sent? Servers add ids, status, annotations and log probabilities, turn
a content string into parts, leave fields out unless asked with ``include``. Everything else must be equal, but strings
that are JSON are compared as JSON. *Kind*: could it be what was sent, rewritten? Servers are known to rewrite texts,
numbers, ids and URLs and to drop parts; none turns a user's message into an assistant's. What is of the same kind and
not the same leaves the outcome unknown, which ends in an error; only what is of another kind proves anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeGuard

import attrs

from openai_conversations.schemas.items import ITEM_CLASSES
from openai_conversations.writing.last_item import SeenItem, seen_item
from openai_conversations.writing.open_turns import OUTPUT_OF_A_TURN

IGNORED: Final = frozenset({"status", "annotations", "logprobs", "created_by", "object"})
"""What a server sets or adds by itself."""

_NOT_COMPARED: Final = IGNORED | {"type", "role", "id"}

ON_DEMAND: Final = frozenset({"results", "sources", "outputs", "encrypted_content", "image_url", "logprobs"})
"""What a server leaves out of a listing unless asked with ``include``."""

REWRITABLE: Final = frozenset(
    {"image_url", "file_url", "file_data", "file_id", "detail", "encrypted_content", "result"}
)
"""Fields that a server may have replaced."""

# What databases and gateways are known to change in a text: white space, characters that nobody sees.
_UNSEEN: Final = re.compile(r"[\s\x00-\x1f\x7f\ufeff\ufffd\u200b]+")

_WORD: Final = re.compile(r"\w+")
_MASKED: Final = re.compile(r"\[[^\[\]]*\]|<[^<>]*>|\{[^{}]*\}|(\w)\1+(?!\w)")

STAND_INS: Final = frozenset({"item_reference", "compaction_trigger"})
"""Items in whose place a server stores another one, which cannot be predicted, or none."""

_ONE_ROLE: Final = {"system": "developer"}
"""Two words for one role: servers are known to store one for the other."""

# The roles of the API's description but "unknown", which says nothing.
_ROLES: Final = frozenset({"user", "assistant", "system", "developer", "critic", "discriminator", "tool"})

_NO_OUTPUT: Final = frozenset(
    {
        *(("message", "user"), ("message", "developer")),
        *((f"{tool}_output", "") for tool in ("function_call", "custom_tool_call", "computer_call")),
        *((f"{tool}_output", "") for tool in ("local_shell_call", "apply_patch_call")),
        ("mcp_approval_response", ""),
    }
)
"""Kinds that only a caller writes, and no model."""

_TEXT_PARTS: Final = frozenset({"input_text", "output_text", "text"})

_JSON_STARTS: Final = ("{", "[")

Kind = tuple[str, str]
"""The type of an item, and the role of a message."""

ANY_KIND: Final[Kind] = ("", "")
"""Of an item in whose place anything may be stored."""


@attrs.frozen(kw_only=True)
class Match:
    """
    What items behind the last known one tell about the items that were sent.

    Attributes:
        stored: The stored items, when they are certainly those that were sent; else ``None``.
        is_absent: Whether they are certainly not there.
        known: One sentence, when neither is certain.
        resembling: Ids of items that may belong to them.
    """

    stored: Sequence[Any] | None = None
    is_absent: bool = False
    known: str = ""
    resembling: tuple[str, ...] | None = None


def judge(sent: Sequence[Any], behind: Sequence[Any], unresolved: Sequence[Any] = ()) -> Match:
    """
    Whether sent items are stored, absent, or neither for certain.

    They are stored when the items end with them, and nothing else among the items is of their kind, but for what the
    same client sent before. They are absent when nothing is of their kind.

    Args:
        sent: The items as they were sent.
        behind: All items behind the last known one, oldest first.
        unresolved: What the same client sent before, whose outcome is unknown.
    """
    suspects = _suspects(sent, behind)
    if not suspects:
        return Match(is_absent=True)
    ids = _ids(suspects)
    if is_any_like(sent, unresolved):
        return Match(known="An earlier write like this one may be what is in the conversation.", resembling=ids)
    run = behind[len(behind) - len(sent) :]
    if len(run) == len(sent) and all(map(is_same, sent, run)):
        if not _without(_suspects(sent, behind[: len(behind) - len(sent)]), unresolved):
            return Match(stored=run)
        return Match(known="Items like these are in the conversation more than once.", resembling=ids)
    if any(is_same(one, item) for one in sent for item in suspects):
        known = "Some of the items may be stored, among others that came after the last known one."
        return Match(known=known, resembling=ids)
    return Match(
        known="Items of the same kind came after the last known one: these, rewritten, or another writer's.",
        resembling=ids,
    )


def _without(items: Sequence[Any], unresolved: Sequence[Any]) -> list[Any]:
    """The items but those that are among the unresolved ones, each once."""
    left, unseen = list[Any](), list(unresolved)
    for item in items:
        found = next((one for one in unseen if is_same(one, item)), None)
        if found is None:
            left.append(item)
        else:
            unseen.remove(found)
    return left


def is_any_like(sent: Sequence[Any], unresolved: Sequence[Any]) -> bool:
    """Whether one of the sent items cannot be told from one whose outcome is unknown."""
    return any(_is_like(one, other) for one in sent for other in unresolved)


def _is_like(one: Any, other: Any) -> bool:
    """Whether one may be stored where the other was sent: all of a kind but messages whose texts differ plainly."""
    if other is OUTPUT_OF_A_TURN:
        return may_be_of_a_model(one)
    if kind_of(one) != kind_of(other) and ANY_KIND not in (kind_of(one), kind_of(other)):
        return False
    mine, theirs = _plain_text(one), _plain_text(other)
    if mine is None or theirs is None:
        return True
    return _is_like_text(mine, theirs)


def may_be_of_a_model(item: Any) -> bool:
    """Whether a model may have written an item: of some kinds only a caller does."""
    return kind_of(item) not in _NO_OUTPUT


def _is_like_text(mine: str, theirs: str) -> bool:
    """Whether one text may be the other, rewritten: servers cut, drop, mask and replace, but add no words."""
    return _may_be_left_of(mine, theirs) or _may_be_left_of(theirs, mine)


def _may_be_left_of(left: str, text: str) -> bool:
    """Whether a text has no word that the other has not, but for masks such as ``[EMAIL]`` and ``XXXX``."""
    whole = _plain(text)
    return all(word in whole for word in _WORD.findall(_MASKED.sub(" ", _plain(left))))


def _plain(text: str) -> str:
    """Without what servers are known to change: white space, upper case, accents, wide and composed characters."""
    from unicodedata import combining, normalize

    decomposed = normalize("NFKD", text)
    return "".join(one for one in decomposed if not combining(one)).casefold()


def is_as_seen(seen: SeenItem, item: Any) -> bool:
    """Whether an item may be the one that was seen with its id: ids that number places are used again."""
    now = seen_item(item)
    if (seen.type, seen.role, seen.call_id) != (now.type, now.role, now.call_id):
        return False
    return _is_like_text(seen.beginning, now.beginning)


def _plain_text(item: Any) -> str | None:
    """The text of a message of text alone; ``None`` for any other item."""
    content = item.get("content") if _is_object(item) and _tag(item) == "message" else None
    return content if isinstance(content, str) else _text_of(content) if _is_array(content) else None


def resembling(sent: Sequence[Any], items: Sequence[Any]) -> tuple[str, ...]:
    """Ids of items that may be among the sent ones."""
    return _ids(_suspects(sent, items))


def is_as_sent(sent: Sequence[Any], stored: Sequence[Any]) -> bool:
    """
    Whether what a server says it stored may be what was sent: as many, each of its kind, in the order of sending.

    Texts that a server rewrote are no reason to disbelieve it; other items, or another order, are.
    """
    if len(sent) != len(stored):
        return _without_triggers(sent, stored)
    for index, (one, item) in enumerate(zip(sent, stored, strict=True)):
        # The usual case first, with a few look-ups: 20 items cost a sixth of what comparing them costs.
        if not (_is_plainly_same(one, item) or _is_in_place(index, one, sent, item)):
            return False
    return True


def is_palindrome(items: Sequence[Any]) -> bool:
    """Whether nobody can tell which end of a list is the newer one: it reads the same from both."""
    half = len(items) // 2
    return all(map(is_same, items[:half], items[: -half - 1 : -1]))


def _without_triggers(sent: Sequence[Any], stored: Sequence[Any]) -> bool:
    """A trigger is an order and no item: servers do not store it."""
    left = [item for item in sent if _tag(item) != "compaction_trigger"]
    return len(left) != len(sent) and len(left) == len(stored) and is_as_sent(left, stored)


def _is_in_place(index: int, one: Any, sent: Sequence[Any], item: Any) -> bool:
    kind = kind_of(one)
    if kind == ANY_KIND:
        return True
    if kind != kind_of(item):
        return False
    return is_same(one, item) or not any(is_same(other, item) for at, other in enumerate(sent) if at != index)


def _is_plainly_same(one: Any, item: Any) -> bool:
    """Whether two messages have the same role and first text, or two calls or outputs the same call."""
    try:
        if item["type"] == "message":
            said, shown = one["content"], item["content"]
            text = said if type(said) is str else said[0]["text"]
            return bool(shown[0]["text"] == text and item["role"] == one["role"])
        return bool(item["call_id"] == one["call_id"] and item["type"] == one["type"])
    except (KeyError, TypeError, IndexError):
        return False


def _suspects(sent: Sequence[Any], items: Sequence[Any]) -> list[Any]:
    """What may be one of the sent items, rewritten or not."""
    kinds = {kind_of(one) for one in sent}
    if ANY_KIND in kinds:
        return list(items)
    # What an item of an unknown type, a message of an unknown role, or what shows neither stands for is not known.
    return [item for item in items if kind_of(item) in kinds or not _is_known(item)]


def _is_known(item: Any) -> bool:
    tag = _tag(item)
    return tag in ITEM_CLASSES.keys() - STAND_INS and (tag != "message" or str(item.get("role")) in _ROLES)


def kind_of(item: Any) -> Kind:
    """What servers leave as it is: the type, and the role of a message, where system and developer are one."""
    tag = _tag(item)
    if tag in STAND_INS:
        return ANY_KIND
    role = item.get("role") if tag == "message" else ""
    return tag, _ONE_ROLE.get(str(role), str(role))


def _tag(item: Any) -> str:
    """The type of an item; a message and a reference may come without."""
    if not _is_object(item):
        return ""
    return str(item.get("type") or ("message" if "role" in item else "item_reference"))


def is_same(sent: Any, stored: Any) -> bool:
    """Whether a stored item is what was sent; what nests too deep to be compared is not known to be."""
    try:
        results = _field_results(sent, stored)
    except RecursionError:
        return False
    if False in results:
        return False
    # Something must speak for it: equal ids, or a field that is there on both sides.
    return True in results or _are_ids_equal(sent, stored)


def is_alike(sent: Any, stored: Any) -> bool:
    """
    Whether a stored item is what was sent but for what servers are known to rewrite.

    That is what is behind a URL, white space, composed characters, and how a text is cut into parts. Nothing needs to
    speak for it: both stand in the same place, and an image whose URL may differ has no other field. What nests too
    deep to be compared is not known to be.
    """
    try:
        return False not in _field_results(_reduced(sent), _reduced(stored))
    except RecursionError:
        return False


def _field_results(sent: Any, stored: Any) -> list[bool | None]:
    """Of each field that was sent, whether it is the same; ``None`` where that cannot be told."""
    if not _is_object(sent) or not _is_object(stored) or kind_of(sent) != kind_of(stored):
        return [False]
    fields = {key: value for key, value in sent.items() if key not in _NOT_COMPARED and value is not None}
    return [_is_same_field(key, value, stored.get(key)) for key, value in fields.items()]


def _reduced(value: Any) -> Any:
    if isinstance(value, str):
        from unicodedata import normalize  # for imports only: it is a library of its own to load

        return _UNSEEN.sub("", normalize("NFC", value))
    if _is_object(value):
        return {key: _reduced(member) for key, member in value.items() if key not in REWRITABLE}
    if _is_array(value):
        texts = _text_of(value)
        return [_reduced(member) for member in value] if texts is None else _reduced(texts)
    return value


def _text_of(parts: Sequence[Any]) -> str | None:
    """The text of parts that are nothing but text."""
    texts = [part.get("text") if _is_object(part) and _part_tag(part) in _TEXT_PARTS else None for part in parts]
    return None if None in texts or not texts else "".join(map(str, texts))


def _says(value: Any) -> bool:
    return value is not None and value not in ([], {})


def _are_ids_equal(sent: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    return bool(sent.get("id")) and sent.get("id") == stored.get("id")


def _is_same_field(key: str, sent: Any, stored: Any) -> bool | None:
    """``None`` when it says nothing: the server does not show it."""
    if stored is None:
        return None if key in ON_DEMAND or not (_is_substance(key) and _says(sent)) else False
    # What is empty on both sides speaks for nothing.
    return _is_same_value(sent, stored) and (True if _says(sent) else None)


def _is_substance(key: str) -> bool:
    """Whether an item without this field would not be what it is; other fields a server may not know."""
    return key in {"content", "output", "arguments", "input", "name", "call_id", "summary", "code", "action", "text"}


def _is_same_value(sent: Any, stored: Any) -> bool:
    if _is_array(sent) or _is_array(stored):
        mine, theirs = _parts(sent), _parts(stored)
        return len(mine) == len(theirs) and all(map(_is_same_value, mine, theirs))
    if _is_object(sent) and _is_object(stored):
        return _is_same_part(sent, stored)
    if isinstance(sent, str) and isinstance(stored, str):
        return sent == stored or _is_same_json(sent, stored)
    return sent == stored and isinstance(sent, bool) == isinstance(stored, bool)


def _is_same_json(sent: str, stored: str) -> bool:
    """Whether two strings are the same JSON object or array, written otherwise."""
    if not (sent.lstrip().startswith(_JSON_STARTS) and stored.lstrip().startswith(_JSON_STARTS)):
        return False
    try:
        mine, theirs = json.loads(sent), json.loads(stored)
    except (ValueError, RecursionError):
        return False
    return bool(mine == theirs)


def _is_same_part(sent: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    """Two objects inside an item; all kinds of text part count as one kind."""
    tags = {"text" if tag in _TEXT_PARTS else tag for tag in map(_part_tag, (sent, stored)) if tag}
    if len(tags) > 1:
        return False
    fields = [key for key in sent if key != "type" and key not in IGNORED and _says(sent[key])]
    return all(_is_same_field(key, sent[key], stored.get(key)) is not False for key in fields)


def _part_tag(part: Mapping[str, Any]) -> str:
    """The type of a part, whatever a server wrote in its place."""
    return str(part.get("type") or "")


def _parts(value: Any) -> list[Any]:
    """A string stands for one part of text."""
    if isinstance(value, str):
        return [{"type": "text", "text": value}]
    return value if _is_array(value) else [value]


def _ids(items: Sequence[Any]) -> tuple[str, ...]:
    found = (item.get("id") for item in items if _is_object(item))
    return tuple(dict.fromkeys(name for name in found if isinstance(name, str) and name))


def _is_object(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
