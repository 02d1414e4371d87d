"""
An asyncio client for the OpenAI Conversations API (``/v1/conversations`` and their items).

Importing this package loads nothing else; a public name is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openai_conversations.schemas.lazy import lazy_names

if TYPE_CHECKING:
    from openai_conversations.api.arguments import CallOptions, Guard, Omit, omit
    from openai_conversations.api.pagination import ConversationItemPage, ItemLister
    from openai_conversations.bulk.errors import (
        BulkStoppedError,
        DatabaseError,
        IdsFileError,
        LedgerError,
        RegistryError,
    )
    from openai_conversations.bulk.jobs import checking, erasing, exporting, importing
    from openai_conversations.bulk.ledger import Ledger, LedgerRow
    from openai_conversations.bulk.progress import BulkProgress, BulkSummary
    from openai_conversations.bulk.runner import BulkJob, BulkOptions, BulkOutcome, Checkpoint, run_bulk
    from openai_conversations.client import ConversationsClient, Runtime
    from openai_conversations.errors import (
        AmbiguousWriteError,
        APIConnectionError,
        APIError,
        APIResponseValidationError,
        APIStatusError,
        APITimeoutError,
        Attempt,
        AuthenticationError,
        BadRequestError,
        ClientClosedError,
        ConfigurationError,
        ConflictError,
        ConversationLockedError,
        ConversationsError,
        InternalServerError,
        InvalidArgumentError,
        NotFoundError,
        PaginationStalledError,
        PermissionDeniedError,
        RateLimitError,
        RequestInfo,
        UnprocessableEntityError,
        WrongEventLoopError,
    )
    from openai_conversations.limits import Include
    from openai_conversations.middlewares.rate_limit import Limits, RateLimiter
    from openai_conversations.middlewares.registry import PendingCreate, Registered, Registry
    from openai_conversations.operations.archive.reader import Archive
    from openai_conversations.operations.copy.copying import CopyReport
    from openai_conversations.operations.copy.differences import Difference
    from openai_conversations.operations.erase.receipts import DeletedItem, Proof, Receipt
    from openai_conversations.operations.errors import (
        AppendIncompleteError,
        ArchiveError,
        CopyIncompleteError,
        EraseIncompleteError,
        ImportConflictError,
        MetadataConflictError,
        MissingExtraError,
        NoSuchItemError,
        OperationError,
        OutdatedPlanError,
    )
    from openai_conversations.operations.repair.check import CheckReport, Finding
    from openai_conversations.operations.repair.repair import RepairPlan, RepairReport, RepairStep
    from openai_conversations.resources.archives import read_archive, render_archive
    from openai_conversations.resources.conversation_operations import OperationOptions
    from openai_conversations.resources.items import ItemParam
    from openai_conversations.resources.raw import APIResponse, StreamedAPIResponse
    from openai_conversations.schemas.content.computer_screenshot import ComputerScreenshot
    from openai_conversations.schemas.content.input_file import InputFile
    from openai_conversations.schemas.content.input_image import InputImage
    from openai_conversations.schemas.content.input_text import InputText
    from openai_conversations.schemas.content.output_text import OutputText
    from openai_conversations.schemas.content.reasoning_text import ReasoningText
    from openai_conversations.schemas.content.refusal import Refusal
    from openai_conversations.schemas.content.summary_text import SummaryText
    from openai_conversations.schemas.content.text import Text
    from openai_conversations.schemas.conversation import Conversation, ConversationDeletedResource
    from openai_conversations.schemas.items import ConversationItem
    from openai_conversations.schemas.items.additional_tools import AdditionalTools
    from openai_conversations.schemas.items.apply_patch_call import ApplyPatchCall
    from openai_conversations.schemas.items.apply_patch_call_output import ApplyPatchCallOutput
    from openai_conversations.schemas.items.code_interpreter_call import CodeInterpreterCall
    from openai_conversations.schemas.items.compaction import Compaction
    from openai_conversations.schemas.items.compaction_trigger import CompactionTrigger
    from openai_conversations.schemas.items.computer_call import ComputerCall
    from openai_conversations.schemas.items.computer_call_output import ComputerCallOutput
    from openai_conversations.schemas.items.configuration_update import ConfigurationUpdate
    from openai_conversations.schemas.items.custom_tool_call import CustomToolCall
    from openai_conversations.schemas.items.custom_tool_call_output import CustomToolCallOutput
    from openai_conversations.schemas.items.file_search_call import FileSearchCall
    from openai_conversations.schemas.items.function_call import FunctionCall
    from openai_conversations.schemas.items.function_call_output import FunctionCallOutput
    from openai_conversations.schemas.items.image_generation_call import ImageGenerationCall
    from openai_conversations.schemas.items.item_reference import ItemReference
    from openai_conversations.schemas.items.local_shell_call import LocalShellCall
    from openai_conversations.schemas.items.local_shell_call_output import LocalShellCallOutput
    from openai_conversations.schemas.items.mcp_approval_request import McpApprovalRequest
    from openai_conversations.schemas.items.mcp_approval_response import McpApprovalResponse
    from openai_conversations.schemas.items.mcp_call import McpCall
    from openai_conversations.schemas.items.mcp_list_tools import McpListTools
    from openai_conversations.schemas.items.message import Message
    from openai_conversations.schemas.items.program import Program
    from openai_conversations.schemas.items.program_output import ProgramOutput
    from openai_conversations.schemas.items.reasoning import Reasoning
    from openai_conversations.schemas.items.shell_call import ShellCall
    from openai_conversations.schemas.items.shell_call_output import ShellCallOutput
    from openai_conversations.schemas.items.tool_search_call import ToolSearchCall
    from openai_conversations.schemas.items.tool_search_output import ToolSearchOutput
    from openai_conversations.schemas.items.web_search_call import WebSearchCall
    from openai_conversations.schemas.page import ConversationItemList
    from openai_conversations.schemas.unknown import (
        Unknown,
        UnknownAnnotation,
        UnknownContent,
        UnknownItem,
        UnknownObject,
        UnknownTool,
    )
    from openai_conversations.settings import AZURE, GENERIC, OPENAI, Profile, Timeout, azure
    from openai_conversations.transport.message import Handler, Middleware, Replay, Request, Response
    from openai_conversations.transport.policy import RetryPolicy
    from openai_conversations.writing.chunks import AppendProgress, AppendResult, AppendResume
    from openai_conversations.writing.write_order import ConversationLock

__version__ = "0.1.0"

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponse",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AZURE",
    "AdditionalTools",
    "AmbiguousWriteError",
    "AppendIncompleteError",
    "AppendProgress",
    "AppendResult",
    "AppendResume",
    "ApplyPatchCall",
    "ApplyPatchCallOutput",
    "Archive",
    "ArchiveError",
    "Attempt",
    "AuthenticationError",
    "BadRequestError",
    "BulkJob",
    "BulkOptions",
    "BulkOutcome",
    "BulkProgress",
    "BulkStoppedError",
    "BulkSummary",
    "CallOptions",
    "CheckReport",
    "Checkpoint",
    "ClientClosedError",
    "CodeInterpreterCall",
    "Compaction",
    "CompactionTrigger",
    "ComputerCall",
    "ComputerCallOutput",
    "ComputerScreenshot",
    "ConfigurationError",
    "ConfigurationUpdate",
    "ConflictError",
    "Conversation",
    "ConversationDeletedResource",
    "ConversationItem",
    "ConversationItemList",
    "ConversationItemPage",
    "ConversationLock",
    "ConversationLockedError",
    "ConversationsClient",
    "ConversationsError",
    "CopyIncompleteError",
    "CopyReport",
    "CustomToolCall",
    "CustomToolCallOutput",
    "DatabaseError",
    "DeletedItem",
    "Difference",
    "EraseIncompleteError",
    "FileSearchCall",
    "Finding",
    "FunctionCall",
    "FunctionCallOutput",
    "GENERIC",
    "Guard",
    "Handler",
    "IdsFileError",
    "ImageGenerationCall",
    "ImportConflictError",
    "Include",
    "InputFile",
    "InputImage",
    "InputText",
    "InternalServerError",
    "InvalidArgumentError",
    "ItemLister",
    "ItemParam",
    "ItemReference",
    "Ledger",
    "LedgerError",
    "LedgerRow",
    "Limits",
    "LocalShellCall",
    "LocalShellCallOutput",
    "McpApprovalRequest",
    "McpApprovalResponse",
    "McpCall",
    "McpListTools",
    "Message",
    "MetadataConflictError",
    "Middleware",
    "MissingExtraError",
    "NoSuchItemError",
    "NotFoundError",
    "OPENAI",
    "Omit",
    "OperationError",
    "OperationOptions",
    "OutdatedPlanError",
    "OutputText",
    "PaginationStalledError",
    "PendingCreate",
    "PermissionDeniedError",
    "Profile",
    "Program",
    "ProgramOutput",
    "Proof",
    "RateLimitError",
    "RateLimiter",
    "Reasoning",
    "ReasoningText",
    "Receipt",
    "Refusal",
    "Registered",
    "Registry",
    "RegistryError",
    "RepairPlan",
    "RepairReport",
    "RepairStep",
    "Replay",
    "Request",
    "RequestInfo",
    "Response",
    "RetryPolicy",
    "Runtime",
    "ShellCall",
    "ShellCallOutput",
    "StreamedAPIResponse",
    "SummaryText",
    "Text",
    "Timeout",
    "ToolSearchCall",
    "ToolSearchOutput",
    "Unknown",
    "UnknownAnnotation",
    "UnknownContent",
    "UnknownItem",
    "UnknownObject",
    "UnknownTool",
    "UnprocessableEntityError",
    "WebSearchCall",
    "WrongEventLoopError",
    "__version__",
    "azure",
    "checking",
    "erasing",
    "exporting",
    "importing",
    "omit",
    "read_archive",
    "render_archive",
    "run_bulk",
]

_NAMES = {
    "client": ("ConversationsClient", "Runtime"),
    "errors": (
        "APIConnectionError",
        "APIError",
        "APIResponseValidationError",
        "APIStatusError",
        "APITimeoutError",
        "AmbiguousWriteError",
        "Attempt",
        "AuthenticationError",
        "BadRequestError",
        "ClientClosedError",
        "ConfigurationError",
        "ConflictError",
        "ConversationLockedError",
        "ConversationsError",
        "InternalServerError",
        "InvalidArgumentError",
        "NotFoundError",
        "PaginationStalledError",
        "PermissionDeniedError",
        "RateLimitError",
        "RequestInfo",
        "UnprocessableEntityError",
        "WrongEventLoopError",
    ),
    "writing.chunks": ("AppendProgress", "AppendResume", "AppendResult"),
    "operations.archive.reader": ("Archive",),
    "bulk.runner": ("BulkOptions", "BulkOutcome", "BulkJob", "Checkpoint", "run_bulk"),
    "bulk.errors": ("BulkStoppedError", "DatabaseError", "IdsFileError", "LedgerError", "RegistryError"),
    "operations.repair.check": ("CheckReport", "Finding"),
    "operations.copy.copying": ("CopyReport",),
    "operations.copy.differences": ("Difference",),
    "operations.errors": (
        "AppendIncompleteError",
        "ArchiveError",
        "CopyIncompleteError",
        "EraseIncompleteError",
        "ImportConflictError",
        "MetadataConflictError",
        "MissingExtraError",
        "NoSuchItemError",
        "OperationError",
        "OutdatedPlanError",
    ),
    "bulk.ledger": ("Ledger", "LedgerRow"),
    "bulk.progress": ("BulkProgress", "BulkSummary"),
    "middlewares.rate_limit": ("RateLimiter", "Limits"),
    "operations.erase.receipts": ("DeletedItem", "Proof", "Receipt"),
    "middlewares.registry": ("PendingCreate", "Registered", "Registry"),
    "operations.repair.repair": ("RepairPlan", "RepairReport", "RepairStep"),
    "bulk.jobs": ("checking", "erasing", "exporting", "importing"),
    "resources.archives": ("read_archive", "render_archive"),
    "api.arguments": ("CallOptions", "Guard", "Omit", "omit"),
    "limits": ("Include",),
    "resources.items": ("ItemParam",),
    "resources.conversation_operations": ("OperationOptions",),
    "api.pagination": ("ConversationItemPage", "ItemLister"),
    "resources.raw": ("APIResponse", "StreamedAPIResponse"),
    "schemas.content.computer_screenshot": ("ComputerScreenshot",),
    "schemas.content.input_file": ("InputFile",),
    "schemas.content.input_image": ("InputImage",),
    "schemas.content.input_text": ("InputText",),
    "schemas.content.output_text": ("OutputText",),
    "schemas.content.reasoning_text": ("ReasoningText",),
    "schemas.content.refusal": ("Refusal",),
    "schemas.content.summary_text": ("SummaryText",),
    "schemas.content.text": ("Text",),
    "schemas.conversation": ("Conversation", "ConversationDeletedResource"),
    "schemas.items": ("ConversationItem",),
    "schemas.items.additional_tools": ("AdditionalTools",),
    "schemas.items.apply_patch_call": ("ApplyPatchCall",),
    "schemas.items.apply_patch_call_output": ("ApplyPatchCallOutput",),
    "schemas.items.code_interpreter_call": ("CodeInterpreterCall",),
    "schemas.items.compaction": ("Compaction",),
    "schemas.items.compaction_trigger": ("CompactionTrigger",),
    "schemas.items.computer_call": ("ComputerCall",),
    "schemas.items.computer_call_output": ("ComputerCallOutput",),
    "schemas.items.configuration_update": ("ConfigurationUpdate",),
    "schemas.items.custom_tool_call": ("CustomToolCall",),
    "schemas.items.custom_tool_call_output": ("CustomToolCallOutput",),
    "schemas.items.file_search_call": ("FileSearchCall",),
    "schemas.items.function_call": ("FunctionCall",),
    "schemas.items.function_call_output": ("FunctionCallOutput",),
    "schemas.items.image_generation_call": ("ImageGenerationCall",),
    "schemas.items.item_reference": ("ItemReference",),
    "schemas.items.local_shell_call": ("LocalShellCall",),
    "schemas.items.local_shell_call_output": ("LocalShellCallOutput",),
    "schemas.items.mcp_approval_request": ("McpApprovalRequest",),
    "schemas.items.mcp_approval_response": ("McpApprovalResponse",),
    "schemas.items.mcp_call": ("McpCall",),
    "schemas.items.mcp_list_tools": ("McpListTools",),
    "schemas.items.message": ("Message",),
    "schemas.items.program": ("Program",),
    "schemas.items.program_output": ("ProgramOutput",),
    "schemas.items.reasoning": ("Reasoning",),
    "schemas.items.shell_call": ("ShellCall",),
    "schemas.items.shell_call_output": ("ShellCallOutput",),
    "schemas.items.tool_search_call": ("ToolSearchCall",),
    "schemas.items.tool_search_output": ("ToolSearchOutput",),
    "schemas.items.web_search_call": ("WebSearchCall",),
    "schemas.page": ("ConversationItemList",),
    "schemas.unknown": (
        "Unknown",
        "UnknownAnnotation",
        "UnknownContent",
        "UnknownItem",
        "UnknownObject",
        "UnknownTool",
    ),
    "settings": ("AZURE", "GENERIC", "OPENAI", "Profile", "Timeout", "azure"),
    "transport.policy": ("RetryPolicy",),
    "transport.message": ("Handler", "Middleware", "Replay", "Request", "Response"),
    "writing.write_order": ("ConversationLock",),
}

if not TYPE_CHECKING:
    __getattr__ = lazy_names(__name__, _NAMES.items())


def __dir__() -> list[str]:
    return __all__
