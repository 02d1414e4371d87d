"""What ``conversations.list`` returns, where a server has it; loaded by who lists."""

from __future__ import annotations

from openai_conversations.resources.listing import BY_PAGES
from openai_conversations.resources.paging import FollowedPage, Lister
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
