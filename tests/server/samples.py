"""One item of every type, as a client sends it, with every field that the type has."""

from __future__ import annotations

from typing import Any

Item = dict[str, Any]

PROGRAM = {"type": "program", "caller_id": "call_p"}
IMAGE = "https://example.com/cat.png"
TOOLS: list[Item] = [
    {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True, "description": None},
    {
        "type": "file_search",
        "vector_store_ids": ["vs_1"],
        "filters": {"type": "and", "filters": [{"type": "eq", "key": "k", "value": 1}]},
        "ranking_options": {"ranker": "auto", "score_threshold": 0.5},
    },
    {"type": "file_search", "vector_store_ids": [], "filters": {"type": "in", "key": "k", "value": ["a", 1, 1.5]}},
    {"type": "computer"},
    {"type": "computer_use_preview", "display_height": 1, "display_width": 2, "environment": "linux"},
    {
        "type": "web_search",
        "filters": {"allowed_domains": ["example.com"]},
        "search_context_size": "low",
        "user_location": {"type": "approximate", "city": None, "country": "FR"},
    },
    {"type": "web_search_2025_08_26"},
    {
        "type": "mcp",
        "server_label": "m",
        "server_url": "https://example.com/mcp",
        "headers": {"x": "y"},
        "allowed_tools": {"read_only": True, "tool_names": ["t"]},
        "require_approval": {"always": {"tool_names": ["t"]}},
        "tunnel_id": "tunnel_" + "a" * 32,
    },
    {"type": "mcp", "server_label": "m", "allowed_tools": ["t"], "require_approval": "never"},
    {
        "type": "code_interpreter",
        "container": {
            "type": "auto",
            "memory_limit": "1g",
            "network_policy": {
                "type": "allowlist",
                "allowed_domains": ["example.com"],
                "domain_secrets": [{"domain": "d", "name": "n", "value": "v"}],
            },
        },
        "allowed_callers": ["direct"],
    },
    {"type": "programmatic_tool_calling"},
    {"type": "image_generation", "partial_images": 3, "output_compression": 100, "input_image_mask": {"file_id": "f"}},
    {"type": "local_shell"},
    {
        "type": "shell",
        "environment": {
            "type": "container_auto",
            "skills": [
                {"type": "skill_reference", "skill_id": "s"},
                {
                    "type": "inline",
                    "name": "n",
                    "description": "d",
                    "source": {"type": "base64", "media_type": "application/zip", "data": "AA=="},
                },
            ],
        },
    },
    {"type": "custom", "name": "c", "format": {"type": "grammar", "definition": "start: x", "syntax": "lark"}},
    {
        "type": "namespace",
        "name": "n",
        "description": "d",
        "tools": [{"type": "function", "name": "f", "async": True}, {"type": "custom", "name": "c"}],
    },
    {"type": "tool_search", "execution": "client", "parameters": {"type": "object"}},
    {
        "type": "web_search_preview",
        "search_content_types": ["text"],
        "user_location": {"type": "approximate", "city": "Paris"},
    },
    {"type": "web_search_preview_2025_03_11"},
    {"type": "apply_patch"},
]
"""Every type of tool."""

ANNOTATIONS: list[Item] = [
    {"type": "file_citation", "file_id": "f", "filename": "n", "index": 0},
    {"type": "url_citation", "start_index": 0, "end_index": 1, "title": "t", "url": "https://example.com"},
    {
        "type": "container_file_citation",
        "container_id": "c",
        "file_id": "f",
        "filename": "n",
        "start_index": 0,
        "end_index": 1,
    },
    {"type": "file_path", "file_id": "f", "index": 0},
]
LOGPROBS: list[Item] = [
    {"token": "a", "bytes": [97], "logprob": -0.5, "top_logprobs": [{"token": "a", "bytes": [97], "logprob": -1}]}
]
USER_PARTS: list[Item] = [
    {"type": "input_text", "text": "Hi", "prompt_cache_breakpoint": {"mode": "explicit"}},
    {"type": "input_image", "detail": "low", "image_url": IMAGE, "file_id": None},
    {"type": "input_file", "file_id": "f", "filename": "n", "detail": "auto"},
]
ASSISTANT_PARTS: list[Item] = [
    {"type": "output_text", "text": "Hello", "annotations": ANNOTATIONS, "logprobs": LOGPROBS},
    {"type": "refusal", "refusal": "No"},
]
ACTIONS: list[Item] = [
    {"type": "click", "button": "left", "x": 1, "y": 2, "keys": ["Shift"]},
    {"type": "double_click", "x": 1, "y": 2},
    {"type": "drag", "path": [{"x": 1, "y": 2}]},
    {"type": "keypress", "keys": ["a"]},
    {"type": "move", "x": 1, "y": 2},
    {"type": "screenshot"},
    {"type": "scroll", "x": 1, "y": 2, "scroll_x": 0, "scroll_y": 9},
    {"type": "type", "text": "a"},
    {"type": "wait"},
]
SAFETY = [{"id": "sc", "code": "c", "message": None}]

