"""What items are made of: contents, annotations, callers, actions; one row per type, as the API describes it."""

from __future__ import annotations

from openai_conversations.server.rules.schema_dsl import (
    Obj,
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

STRING = text()
WHOLE = integer()
CALL_ID = text(1, 64)

STATUS = fill(words("in_progress", "completed", "incomplete"), "completed")
PHASE = opt(nullable(words("commentary", "final_answer")))

BREAKPOINT = opt(Obj({"mode": words("explicit"), "ttl": opt(words("30m", "12h"))}))

INPUT_TEXT = Obj({"text": STRING, "prompt_cache_breakpoint": BREAKPOINT})
INPUT_IMAGE = Obj(
    {
        "detail": fill(words("low", "high", "auto", "original"), "auto"),
        "file_id": opt(STRING),
        "image_url": opt(STRING),
        "prompt_cache_breakpoint": BREAKPOINT,
    }
)
INPUT_FILE = Obj(
    {
        "detail": opt(words("auto", "low", "high")),
        "file_data": opt(STRING),
        "file_id": opt(STRING),
        "file_url": opt(STRING),
        "filename": opt(STRING),
        "prompt_cache_breakpoint": BREAKPOINT,
    }
)

ANNOTATION = Tagged(
    {
        "file_citation": Obj({"file_id": STRING, "filename": STRING, "index": WHOLE}),
        "url_citation": Obj({"start_index": WHOLE, "end_index": WHOLE, "title": STRING, "url": STRING}),
        "container_file_citation": Obj(
            {"container_id": STRING, "file_id": STRING, "filename": STRING, "start_index": WHOLE, "end_index": WHOLE}
        ),
        "file_path": Obj({"file_id": STRING, "index": WHOLE}),
    }
)
_TOKEN = {"token": STRING, "logprob": number, "bytes": array(WHOLE)}
LOGPROB = Obj({**_TOKEN, "top_logprobs": array(Obj(_TOKEN))})

OUTPUT_TEXT = Obj(
    {"text": STRING, "annotations": fill(array(ANNOTATION), []), "logprobs": fill(array(LOGPROB), [])},
)

INPUT_CONTENT = Tagged({"input_text": INPUT_TEXT, "input_image": INPUT_IMAGE, "input_file": INPUT_FILE})
OUTPUT_CONTENT = Tagged({"output_text": OUTPUT_TEXT, "refusal": Obj({"refusal": STRING})})

TOOL_OUTPUT = either(str=text(most=10_485_760), list=array(INPUT_CONTENT))
"""What a function or a custom tool gave back."""

CALLER = opt(nullable(Tagged({"direct": Obj({}), "program": Obj({"caller_id": CALL_ID})})))

SAFETY_CHECKS = array(Obj({"id": STRING, "code": opt(nullable(STRING)), "message": opt(nullable(STRING))}))

_POINT = {"x": WHOLE, "y": WHOLE}
_KEYS = opt(nullable(array(STRING)))
COMPUTER_ACTION = Tagged(
    {
        "click": Obj({**_POINT, "button": words("left", "right", "wheel", "back", "forward"), "keys": _KEYS}),
        "double_click": Obj({**_POINT, "keys": fill(array(STRING), None)}),
        "drag": Obj({"path": array(Obj(_POINT)), "keys": _KEYS}),
        "keypress": Obj({"keys": array(STRING)}),
        "move": Obj({**_POINT, "keys": _KEYS}),
        "screenshot": Obj({}),
        "scroll": Obj({**_POINT, "scroll_x": WHOLE, "scroll_y": WHOLE, "keys": _KEYS}),
        "type": Obj({"text": STRING}),
        "wait": Obj({}),
    }
)
SCREENSHOT = Tagged({"computer_screenshot": Obj({"file_id": opt(STRING), "image_url": opt(STRING)})})

SEARCH_ACTION = Tagged(
    {
        "search": Obj(
            {
                "queries": opt(array(STRING)),
                "query": opt(STRING),
                "sources": opt(array(Tagged({"url": Obj({"url": STRING})}))),
            }
        ),
        "open_page": Obj({"url": opt(nullable(STRING))}),
        "find_in_page": Obj({"pattern": STRING, "url": STRING}),
    }
)
_ATTRIBUTE = either(str=text(most=512), bool=anything, int=anything, float=anything)
SEARCH_RESULT = Obj(
    {
        "attributes": opt(nullable(mapping(_ATTRIBUTE))),
        "file_id": opt(STRING),
        "filename": opt(STRING),
        "score": opt(number),
        "text": opt(STRING),
    }
)
INTERPRETER_OUTPUT = Tagged({"logs": Obj({"logs": STRING}), "image": Obj({"url": STRING})})

LOCAL_SHELL_ACTION = Tagged(
    {
        "exec": Obj(
            {
                "command": array(STRING),
                "env": mapping(STRING),
                "timeout_ms": opt(nullable(WHOLE)),
                "user": opt(nullable(STRING)),
                "working_directory": opt(nullable(STRING)),
            }
        )
    }
)
SHELL_ACTION = Obj({"commands": array(STRING), "timeout_ms": fill(WHOLE, None), "max_output_length": fill(WHOLE, None)})
SHELL_OUTPUT = Obj(
    {
        "outcome": Tagged({"timeout": Obj({}), "exit": Obj({"exit_code": WHOLE})}),
        "stderr": STRING,
        "stdout": STRING,
    }
)
PATCH_OPERATION = Tagged(
    {
        "create_file": Obj({"diff": STRING, "path": text(1)}),
        "delete_file": Obj({"path": text(1)}),
        "update_file": Obj({"diff": STRING, "path": text(1)}),
    }
)
MCP_LISTED_TOOL = Obj(
    {
        "name": STRING,
        "input_schema": mapping(),
        "annotations": opt(nullable(mapping())),
        "description": opt(nullable(STRING)),
    }
)
_CODED = Obj({"code": WHOLE, "message": STRING})
MCP_ERROR = Tagged(
    {"mcp_protocol_error": _CODED, "mcp_tool_execution_error": Obj({"content": anything}), "http_error": _CODED}
)
REASONING_EFFORT = opt(nullable(words("none", "minimal", "low", "medium", "high", "xhigh", "max")))
TEXT_FORMAT = Tagged(
    {
        "text": Obj({}),
        "json_schema": Obj(
            {
                "name": STRING,
                "schema": mapping(),
                "description": opt(STRING),
                "strict": opt(nullable(boolean)),
            }
        ),
    }
)
