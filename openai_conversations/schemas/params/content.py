"""What messages and tool outputs consist of, as dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NotRequired, TypeAlias, TypedDict

WithAsync = TypedDict("WithAsync", {"async": bool}, total=False)
"""For what may run beside the model; its key is a word of Python."""


class PromptCacheBreakpointParam(TypedDict):
    """Marks the exact end of a prompt prefix that the service caches."""

    mode: Literal["explicit"]
    ttl: NotRequired[Literal["30m", "12h"] | None]


class InputTextParam(TypedDict):
    """Text of a user, a system or developer message, or a tool output."""

    type: Literal["input_text"]
    text: str
    prompt_cache_breakpoint: NotRequired[PromptCacheBreakpointParam | None]


class FileCitationParam(TypedDict):
    """A citation of an uploaded file."""

    type: Literal["file_citation"]
    file_id: str
    index: int
    filename: str


class UrlCitationParam(TypedDict):
    """A citation of a web page."""

    type: Literal["url_citation"]
    url: str
    start_index: int
    end_index: int
    title: str


class ContainerFileCitationParam(TypedDict):
    """A citation of a file in a container."""

    type: Literal["container_file_citation"]
    container_id: str
    file_id: str
    start_index: int
    end_index: int
    filename: str


class FilePathParam(TypedDict):
    """A file that the text points to."""

    type: Literal["file_path"]
    file_id: str
    index: int


class TopLogProbParam(TypedDict):
    """A token that could have stood at a position."""

    token: str
    logprob: float
    bytes: Sequence[int]


class LogProbParam(TypedDict):
    """A token of the text."""

    token: str
    logprob: float
    bytes: Sequence[int]
    top_logprobs: Sequence[TopLogProbParam]


class OutputTextParam(TypedDict):
    """Text of an assistant message."""

    type: Literal["output_text"]
    text: str
    annotations: NotRequired[Sequence[AnnotationParam]]
    logprobs: NotRequired[Sequence[LogProbParam] | None]


class TextParam(TypedDict):
    """Text of a message that is neither input nor output."""

    type: Literal["text"]
    text: str


class SummaryTextParam(TypedDict):
    """A part of a summary of what the model reasoned so far."""

    type: Literal["summary_text"]
    text: str


class ReasoningTextParam(TypedDict):
    """A part of the model's reasoning."""

    type: Literal["reasoning_text"]
    text: str


class RefusalParam(TypedDict):
    """A refusal of the model."""

    type: Literal["refusal"]
    refusal: str


class InputImageParam(TypedDict):
    """An image, by URL or by the id of an uploaded file."""

    type: Literal["input_image"]
    image_url: NotRequired[str | None]
    file_id: NotRequired[str | None]
    detail: NotRequired[Literal["low", "high", "auto", "original"] | None]
    prompt_cache_breakpoint: NotRequired[PromptCacheBreakpointParam | None]


class ComputerScreenshotParam(TypedDict):
    """A screenshot as a content part of a message."""

    type: Literal["computer_screenshot"]
    image_url: NotRequired[str | None]
    file_id: NotRequired[str | None]
    detail: NotRequired[Literal["low", "high", "auto", "original"] | None]
    prompt_cache_breakpoint: NotRequired[PromptCacheBreakpointParam | None]


class InputFileParam(TypedDict):
    """A file, by id, by URL or with its data."""

    type: Literal["input_file"]
    file_id: NotRequired[str | None]
    filename: NotRequired[str | None]
    file_data: NotRequired[str | None]
    file_url: NotRequired[str | None]
    detail: NotRequired[Literal["auto", "low", "high"] | None]
    prompt_cache_breakpoint: NotRequired[PromptCacheBreakpointParam | None]


class DirectCallerParam(TypedDict):
    """The model called the tool itself."""

    type: Literal["direct"]


class ProgramCallerParam(TypedDict):
    """A ``program`` item called the tool."""

    type: Literal["program"]
    caller_id: str


class ComputerScreenshotImageParam(TypedDict):
    """A screenshot as the output of a computer call."""

    type: Literal["computer_screenshot"]
    image_url: NotRequired[str | None]
    file_id: NotRequired[str | None]


AnnotationParam: TypeAlias = FileCitationParam | UrlCitationParam | ContainerFileCitationParam | FilePathParam


InputContentParam: TypeAlias = InputTextParam | InputImageParam | InputFileParam


MessageContentParam: TypeAlias = (
    InputTextParam
    | OutputTextParam
    | TextParam
    | SummaryTextParam
    | ReasoningTextParam
    | RefusalParam
    | InputImageParam
    | ComputerScreenshotParam
    | InputFileParam
)
