"""Which tools there are."""

from __future__ import annotations

from openai_conversations.schemas.tools.apply_patch import ApplyPatchTool
from openai_conversations.schemas.tools.code_interpreter import CodeInterpreterTool
from openai_conversations.schemas.tools.computer import ComputerTool
from openai_conversations.schemas.tools.computer_use_preview import ComputerUsePreviewTool
from openai_conversations.schemas.tools.custom import CustomTool
from openai_conversations.schemas.tools.file_search import FileSearchTool
from openai_conversations.schemas.tools.function import FunctionTool
from openai_conversations.schemas.tools.image_generation import ImageGenerationTool
from openai_conversations.schemas.tools.local_shell import LocalShellTool
from openai_conversations.schemas.tools.mcp import McpTool
from openai_conversations.schemas.tools.namespace import NamespaceTool
from openai_conversations.schemas.tools.programmatic_tool_calling import ProgrammaticToolCallingTool
from openai_conversations.schemas.tools.shell import ShellTool
from openai_conversations.schemas.tools.tool_search import ToolSearchTool
from openai_conversations.schemas.tools.web_search import WebSearchTool
from openai_conversations.schemas.tools.web_search_preview import WebSearchPreviewTool
from openai_conversations.schemas.unknown import UnknownTool

Tool = (
    FunctionTool
    | FileSearchTool
    | ComputerTool
    | ComputerUsePreviewTool
    | WebSearchTool
    | McpTool
    | CodeInterpreterTool
    | ProgrammaticToolCallingTool
    | ImageGenerationTool
    | LocalShellTool
    | ShellTool
    | CustomTool
    | NamespaceTool
    | ToolSearchTool
    | WebSearchPreviewTool
    | ApplyPatchTool
    | UnknownTool
)
