"""``message``: what somebody said."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.content import InputText, MessageContent, OutputText, Text
from openai_conversations.schemas.enums import ItemStatus, Role
from openai_conversations.schemas.items.base import Item

_WITH_TEXT = (InputText, OutputText, Text)


@schema
class Message(Item):
    """A message to or from the model, with one content for all of its shapes."""

    type: Literal["message"] = "message"

    status: ItemStatus | None = None
    """Present in answers; ``None`` in a message that is not stored yet."""
    role: Role
    content: str | list[MessageContent]
    """A plain string is accepted in requests; some servers send one back. :attr:`parts` is always a list."""
    phase: Literal["commentary", "final_answer"] | str | None = None
    """Whether an assistant message is a comment on the way or the final answer. Send it back unchanged."""

    @property
    def parts(self) -> list[MessageContent]:
        """The content as a list; a plain string counts as one part of the kind that the role writes."""
        if not isinstance(self.content, str):
            return self.content
        return [OutputText(text=self.content) if self.role == "assistant" else InputText(text=self.content)]

    @property
    def text(self) -> str:
        """The text of all input, output and plain text parts, joined; no refusals, no reasoning."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if isinstance(part, _WITH_TEXT))
