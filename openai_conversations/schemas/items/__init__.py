"""
The items of a conversation: one module per type, named after its tag.

Every class is importable from here; its module is imported when the class is first asked for or its tag first met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.lazy import lazy_names

if TYPE_CHECKING:
    from openai_conversations.schemas.items.additional_tools import AdditionalTools
    from openai_conversations.schemas.items.apply_patch_call import (
        ApplyPatchCall,
        CreateFile,
        DeleteFile,
        PatchOperation,
        UpdateFile,
    )
    from openai_conversations.schemas.items.apply_patch_call_output import ApplyPatchCallOutput
    from openai_conversations.schemas.items.code_interpreter_call import (
        CodeInterpreterCall,
        CodeInterpreterOutput,
        ImageOutput,
        LogsOutput,
    )
    from openai_conversations.schemas.items.compaction import Compaction
    from openai_conversations.schemas.items.compaction_trigger import CompactionTrigger
    from openai_conversations.schemas.items.computer_actions import (
        ClickAction,
        ComputerAction,
        DoubleClickAction,
        DragAction,
        KeypressAction,
        MoveAction,
        Point,
        ScreenshotAction,
        ScrollAction,
        TypeAction,
        WaitAction,
    )
    from openai_conversations.schemas.items.computer_call import ComputerCall
    from openai_conversations.schemas.items.computer_call_output import ComputerCallOutput
    from openai_conversations.schemas.items.configuration_update import (
        ConfigurationUpdate,
        JsonSchemaFormat,
        TextConfig,
        TextFormat,
    )
    from openai_conversations.schemas.items.custom_tool_call import CustomToolCall
    from openai_conversations.schemas.items.custom_tool_call_output import CustomToolCallOutput
    from openai_conversations.schemas.items.file_search_call import FileSearchCall, FileSearchResult
    from openai_conversations.schemas.items.function_call import FunctionCall
    from openai_conversations.schemas.items.function_call_output import FunctionCallOutput
    from openai_conversations.schemas.items.image_generation_call import (
        ImageGenerationCall,
        ImageGenerationError,
        ModerationDetails,
        SvgUsage,
    )
    from openai_conversations.schemas.items.item_reference import ItemReference
    from openai_conversations.schemas.items.local_shell_call import LocalShellAction, LocalShellCall
    from openai_conversations.schemas.items.local_shell_call_output import LocalShellCallOutput
    from openai_conversations.schemas.items.mcp_approval_request import McpApprovalRequest
    from openai_conversations.schemas.items.mcp_approval_response import McpApprovalResponse
    from openai_conversations.schemas.items.mcp_call import (
        HttpError,
        McpCall,
        McpError,
        McpProtocolError,
        McpToolExecutionError,
    )
    from openai_conversations.schemas.items.mcp_list_tools import McpListTools, McpToolDescription
    from openai_conversations.schemas.items.message import Message
    from openai_conversations.schemas.items.program import Program
    from openai_conversations.schemas.items.program_output import ProgramOutput
    from openai_conversations.schemas.items.reasoning import Reasoning
    from openai_conversations.schemas.items.safety_check import SafetyCheck
    from openai_conversations.schemas.items.shell_call import ShellAction, ShellCall, ShellEnvironment
    from openai_conversations.schemas.items.shell_call_output import (
        ExitOutcome,
        ShellCallOutput,
        ShellOutcome,
        ShellOutput,
        TimeoutOutcome,
    )
    from openai_conversations.schemas.items.tool_search_call import ToolSearchCall
    from openai_conversations.schemas.items.tool_search_output import ToolSearchOutput
    from openai_conversations.schemas.items.web_search_call import (
        FindInPageAction,
        OpenPageAction,
        SearchAction,
        WebSearchAction,
        WebSearchCall,
        WebSearchSource,
    )
    from openai_conversations.schemas.unknown import UnknownItem

__all__ = [
    "ITEM_MODULES",
    "AdditionalTools",
    "ApplyPatchCall",
    "ApplyPatchCallOutput",
    "ClickAction",
    "CodeInterpreterCall",
    "CodeInterpreterOutput",
    "Compaction",
    "CompactionTrigger",
    "ComputerAction",
    "ComputerCall",
    "ComputerCallOutput",
    "ConfigurationUpdate",
    "ConversationItem",
    "CreateFile",
    "CustomToolCall",
    "CustomToolCallOutput",
    "DeleteFile",
    "DoubleClickAction",
    "DragAction",
    "ExitOutcome",
    "FileSearchCall",
    "FileSearchResult",
    "FindInPageAction",
    "FunctionCall",
    "FunctionCallOutput",
    "HttpError",
    "ImageGenerationCall",
    "ImageGenerationError",
    "ImageOutput",
    "Item",
    "ItemReference",
    "JsonSchemaFormat",
    "KeypressAction",
    "LocalShellAction",
    "LocalShellCall",
    "LocalShellCallOutput",
    "LogsOutput",
    "McpApprovalRequest",
    "McpApprovalResponse",
    "McpCall",
    "McpError",
    "McpListTools",
    "McpProtocolError",
    "McpToolDescription",
    "McpToolExecutionError",
    "Message",
    "ModerationDetails",
    "MoveAction",
    "OpenPageAction",
    "PatchOperation",
    "Point",
    "Program",
    "ProgramOutput",
    "Reasoning",
    "SafetyCheck",
    "ScreenshotAction",
    "ScrollAction",
    "SearchAction",
    "ShellAction",
    "ShellCall",
    "ShellCallOutput",
    "ShellEnvironment",
    "ShellOutcome",
    "ShellOutput",
    "SvgUsage",
    "TextConfig",
    "TextFormat",
    "TimeoutOutcome",
    "ToolSearchCall",
    "ToolSearchOutput",
    "TypeAction",
    "UpdateFile",
    "WaitAction",
    "WebSearchAction",
    "WebSearchCall",
    "WebSearchSource",
]

ITEM_MODULES: dict[str, tuple[str, str]] = {
    "message": ("message", "Message"),
    "function_call": ("function_call", "FunctionCall"),
    "function_call_output": ("function_call_output", "FunctionCallOutput"),
    "file_search_call": ("file_search_call", "FileSearchCall"),
    "web_search_call": ("web_search_call", "WebSearchCall"),
    "image_generation_call": ("image_generation_call", "ImageGenerationCall"),
    "computer_call": ("computer_call", "ComputerCall"),
    "computer_call_output": ("computer_call_output", "ComputerCallOutput"),
    "tool_search_call": ("tool_search_call", "ToolSearchCall"),
    "tool_search_output": ("tool_search_output", "ToolSearchOutput"),
    "additional_tools": ("additional_tools", "AdditionalTools"),
    "configuration_update": ("configuration_update", "ConfigurationUpdate"),
    "reasoning": ("reasoning", "Reasoning"),
    "program": ("program", "Program"),
    "program_output": ("program_output", "ProgramOutput"),
    "compaction": ("compaction", "Compaction"),
    "code_interpreter_call": ("code_interpreter_call", "CodeInterpreterCall"),
    "local_shell_call": ("local_shell_call", "LocalShellCall"),
    "local_shell_call_output": ("local_shell_call_output", "LocalShellCallOutput"),
    "shell_call": ("shell_call", "ShellCall"),
    "shell_call_output": ("shell_call_output", "ShellCallOutput"),
    "apply_patch_call": ("apply_patch_call", "ApplyPatchCall"),
    "apply_patch_call_output": ("apply_patch_call_output", "ApplyPatchCallOutput"),
    "mcp_list_tools": ("mcp_list_tools", "McpListTools"),
    "mcp_approval_request": ("mcp_approval_request", "McpApprovalRequest"),
    "mcp_approval_response": ("mcp_approval_response", "McpApprovalResponse"),
    "mcp_call": ("mcp_call", "McpCall"),
    "custom_tool_call": ("custom_tool_call", "CustomToolCall"),
    "custom_tool_call_output": ("custom_tool_call_output", "CustomToolCallOutput"),
    "compaction_trigger": ("compaction_trigger", "CompactionTrigger"),
    "item_reference": ("item_reference", "ItemReference"),
}
"""Tag of each item → the module in this package and the class in that module."""

_PARTS = {
    "apply_patch_call": ("CreateFile", "DeleteFile", "PatchOperation", "UpdateFile"),
    "code_interpreter_call": ("CodeInterpreterOutput", "ImageOutput", "LogsOutput"),
    "computer_actions": (
        "ClickAction",
        "ComputerAction",
        "DoubleClickAction",
        "DragAction",
        "KeypressAction",
        "MoveAction",
        "Point",
        "ScreenshotAction",
        "ScrollAction",
        "TypeAction",
        "WaitAction",
    ),
    "configuration_update": ("JsonSchemaFormat", "TextConfig", "TextFormat"),
    "file_search_call": ("FileSearchResult",),
    "image_generation_call": ("ImageGenerationError", "ModerationDetails", "SvgUsage"),
    "local_shell_call": ("LocalShellAction",),
    "mcp_call": ("HttpError", "McpError", "McpProtocolError", "McpToolExecutionError"),
    "mcp_list_tools": ("McpToolDescription",),
    "safety_check": ("SafetyCheck",),
    "shell_call": ("ShellAction", "ShellEnvironment"),
    "shell_call_output": ("ExitOutcome", "ShellOutcome", "ShellOutput", "TimeoutOutcome"),
    "web_search_call": ("FindInPageAction", "OpenPageAction", "SearchAction", "WebSearchAction", "WebSearchSource"),
}
"""Each module that defines more than an item → the other classes and unions that it defines."""

if TYPE_CHECKING:
    ConversationItem = (
        Message
        | FunctionCall
        | FunctionCallOutput
        | FileSearchCall
        | WebSearchCall
        | ImageGenerationCall
        | ComputerCall
        | ComputerCallOutput
        | ToolSearchCall
        | ToolSearchOutput
        | AdditionalTools
        | ConfigurationUpdate
        | Reasoning
        | Program
        | ProgramOutput
        | Compaction
        | CodeInterpreterCall
        | LocalShellCall
        | LocalShellCallOutput
        | ShellCall
        | ShellCallOutput
        | ApplyPatchCall
        | ApplyPatchCallOutput
        | McpListTools
        | McpApprovalRequest
        | McpApprovalResponse
        | McpCall
        | CustomToolCall
        | CustomToolCallOutput
        | CompactionTrigger
        | ItemReference
        | UnknownItem
    )
else:
    # The union itself would import every module; the converter goes by ITEM_MODULES.
    ConversationItem = Item
    __getattr__ = lazy_names(
        __name__, [*_PARTS.items(), *((module, (name,)) for module, name in ITEM_MODULES.values())]
    )
