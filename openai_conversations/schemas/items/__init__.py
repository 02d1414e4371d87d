"""The items of a conversation: one module per type, named after its tag and imported when the tag is first met."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openai_conversations.schemas.items.base import Item as Item
from openai_conversations.schemas.lazy import lazy_names

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
    "ClickAction": "computer_actions",
    "CodeInterpreterOutput": "code_interpreter_call",
    "ComputerAction": "computer_actions",
    "CreateFile": "apply_patch_call",
    "DeleteFile": "apply_patch_call",
    "DoubleClickAction": "computer_actions",
    "DragAction": "computer_actions",
    "ExitOutcome": "shell_call_output",
    "FileSearchResult": "file_search_call",
    "FindInPageAction": "web_search_call",
    "HttpError": "mcp_call",
    "ImageGenerationError": "image_generation_call",
    "ImageOutput": "code_interpreter_call",
    "JsonSchemaFormat": "configuration_update",
    "KeypressAction": "computer_actions",
    "LocalShellAction": "local_shell_call",
    "LogsOutput": "code_interpreter_call",
    "McpError": "mcp_call",
    "McpProtocolError": "mcp_call",
    "McpToolDescription": "mcp_list_tools",
    "McpToolExecutionError": "mcp_call",
    "ModerationDetails": "image_generation_call",
    "MoveAction": "computer_actions",
    "OpenPageAction": "web_search_call",
    "PatchOperation": "apply_patch_call",
    "PlainTextFormat": "configuration_update",
    "Point": "computer_actions",
    "SafetyCheck": "safety_check",
    "ScreenshotAction": "computer_actions",
    "ScrollAction": "computer_actions",
    "SearchAction": "web_search_call",
    "ShellAction": "shell_call",
    "ShellEnvironment": "shell_call",
    "ShellOutcome": "shell_call_output",
    "ShellOutput": "shell_call_output",
    "SvgUsage": "image_generation_call",
    "TextConfig": "configuration_update",
    "TextFormat": "configuration_update",
    "TimeoutOutcome": "shell_call_output",
    "TypeAction": "computer_actions",
    "UpdateFile": "apply_patch_call",
    "WaitAction": "computer_actions",
    "WebSearchAction": "web_search_call",
    "WebSearchSource": "web_search_call",
}
"""Name of each class and union that items consist of → the module that defines it."""

if TYPE_CHECKING:
    from openai_conversations.schemas.items.additional_tools import AdditionalTools as AdditionalTools
    from openai_conversations.schemas.items.apply_patch_call import (
        ApplyPatchCall as ApplyPatchCall,
    )
    from openai_conversations.schemas.items.apply_patch_call import (
        CreateFile as CreateFile,
    )
    from openai_conversations.schemas.items.apply_patch_call import (
        DeleteFile as DeleteFile,
    )
    from openai_conversations.schemas.items.apply_patch_call import (
        PatchOperation as PatchOperation,
    )
    from openai_conversations.schemas.items.apply_patch_call import (
        UpdateFile as UpdateFile,
    )
    from openai_conversations.schemas.items.apply_patch_call_output import ApplyPatchCallOutput as ApplyPatchCallOutput
    from openai_conversations.schemas.items.code_interpreter_call import (
        CodeInterpreterCall as CodeInterpreterCall,
    )
    from openai_conversations.schemas.items.code_interpreter_call import (
        CodeInterpreterOutput as CodeInterpreterOutput,
    )
    from openai_conversations.schemas.items.code_interpreter_call import (
        ImageOutput as ImageOutput,
    )
    from openai_conversations.schemas.items.code_interpreter_call import (
        LogsOutput as LogsOutput,
    )
    from openai_conversations.schemas.items.compaction import Compaction as Compaction
    from openai_conversations.schemas.items.compaction_trigger import CompactionTrigger as CompactionTrigger
    from openai_conversations.schemas.items.computer_actions import (
        ClickAction as ClickAction,
    )
    from openai_conversations.schemas.items.computer_actions import (
        ComputerAction as ComputerAction,
    )
    from openai_conversations.schemas.items.computer_actions import (
        DoubleClickAction as DoubleClickAction,
    )
    from openai_conversations.schemas.items.computer_actions import (
        DragAction as DragAction,
    )
    from openai_conversations.schemas.items.computer_actions import (
        KeypressAction as KeypressAction,
    )
    from openai_conversations.schemas.items.computer_actions import (
        MoveAction as MoveAction,
    )
    from openai_conversations.schemas.items.computer_actions import (
        Point as Point,
    )
    from openai_conversations.schemas.items.computer_actions import (
        ScreenshotAction as ScreenshotAction,
    )
    from openai_conversations.schemas.items.computer_actions import (
        ScrollAction as ScrollAction,
    )
    from openai_conversations.schemas.items.computer_actions import (
        TypeAction as TypeAction,
    )
    from openai_conversations.schemas.items.computer_actions import (
        WaitAction as WaitAction,
    )
    from openai_conversations.schemas.items.computer_call import ComputerCall as ComputerCall
    from openai_conversations.schemas.items.computer_call_output import ComputerCallOutput as ComputerCallOutput
    from openai_conversations.schemas.items.configuration_update import (
        ConfigurationUpdate as ConfigurationUpdate,
    )
    from openai_conversations.schemas.items.configuration_update import (
        JsonSchemaFormat as JsonSchemaFormat,
    )
    from openai_conversations.schemas.items.configuration_update import (
        PlainTextFormat as PlainTextFormat,
    )
    from openai_conversations.schemas.items.configuration_update import (
        TextConfig as TextConfig,
    )
    from openai_conversations.schemas.items.configuration_update import (
        TextFormat as TextFormat,
    )
    from openai_conversations.schemas.items.custom_tool_call import CustomToolCall as CustomToolCall
    from openai_conversations.schemas.items.custom_tool_call_output import CustomToolCallOutput as CustomToolCallOutput
    from openai_conversations.schemas.items.file_search_call import (
        FileSearchCall as FileSearchCall,
    )
    from openai_conversations.schemas.items.file_search_call import (
        FileSearchResult as FileSearchResult,
    )
    from openai_conversations.schemas.items.function_call import FunctionCall as FunctionCall
    from openai_conversations.schemas.items.function_call_output import FunctionCallOutput as FunctionCallOutput
    from openai_conversations.schemas.items.image_generation_call import (
        ImageGenerationCall as ImageGenerationCall,
    )
    from openai_conversations.schemas.items.image_generation_call import (
        ImageGenerationError as ImageGenerationError,
    )
    from openai_conversations.schemas.items.image_generation_call import (
        ModerationDetails as ModerationDetails,
    )
    from openai_conversations.schemas.items.image_generation_call import (
        SvgUsage as SvgUsage,
    )
    from openai_conversations.schemas.items.item_reference import ItemReference as ItemReference
    from openai_conversations.schemas.items.local_shell_call import (
        LocalShellAction as LocalShellAction,
    )
    from openai_conversations.schemas.items.local_shell_call import (
        LocalShellCall as LocalShellCall,
    )
    from openai_conversations.schemas.items.local_shell_call_output import LocalShellCallOutput as LocalShellCallOutput
    from openai_conversations.schemas.items.mcp_approval_request import McpApprovalRequest as McpApprovalRequest
    from openai_conversations.schemas.items.mcp_approval_response import McpApprovalResponse as McpApprovalResponse
    from openai_conversations.schemas.items.mcp_call import (
        HttpError as HttpError,
    )
    from openai_conversations.schemas.items.mcp_call import (
        McpCall as McpCall,
    )
    from openai_conversations.schemas.items.mcp_call import (
        McpError as McpError,
    )
    from openai_conversations.schemas.items.mcp_call import (
        McpProtocolError as McpProtocolError,
    )
    from openai_conversations.schemas.items.mcp_call import (
        McpToolExecutionError as McpToolExecutionError,
    )
    from openai_conversations.schemas.items.mcp_list_tools import (
        McpListTools as McpListTools,
    )
    from openai_conversations.schemas.items.mcp_list_tools import (
        McpToolDescription as McpToolDescription,
    )
    from openai_conversations.schemas.items.message import Message as Message
    from openai_conversations.schemas.items.program import Program as Program
    from openai_conversations.schemas.items.program_output import ProgramOutput as ProgramOutput
    from openai_conversations.schemas.items.reasoning import Reasoning as Reasoning
    from openai_conversations.schemas.items.safety_check import SafetyCheck as SafetyCheck
    from openai_conversations.schemas.items.shell_call import (
        ShellAction as ShellAction,
    )
    from openai_conversations.schemas.items.shell_call import (
        ShellCall as ShellCall,
    )
    from openai_conversations.schemas.items.shell_call import (
        ShellEnvironment as ShellEnvironment,
    )
    from openai_conversations.schemas.items.shell_call_output import (
        ExitOutcome as ExitOutcome,
    )
    from openai_conversations.schemas.items.shell_call_output import (
        ShellCallOutput as ShellCallOutput,
    )
    from openai_conversations.schemas.items.shell_call_output import (
        ShellOutcome as ShellOutcome,
    )
    from openai_conversations.schemas.items.shell_call_output import (
        ShellOutput as ShellOutput,
    )
    from openai_conversations.schemas.items.shell_call_output import (
        TimeoutOutcome as TimeoutOutcome,
    )
    from openai_conversations.schemas.items.tool_search_call import ToolSearchCall as ToolSearchCall
    from openai_conversations.schemas.items.tool_search_output import ToolSearchOutput as ToolSearchOutput
    from openai_conversations.schemas.items.web_search_call import (
        FindInPageAction as FindInPageAction,
    )
    from openai_conversations.schemas.items.web_search_call import (
        OpenPageAction as OpenPageAction,
    )
    from openai_conversations.schemas.items.web_search_call import (
        SearchAction as SearchAction,
    )
    from openai_conversations.schemas.items.web_search_call import (
        WebSearchAction as WebSearchAction,
    )
    from openai_conversations.schemas.items.web_search_call import (
        WebSearchCall as WebSearchCall,
    )
    from openai_conversations.schemas.items.web_search_call import (
        WebSearchSource as WebSearchSource,
    )
    from openai_conversations.schemas.unknown import UnknownItem

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
    # The union would import every module; the converter goes by ITEM_MODULES instead.
    ConversationItem = Item
    __getattr__ = lazy_names(__name__, _PARTS | {name: module for module, name in ITEM_MODULES.values()})
