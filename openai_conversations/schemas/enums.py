"""
Enumerations that more than one class uses.

All but the last are open: a value that is newer than this package is kept as a plain string.
"""

from __future__ import annotations

from typing import Literal

ItemStatus = Literal["in_progress", "completed", "incomplete"] | str
"""How far an item has come."""

Role = Literal["unknown", "user", "assistant", "system", "critic", "discriminator", "developer", "tool"] | str
"""Who speaks; a request may use ``user``, ``assistant``, ``system`` and ``developer``."""

ImageDetail = Literal["low", "high", "auto", "original"] | str
"""How closely the model looks at an image."""

FileDetail = Literal["auto", "low", "high"] | str
"""How closely the model looks at the pages of a file."""

Execution = Literal["server", "client"] | str
"""Who executes a tool search."""

ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | str
"""How much the model reasons before it answers."""

SearchContextSize = Literal["low", "medium", "high"] | str
"""How much of the context window a web search may use."""

AllowedCaller = Literal["direct", "programmatic"] | str
"""Whether the model calls a tool itself, or a program that it wrote."""

MemoryLimit = Literal["1g", "4g", "16g", "64g"] | str
"""Memory of a container."""

ImageAction = Literal["generate", "edit", "auto"] | str
"""Whether an image is made anew or edited."""

ImageBackground = Literal["transparent", "opaque", "auto"] | str
"""The background of a generated image."""

ImageFormat = Literal["png", "webp", "jpeg", "gif", "svg"] | str
"""The file format of a generated image."""

ImageQuality = Literal["low", "medium", "high", "xhigh", "max", "auto"] | str
"""The quality of a generated image."""

ToolChoiceType = Literal[
    "file_search",
    "web_search_preview",
    "web_search_preview_2025_03_11",
    "computer",
    "computer_use_preview",
    "computer_use",
    "image_generation",
    "code_interpreter",
    "programmatic_tool_calling",
    "apply_patch",
    "shell",
]
"""A tool that has no name but its type; closed, because objects are told apart by it."""
