"""
What a message, a reasoning item or a tool output consists of.

Every class is importable from here; its module is imported when the class is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openai_conversations.schemas.lazy import lazy_names

if TYPE_CHECKING:
    from openai_conversations.schemas.content.annotations import (
        Annotation,
        ContainerFileCitation,
        FileCitation,
        FilePath,
        UrlCitation,
    )
    from openai_conversations.schemas.content.computer_screenshot import ComputerScreenshot, ComputerScreenshotImage
    from openai_conversations.schemas.content.input_file import InputFile
    from openai_conversations.schemas.content.input_image import InputImage
    from openai_conversations.schemas.content.input_text import InputText
    from openai_conversations.schemas.content.logprobs import LogProb, TopLogProb
    from openai_conversations.schemas.content.output_text import OutputText
    from openai_conversations.schemas.content.prompt_cache_breakpoint import PromptCacheBreakpoint
    from openai_conversations.schemas.content.reasoning_text import ReasoningText
    from openai_conversations.schemas.content.refusal import Refusal
    from openai_conversations.schemas.content.summary_text import SummaryText
    from openai_conversations.schemas.content.text import Text
    from openai_conversations.schemas.content.unions import InputContent, MessageContent

__all__ = [
    "Annotation",
    "ComputerScreenshot",
    "ComputerScreenshotImage",
    "ContainerFileCitation",
    "FileCitation",
    "FilePath",
    "InputContent",
    "InputFile",
    "InputImage",
    "InputText",
    "LogProb",
    "MessageContent",
    "OutputText",
    "PromptCacheBreakpoint",
    "ReasoningText",
    "Refusal",
    "SummaryText",
    "Text",
    "TopLogProb",
    "UrlCitation",
]

_NAMES = {
    "annotations": ("Annotation", "ContainerFileCitation", "FileCitation", "FilePath", "UrlCitation"),
    "computer_screenshot": ("ComputerScreenshot", "ComputerScreenshotImage"),
    "input_file": ("InputFile",),
    "input_image": ("InputImage",),
    "input_text": ("InputText",),
    "logprobs": ("LogProb", "TopLogProb"),
    "output_text": ("OutputText",),
    "prompt_cache_breakpoint": ("PromptCacheBreakpoint",),
    "reasoning_text": ("ReasoningText",),
    "refusal": ("Refusal",),
    "summary_text": ("SummaryText",),
    "text": ("Text",),
    "unions": ("InputContent", "MessageContent"),
}
"""Each module of this package → the classes and unions that it defines."""

if not TYPE_CHECKING:
    __getattr__ = lazy_names(__name__, _NAMES.items())
