"""
What a message, a reasoning item or a tool output consists of.

Every class is importable from here; its module is imported when the class is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openai_conversations.schemas.lazy import lazy_names

_MODULES = {
    "Annotation": "annotations",
    "ComputerScreenshot": "computer_screenshot",
    "ComputerScreenshotImage": "computer_screenshot",
    "ContainerFileCitation": "annotations",
    "FileCitation": "annotations",
    "FilePath": "annotations",
    "InputContent": "unions",
    "InputFile": "input_file",
    "InputImage": "input_image",
    "InputText": "input_text",
    "LogProb": "logprobs",
    "MessageContent": "unions",
    "OutputText": "output_text",
    "PromptCacheBreakpoint": "prompt_cache_breakpoint",
    "ReasoningText": "reasoning_text",
    "Refusal": "refusal",
    "SummaryText": "summary_text",
    "Text": "text",
    "TopLogProb": "logprobs",
    "UrlCitation": "annotations",
}
"""Name of each class and union → the module that defines it."""

if TYPE_CHECKING:
    from openai_conversations.schemas.content.annotations import (
        Annotation as Annotation,
    )
    from openai_conversations.schemas.content.annotations import (
        ContainerFileCitation as ContainerFileCitation,
    )
    from openai_conversations.schemas.content.annotations import (
        FileCitation as FileCitation,
    )
    from openai_conversations.schemas.content.annotations import (
        FilePath as FilePath,
    )
    from openai_conversations.schemas.content.annotations import (
        UrlCitation as UrlCitation,
    )
    from openai_conversations.schemas.content.computer_screenshot import (
        ComputerScreenshot as ComputerScreenshot,
    )
    from openai_conversations.schemas.content.computer_screenshot import (
        ComputerScreenshotImage as ComputerScreenshotImage,
    )
    from openai_conversations.schemas.content.input_file import InputFile as InputFile
    from openai_conversations.schemas.content.input_image import InputImage as InputImage
    from openai_conversations.schemas.content.input_text import InputText as InputText
    from openai_conversations.schemas.content.logprobs import LogProb as LogProb
    from openai_conversations.schemas.content.logprobs import TopLogProb as TopLogProb
    from openai_conversations.schemas.content.output_text import OutputText as OutputText
    from openai_conversations.schemas.content.prompt_cache_breakpoint import (
        PromptCacheBreakpoint as PromptCacheBreakpoint,
    )
    from openai_conversations.schemas.content.reasoning_text import ReasoningText as ReasoningText
    from openai_conversations.schemas.content.refusal import Refusal as Refusal
    from openai_conversations.schemas.content.summary_text import SummaryText as SummaryText
    from openai_conversations.schemas.content.text import Text as Text
    from openai_conversations.schemas.content.unions import (
        InputContent as InputContent,
    )
    from openai_conversations.schemas.content.unions import (
        MessageContent as MessageContent,
    )
else:
    __getattr__ = lazy_names(__name__, _MODULES)
