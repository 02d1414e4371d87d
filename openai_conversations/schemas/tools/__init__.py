"""
Tools that the model may use, as items carry them.

Every class is importable from here; its module is imported when the class is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openai_conversations.schemas.lazy import lazy_names

_MODULES = {
    "ApplyPatchTool": "apply_patch",
    "ApproximateLocation": "approximate_location",
    "CodeInterpreterContainer": "code_interpreter",
    "CodeInterpreterTool": "code_interpreter",
    "ComparisonFilter": "file_search",
    "CompoundFilter": "file_search",
    "ComputerTool": "computer",
    "ComputerUsePreviewTool": "computer_use_preview",
    "ContainerAuto": "shell",
    "CustomFormat": "custom",
    "CustomGrammarFormat": "custom",
    "CustomTextFormat": "custom",
    "CustomTool": "custom",
    "DomainSecret": "network_policies",
    "FileFilter": "file_search",
    "FileSearchTool": "file_search",
    "FunctionTool": "function",
    "HybridSearch": "file_search",
    "ImageGenerationTool": "image_generation",
    "ImageModel": "image_generation",
    "InlineSkill": "skills",
    "InlineSkillSource": "skills",
    "InputImageMask": "image_generation",
    "LocalShellTool": "local_shell",
    "McpApprovalFilter": "mcp",
    "McpConnector": "mcp",
    "McpTool": "mcp",
    "McpToolFilter": "mcp",
    "NamespaceFunctionTool": "namespace",
    "NamespaceTool": "namespace",
    "NetworkAllowlist": "network_policies",
    "NetworkDisabled": "network_policies",
    "NetworkPolicy": "network_policies",
    "ProgrammaticToolCallingTool": "programmatic_tool_calling",
    "RankingOptions": "file_search",
    "ShellTool": "shell",
    "ShellToolEnvironment": "shell",
    "Skill": "skills",
    "SkillReference": "skills",
    "SvgConfig": "image_generation",
    "Tool": "unions",
    "ToolSearchTool": "tool_search",
    "WebSearchFilters": "web_search",
    "WebSearchPreviewTool": "web_search_preview",
    "WebSearchTool": "web_search",
}
"""Name of each class and union → the module that defines it."""

if TYPE_CHECKING:
    from openai_conversations.schemas.tools.apply_patch import ApplyPatchTool as ApplyPatchTool
    from openai_conversations.schemas.tools.approximate_location import ApproximateLocation as ApproximateLocation
    from openai_conversations.schemas.tools.code_interpreter import (
        CodeInterpreterContainer as CodeInterpreterContainer,
    )
    from openai_conversations.schemas.tools.code_interpreter import (
        CodeInterpreterTool as CodeInterpreterTool,
    )
    from openai_conversations.schemas.tools.computer import ComputerTool as ComputerTool
    from openai_conversations.schemas.tools.computer_use_preview import ComputerUsePreviewTool as ComputerUsePreviewTool
    from openai_conversations.schemas.tools.custom import (
        CustomFormat as CustomFormat,
    )
    from openai_conversations.schemas.tools.custom import (
        CustomGrammarFormat as CustomGrammarFormat,
    )
    from openai_conversations.schemas.tools.custom import (
        CustomTextFormat as CustomTextFormat,
    )
    from openai_conversations.schemas.tools.custom import (
        CustomTool as CustomTool,
    )
    from openai_conversations.schemas.tools.file_search import (
        ComparisonFilter as ComparisonFilter,
    )
    from openai_conversations.schemas.tools.file_search import (
        CompoundFilter as CompoundFilter,
    )
    from openai_conversations.schemas.tools.file_search import (
        FileFilter as FileFilter,
    )
    from openai_conversations.schemas.tools.file_search import (
        FileSearchTool as FileSearchTool,
    )
    from openai_conversations.schemas.tools.file_search import (
        HybridSearch as HybridSearch,
    )
    from openai_conversations.schemas.tools.file_search import (
        RankingOptions as RankingOptions,
    )
    from openai_conversations.schemas.tools.function import FunctionTool as FunctionTool
    from openai_conversations.schemas.tools.image_generation import (
        ImageGenerationTool as ImageGenerationTool,
    )
    from openai_conversations.schemas.tools.image_generation import (
        ImageModel as ImageModel,
    )
    from openai_conversations.schemas.tools.image_generation import (
        InputImageMask as InputImageMask,
    )
    from openai_conversations.schemas.tools.image_generation import (
        SvgConfig as SvgConfig,
    )
    from openai_conversations.schemas.tools.local_shell import LocalShellTool as LocalShellTool
    from openai_conversations.schemas.tools.mcp import (
        McpApprovalFilter as McpApprovalFilter,
    )
    from openai_conversations.schemas.tools.mcp import (
        McpConnector as McpConnector,
    )
    from openai_conversations.schemas.tools.mcp import (
        McpTool as McpTool,
    )
    from openai_conversations.schemas.tools.mcp import (
        McpToolFilter as McpToolFilter,
    )
    from openai_conversations.schemas.tools.namespace import (
        NamespaceFunctionTool as NamespaceFunctionTool,
    )
    from openai_conversations.schemas.tools.namespace import (
        NamespaceTool as NamespaceTool,
    )
    from openai_conversations.schemas.tools.network_policies import (
        DomainSecret as DomainSecret,
    )
    from openai_conversations.schemas.tools.network_policies import (
        NetworkAllowlist as NetworkAllowlist,
    )
    from openai_conversations.schemas.tools.network_policies import (
        NetworkDisabled as NetworkDisabled,
    )
    from openai_conversations.schemas.tools.network_policies import (
        NetworkPolicy as NetworkPolicy,
    )
    from openai_conversations.schemas.tools.programmatic_tool_calling import (
        ProgrammaticToolCallingTool as ProgrammaticToolCallingTool,
    )
    from openai_conversations.schemas.tools.shell import (
        ContainerAuto as ContainerAuto,
    )
    from openai_conversations.schemas.tools.shell import (
        ShellTool as ShellTool,
    )
    from openai_conversations.schemas.tools.shell import (
        ShellToolEnvironment as ShellToolEnvironment,
    )
    from openai_conversations.schemas.tools.skills import (
        InlineSkill as InlineSkill,
    )
    from openai_conversations.schemas.tools.skills import (
        InlineSkillSource as InlineSkillSource,
    )
    from openai_conversations.schemas.tools.skills import (
        Skill as Skill,
    )
    from openai_conversations.schemas.tools.skills import (
        SkillReference as SkillReference,
    )
    from openai_conversations.schemas.tools.tool_search import ToolSearchTool as ToolSearchTool
    from openai_conversations.schemas.tools.unions import Tool as Tool
    from openai_conversations.schemas.tools.web_search import (
        WebSearchFilters as WebSearchFilters,
    )
    from openai_conversations.schemas.tools.web_search import (
        WebSearchTool as WebSearchTool,
    )
    from openai_conversations.schemas.tools.web_search_preview import WebSearchPreviewTool as WebSearchPreviewTool
else:
    __getattr__ = lazy_names(__name__, _MODULES)
