"""
Items as a server may send them, built at random: every type, content, tool and nested object of the API.

The tables are written down from the description of the API, not from the schema classes: a field that a class lacks
or types wrongly shows. ``novel`` mixes in what is newer than this package: unknown fields, members and words.

Names of unknown fields, and of the members of untyped values, begin with ``x_``. So :func:`plain` knows where null is
a value of its own, and where it is another way to leave a field out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]

# Values

integers = st.integers() | st.integers(2**63 - 2, 2**70) | st.integers(-(2**70), -(2**63))
floats = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, -0.0, 1.0, 1e19, 1e300, 5e-324])
booleans = st.booleans()
texts = st.text(max_size=12)
surrogates = st.text(st.characters(min_codepoint=0xDC00, max_codepoint=0xDFFF), max_size=2)  # no two make a pair
scalars = st.none() | booleans | integers | floats | texts | surrogates
unknown_names = st.text("abc_", max_size=4).map("x_".__add__)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(unknown_names, inner, max_size=3), max_leaves=6
)
objects = st.dictionaries(unknown_names, anything, max_size=3)
tags = st.text("abc_", min_size=1, max_size=6).map("new_".__add__)


class Family:
    """The shapes of one mood: ``novel`` or as described."""

    def __init__(self, *, novel: bool) -> None:
        self.novel = novel

    def one(self, tag: str | None, required: Mapping[str, Strategy] | None = None, /, **optional: Strategy) -> Strategy:
        """An object of a shape; an optional field is there, null or absent. ``async_`` stands for ``async``."""
        fixed = {"type": st.just(tag)} if tag is not None else {}
        described = st.fixed_dictionaries(
            {**fixed, **(required or {})},
            optional={name.removesuffix("_"): st.none() | value for name, value in optional.items()},
        )
        if not self.novel:
            return described
        return st.builds(lambda known, new: {**known, **new}, described, st.just({}) | objects)

    def word(self, *known: str) -> Strategy:
        """A word of an enumeration."""
        return st.sampled_from(known) | texts if self.novel else st.sampled_from(known)

    def member(self, *shapes: Strategy) -> Strategy:
        """One of several tagged shapes."""
        if not self.novel:
            return st.one_of(*shapes)
        unknown = st.builds(lambda tag, rest: {"type": tag, **rest}, tags, objects)
        return st.one_of(*shapes, *shapes, unknown, objects)

    def many(self, *shapes: Strategy) -> Strategy:
        """A list of tagged shapes."""
        return st.lists(self.member(*shapes), max_size=3)

    def words(self, *known: str) -> Strategy:
        return st.lists(self.word(*known), max_size=3)

    # Contents

    @property
    def cache_breakpoint(self) -> Strategy:
        return self.one(None, {"mode": self.word("explicit")}, ttl=self.word("30m", "12h"))

    @property
    def annotation(self) -> Strategy:
        return self.member(
            self.one("file_citation", {"file_id": texts, "filename": texts, "index": integers}),
            self.one("url_citation", {"start_index": integers, "end_index": integers, "title": texts, "url": texts}),
            self.one(
                "container_file_citation",
                {
                    "container_id": texts,
                    "file_id": texts,
                    "filename": texts,
                    "start_index": integers,
                    "end_index": integers,
                },
            ),
            self.one("file_path", {"file_id": texts, "index": integers}),
        )

    @property
    def logprob(self) -> Strategy:
        token = {"token": texts, "bytes": st.lists(integers, max_size=3), "logprob": floats | integers}
        return self.one(None, {**token, "top_logprobs": st.lists(self.one(None, token), max_size=2)})

    @property
    def input_text(self) -> Strategy:
        return self.one("input_text", {"text": texts}, prompt_cache_breakpoint=self.cache_breakpoint)

    @property
    def output_text(self) -> Strategy:
        return self.one(
            "output_text",
            {"text": texts, "annotations": st.lists(self.annotation, max_size=2)},
            logprobs=st.lists(self.logprob, max_size=2),
        )

    @property
    def image_detail(self) -> Strategy:
        return self.word("low", "high", "auto", "original")

    @property
    def input_image(self) -> Strategy:
        return self.one(
            "input_image",
            detail=self.image_detail,
            file_id=texts,
            image_url=texts,
            prompt_cache_breakpoint=self.cache_breakpoint,
        )

    @property
    def input_file(self) -> Strategy:
        return self.one(
            "input_file",
            detail=self.word("auto", "low", "high"),
            file_data=texts,
            file_id=texts,
            file_url=texts,
            filename=texts,
            prompt_cache_breakpoint=self.cache_breakpoint,
        )

    @property
    def contents(self) -> Strategy:
        return self.many(
            self.input_text,
            self.output_text,
            self.one("text", {"text": texts}),
            self.one("summary_text", {"text": texts}),
            self.one("reasoning_text", {"text": texts}),
            self.one("refusal", {"refusal": texts}),
            self.input_image,
            self.one(
                "computer_screenshot",
                {"detail": self.image_detail, "file_id": st.none() | texts, "image_url": st.none() | texts},
                prompt_cache_breakpoint=self.cache_breakpoint,
            ),
            self.input_file,
        )

    @property
    def output(self) -> Strategy:
        """What a function or a custom tool returned."""
        return texts | self.many(self.input_text, self.input_image, self.input_file)

    # Objects that several items share

    @property
    def status(self) -> Strategy:
        return self.word("in_progress", "completed", "incomplete")

    @property
    def role(self) -> Strategy:
        return self.word("unknown", "user", "assistant", "system", "critic", "discriminator", "developer", "tool")

    @property
    def caller(self) -> Strategy:
        return self.member(self.one("direct"), self.one("program", {"caller_id": texts}))

    @property
    def callers(self) -> Strategy:
        return self.words("direct", "programmatic")

    @property
    def image_settings(self) -> dict[str, Strategy]:
        """What a call of the image generation and the tool have in common."""
        return {
            "action": self.word("generate", "edit", "auto"),
            "background": self.word("transparent", "opaque", "auto"),
            "output_format": self.word("png", "webp", "jpeg", "gif", "svg"),
            "quality": self.word("low", "medium", "high", "xhigh", "max", "auto"),
            "size": self.word("1024x1024", "auto"),
        }

    @property
    def effort(self) -> Strategy:
        return self.word("none", "minimal", "low", "medium", "high", "xhigh", "max")

    @property
    def network_policy(self) -> Strategy:
        secret = self.one(None, {"domain": texts, "name": texts, "value": texts})
        return self.member(
            self.one("disabled"),
            self.one(
                "allowlist",
                {"allowed_domains": st.lists(texts, max_size=2)},
                domain_secrets=st.lists(secret, max_size=2),
            ),
        )

    @property
    def skills(self) -> Strategy:
        source = self.one("base64", {"media_type": st.just("application/zip"), "data": texts})
        return self.many(
            self.one("skill_reference", {"skill_id": texts}, version=texts),
            self.one("inline", {"description": texts, "name": texts, "source": source}),
        )

    @property
    def local_skills(self) -> Strategy:
        return st.lists(self.one(None, {"description": texts, "name": texts, "path": texts}), max_size=2)

    @property
    def memory(self) -> Strategy:
        return self.word("1g", "4g", "16g", "64g")

    @property
    def ids(self) -> Strategy:
        return st.lists(texts, max_size=2)

    # Tools

    @property
    def function_tool(self) -> Strategy:
        return self.one(
            "function",
            {"name": texts, "parameters": st.none() | objects, "strict": st.none() | booleans},
            async_=booleans,
            allowed_callers=self.callers,
            defer_loading=booleans,
            description=texts,
            output_schema=objects,
        )

    @property
    def custom_tool(self) -> Strategy:
        return self.one(
            "custom",
            {"name": texts},
            async_=booleans,
            allowed_callers=self.callers,
            defer_loading=booleans,
            description=texts,
            format=self.member(
                self.one("text"), self.one("grammar", {"definition": texts, "syntax": self.word("lark", "regex")})
            ),
        )

    @property
    def file_filter(self) -> Strategy:
        single = texts | integers | floats
        comparison = self.one(
            None,
            {
                "type": st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]),
                "key": texts,
                "value": single | booleans | st.lists(single, max_size=3),
            },
        )
        compound = self.one(
            None, {"type": st.sampled_from(["and", "or"]), "filters": st.lists(self.member(comparison), max_size=2)}
        )
        return self.member(comparison, compound)

    @property
    def location(self) -> Strategy:
        return self.one("approximate", city=texts, country=texts, region=texts, timezone=texts)

    @property
    def mcp_filter(self) -> Strategy:
        return self.one(None, read_only=booleans, tool_names=self.ids)

    @property
    def tools(self) -> Strategy:
        return self.many(*self.all_tools)

    @property
    def all_tools(self) -> list[Strategy]:
        context_size = self.word("low", "medium", "high")
        namespaced = self.one(
            "function",
            {"name": texts},
            parameters=anything,
            strict=booleans,
            async_=booleans,
            allowed_callers=self.callers,
            defer_loading=booleans,
            description=texts,
            output_schema=objects,
        )
        ranking = self.one(
            None,
            hybrid_search=self.one(None, {"embedding_weight": floats | integers, "text_weight": floats | integers}),
            ranker=self.word("auto", "default-2024-11-15"),
            score_threshold=floats | integers,
        )
        container = self.one("auto", file_ids=self.ids, memory_limit=self.memory, network_policy=self.network_policy)
        return [
            self.function_tool,
            self.one(
                "file_search",
                {"vector_store_ids": self.ids},
                filters=self.file_filter,
                max_num_results=integers,
                ranking_options=ranking,
            ),
            self.one("computer"),
            self.one(
                "computer_use_preview",
                {
                    "display_height": integers,
                    "display_width": integers,
                    "environment": self.word("windows", "mac", "linux", "ubuntu", "browser"),
                },
            ),
            *(
                self.one(
                    tag,
                    external_web_access=booleans,
                    filters=self.one(None, allowed_domains=self.ids),
                    search_context_size=context_size,
                    user_location=self.location,
                )
                for tag in ("web_search", "web_search_2025_08_26")
            ),
            self.one(
                "mcp",
                {"server_label": texts},
                allowed_callers=self.callers,
                allowed_tools=self.ids | self.mcp_filter,
                authorization=texts,
                connector_id=self.word("connector_dropbox", "connector_gmail"),
                defer_loading=booleans,
                headers=st.dictionaries(texts, texts, max_size=2),
                require_approval=self.word("always", "never")
                | self.one(None, always=self.mcp_filter, never=self.mcp_filter),
                server_description=texts,
                server_url=texts,
                tunnel_id=texts,
            ),
            self.one("code_interpreter", {"container": texts | container}, allowed_callers=self.callers),
            self.one("programmatic_tool_calling"),
            self.one(
                "image_generation",
                **self.image_settings,
                complexity=self.word("low", "medium", "high"),
                frame_count=integers,
                frame_duration_ms=integers,
                input_fidelity=self.word("high", "low"),
                input_image_mask=self.one(None, file_id=texts, image_url=texts),
                model=self.word("gpt-image-1"),
                moderation=self.word("auto", "low"),
                output_compression=integers,
                partial_images=integers,
                svg=self.one(None, model=texts, reasoning=self.one(None, effort=self.effort)),
            ),
            self.one("local_shell"),
            self.one(
                "shell",
                allowed_callers=self.callers,
                environment=self.member(
                    self.one(
                        "container_auto",
                        file_ids=self.ids,
                        memory_limit=self.memory,
                        network_policy=self.network_policy,
                        skills=self.skills,
                    ),
                    self.one("local", skills=self.local_skills),
                    self.one("container_reference", {"container_id": texts}),
                ),
            ),
            self.custom_tool,
            self.one(
                "namespace",
                {"description": texts, "name": texts, "tools": self.many(namespaced, self.custom_tool)},
            ),
            self.one("tool_search", description=texts, execution=self.word("server", "client"), parameters=anything),
            *(
                self.one(
                    tag,
                    search_content_types=self.words("text", "image"),
                    search_context_size=context_size,
                    user_location=self.location,
                )
                for tag in ("web_search_preview", "web_search_preview_2025_03_11")
            ),
            self.one("apply_patch", allowed_callers=self.callers),
        ]

    # Items

    @property
    def computer_action(self) -> Strategy:
        at = {"x": integers, "y": integers}
        keys = st.lists(texts, max_size=2)
        return self.member(
            self.one("click", {**at, "button": self.word("left", "right", "wheel", "back", "forward")}, keys=keys),
            self.one("double_click", {**at, "keys": st.none() | keys}),
            self.one("drag", {"path": st.lists(self.one(None, at), max_size=3)}, keys=keys),
            self.one("keypress", {"keys": keys}),
            self.one("move", at, keys=keys),
            self.one("screenshot"),
            self.one("scroll", {**at, "scroll_x": integers, "scroll_y": integers}, keys=keys),
            self.one("type", {"text": texts}),
            self.one("wait"),
        )

    @property
    def safety_checks(self) -> Strategy:
        return st.lists(self.one(None, {"id": texts}, code=texts, message=texts), max_size=2)

    @property
    def image_error(self) -> Strategy:
        details = self.one(
            None,
            {"categories": self.ids, "moderation_stage": self.word("input", "output", "unknown")},
        )
        return self.one(
            None,
            {"code": st.none() | texts, "message": texts, "param": st.none() | texts, "type": texts},
            moderation_details=details,
        )

    @property
    def svg_usage(self) -> Strategy:
        names = ("input_tokens", "output_tokens", "reasoning_tokens", "total_tokens")
        return self.one(None, {"model": texts, **dict.fromkeys(names, integers)})

    @property
    def mcp_error(self) -> Strategy:
        return texts | self.member(
            self.one("mcp_protocol_error", {"code": integers, "message": texts}),
            self.one("mcp_tool_execution_error", {"content": anything}),
            self.one("http_error", {"code": integers, "message": texts}),
        )

    @property
    def items(self) -> dict[str, Strategy]:
        """Every item of answers and requests, by its tag."""
        created_by = {"created_by": texts}
        call = {"call_id": texts}
        shapes: dict[str, tuple[dict[str, Strategy], dict[str, Strategy]]] = {
            "message": (
                {"role": self.role, "content": self.contents | texts},
                {"status": self.status, "phase": self.word("commentary", "final_answer")},
            ),
            "function_call": (
                {"arguments": texts, **call, "name": texts},
                {"status": self.status, "async": booleans, "caller": self.caller, "namespace": texts, **created_by},
            ),
            "function_call_output": (
                {"output": self.output},
                {**call, "status": self.status, "caller": self.caller, "name": texts, "namespace": texts, **created_by},
            ),
            "file_search_call": (
                {"queries": self.ids},
                {
                    "status": self.word("in_progress", "searching", "completed", "incomplete", "failed"),
                    "results": st.lists(
                        self.one(
                            None,
                            attributes=st.dictionaries(texts, texts | floats | integers | booleans, max_size=3),
                            file_id=texts,
                            filename=texts,
                            score=floats | integers,
                            text=texts,
                        ),
                        max_size=2,
                    ),
                },
            ),
            "web_search_call": (
                {
                    "action": self.member(
                        self.one(
                            "search",
                            queries=self.ids,
                            query=texts,
                            sources=st.lists(self.one("url", {"url": texts}), max_size=2),
                        ),
                        self.one("open_page", url=texts),
                        self.one("find_in_page", {"pattern": texts, "url": texts}),
                    )
                },
                {"status": self.word("in_progress", "searching", "completed", "failed")},
            ),
            "image_generation_call": (
                {"result": st.none() | texts},
                {
                    "status": self.word("in_progress", "completed", "generating", "failed"),
                    **self.image_settings,
                    "error": self.image_error,
                    "revised_prompt": texts,
                    "svg_usage": self.svg_usage,
                },
            ),
            "computer_call": (
                {**call, "pending_safety_checks": self.safety_checks},
                {
                    "status": self.status,
                    "action": self.computer_action,
                    "actions": st.lists(self.computer_action, max_size=2),
                },
            ),
            "computer_call_output": (
                {**call, "output": self.one("computer_screenshot", file_id=texts, image_url=texts)},
                {"status": self.status, "acknowledged_safety_checks": self.safety_checks, **created_by},
            ),
            "tool_search_call": (
                {"arguments": anything},
                {**call, "execution": self.word("server", "client"), "status": self.status, **created_by},
            ),
            "tool_search_output": (
                {"tools": self.tools},
                {**call, "execution": self.word("server", "client"), "status": self.status, **created_by},
            ),
            "additional_tools": ({"role": self.role, "tools": self.tools}, {}),
            "configuration_update": (
                {},
                {
                    "reasoning": self.one(None, effort=self.effort),
                    "text": self.one(
                        None,
                        {
                            "format": self.member(
                                self.one("text"),
                                self.one(
                                    "json_schema",
                                    {"name": texts, "schema": objects},
                                    description=texts,
                                    strict=booleans,
                                ),
                            )
                        },
                    ),
                },
            ),
            "reasoning": (
                {"summary": st.lists(self.one("summary_text", {"text": texts}), max_size=2)},
                {
                    "content": st.lists(self.one("reasoning_text", {"text": texts}), max_size=2),
                    "encrypted_content": texts,
                    "status": self.status,
                },
            ),
            "program": ({**call, "code": texts, "fingerprint": texts}, {}),
            "program_output": ({**call, "result": texts}, {"status": self.word("completed", "incomplete")}),
            "compaction": ({"encrypted_content": texts}, created_by),
            "code_interpreter_call": (
                {"code": st.none() | texts, "container_id": texts},
                {
                    "status": self.word("in_progress", "completed", "incomplete", "interpreting", "failed"),
                    "outputs": self.many(self.one("logs", {"logs": texts}), self.one("image", {"url": texts})),
                },
            ),
            "local_shell_call": (
                {
                    "action": self.one(
                        "exec",
                        {"command": self.ids, "env": st.dictionaries(texts, texts, max_size=2)},
                        timeout_ms=integers,
                        user=texts,
                        working_directory=texts,
                    ),
                    **call,
                },
                {"status": self.status},
            ),
            "local_shell_call_output": ({"output": texts}, {"status": self.status}),
            "shell_call": (
                {
                    **call,
                    "action": self.one(None, {"commands": self.ids}, max_output_length=integers, timeout_ms=integers),
                },
                {
                    "environment": self.member(
                        self.one("local", skills=self.local_skills),
                        self.one("container_reference", {"container_id": texts}),
                    ),
                    "status": self.status,
                    "caller": self.caller,
                    **created_by,
                },
            ),
            "shell_call_output": (
                {
                    **call,
                    "output": st.lists(
                        self.one(
                            None,
                            {
                                "outcome": self.member(self.one("timeout"), self.one("exit", {"exit_code": integers})),
                                "stderr": texts,
                                "stdout": texts,
                            },
                            created_by=texts,
                        ),
                        max_size=2,
                    ),
                },
                {"max_output_length": integers, "status": self.status, "caller": self.caller, **created_by},
            ),
            "apply_patch_call": (
                {
                    **call,
                    "operation": self.member(
                        self.one("create_file", {"diff": texts, "path": texts}),
                        self.one("delete_file", {"path": texts}),
                        self.one("update_file", {"diff": texts, "path": texts}),
                    ),
                },
                {"status": self.word("in_progress", "completed"), "caller": self.caller, **created_by},
            ),
            "apply_patch_call_output": (
                call,
                {
                    "status": self.word("completed", "failed"),
                    "caller": self.caller,
                    **created_by,
                    "output": texts,
                },
            ),
            "mcp_list_tools": (
                {
                    "server_label": texts,
                    "tools": st.lists(
                        self.one(
                            None, {"input_schema": anything, "name": texts}, annotations=anything, description=texts
                        ),
                        max_size=2,
                    ),
                },
                {"error": texts},
            ),
            "mcp_approval_request": ({"arguments": texts, "name": texts, "server_label": texts}, {}),
            "mcp_approval_response": ({"approval_request_id": texts, "approve": booleans}, {"reason": texts}),
            "mcp_call": (
                {"arguments": texts, "name": texts, "server_label": texts},
                {
                    "approval_request_id": texts,
                    "error": self.mcp_error,
                    "output": texts,
                    "status": self.word("in_progress", "completed", "incomplete", "calling", "failed"),
                },
            ),
            "custom_tool_call": (
                {**call, "input": texts, "name": texts},
                {"status": self.status, "async": booleans, "caller": self.caller, "namespace": texts, **created_by},
            ),
            "custom_tool_call_output": (
                {**call, "output": self.output},
                {"status": self.status, "caller": self.caller, **created_by},
            ),
            "compaction_trigger": ({}, {}),
            "item_reference": ({"id": texts.filter(bool)}, {}),
        }
        return {
            tag: self.one(tag, required, **{"id": texts.filter(bool)} | optional)
            if tag != "item_reference"
            else self.one(tag, required)
            for tag, (required, optional) in shapes.items()
        }

    # Responses and their events

    @property
    def usage(self) -> Strategy:
        cached = self.one(None, {"cached_tokens": integers, "cache_write_tokens": integers})
        reasoning = self.one(None, {"reasoning_tokens": integers})
        return self.one(
            None,
            {
                "input_tokens": integers,
                "input_tokens_details": cached,
                "output_tokens": integers,
                "output_tokens_details": reasoning,
                "total_tokens": integers,
            },
        )

    @property
    def tool_choice(self) -> Strategy:
        return self.word("none", "auto", "required") | self.member(
            self.one("allowed_tools", {"mode": self.word("auto", "required"), "tools": st.lists(objects, max_size=2)}),
            self.one("function", {"name": texts}),
            self.one("custom", {"name": texts}),
            self.one("mcp", {"server_label": texts}, name=texts),
            *(self.one(tag) for tag in ("file_search", "image_generation", "shell", "apply_patch")),
        )

    @property
    def moderation(self) -> Strategy:
        result = self.one(
            "moderation_result",
            {
                "model": texts,
                "flagged": booleans,
                "categories": st.dictionaries(texts, booleans, max_size=2),
                "category_scores": st.dictionaries(texts, floats | integers, max_size=2),
                "category_applied_input_types": st.dictionaries(texts, self.words("text", "image"), max_size=2),
            },
        )
        outcome = self.member(result, self.one("error", {"code": texts, "message": texts}))
        return self.one(None, {"input": outcome, "output": outcome})

    @property
    def text_config(self) -> Strategy:
        json_schema = self.one("json_schema", {"name": texts, "schema": objects}, description=texts, strict=booleans)
        return self.one(
            None,
            format=self.member(self.one("text"), json_schema, self.one("json_object")),
            verbosity=self.word("low", "medium", "high"),
        )

    @property
    def response_settings(self) -> dict[str, Strategy]:
        """What a response repeats of its request."""
        detailed = self.word("auto", "concise", "detailed")
        return {
            "background": booleans,
            "conversation": self.one(None, {"id": texts}),
            "max_output_tokens": integers,
            "max_tool_calls": integers,
            "previous_response_id": texts,
            "prompt": self.one(
                None,
                {"id": texts},
                version=texts,
                variables=st.dictionaries(texts, texts | self.member(self.input_text, self.input_file), max_size=2),
            ),
            "prompt_cache_key": texts,
            "prompt_cache_options": self.one(
                None, {"ttl": self.word("30m").filter(bool), "mode": self.word("implicit", "explicit").filter(bool)}
            ),
            "prompt_cache_retention": self.word("in_memory", "24h"),
            "reasoning": self.one(
                None,
                mode=self.word("standard", "pro"),
                effort=self.effort,
                summary=detailed,
                context=self.word("auto", "current_turn", "all_turns"),
                generate_summary=detailed,
            ),
            "safety_identifier": texts,
            "service_tier": self.word("auto", "default", "flex", "scale", "priority", "fast", "ultrafast"),
            "text": self.text_config,
            "top_logprobs": integers,
            "truncation": self.word("auto", "disabled"),
            "user": texts,
        }

    @property
    def response(self) -> Strategy:
        items = self.items
        shown = st.lists(
            st.one_of(*(items[tag] for tag in ("message", "function_call", "reasoning", "mcp_call"))), max_size=2
        )
        error = self.one(None, {"code": self.word("server_error"), "message": texts}, type=texts, param=texts)
        incomplete = self.one(None, reason=self.word("max_output_tokens", "content_filter"))
        return self.one(
            None,
            {
                "id": texts,
                "object": st.just("response"),
                "created_at": (integers | floats).filter(bool),
                "error": st.none() | error,
                "incomplete_details": st.none() | incomplete,
                "instructions": st.none() | texts | shown,
                "model": texts.filter(bool),
                "tools": self.many(self.function_tool, self.custom_tool),
                "output": shown,
                "parallel_tool_calls": booleans,
                "metadata": st.none() | objects,
                "tool_choice": self.tool_choice,
                "temperature": st.none() | floats | integers,
                "top_p": st.none() | floats | integers,
            },
            **self.response_settings,
            status=self.word("completed", "failed", "in_progress", "cancelled", "queued", "incomplete"),
            completed_at=floats | integers,
            usage=self.usage,
            moderation=self.moderation,
        )

    @property
    def events(self) -> dict[str, Strategy]:
        """Every event, by its type; indexes and ids as a server sends them, so that none counts as left out."""
        index = integers.filter(lambda number: number != -1)
        at = {"item_id": texts.filter(bool), "output_index": index}
        part = {**at, "content_index": index}
        summary = {**at, "summary_index": index}
        command = {"output_index": index, "command_index": index}
        audio = {"response_id": texts.filter(bool)}
        top = self.one(None, token=texts, logprob=floats | integers)
        logprob = self.one(None, {"token": texts, "logprob": floats | integers}, top_logprobs=st.lists(top, max_size=2))
        logprobs = {"logprobs": st.lists(logprob, max_size=2)}
        item = st.one_of(*self.items.values())
        content = self.member(
            self.output_text, self.one("refusal", {"refusal": texts}), self.one("reasoning_text", {"text": texts})
        )
        summary_text = self.one("summary_text", {"text": texts})
        printed = self.one(None, stdout=texts, stderr=texts)
        outcome = self.member(self.one("timeout"), self.one("exit", {"exit_code": integers}))
        output = self.one(None, {"outcome": outcome, "stderr": texts, "stdout": texts}, created_by=texts)
        delta = {"delta": texts | surrogates}
        image = {
            "size": texts,
            **{name: self.image_settings[name] for name in ("quality", "background", "output_format")},
        }
        required: dict[str, dict[str, Strategy]] = {
            **{
                f"response.{tag}": {"response": self.response}
                for tag in ("created", "queued", "in_progress", "completed", "incomplete", "failed")
            },
            "error": {"code": st.none() | texts, "message": texts, "param": st.none() | texts},
            "response.output_item.added": {"output_index": index, "item": item},
            "response.output_item.done": {"output_index": index, "item": item},
            "response.content_part.added": {**part, "part": content},
            "response.content_part.done": {**part, "part": content},
            "response.output_text.delta": {**part, **delta, **logprobs},
            "response.output_text.done": {**part, "text": texts, **logprobs},
            "response.output_text.annotation.added": {
                **part,
                "annotation_index": index,
                "annotation": st.none() | self.annotation,
            },
            "response.refusal.delta": {**part, **delta},
            "response.refusal.done": {**part, "refusal": texts},
            "response.reasoning_text.delta": {**part, **delta},
            "response.reasoning_text.done": {**part, "text": texts},
            "response.reasoning_summary_part.added": {**summary, "part": summary_text},
            "response.reasoning_summary_part.done": {**summary, "part": summary_text},
            "response.reasoning_summary_text.delta": {**summary, **delta},
            "response.reasoning_summary_text.done": {**summary, "text": texts},
            "response.function_call_arguments.delta": {**at, **delta},
            "response.function_call_arguments.done": {**at, "name": texts.filter(bool), "arguments": texts},
            "response.custom_tool_call_input.delta": {**at, **delta},
            "response.custom_tool_call_input.done": {**at, "input": texts},
            "response.mcp_call_arguments.delta": {**at, **delta},
            "response.mcp_call_arguments.done": {**at, "arguments": texts},
            "response.image_generation_call.partial_image": {
                **at,
                "partial_image_index": index,
                "partial_image_b64": texts,
            },
            "response.code_interpreter_call_code.delta": {**at, **delta},
            "response.code_interpreter_call_code.done": {**at, "code": texts},
            **{
                f"response.{tool}.{step}": at
                for tool, steps in {
                    "file_search_call": ("in_progress", "searching", "completed"),
                    "web_search_call": ("in_progress", "searching", "completed"),
                    "image_generation_call": ("in_progress", "generating", "completed"),
                    "code_interpreter_call": ("in_progress", "interpreting", "completed"),
                    "mcp_call": ("in_progress", "completed", "failed"),
                    "mcp_list_tools": ("in_progress", "completed", "failed"),
                }.items()
                for step in steps
            },
            "response.shell_call_command.added": {**command, "command": texts},
            "response.shell_call_command.delta": {**command, **delta},
            "response.shell_call_command.done": {**command, "command": texts},
            "response.shell_call_output_content.delta": {**at, "command_index": index, "delta": printed},
            "response.shell_call_output_content.done": {
                **at,
                "command_index": index,
                "output": st.lists(output, max_size=2),
            },
            "response.audio.delta": {**audio, "delta": texts},
            "response.audio.done": audio,
            "response.audio.transcript.delta": {**audio, "delta": texts},
            "response.audio.transcript.done": audio,
        }
        optional: dict[str, dict[str, Strategy]] = {
            "response.reasoning_summary_part.done": {"status": self.word("incomplete")},
            "response.image_generation_call.partial_image": image,
        }
        return {
            tag: self.one(tag, {**members, "sequence_number": index}, obfuscation=texts, **optional.get(tag, {}))
            for tag, members in required.items()
        }


@cache
def described() -> dict[str, Strategy]:
    """Items as the API's description has them, by tag."""
    return Family(novel=False).items


@cache
def novel() -> dict[str, Strategy]:
    """The same with unknown fields, members and words mixed in."""
    return Family(novel=True).items


@cache
def described_events() -> dict[str, Strategy]:
    """Events as the API's description has them, by type."""
    return Family(novel=False).events


@cache
def novel_events() -> dict[str, Strategy]:
    """The same with unknown fields, members and words mixed in."""
    return Family(novel=True).events


@st.composite
def mangled(draw: st.DrawFn, item: Strategy) -> dict[str, Any]:
    """
    An item with one of its fields replaced by something else, or gone.

    Two replacements have a meaning of their own and are not made: an empty id is none, a missing summary an empty one.
    """
    value, junk, gone = draw(item), draw(anything), draw(booleans)
    name = draw(st.sampled_from(sorted(set(value) - {"type"}) or ["x_more"]))
    if name == "summary" or (name == "id" and junk == ""):
        return value
    rest = {key: member for key, member in value.items() if key != name}
    return rest if gone else {**rest, name: junk}


def plain(value: Any) -> Any:
    """A JSON value without the nulls that are another way to leave a field out; numbers are told from each other."""
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items() if member is not None or key.startswith("x_")}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return type(value).__name__, repr(value)
