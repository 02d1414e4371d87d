"""
An asyncio client for the OpenAI Conversations API (``/v1/conversations`` and their items).

Importing this package loads nothing else; a public name is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openai_conversations.api.arguments import (
        NOT_GIVEN as NOT_GIVEN,
        CallOptions as CallOptions,
        NotGiven as NotGiven,
        Omit as Omit,
        omit as omit,
    )
    from openai_conversations.bulk.errors import (
        BulkStoppedError as BulkStoppedError,
        IdsFileError as IdsFileError,
        NothingFoundError as NothingFoundError,
    )
    from openai_conversations.bulk.jobs import (
        checking as checking,
        erasing as erasing,
        erasure_receipts as erasure_receipts,
        exporting as exporting,
        importing as importing,
    )
    from openai_conversations.bulk.ledger import Ledger as Ledger, LedgerRow as LedgerRow
    from openai_conversations.bulk.progress import BulkProgress as BulkProgress, BulkSummary as BulkSummary
    from openai_conversations.bulk.runner import (
        BulkJob as BulkJob,
        BulkOptions as BulkOptions,
        BulkOutcome as BulkOutcome,
        Checkpoint as Checkpoint,
        run_bulk as run_bulk,
    )
    from openai_conversations.client import AsyncOpenAI as AsyncOpenAI, ConversationsClient as ConversationsClient
    from openai_conversations.converters.objects import json_default as json_default
    from openai_conversations.errors import (
        AmbiguousWriteError as AmbiguousWriteError,
        APIConnectionError as APIConnectionError,
        APIError as APIError,
        APIResponseValidationError as APIResponseValidationError,
        APIStatusError as APIStatusError,
        APITimeoutError as APITimeoutError,
        Attempt as Attempt,
        AuthenticationError as AuthenticationError,
        BadRequestError as BadRequestError,
        ClientClosedError as ClientClosedError,
        ConfigurationError as ConfigurationError,
        ConflictError as ConflictError,
        ConversationLockedError as ConversationLockedError,
        ConversationsError as ConversationsError,
        InternalServerError as InternalServerError,
        InvalidArgumentError as InvalidArgumentError,
        InvalidWebhookSignatureError as InvalidWebhookSignatureError,
        NotFoundError as NotFoundError,
        OperationError as OperationError,
        PaginationStalledError as PaginationStalledError,
        PermissionDeniedError as PermissionDeniedError,
        RateLimitError as RateLimitError,
        RequestInfo as RequestInfo,
        UnprocessableEntityError as UnprocessableEntityError,
        WrongEventLoopError as WrongEventLoopError,
    )
    from openai_conversations.limits import Include as Include
    from openai_conversations.middlewares.rate_limit import Limits as Limits, RateLimiter as RateLimiter
    from openai_conversations.middlewares.registry import Registry as Registry
    from openai_conversations.middlewares.registry_file import (
        PendingCreate as PendingCreate,
        Registered as Registered,
    )
    from openai_conversations.operations.archive.files import (
        read_archive as read_archive,
        render_archive as render_archive,
    )
    from openai_conversations.operations.archive.reader import Archive as Archive
    from openai_conversations.operations.copy.copying import CopyReport as CopyReport
    from openai_conversations.operations.differences import Difference as Difference
    from openai_conversations.operations.erase.receipts import (
        DeletedItem as DeletedItem,
        PendingDeletes as PendingDeletes,
        Proof as Proof,
        Receipt as Receipt,
    )
    from openai_conversations.operations.errors import (
        ArchiveError as ArchiveError,
        CopyIncompleteError as CopyIncompleteError,
        EraseIncompleteError as EraseIncompleteError,
        ImportConflictError as ImportConflictError,
        MetadataConflictError as MetadataConflictError,
        MissingExtraError as MissingExtraError,
        NoSuchItemError as NoSuchItemError,
        OutdatedPlanError as OutdatedPlanError,
        RepairIncompleteError as RepairIncompleteError,
        RunIncompleteError as RunIncompleteError,
        TrimIncompleteError as TrimIncompleteError,
        TurnTooLongError as TurnTooLongError,
    )
    from openai_conversations.operations.repair.check import (
        CheckReport as CheckReport,
        Finding as Finding,
        NotWritable as NotWritable,
    )
    from openai_conversations.operations.repair.plans import (
        RepairPlan as RepairPlan,
        RepairStep as RepairStep,
    )
    from openai_conversations.operations.repair.repair import (
        RepairReport as RepairReport,
    )
    from openai_conversations.operations.turns.compact import CompactReport as CompactReport
    from openai_conversations.operations.turns.run import RunResult as RunResult
    from openai_conversations.operations.turns.tools import ToolCall as ToolCall
    from openai_conversations.operations.turns.trim import TrimReport as TrimReport
    from openai_conversations.resources.conversation_listing import (
        ConversationLister as ConversationLister,
        ConversationPage as ConversationPage,
    )
    from openai_conversations.resources.endpoints import RequestOptions as RequestOptions
    from openai_conversations.resources.items import ItemParam as ItemParam
    from openai_conversations.resources.listing import (
        ConversationItemPage as ConversationItemPage,
        ItemLister as ItemLister,
    )
    from openai_conversations.resources.official_names import (
        DefaultAioHttpClient as DefaultAioHttpClient,
        DefaultAsyncHttpxClient as DefaultAsyncHttpxClient,
        OpenAI as OpenAI,
        OpenAIError as OpenAIError,
    )
    from openai_conversations.resources.operation_options import OperationOptions as OperationOptions
    from openai_conversations.resources.raw import (
        APIResponse as APIResponse,
        StreamedAPIResponse as StreamedAPIResponse,
    )
    from openai_conversations.resources.response_params import ToolParam as ToolParam
    from openai_conversations.resources.response_stream import (
        ParsedResponse as ParsedResponse,
        ResponseStream as ResponseStream,
        ResponseStreamManager as ResponseStreamManager,
    )
    from openai_conversations.resources.webhooks import Webhooks as Webhooks
    from openai_conversations.schemas.base import DumpOptions as DumpOptions
    from openai_conversations.schemas.content import (
        ComputerScreenshot as ComputerScreenshot,
        InputFile as InputFile,
        InputImage as InputImage,
        InputText as InputText,
        OutputText as OutputText,
        ReasoningText as ReasoningText,
        Refusal as Refusal,
        SummaryText as SummaryText,
        Text as Text,
    )
    from openai_conversations.schemas.conversation import (
        Conversation as Conversation,
        ConversationDeletedResource as ConversationDeletedResource,
    )
    from openai_conversations.schemas.conversation_list import ConversationList as ConversationList
    from openai_conversations.schemas.items import ConversationItem as ConversationItem
    from openai_conversations.schemas.items.additional_tools import AdditionalTools as AdditionalTools
    from openai_conversations.schemas.items.apply_patch_call import ApplyPatchCall as ApplyPatchCall
    from openai_conversations.schemas.items.apply_patch_call_output import ApplyPatchCallOutput as ApplyPatchCallOutput
    from openai_conversations.schemas.items.code_interpreter_call import CodeInterpreterCall as CodeInterpreterCall
    from openai_conversations.schemas.items.compaction import Compaction as Compaction
    from openai_conversations.schemas.items.compaction_trigger import CompactionTrigger as CompactionTrigger
    from openai_conversations.schemas.items.computer_call import ComputerCall as ComputerCall
    from openai_conversations.schemas.items.computer_call_output import ComputerCallOutput as ComputerCallOutput
    from openai_conversations.schemas.items.configuration_update import ConfigurationUpdate as ConfigurationUpdate
    from openai_conversations.schemas.items.custom_tool_call import CustomToolCall as CustomToolCall
    from openai_conversations.schemas.items.custom_tool_call_output import CustomToolCallOutput as CustomToolCallOutput
    from openai_conversations.schemas.items.file_search_call import FileSearchCall as FileSearchCall
    from openai_conversations.schemas.items.function_call import FunctionCall as FunctionCall
    from openai_conversations.schemas.items.function_call_output import FunctionCallOutput as FunctionCallOutput
    from openai_conversations.schemas.items.image_generation_call import ImageGenerationCall as ImageGenerationCall
    from openai_conversations.schemas.items.item_reference import ItemReference as ItemReference
    from openai_conversations.schemas.items.local_shell_call import LocalShellCall as LocalShellCall
    from openai_conversations.schemas.items.local_shell_call_output import LocalShellCallOutput as LocalShellCallOutput
    from openai_conversations.schemas.items.mcp_approval_request import McpApprovalRequest as McpApprovalRequest
    from openai_conversations.schemas.items.mcp_approval_response import McpApprovalResponse as McpApprovalResponse
    from openai_conversations.schemas.items.mcp_call import McpCall as McpCall
    from openai_conversations.schemas.items.mcp_list_tools import McpListTools as McpListTools
    from openai_conversations.schemas.items.message import Message as Message
    from openai_conversations.schemas.items.program import Program as Program
    from openai_conversations.schemas.items.program_output import ProgramOutput as ProgramOutput
    from openai_conversations.schemas.items.reasoning import Reasoning as Reasoning
    from openai_conversations.schemas.items.shell_call import ShellCall as ShellCall
    from openai_conversations.schemas.items.shell_call_output import ShellCallOutput as ShellCallOutput
    from openai_conversations.schemas.items.tool_search_call import ToolSearchCall as ToolSearchCall
    from openai_conversations.schemas.items.tool_search_output import ToolSearchOutput as ToolSearchOutput
    from openai_conversations.schemas.items.web_search_call import WebSearchCall as WebSearchCall
    from openai_conversations.schemas.page import ConversationItemList as ConversationItemList
    from openai_conversations.schemas.responses.events import (
        ResponseAudioDeltaEvent as ResponseAudioDeltaEvent,
        ResponseAudioDoneEvent as ResponseAudioDoneEvent,
        ResponseAudioTranscriptDeltaEvent as ResponseAudioTranscriptDeltaEvent,
        ResponseAudioTranscriptDoneEvent as ResponseAudioTranscriptDoneEvent,
        ResponseCodeInterpreterCallCodeDeltaEvent as ResponseCodeInterpreterCallCodeDeltaEvent,
        ResponseCodeInterpreterCallCodeDoneEvent as ResponseCodeInterpreterCallCodeDoneEvent,
        ResponseCodeInterpreterCallCompletedEvent as ResponseCodeInterpreterCallCompletedEvent,
        ResponseCodeInterpreterCallInProgressEvent as ResponseCodeInterpreterCallInProgressEvent,
        ResponseCodeInterpreterCallInterpretingEvent as ResponseCodeInterpreterCallInterpretingEvent,
        ResponseCompletedEvent as ResponseCompletedEvent,
        ResponseContentPartAddedEvent as ResponseContentPartAddedEvent,
        ResponseContentPartDoneEvent as ResponseContentPartDoneEvent,
        ResponseCreatedEvent as ResponseCreatedEvent,
        ResponseCustomToolCallInputDeltaEvent as ResponseCustomToolCallInputDeltaEvent,
        ResponseCustomToolCallInputDoneEvent as ResponseCustomToolCallInputDoneEvent,
        ResponseErrorEvent as ResponseErrorEvent,
        ResponseFailedEvent as ResponseFailedEvent,
        ResponseFileSearchCallCompletedEvent as ResponseFileSearchCallCompletedEvent,
        ResponseFileSearchCallInProgressEvent as ResponseFileSearchCallInProgressEvent,
        ResponseFileSearchCallSearchingEvent as ResponseFileSearchCallSearchingEvent,
        ResponseFunctionCallArgumentsDeltaEvent as ResponseFunctionCallArgumentsDeltaEvent,
        ResponseFunctionCallArgumentsDoneEvent as ResponseFunctionCallArgumentsDoneEvent,
        ResponseImageGenCallCompletedEvent as ResponseImageGenCallCompletedEvent,
        ResponseImageGenCallGeneratingEvent as ResponseImageGenCallGeneratingEvent,
        ResponseImageGenCallInProgressEvent as ResponseImageGenCallInProgressEvent,
        ResponseImageGenCallPartialImageEvent as ResponseImageGenCallPartialImageEvent,
        ResponseIncompleteEvent as ResponseIncompleteEvent,
        ResponseInProgressEvent as ResponseInProgressEvent,
        ResponseMcpCallArgumentsDeltaEvent as ResponseMcpCallArgumentsDeltaEvent,
        ResponseMcpCallArgumentsDoneEvent as ResponseMcpCallArgumentsDoneEvent,
        ResponseMcpCallCompletedEvent as ResponseMcpCallCompletedEvent,
        ResponseMcpCallFailedEvent as ResponseMcpCallFailedEvent,
        ResponseMcpCallInProgressEvent as ResponseMcpCallInProgressEvent,
        ResponseMcpListToolsCompletedEvent as ResponseMcpListToolsCompletedEvent,
        ResponseMcpListToolsFailedEvent as ResponseMcpListToolsFailedEvent,
        ResponseMcpListToolsInProgressEvent as ResponseMcpListToolsInProgressEvent,
        ResponseOutputItemAddedEvent as ResponseOutputItemAddedEvent,
        ResponseOutputItemDoneEvent as ResponseOutputItemDoneEvent,
        ResponseOutputTextAnnotationAddedEvent as ResponseOutputTextAnnotationAddedEvent,
        ResponseQueuedEvent as ResponseQueuedEvent,
        ResponseReasoningSummaryPartAddedEvent as ResponseReasoningSummaryPartAddedEvent,
        ResponseReasoningSummaryPartDoneEvent as ResponseReasoningSummaryPartDoneEvent,
        ResponseReasoningSummaryTextDeltaEvent as ResponseReasoningSummaryTextDeltaEvent,
        ResponseReasoningSummaryTextDoneEvent as ResponseReasoningSummaryTextDoneEvent,
        ResponseReasoningTextDeltaEvent as ResponseReasoningTextDeltaEvent,
        ResponseReasoningTextDoneEvent as ResponseReasoningTextDoneEvent,
        ResponseRefusalDeltaEvent as ResponseRefusalDeltaEvent,
        ResponseRefusalDoneEvent as ResponseRefusalDoneEvent,
        ResponseShellCallCommandAddedEvent as ResponseShellCallCommandAddedEvent,
        ResponseShellCallCommandDeltaEvent as ResponseShellCallCommandDeltaEvent,
        ResponseShellCallCommandDoneEvent as ResponseShellCallCommandDoneEvent,
        ResponseShellCallOutputContentDeltaEvent as ResponseShellCallOutputContentDeltaEvent,
        ResponseShellCallOutputContentDoneEvent as ResponseShellCallOutputContentDoneEvent,
        ResponseStreamEvent as ResponseStreamEvent,
        ResponseTextDeltaEvent as ResponseTextDeltaEvent,
        ResponseTextDoneEvent as ResponseTextDoneEvent,
        ResponseWebSearchCallCompletedEvent as ResponseWebSearchCallCompletedEvent,
        ResponseWebSearchCallInProgressEvent as ResponseWebSearchCallInProgressEvent,
        ResponseWebSearchCallSearchingEvent as ResponseWebSearchCallSearchingEvent,
        UnknownEvent as UnknownEvent,
    )
    from openai_conversations.schemas.responses.response import (
        CompactedResponse as CompactedResponse,
        IncompleteDetails as IncompleteDetails,
        Response as Response,
        ResponseConversation as ResponseConversation,
        ResponseDeleted as ResponseDeleted,
        ResponseError as ResponseError,
    )
    from openai_conversations.schemas.responses.usage import (
        InputTokenCount as InputTokenCount,
        ResponseUsage as ResponseUsage,
    )
    from openai_conversations.schemas.unknown import (
        Unknown as Unknown,
        UnknownAnnotation as UnknownAnnotation,
        UnknownContent as UnknownContent,
        UnknownItem as UnknownItem,
        UnknownObject as UnknownObject,
        UnknownTool as UnknownTool,
    )
    from openai_conversations.schemas.webhooks import (
        ResponseCancelledWebhookEvent as ResponseCancelledWebhookEvent,
        ResponseCompletedWebhookEvent as ResponseCompletedWebhookEvent,
        ResponseFailedWebhookEvent as ResponseFailedWebhookEvent,
        ResponseIncompleteWebhookEvent as ResponseIncompleteWebhookEvent,
        UnknownWebhookEvent as UnknownWebhookEvent,
        UnwrapWebhookEvent as UnwrapWebhookEvent,
        WebhookEvent as WebhookEvent,
    )
    from openai_conversations.settings import (
        AZURE as AZURE,
        GENERIC as GENERIC,
        OPENAI as OPENAI,
        BodyLimits as BodyLimits,
        Profile as Profile,
        Timeout as Timeout,
        azure as azure,
    )
    from openai_conversations.storage.errors import (
        DatabaseError as DatabaseError,
        LedgerError as LedgerError,
        RegistryError as RegistryError,
    )
    from openai_conversations.transport.message import (
        Guard as Guard,
        Handler as Handler,
        HTTPRequest as HTTPRequest,
        HTTPResponse as HTTPResponse,
        Middleware as Middleware,
        Replay as Replay,
    )
    from openai_conversations.transport.policy import RetryPolicy as RetryPolicy
    from openai_conversations.transport.runtime import Runtime as Runtime
    from openai_conversations.version import __version__ as __version__
    from openai_conversations.writing.resume import (
        AppendIncompleteError as AppendIncompleteError,
        AppendProgress as AppendProgress,
        AppendResult as AppendResult,
        AppendResume as AppendResume,
    )
    from openai_conversations.writing.turns.errors import (
        OutputParseError as OutputParseError,
        ResponseFailedError as ResponseFailedError,
        ResponseIncompleteError as ResponseIncompleteError,
        StreamInterruptedError as StreamInterruptedError,
        TurnLostError as TurnLostError,
    )
    from openai_conversations.writing.write_order import ConversationLock as ConversationLock
else:
    from openai_conversations.lazy import lazy_imports, provide

    # Schemas know nothing of JSON, and their objects have `to_dict()`: this says who does it for them.
    provide("json objects", "openai_conversations.converters.objects")
    __getattr__, __dir__ = lazy_imports()
