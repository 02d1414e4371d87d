"""The tools that ``additional_tools`` and ``tool_search_output`` carry; one row per type, as the API describes it."""

from __future__ import annotations

from openai_conversations.server.rules.components import STRING, WHOLE
from openai_conversations.server.rules.schema_dsl import (
    Obj,
    Shape,
    Tagged,
    anything,
    array,
    boolean,
    either,
    fill,
    integer,
    mapping,
    nullable,
    number,
    opt,
    text,
    words,
)

_FLAG = opt(boolean)
_TEXT = opt(STRING)
_NULLABLE_TEXT = opt(nullable(STRING))
_FREE = opt(nullable(mapping()))
_CALLERS = opt(nullable(array(words("direct", "programmatic"), 1)))
_SIZE = opt(words("low", "medium", "high"))
_FILTER_VALUE: Shape = either(
    str=anything,
    int=anything,
    float=anything,
    bool=anything,
    list=array(either(str=anything, int=anything, float=anything)),
)
_COMPARISON = Obj({"type": STRING, "key": STRING, "value": _FILTER_VALUE}, closed=True)
_COMPOUND = Obj({"type": STRING, "filters": array(mapping())}, closed=True)
_FILTERS = Tagged(
    {
        **dict.fromkeys(("eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"), _COMPARISON),
        **dict.fromkeys(("and", "or"), _COMPOUND),
    }
)
_RANKING = Obj(
    {
        "hybrid_search": opt(Obj({"embedding_weight": number, "text_weight": number})),
        "ranker": opt(words("auto", "default-2024-11-15")),
        "score_threshold": opt(number),
    }
)
_PLACE = {
    "city": _NULLABLE_TEXT,
    "country": _NULLABLE_TEXT,
    "region": _NULLABLE_TEXT,
    "timezone": _NULLABLE_TEXT,
}
_SECRET = Obj({"domain": text(1), "name": text(1), "value": text(1, 10_485_760)})
_NETWORK = opt(
    Tagged(
        {
            "disabled": Obj({}),
            "allowlist": Obj({"allowed_domains": array(STRING, 1), "domain_secrets": opt(array(_SECRET, 1))}),
        }
    )
)
_MEMORY = opt(nullable(words("1g", "4g", "16g", "64g")))
_SKILL_SOURCE = Tagged({"base64": Obj({"media_type": words("application/zip"), "data": text(1, 70_254_592)})})
_SKILL = Tagged(
    {
        "skill_reference": Obj({"skill_id": text(1, 64), "version": _TEXT}),
        "inline": Obj({"description": STRING, "name": STRING, "source": _SKILL_SOURCE}),
    }
)
_LOCAL_SKILL = Obj({"name": STRING, "description": STRING, "path": STRING})
_FILES = opt(array(STRING, most=50))
_CONTAINER = {"file_ids": _FILES, "memory_limit": _MEMORY, "network_policy": _NETWORK}
_SHELL_PLACE = Tagged(
    {
        "container_auto": Obj({**_CONTAINER, "skills": opt(array(_SKILL, most=200))}),
        "local": Obj({"skills": opt(array(_LOCAL_SKILL, most=200))}),
        "container_reference": Obj({"container_id": STRING}),
    }
)
SHELL_ENVIRONMENT = Tagged(
    {
        "local": Obj({"skills": opt(array(_LOCAL_SKILL, most=200))}),
        "container_reference": Obj({"container_id": STRING}),
    }
)
_CONNECTORS = (
    "connector_dropbox",
    "connector_gmail",
    "connector_googlecalendar",
    "connector_googledrive",
    "connector_microsoftteams",
    "connector_outlookcalendar",
    "connector_outlookemail",
    "connector_sharepoint",
)
_MCP_FILTER = Obj({"tool_names": opt(array(STRING)), "read_only": _FLAG}, closed=True)
_APPROVAL = Obj({"always": opt(_MCP_FILTER), "never": opt(_MCP_FILTER)}, closed=True)
_CUSTOM = Obj(
    {
        "name": STRING,
        "async": _FLAG,
        "allowed_callers": _CALLERS,
        "defer_loading": _FLAG,
        "description": _TEXT,
        "format": opt(
            Tagged({"text": Obj({}), "grammar": Obj({"definition": STRING, "syntax": words("lark", "regex")})})
        ),
    }
)
_FUNCTION_OPTIONS = {
    "async": _FLAG,
    "allowed_callers": _CALLERS,
    "defer_loading": _FLAG,
    "description": _NULLABLE_TEXT,
    "output_schema": _FREE,
}
_INNER_FUNCTION = Obj(
    {
        **_FUNCTION_OPTIONS,
        "name": text(1, 128, "[a-zA-Z0-9_-]+"),
        "parameters": _FREE,
        "strict": opt(nullable(boolean)),
    }
)
_WEB_SEARCH = Obj(
    {
        "external_web_access": _FLAG,
        "filters": opt(nullable(Obj({"allowed_domains": opt(nullable(array(STRING)))}))),
        "search_context_size": _SIZE,
        "user_location": opt(nullable(Obj({"type": opt(words("approximate")), **_PLACE}))),
    }
)
_WEB_SEARCH_PREVIEW = Obj(
    {
        "search_content_types": opt(array(words("text", "image"))),
        "search_context_size": _SIZE,
        "user_location": opt(nullable(Tagged({"approximate": Obj(_PLACE)}))),
    }
)

