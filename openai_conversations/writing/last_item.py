"""
The last item known of each conversation, which tells an append that arrived from one that did not.

Learned from the responses that a client gets anyway. What is known is never replaced by what a listing shows that lags
behind: a listing moves it on only when it shows the known item, and what came after.

An id alone may mislead: servers that number items by their place use it again, a gateway may answer from its memory. So
of the latest items it is kept how they begin, and what came before them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, Final

import attrs

from openai_conversations.api.caller import codec
from openai_conversations.api.pagination import item_id, member
from openai_conversations.errors import APIResponseValidationError
from openai_conversations.transport.message import HTTPRequest, HTTPResponse
from openai_conversations.writing.open_turns import OpenTurn, in_brief

START: Final = ""
"""Known of a conversation that was empty."""

_MOST_CONVERSATIONS: Final = 10_000
_MOST_UNRESOLVED: Final = 20
"""Items whose outcome is not known that are kept of a conversation, until its last item is known again."""
_MOST_SEEN: Final = 8
"""Items of a conversation of which it is kept what they are: the last one of each response."""
_LONGEST_BEGINNING: Final = 80
"""Characters of a text that are kept."""

_ANYTHING: Final[Mapping[str, str]] = {"type": "item_reference"}
"""In the place of more than is kept."""
_MOST_COMPLETE: Final = 4
"""Turns that are complete, and of which it has not been seen that they are stored, that are kept."""


@attrs.frozen(kw_only=True, repr=False)
class SeenItem:
    """
    What is known of an item besides its id.

    Attributes:
        type: Its type.
        role: Its role, if it is a message.
        call_id: Its call, if it has one.
        beginning: How its text begins.
        earlier: The id of an item that stands somewhere before it; ``None`` when none is known.
    """

    type: str
    role: str
    call_id: str
    beginning: str
    earlier: str | None = None


def seen_item(item: Any, earlier: str | None = None) -> SeenItem:
    """
    What is kept of an item.

    Args:
        item: Its JSON.
        earlier: The id of an item that stands before it.
    """
    content: Any = member(item, "content")
    parts: Any = content if isinstance(content, list) else [content]  # pyright: ignore[reportUnknownVariableType]
    texts = [part if isinstance(part, str) else member(part, "text") for part in parts]
    return SeenItem(
        type=str(member(item, "type") or "message"),
        role=str(member(item, "role") or ""),
        call_id=str(member(item, "call_id") or ""),
        beginning="".join(text for text in texts if isinstance(text, str))[:_LONGEST_BEGINNING],
        earlier=earlier,
    )


@attrs.define(eq=False, repr=False)
class _Known:
    version: int
    """Another number after each beginning and end of a write."""
    last_item_id: str | None = None
    at_least: str | None = None
    """Where no last item is known, one that was it before: a listing that does not show it lags behind."""
    unresolved: tuple[Any, ...] | None = None
    """What may stand behind it of what this client sent; ``None`` when that is not known."""
    unknown_version: int = 0
    """Another number after each write whose outcome is not known."""
    seen: dict[str, SeenItem] = attrs.field(factory=dict[str, SeenItem])
    """Items of which more than the id is known, the latest last."""
    turns: tuple[OpenTurn, ...] = ()
    """Those that may still add their items: a service goes on without this client, for minutes, or stores late."""

    def lags_behind(self, newest_first: Sequence[str]) -> bool:
        """Whether a listing may show less than what was known before."""
        return self.at_least not in (None, START, *newest_first)


class LastItems:
    """
    The last item known of each conversation.

    The conversations used longest ago are forgotten beyond 10,000.
    """

    def __init__(self, most: int = _MOST_CONVERSATIONS) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._most = most
        self._in_order: set[str] = set()
        """Servers that list in the order that they are asked for."""
        self._open: dict[str, str] = {}
        """Responses of turns whose end is not known, with their conversations."""
        # One counter for all: an entry that was forgotten and made again does not repeat a number.
        self._count = count()

    def get(self, key: str) -> str | None:
        """The id of the last item, :data:`START` for an empty conversation, ``None`` when nothing is known."""
        known = self._known.get(key)
        return known.last_item_id if known is not None else None

    def version(self, key: str) -> int:
        """A number that changes whenever a write to the conversation begins or ends."""
        return self._entry(key).version

    def unknown_version(self, key: str) -> int:
        """A number that changes whenever a write to the conversation ends and its outcome is not known."""
        return self._entry(key).unknown_version

    def bound(self, key: str) -> tuple[str, tuple[Any, ...]] | None:
        """
        Where the last item is not known, the one before writes whose outcome is not known, and the items of those.

        ``None`` when even that is not known.
        """
        known = self._entry(key)
        if known.last_item_id is not None or known.at_least is None or known.unresolved is None:
            return None
        return known.at_least, known.unresolved

    def at_least(self, key: str) -> str | None:
        """The last item, or where it is not known, one that was it before."""
        known = self._entry(key)
        return known.at_least if known.last_item_id is None else known.last_item_id

    def learn(self, key: str, newest_first: Sequence[str], version: int) -> None:
        """
        Learn from a listing of the end of a conversation.

        Args:
            key: The conversation.
            newest_first: The ids that it shows, the newest first; empty when it shows that there is no item.
            version: What :meth:`version` said before it was asked for: when a write began or ended meanwhile, it may
                show what was before.
        """
        known = self._entry(key)
        if known.version != version or (known.last_item_id is None and known.lags_behind(newest_first)):
            return
        known.last_item_id = newer(known.last_item_id, newest_first)
        known.turns = tuple(turn for turn in known.turns if not turn.is_shown(newest_first))

    def lists_in_order(self, server: str) -> bool:
        """Whether a server, by its base URL, is known to list in the order that it is asked for."""
        return server in self._in_order

    def note_order(self, server: str) -> None:
        """A server was seen to list in the order that it was asked for."""
        self._in_order.add(server)

    def seen(self, key: str) -> dict[str, SeenItem]:
        """What is known of the latest items, by their ids."""
        known = self._known.get(key)
        return dict(known.seen) if known is not None else {}

    def note(self, key: str, item_id: str, item: SeenItem) -> None:
        """A response showed this item, behind all that it showed or that was known before."""
        seen = self._entry(key).seen
        before = seen.pop(item_id, None)
        seen[item_id] = item if before is None or item.earlier else attrs.evolve(item, earlier=before.earlier)
        if len(seen) > _MOST_SEEN:
            del seen[next(iter(seen))]

    def begin(self, key: str) -> tuple[str | None, int]:
        """An append begins: what it may rely on, and a number that it gives to :meth:`end`."""
        known = self._entry(key)
        known.version = next(self._count)
        return known.last_item_id, known.version

    def end(self, key: str, last_item_id: str | None, begun: int, *, unresolved: Sequence[Any] | None = None) -> None:
        """
        An append ended: the last item now, or ``None`` when it is unknown.

        When another write began meanwhile, which of the two is the last is unknown.

        Args:
            key: The conversation.
            last_item_id: Its last item now.
            begun: What :meth:`begin` gave.
            unresolved: The items that may be stored, where the outcome is not known; empty when certainly nothing was
                stored, ``None`` when everything was.
        """
        known = self._entry(key)
        is_alone = known.version == begun
        earlier = () if known.last_item_id is not None else known.unresolved
        known.at_least = known.at_least if known.last_item_id is None else known.last_item_id
        known.last_item_id = last_item_id if is_alone else None
        known.version = next(self._count)
        if unresolved:
            known.unknown_version = known.version
        known.unresolved = None
        if is_alone and earlier is not None and unresolved is not None and len(earlier) < _MOST_UNRESOLVED:
            known.unresolved = (*earlier, *unresolved)

    def end_turn(
        self, key: str, begun: int, *, sent: Sequence[Any], response_key: str = "", output: Sequence[str] | None = None
    ) -> None:
        """
        A turn was taken, whatever became of it.

        Its input and its output may come at any later time, also after a listing was read. Of one whose end is not
        known they stay unknown until a later turn is complete: there is one at a time. Of one that is complete they
        are known by the ids of the output.

        Args:
            key: The conversation.
            begun: What :meth:`begin` gave.
            sent: The input.
            response_key: What tells its response from those of other servers; ``""`` when it was not told.
            output: The ids of its output, when it is complete; ``None`` when that is unknown.
        """
        self.end(key, _last_of(output), begun, unresolved=() if output is None else None)
        known = self._entry(key)
        complete = [turn for turn in known.turns if turn.output is not None]
        if output is None:
            known.unknown_version = known.version
            turn = OpenTurn(response_key=response_key, sent=tuple(sent), output=None, version=known.version)
            known.turns = (*complete, *_with_unknown_end(known.turns, turn))
            self._remember(response_key, key)
        elif any(output):
            turn = OpenTurn(response_key=response_key, sent=in_brief(sent), output=tuple(output), version=known.version)
            known.turns = (*complete[-_MOST_COMPLETE + 1 :], turn)
        else:
            known.turns = tuple(complete)

    def _remember(self, response_key: str, key: str) -> None:
        if response_key:
            self._open[response_key] = key
        if len(self._open) > self._most:
            del self._open[next(iter(self._open))]

    def is_open(self, response_key: str) -> bool:
        """Whether it is not known how the turn of a response ended."""
        return response_key in self._open

    def note_complete(self, response_key: str, output: Sequence[str]) -> None:
        """
        A turn whose end was not known is complete.

        Args:
            response_key: What :meth:`end_turn` was told.
            output: The ids of its output.
        """
        known = self._known.get(self._open.pop(response_key, ""))
        turn = None if known is None else next((one for one in known.turns if one.response_key == response_key), None)
        if known is None or turn is None or turn.output is not None:
            return
        complete = attrs.evolve(turn, sent=in_brief(turn.sent), output=tuple(output))
        known.turns = tuple(complete if one is turn else one for one in known.turns)
        if known.version == turn.version and known.last_item_id is None:
            known.last_item_id = _last_of(output)

    def turns(self, key: str) -> Sequence[OpenTurn]:
        """The turns that may still add their items."""
        known = self._known.get(key)
        return () if known is None else known.turns

    def forget(self, key: str, item_id: str | None = None) -> None:
        """The conversation, or the item that was its last, was deleted, or somebody else wrote to it."""
        known = self._known.get(key)
        if known is None:
            return
        if item_id is not None:
            known.seen.pop(item_id, None)
        if item_id is None or item_id == known.at_least:
            known.at_least = None
        if item_id is None or item_id == known.last_item_id:
            known.last_item_id = None
            known.version = next(self._count)

    def _entry(self, key: str) -> _Known:
        known = self._known.get(key)
        if known is None:
            number = next(self._count)
            known = self._known[key] = _Known(version=number, unknown_version=number)
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return known


def _last_of(output: Sequence[str] | None) -> str | None:
    return output[-1] or None if output else None


def _with_unknown_end(turns: Sequence[OpenTurn], turn: OpenTurn) -> Sequence[OpenTurn]:
    """The turns whose end is not known, and one more; in the place of more than is kept, one that may add anything."""
    unknown = [*(one for one in turns if one.output is None), turn]
    if sum(len(one.may_add) for one in unknown) <= _MOST_UNRESOLVED:
        return unknown
    return [attrs.evolve(turn, response_key="", sent=(_ANYTHING,))]


def newer(known: str | None, newest_first: Sequence[str]) -> str | None:
    """
    The last item that is known after a listing showed these.

    A listing that does not show the known item may lag behind it, or be far ahead: the known one stays, because a
    lookup that goes too far back may end without an outcome, and one that does not go far enough may be wrong. An id
    that occurs twice marks no place.
    """
    if known is None and not newest_first:
        return START
    if known is not None and (known == START or known not in newest_first):
        # An empty conversation that shows items: whatever they are, they came after.
        return known
    newest = newest_first[0]
    return newest if newest and newest_first.count(newest) == 1 else known


def items_of(response: HTTPResponse) -> list[Any] | None:
    """The items of a page; ``None`` when the response is none."""
    try:
        page = codec().value_of(response)
    except APIResponseValidationError:
        return None
    data: list[Any] | None = member(page, "data")
    return data if isinstance(data, list) else None


def ids_of(items: Sequence[Any]) -> list[str]:
    """The ids of items, ``""`` for one that has none."""
    return [item_id(item) for item in items]


def end_shown(request: HTTPRequest, response: HTTPResponse) -> Sequence[str] | None:
    """The ids that a page shows, newest first, when it shows the end of the conversation; else ``None``."""
    listing, data = request.listing, items_of(response)
    if listing is None or data is None:
        return None
    has_more = codec().value_of(response).get("has_more") is True
    if not data:
        return () if listing.after is None and not has_more else None
    if listing.order == "asc":
        return None if has_more else ids_of(data)[::-1]
    # Without an order it is the server's, and not all servers begin with the newest.
    return ids_of(data) if listing.order == "desc" and listing.after is None else None
