"""
Turns of a model: the response, and the events that it is streamed as.

Every class but those of the events is importable from here; its module is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openai_conversations.schemas.responses.configuration import (
        JsonObjectFormat as JsonObjectFormat,
        PromptCacheOptions as PromptCacheOptions,
        ResponsePrompt as ResponsePrompt,
        ResponseReasoning as ResponseReasoning,
        ResponseTextConfig as ResponseTextConfig,
        ToolChoice as ToolChoice,
        ToolChoiceAllowed as ToolChoiceAllowed,
        ToolChoiceCustom as ToolChoiceCustom,
        ToolChoiceFunction as ToolChoiceFunction,
        ToolChoiceMcp as ToolChoiceMcp,
        ToolChoiceTypes as ToolChoiceTypes,
    )
    from openai_conversations.schemas.responses.moderation import (
        ModerationError as ModerationError,
        ModerationResult as ModerationResult,
        ResponseModeration as ResponseModeration,
    )
    from openai_conversations.schemas.responses.response import (
        CompactedResponse as CompactedResponse,
        IncompleteDetails as IncompleteDetails,
        Response as Response,
        ResponseConversation as ResponseConversation,
        ResponseDeleted as ResponseDeleted,
        ResponseError as ResponseError,
        ResponseErrorCode as ResponseErrorCode,
        ResponseStatus as ResponseStatus,
    )
    from openai_conversations.schemas.responses.usage import (
        InputTokenCount as InputTokenCount,
        InputTokensDetails as InputTokensDetails,
        OutputTokensDetails as OutputTokensDetails,
        ResponseUsage as ResponseUsage,
    )
else:
    from openai_conversations.lazy import lazy_imports

    __getattr__, __dir__ = lazy_imports()
