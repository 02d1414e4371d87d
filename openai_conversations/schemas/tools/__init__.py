"""
Tools that the model may use, as items carry them.

Every class is importable from here; its module is imported when the class is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openai_conversations.schemas.lazy import lazy_names

if TYPE_CHECKING:
    from openai_conversations.schemas.tools.apply_patch import ApplyPatchTool
    from openai_conversations.schemas.tools.approximate_location import ApproximateLocation
    from openai_conversations.schemas.tools.code_interpreter import CodeInterpreterContainer, CodeInterpreterTool
    from openai_conversations.schemas.tools.computer import ComputerTool
    from openai_conversations.schemas.tools.computer_use_preview import ComputerUsePreviewTool
    from openai_conversations.schemas.tools.custom import (
        CustomFormat,
        CustomGrammarFormat,
        CustomTool,
    )
    from openai_conversations.schemas.tools.file_search import (
        ComparisonFilter,
        CompoundFilter,
        FileFilter,
        FileSearchTool,
        HybridSearch,
        RankingOptions,
    )
    from openai_conversations.schemas.tools.function import FunctionTool
    from openai_conversations.schemas.tools.image_generation import (
        ImageGenerationTool,
        ImageModel,
        InputImageMask,
        SvgConfig,
    )
    from openai_conversations.schemas.tools.local_shell import LocalShellTool
    from openai_conversations.schemas.tools.mcp import McpApprovalFilter, McpConnector, McpTool, McpToolFilter
    from openai_conversations.schemas.tools.namespace import NamespaceFunctionTool, NamespaceTool
    from openai_conversations.schemas.tools.network_policies import (
        DomainSecret,
        NetworkAllowlist,
        NetworkDisabled,
        NetworkPolicy,
    )
    from openai_conversations.schemas.tools.programmatic_tool_calling import ProgrammaticToolCallingTool
    from openai_conversations.schemas.tools.shell import ContainerAuto, ShellTool, ShellToolEnvironment
    from openai_conversations.schemas.tools.skills import InlineSkill, InlineSkillSource, Skill, SkillReference
    from openai_conversations.schemas.tools.tool_search import ToolSearchTool
    from openai_conversations.schemas.tools.unions import Tool
    from openai_conversations.schemas.tools.web_search import WebSearchFilters, WebSearchTool
    from openai_conversations.schemas.tools.web_search_preview import WebSearchPreviewTool

__all__ = [
    "ApplyPatchTool",
    "ApproximateLocation",
    "CodeInterpreterContainer",
    "CodeInterpreterTool",
    "ComparisonFilter",
    "CompoundFilter",
    "ComputerTool",
    "ComputerUsePreviewTool",
    "ContainerAuto",
    "CustomFormat",
    "CustomGrammarFormat",
    "CustomTool",
    "DomainSecret",
    "FileFilter",
    "FileSearchTool",
    "FunctionTool",
    "HybridSearch",
    "ImageGenerationTool",
    "ImageModel",
    "InlineSkill",
    "InlineSkillSource",
    "InputImageMask",
    "LocalShellTool",
    "McpApprovalFilter",
    "McpConnector",
    "McpTool",
    "McpToolFilter",
    "NamespaceFunctionTool",
    "NamespaceTool",
    "NetworkAllowlist",
    "NetworkDisabled",
    "NetworkPolicy",
    "ProgrammaticToolCallingTool",
    "RankingOptions",
    "ShellTool",
    "ShellToolEnvironment",
    "Skill",
    "SkillReference",
    "SvgConfig",
    "Tool",
    "ToolSearchTool",
    "WebSearchFilters",
    "WebSearchPreviewTool",
    "WebSearchTool",
]

_NAMES = {
    "apply_patch": ("ApplyPatchTool",),
    "approximate_location": ("ApproximateLocation",),
    "code_interpreter": ("CodeInterpreterContainer", "CodeInterpreterTool"),
    "computer": ("ComputerTool",),
    "computer_use_preview": ("ComputerUsePreviewTool",),
    "custom": ("CustomFormat", "CustomGrammarFormat", "CustomTool"),
    "file_search": (
        "ComparisonFilter",
        "CompoundFilter",
        "FileFilter",
        "FileSearchTool",
        "HybridSearch",
        "RankingOptions",
    ),
    "function": ("FunctionTool",),
    "image_generation": ("ImageGenerationTool", "ImageModel", "InputImageMask", "SvgConfig"),
    "local_shell": ("LocalShellTool",),
    "mcp": ("McpApprovalFilter", "McpConnector", "McpTool", "McpToolFilter"),
    "namespace": ("NamespaceFunctionTool", "NamespaceTool"),
    "network_policies": ("DomainSecret", "NetworkAllowlist", "NetworkDisabled", "NetworkPolicy"),
    "programmatic_tool_calling": ("ProgrammaticToolCallingTool",),
    "shell": ("ContainerAuto", "ShellTool", "ShellToolEnvironment"),
    "skills": ("InlineSkill", "InlineSkillSource", "Skill", "SkillReference"),
    "tool_search": ("ToolSearchTool",),
    "unions": ("Tool",),
    "web_search": ("WebSearchFilters", "WebSearchTool"),
    "web_search_preview": ("WebSearchPreviewTool",),
}
"""Each module of this package → the classes and unions that it defines."""

if not TYPE_CHECKING:
    __getattr__ = lazy_names(__name__, _NAMES.items())
