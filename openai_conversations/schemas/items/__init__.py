"""
The items of a conversation: one module per type, named after its tag, and so more files than a package usually has.

Every class is importable from here; its module is imported when the class is first asked for or its tag first met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openai_conversations.schemas.items.additional_tools import AdditionalTools as AdditionalTools
    from openai_conversations.schemas.items.apply_patch_call import (
        ApplyPatchCall as ApplyPatchCall,
        CreateFile as CreateFile,
        DeleteFile as DeleteFile,
        PatchOperation as PatchOperation,
        UpdateFile as UpdateFile,
    )
    from openai_conversations.schemas.items.apply_patch_call_output import ApplyPatchCallOutput as ApplyPatchCallOutput
    from openai_conversations.schemas.items.base import Item as Item
    from openai_conversations.schemas.items.code_interpreter_call import (
        CodeInterpreterCall as CodeInterpreterCall,
        CodeInterpreterOutput as CodeInterpreterOutput,
        ImageOutput as ImageOutput,
        LogsOutput as LogsOutput,
    )
    from openai_conversations.schemas.items.compaction import Compaction as Compaction
    from openai_conversations.schemas.items.compaction_trigger import CompactionTrigger as CompactionTrigger
    from openai_conversations.schemas.items.computer_call import (
        ClickAction as ClickAction,
        ComputerAction as ComputerAction,
        ComputerCall as ComputerCall,
        DoubleClickAction as DoubleClickAction,
        DragAction as DragAction,
        KeypressAction as KeypressAction,
        MoveAction as MoveAction,
        Point as Point,
        SafetyCheck as SafetyCheck,
        ScreenshotAction as ScreenshotAction,
        ScrollAction as ScrollAction,
        TypeAction as TypeAction,
        WaitAction as WaitAction,
    )
    from openai_conversations.schemas.items.computer_call_output import ComputerCallOutput as ComputerCallOutput
    from openai_conversations.schemas.items.configuration_update import (
        ConfigurationUpdate as ConfigurationUpdate,
        JsonSchemaFormat as JsonSchemaFormat,
        TextConfig as TextConfig,
        TextFormat as TextFormat,
    )
    from openai_conversations.schemas.items.custom_tool_call import CustomToolCall as CustomToolCall
    from openai_conversations.schemas.items.custom_tool_call_output import CustomToolCallOutput as CustomToolCallOutput
    from openai_conversations.schemas.items.file_search_call import (
        FileSearchCall as FileSearchCall,
        FileSearchResult as FileSearchResult,
    )
    from openai_conversations.schemas.items.function_call import FunctionCall as FunctionCall
    from openai_conversations.schemas.items.function_call_output import FunctionCallOutput as FunctionCallOutput
    from openai_conversations.schemas.items.image_generation_call import (
        ImageGenerationCall as ImageGenerationCall,
        ImageGenerationError as ImageGenerationError,
        ModerationDetails as ModerationDetails,
        SvgUsage as SvgUsage,
    )
    from openai_conversations.schemas.items.item_reference import ItemReference as ItemReference
    from openai_conversations.schemas.items.local_shell_call import (
        LocalShellAction as LocalShellAction,
        LocalShellCall as LocalShellCall,
    )
    from openai_conversations.schemas.items.local_shell_call_output import LocalShellCallOutput as LocalShellCallOutput
    from openai_conversations.schemas.items.mcp_approval_request import McpApprovalRequest as McpApprovalRequest
    from openai_conversations.schemas.items.mcp_approval_response import McpApprovalResponse as McpApprovalResponse
    from openai_conversations.schemas.items.mcp_call import (
        HttpError as HttpError,
        McpCall as McpCall,
        McpError as McpError,
        McpProtocolError as McpProtocolError,
        McpToolExecutionError as McpToolExecutionError,
    )
    from openai_conversations.schemas.items.mcp_list_tools import (
        McpListTools as McpListTools,
        McpToolDescription as McpToolDescription,
    )
    from openai_conversations.schemas.items.message import Message as Message
    from openai_conversations.schemas.items.program import Program as Program
    from openai_conversations.schemas.items.program_output import ProgramOutput as ProgramOutput
    from openai_conversations.schemas.items.reasoning import Reasoning as Reasoning
    from openai_conversations.schemas.items.shell_call import (
        ShellAction as ShellAction,
        ShellCall as ShellCall,
        ShellEnvironment as ShellEnvironment,
    )
    from openai_conversations.schemas.items.shell_call_output import (
        ExitOutcome as ExitOutcome,
        ShellCallOutput as ShellCallOutput,
        ShellOutcome as ShellOutcome,
        ShellOutput as ShellOutput,
        TimeoutOutcome as TimeoutOutcome,
    )
    from openai_conversations.schemas.items.tool_search_call import ToolSearchCall as ToolSearchCall
    from openai_conversations.schemas.items.tool_search_output import ToolSearchOutput as ToolSearchOutput
    from openai_conversations.schemas.items.web_search_call import (
        FindInPageAction as FindInPageAction,
        OpenPageAction as OpenPageAction,
        SearchAction as SearchAction,
        WebSearchAction as WebSearchAction,
        WebSearchCall as WebSearchCall,
        WebSearchSource as WebSearchSource,
    )
    from openai_conversations.schemas.unknown import UnknownItem as UnknownItem

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
    from openai_conversations.lazy import lazy_imports
    from openai_conversations.schemas.items.base import Item

    # The union itself would import every module; the converter goes by ITEM_CLASSES.
    ConversationItem = Item
    __getattr__, __dir__ = lazy_imports()

ITEM_CLASSES = {
    "message": "Message",
    "function_call": "FunctionCall",
    "function_call_output": "FunctionCallOutput",
    "file_search_call": "FileSearchCall",
    "web_search_call": "WebSearchCall",
    "image_generation_call": "ImageGenerationCall",
    "computer_call": "ComputerCall",
    "computer_call_output": "ComputerCallOutput",
    "tool_search_call": "ToolSearchCall",
    "tool_search_output": "ToolSearchOutput",
    "additional_tools": "AdditionalTools",
    "configuration_update": "ConfigurationUpdate",
    "reasoning": "Reasoning",
    "program": "Program",
    "program_output": "ProgramOutput",
    "compaction": "Compaction",
    "code_interpreter_call": "CodeInterpreterCall",
    "local_shell_call": "LocalShellCall",
    "local_shell_call_output": "LocalShellCallOutput",
    "shell_call": "ShellCall",
    "shell_call_output": "ShellCallOutput",
    "apply_patch_call": "ApplyPatchCall",
    "apply_patch_call_output": "ApplyPatchCallOutput",
    "mcp_list_tools": "McpListTools",
    "mcp_approval_request": "McpApprovalRequest",
    "mcp_approval_response": "McpApprovalResponse",
    "mcp_call": "McpCall",
    "custom_tool_call": "CustomToolCall",
    "custom_tool_call_output": "CustomToolCallOutput",
    "compaction_trigger": "CompactionTrigger",
    "item_reference": "ItemReference",
}
"""Tag of each item, which is also the name of its module → its class."""