TOOL = Tagged(
    {
        "function": Obj(
            {
                **_FUNCTION_OPTIONS,
                "allowed_callers": opt(nullable(array(words("direct", "programmatic")))),
                "name": STRING,
                "parameters": fill(mapping(), None),
                "strict": fill(boolean, None),
            }
        ),
        "file_search": Obj(
            {
                "vector_store_ids": array(STRING),
                "filters": opt(nullable(_FILTERS)),
                "max_num_results": opt(WHOLE),
                "ranking_options": opt(_RANKING),
            }
        ),
        "computer": Obj({}),
        "computer_use_preview": Obj(
            {
                "display_height": WHOLE,
                "display_width": WHOLE,
                "environment": words("windows", "mac", "linux", "ubuntu", "browser"),
            }
        ),
        "web_search": _WEB_SEARCH,
        "web_search_2025_08_26": _WEB_SEARCH,
        "mcp": Obj(
            {
                "server_label": STRING,
                "allowed_callers": _CALLERS,
                "allowed_tools": opt(nullable(either(list=array(STRING), dict=_MCP_FILTER))),
                "authorization": _TEXT,
                "connector_id": opt(words(*_CONNECTORS)),
                "defer_loading": _FLAG,
                "headers": opt(nullable(mapping(STRING))),
                "require_approval": opt(nullable(either(str=words("always", "never"), dict=_APPROVAL))),
                "server_description": _TEXT,
                "server_url": _TEXT,
                "tunnel_id": opt(text(pattern="tunnel_[a-z0-9]{32}")),
            }
        ),
        "code_interpreter": Obj(
            {
                "container": either(str=STRING, dict=Tagged({"auto": Obj(_CONTAINER)})),
                "allowed_callers": _CALLERS,
            }
        ),
        "programmatic_tool_calling": Obj({}),
        "image_generation": Obj(
            {
                "action": opt(words("generate", "edit", "auto")),
                "background": opt(words("transparent", "opaque", "auto")),
                "input_fidelity": opt(nullable(words("high", "low"))),
                "input_image_mask": opt(Obj({"file_id": _TEXT, "image_url": _TEXT}, closed=True)),
                "model": _TEXT,
                "moderation": opt(words("auto", "low")),
                "output_compression": opt(integer(0, 100)),
                "output_format": opt(words("png", "webp", "jpeg")),
                "partial_images": opt(integer(0, 3)),
                "quality": opt(words("low", "medium", "high", "auto")),
                "size": _TEXT,
            }
        ),
        "local_shell": Obj({}),
        "shell": Obj({"allowed_callers": _CALLERS, "environment": opt(nullable(_SHELL_PLACE))}),
        "custom": _CUSTOM,
        "namespace": Obj(
            {
                "description": STRING,
                "name": text(1),
                "tools": array(Tagged({"function": _INNER_FUNCTION, "custom": _CUSTOM}), 1),
            }
        ),
        "tool_search": Obj(
            {
                "description": _NULLABLE_TEXT,
                "execution": opt(words("server", "client")),
                "parameters": _FREE,
            }
        ),
        "web_search_preview": _WEB_SEARCH_PREVIEW,
        "web_search_preview_2025_03_11": _WEB_SEARCH_PREVIEW,
        "apply_patch": Obj({"allowed_callers": _CALLERS}),
    }
)
