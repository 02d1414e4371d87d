"""What ``conversations.list`` returns, where a server has it; loaded by who lists."""

from __future__ import annotations

from openai_conversations.api.caller import Caller
from openai_conversations.resources.listing import BY_PAGES, Ask, fetching
from openai_conversations.resources.paging import FollowedPage, Lister
from openai_conversations.resources.raw import Finish
from openai_conversations.schemas.conversation import Conversation
from openai_conversations.schemas.conversation_list import ConversationList


class ConversationPage(ConversationList, FollowedPage["ConversationPage", Conversation]):
    """One page of conversations, which knows how to get the next, as a :class:`ConversationItemPage` does."""

    __slots__ = ("_asked", "_fetch")

    def _how_to_iterate(self) -> str:
        return BY_PAGES


class ConversationLister(Lister[ConversationPage, Conversation]):
    """What ``conversations.list`` returns: the same with conversations."""

    __slots__ = ()


def conversation_lister(ask: Ask, caller: Caller, finish: Finish | None, after: str | None) -> ConversationLister:
    """What ``conversations.list`` returns; the arguments are those of :func:`.listing.lister`."""
    fetch = fetching(ConversationPage, ask, caller, finish)
    return ConversationLister(fetch, after=after, max_items=None, prefetch=True)
