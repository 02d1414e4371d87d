"""What a model is given: the whole prompt of one turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from openai_conversations.server.rules.prompt import OUTPUTS
from openai_conversations.server.rules.schema_dsl import is_array, is_object

Item = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Turn:
    """
    One turn as the model sees it.

    Attributes:
        number: Counts turns from 1.
        prompt: Every item, oldest first: the conversation or the previous responses, then the input.
        input: The items of the request alone.
        request: The fields of the request as they were read.
        conversation_id: Where the turn takes place, or ``""``.
        owner: Whose turn it is.
    """

    number: int
    prompt: Sequence[Item] = attrs.field(repr=False)  # tools hold credentials, and items can hold tools
    input: Sequence[Item] = attrs.field(repr=False)
    request: Mapping[str, Any] = attrs.field(repr=False)
    conversation_id: str = ""
    owner: str = attrs.field(default="", repr=False)

    @property
    def model(self) -> str:
        """The model that was asked for."""
        return str(self.request.get("model") or "")

    @property
    def instructions(self) -> str:
        """The system's or the developer's message of this turn alone, or ``""``."""
        return str(self.request.get("instructions") or "")

    @property
    def tools(self) -> Sequence[Item]:
        """The tools of the request."""
        return self.request.get("tools") or []

    @property
    def text(self) -> str:
        """The text of the user's last message, or ``""``."""
        return next((text_of(item) for item in reversed(self.prompt) if item.get("role") == "user"), "")

    @property
    def tool_outputs(self) -> Sequence[Item]:
        """What tools gave back after the user's last message, oldest first."""
        return [item for item in self._since_user() if item.get("type") in OUTPUTS.values()]

    def _since_user(self) -> Sequence[Item]:
        last = max((n for n, item in enumerate(self.prompt) if item.get("role") == "user"), default=-1)
        return self.prompt[last + 1 :]


def text_of(item: Item) -> str:
    """The texts of a message, or of the output of a tool, joined."""
    content = item.get("content", item.get("output"))
    if isinstance(content, str):
        return content
    parts = content if is_array(content) else []
    return "".join(str(part.get("text") or part.get("refusal") or "") for part in parts if is_object(part))
