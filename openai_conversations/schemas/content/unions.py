"""Which content parts may stand where."""

from __future__ import annotations

from openai_conversations.schemas.content.computer_screenshot import ComputerScreenshot
from openai_conversations.schemas.content.input_file import InputFile
from openai_conversations.schemas.content.input_image import InputImage
from openai_conversations.schemas.content.input_text import InputText
from openai_conversations.schemas.content.output_text import OutputText
from openai_conversations.schemas.content.reasoning_text import ReasoningText
from openai_conversations.schemas.content.refusal import Refusal
from openai_conversations.schemas.content.summary_text import SummaryText
from openai_conversations.schemas.content.text import Text
from openai_conversations.schemas.unknown import UnknownContent

InputContent = InputText | InputImage | InputFile | UnknownContent
"""Part of the output of a tool."""

MessageContent = (
    InputText
    | OutputText
    | Text
    | SummaryText
    | ReasoningText
    | Refusal
    | InputImage
    | ComputerScreenshot
    | InputFile
    | UnknownContent
)
"""Part of a message."""