ITEMS: list[Item] = [
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello", "phase": "final_answer"},
    {"type": "message", "role": "user", "content": USER_PARTS, "status": "incomplete"},
    {"type": "message", "role": "system", "content": []},
    {"type": "message", "role": "developer", "content": "Be brief"},
    {"type": "message", "role": "assistant", "content": ASSISTANT_PARTS, "status": "completed"},
    {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}", "async": True, "caller": PROGRAM},
    {"type": "function_call_output", "call_id": "c1", "output": "42", "name": "f", "namespace": "n"},
    {"type": "function_call_output", "call_id": "c1", "output": USER_PARTS, "caller": {"type": "direct"}},
    {
        "type": "file_search_call",
        "id": "fs_1",
        "queries": ["q"],
        "status": "completed",
        "results": [{"attributes": {"a": 1, "b": True, "c": "d", "e": 1.5}, "score": 1, "text": "t"}],
    },
    *(
        {"type": "web_search_call", "id": f"ws_{n}", "status": "completed", "action": action}
        for n, action in enumerate(
            (
                {"type": "search", "query": "q", "sources": [{"type": "url", "url": "https://example.com"}]},
                {"type": "open_page", "url": None},
                {"type": "find_in_page", "pattern": "p", "url": "https://example.com"},
            )
        )
    ),
    {"type": "image_generation_call", "id": "ig_1", "result": None, "status": "generating", "size": "1x1"},
    {
        "type": "computer_call",
        "id": "cu_1",
        "call_id": "c2",
        "pending_safety_checks": SAFETY,
        "status": "completed",
        "action": ACTIONS[0],
        "actions": ACTIONS,
    },
    {
        "type": "computer_call_output",
        "call_id": "c2",
        "output": {"type": "computer_screenshot", "image_url": IMAGE},
        "acknowledged_safety_checks": SAFETY,
    },
    {"type": "tool_search_call", "arguments": {"query": "q"}},
    {"type": "tool_search_output", "tools": TOOLS, "call_id": "c3", "execution": "client"},
    {"type": "additional_tools", "role": "developer", "tools": TOOLS},
    {
        "type": "configuration_update",
        "reasoning": {"effort": "low"},
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {}, "strict": None}},
    },
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "s"}],
        "content": [{"type": "reasoning_text", "text": "r"}],
        "encrypted_content": "e",
    },
    {"type": "program", "id": "prog_1", "call_id": "c4", "code": "1", "fingerprint": "f"},
    {"type": "program_output", "id": "progo_1", "call_id": "c4", "result": "1", "status": "completed"},
    {"type": "compaction", "encrypted_content": "e"},
    {
        "type": "code_interpreter_call",
        "id": "ci_1",
        "code": None,
        "container_id": "cntr",
        "outputs": [{"type": "logs", "logs": "l"}, {"type": "image", "url": IMAGE}],
        "status": "interpreting",
    },
    {
        "type": "local_shell_call",
        "id": "lsh_1",
        "call_id": "c5",
        "status": "completed",
        "action": {"type": "exec", "command": ["ls"], "env": {"A": "B"}, "timeout_ms": 1, "user": None},
    },
    {"type": "local_shell_call_output", "id": "lsho_1", "output": "o", "status": None},
    {
        "type": "shell_call",
        "call_id": "c6",
        "action": {"commands": ["ls"]},
        "environment": {"type": "local", "skills": [{"name": "n", "description": "d", "path": "p"}]},
    },
    {"type": "shell_call", "call_id": "c6", "action": {"commands": [], "timeout_ms": 5}},
    {
        "type": "shell_call_output",
        "call_id": "c6",
        "output": [
            {"stdout": "", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}},
            {"stdout": "", "stderr": "", "outcome": {"type": "timeout"}},
        ],
    },
    *(
        {"type": "apply_patch_call", "call_id": "c7", "status": "completed", "operation": operation}
        for operation in (
            {"type": "create_file", "diff": "+", "path": "p"},
            {"type": "delete_file", "path": "p"},
            {"type": "update_file", "diff": "-", "path": "p"},
        )
    ),
    {"type": "apply_patch_call_output", "call_id": "c7", "status": "failed", "output": None},
    {
        "type": "mcp_list_tools",
        "id": "mcpl_1",
        "server_label": "m",
        "tools": [{"name": "t", "input_schema": {}, "annotations": None, "description": "d"}],
    },
    {"type": "mcp_approval_request", "id": "mcpr_1", "arguments": "{}", "name": "t", "server_label": "m"},
    {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True, "reason": None},
    *(
        {"type": "mcp_call", "id": f"mcp_{n}", "arguments": "{}", "name": "t", "server_label": "m", "error": error}
        for n, error in enumerate(
            (
                None,
                {"type": "mcp_protocol_error", "code": 1, "message": "m"},
                {"type": "mcp_tool_execution_error", "content": [1, None]},
                {"type": "http_error", "code": 500, "message": "m"},
            )
        )
    ),
    {"type": "custom_tool_call", "call_id": "c8", "input": "i", "name": "c", "namespace": "n"},
    {"type": "custom_tool_call_output", "call_id": "c8", "output": "o"},
    {"type": "custom_tool_call_output", "call_id": "c8", "output": USER_PARTS},
]
"""Every type of item, in every shape that requests may have."""

IDS = [f"{n}-{item.get('type', 'short message')}" for n, item in enumerate(ITEMS)]
"""Names of the items, for tests with parameters."""


def of(tag: str) -> Item:
    """The first item of a type."""
    return next(item for item in ITEMS if item.get("type") == tag)
