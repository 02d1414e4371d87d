"""
What a message, a reasoning item or a tool output consists of.

One module, because a message may hold any of these: whoever meets one class needs nearly all of them.
"""

from __future__ import annotations

from typing import Literal

import attrs

from openai_conversations.schemas.base import Schema, nullable, schema
from openai_conversations.schemas.enums import FileDetail, ImageDetail
from openai_conversations.schemas.unknown import UnknownAnnotation, UnknownContent


@schema
class PromptCacheBreakpoint(Schema):
    """Marks the exact end of a prompt prefix that the service caches."""

    mode: Literal["explicit"] | str = "explicit"
    ttl: Literal["30m", "12h"] | str | None = None
    """How long the prefix stays cached at least; ``None`` takes the time of the request."""


@schema
class InputText(Schema):
    """Text of a user, a system or developer message, or a tool output."""

    type: Literal["input_text"] = "input_text"

    text: str
    prompt_cache_breakpoint: PromptCacheBreakpoint | None = None


@schema
class InputImage(Schema):
    """An image, by URL or by the id of an uploaded file."""

    type: Literal["input_image"] = "input_image"

    image_url: str | None = None
    """A URL, or the image itself as a ``data:`` URL."""
    file_id: str | None = None
    detail: ImageDetail | None = None
    """Always present in a received message, optional in tool outputs; ``None`` lets the service choose ``auto``."""
    prompt_cache_breakpoint: PromptCacheBreakpoint | None = None


@schema
class InputFile(Schema):
    """A file, by id, by URL or with its data."""

    type: Literal["input_file"] = "input_file"

    file_id: str | None = None
    filename: str | None = None
    file_data: str | None = None
    """The file's content, base64 or a ``data:`` URL."""
    file_url: str | None = None
    detail: FileDetail | None = None
    prompt_cache_breakpoint: PromptCacheBreakpoint | None = None


@schema
class FileCitation(Schema):
    """A citation of an uploaded file."""

    type: Literal["file_citation"] = "file_citation"

    file_id: str
    index: int
    """Where in the text the citation belongs."""
    filename: str


@schema
class UrlCitation(Schema):
    """A citation of a web page."""

    type: Literal["url_citation"] = "url_citation"

    url: str
    start_index: int
    """Index of the first character of the citation in the text."""
    end_index: int
    """Index of its last character."""
    title: str


@schema
class ContainerFileCitation(Schema):
    """A citation of a file in a container."""

    type: Literal["container_file_citation"] = "container_file_citation"

    container_id: str
    file_id: str
    start_index: int
    """Index of the first character of the citation in the text."""
    end_index: int
    """Index of its last character."""
    filename: str


@schema
class FilePath(Schema):
    """A file that the text points to."""

    type: Literal["file_path"] = "file_path"

    file_id: str
    index: int
    """Index of the file in the list of files."""


Annotation = FileCitation | UrlCitation | ContainerFileCitation | FilePath | UnknownAnnotation


@schema
class TopLogProb(Schema):
    """A token that could have stood at a position."""

    token: str
    logprob: float
    bytes: list[int]
    """The token's UTF-8 bytes."""


@schema
class LogProb(Schema):
    """A token of the text."""

    token: str
    logprob: float
    bytes: list[int]
    """The token's UTF-8 bytes."""
    top_logprobs: list[TopLogProb]
    """The most likely tokens at this position."""


@schema
class OutputText(Schema):
    """Text of an assistant message."""

    type: Literal["output_text"] = "output_text"

    text: str
    annotations: list[Annotation] = attrs.field(factory=list[Annotation])
    """Citations in the text. Always sent, because the API wants the list also when it is empty."""
    logprobs: list[LogProb] | None = None
    """Only when the request included ``message.output_text.logprobs``."""


@schema
class Text(Schema):
    """Text of a message that is neither input nor output."""

    type: Literal["text"] = "text"

    text: str


@schema
class Refusal(Schema):
    """A refusal of the model."""

    type: Literal["refusal"] = "refusal"

    refusal: str
    """The model's explanation."""


@schema
class SummaryText(Schema):
    """A part of a summary of what the model reasoned so far."""

    type: Literal["summary_text"] = "summary_text"

    text: str


@schema
class ReasoningText(Schema):
    """A part of the model's reasoning."""

    type: Literal["reasoning_text"] = "reasoning_text"

    text: str


@schema
class ComputerScreenshot(Schema):
    """A screenshot as a content part of a message."""

    type: Literal["computer_screenshot"] = "computer_screenshot"

    image_url: str | None = nullable(default=None)
    file_id: str | None = nullable(default=None)
    detail: ImageDetail | None = nullable(default=None)
    prompt_cache_breakpoint: PromptCacheBreakpoint | None = None


@schema
class ComputerScreenshotImage(Schema):
    """A screenshot as the output of a computer call."""

    type: Literal["computer_screenshot"] = "computer_screenshot"

    image_url: str | None = None
    file_id: str | None = None


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
