"""
Azure AI Foundry in memory, by its public description and by nothing of ours.

https://github.com/Azure/azure-rest-api-specs, ``specification/ai-foundry/data-plane/Foundry/src``: the routes of
``openai-conversations``, the pages of ``common/servicepatterns.tsp``, the items of ``openai-responses/models.tsp``, the
scope of ``common/service.tsp``. What the description leaves open is as people report it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
from aiohttp import web
from aiohttp.test_utils import TestServer

Json = dict[str, Any]

TOKEN = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJodHRwczovL2FpLmF6dXJlLmNvbSJ9.c2ln"  # a token of nobody
OTHER_TOKEN = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJodHRwczovL290aGVyIn0.c2ln"  # for another audience
AGENT = {"type": "agent_reference", "name": "helper", "version": "3"}

# One of each item that `openai-responses` and `tools` add to OpenAI's, with every field that must be there.
_CALL = {"call_id": "call_1", "arguments": '{"query":"red shoes"}', "status": "completed"}
_OUTPUT = {"call_id": "call_1", "output": {"documents": [{"title": "Shoes"}]}, "status": "completed"}
_NAMED = ("openapi", "azure_function", "a2a_preview")
_TOOLS = (
    *("azure_ai_search", "bing_grounding", "bing_custom_search_preview", "sharepoint_grounding_preview"),
    *("fabric_dataagent_preview", "browser_automation_preview", *_NAMED),
)


def _of_tool(tool: str) -> Iterator[Json]:
    named = {"name": "look_up"} if tool in _NAMED else {}
    yield {"type": f"{tool}_call", "id": f"{tool}_1", **named, **_CALL, "call_id": f"call_{tool}"}
    yield {"type": f"{tool}_call_output", "id": f"{tool}_2", **named, **_OUTPUT, "call_id": f"call_{tool}"}


_MEMORY = {"type": "memory_command_preview_call", "id": "memc_1", **_CALL, "call_id": "call_memory"}
ITEMS: list[Json] = [
    *(item for tool in _TOOLS for item in _of_tool(tool)),
    _MEMORY,
    {"type": "memory_command_preview_call_output", "id": "memc_2", "call_id": "call_memory", "status": "completed"},
    {"type": "memory_search_call", "id": "mem_1", "status": "completed", "memories": [{"content": "likes red"}]},
    {"type": "structured_outputs", "id": "so_1", "output": {"color": "red"}},
    {
        "type": "oauth_consent_request",
        "id": "oacr_1",
        "consent_link": "https://consent.example/?s=1",
        "server_label": "crm",
    },
    {"type": "workflow_action", "id": "wfa_1", "kind": "InvokeAzureAgent", "action_id": "a2", "status": "completed"},
]
TYPES = {item["type"] for item in ITEMS}


@attrs.define
class Foundry:
    """A project of that name, with what is stored in it."""

    url: str = ""
    conversations: dict[str, Json] = attrs.field(factory=dict[str, Json])
    items: dict[str, list[Json]] = attrs.field(factory=dict[str, list[Json]])
    users: dict[str, str] = attrs.field(factory=dict[str, str])
    refusals: list[tuple[int, Json]] = attrs.field(factory=list[tuple[int, Json]])

    @property
    def project(self) -> str:
        return f"{self.url}/api/projects/shop"

    def add(self, id: str, *items: Json) -> None:
        """What the service made of a turn of its agent."""
        self.items[id] += [{**item, "agent_reference": AGENT, "response_id": "caresp_1"} for item in items]

    def conversations_of(self, request: web.Request) -> list[Json]:
        user = request.headers.get("x-ms-user-isolation-key", "")
        return [each for id, each in self.conversations.items() if self.users[id] == user]


def error(status: int, message: str, code: str | None = None, **more: Any) -> web.Response:
    body = {"error": {"code": str(status) if code is None else code, "message": message, **more}}
    return web.json_response(body, status=status, headers={"apim-request-id": "apim-1"})


def page(request: web.Request, found: list[Json]) -> web.Response:
    """``AgentsPagedResult``: no ``object``, and the ids of the ends where there are any."""
    query = request.query
    found = found if query.get("order") == "asc" else found[::-1]
    ids = [each["id"] for each in found]
    start = ids.index(query["after"]) + 1 if "after" in query else 0
    end = ids.index(query["before"]) if "before" in query else len(ids)
    limit = int(query.get("limit", "20"))
    data = found[start:end][:limit]
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {}
    return web.json_response({"data": data, "has_more": len(found[start:end]) > limit, **ends})


@web.middleware
async def gateway(request: web.Request, handler: Any) -> web.StreamResponse:
    """What stands in front of the service: keys, tokens and versions."""
    foundry: Foundry = request.app[FOUNDRY]
    authorization = request.headers.get("authorization", "")
    if authorization == f"Bearer {OTHER_TOKEN}":
        said = "Access token is missing, invalid, audience is incorrect (https://ai.azure.com), or have expired."
        return error(401, f"Unauthorized. {said}", "Unauthorized")
    if authorization != f"Bearer {TOKEN}" and request.headers.get("api-key") != "key of the resource":
        return web.json_response(
            {"statusCode": 401, "message": "Access denied due to missing subscription key."},
            status=401,
            headers={"apim-request-id": "apim-1"},
        )
    if "/openai/v1/" in request.path and "api-version" in request.query:
        return error(400, "api-version query parameter is not allowed when using /v1 path", "BadRequest")
    if "/agents/" in request.path and request.query.get("api-version") != "v1":
        return error(400, "API version not supported", "BadRequest")
    if foundry.refusals:
        status, body = foundry.refusals.pop(0)
        return web.json_response(body, status=status, headers={"x-request-id": "req-1"})
    try:
        return await handler(request)  # type: ignore[no-any-return]  # of aiohttp
    except web.HTTPNotFound:
        return error(404, "Resource not found")


async def create(request: web.Request) -> web.Response:
    foundry: Foundry = request.app[FOUNDRY]
    body = await request.json()
    id = f"conv_{len(foundry.conversations) + 1}"
    made = {"id": id, "object": "conversation", "created_at": 1, "metadata": body.get("metadata") or {}}
    foundry.conversations[id], foundry.items[id] = made, []
    foundry.users[id] = request.headers.get("x-ms-user-isolation-key", "")
    return refused(body.get("items") or []) or _store(foundry, id, body.get("items") or []) or web.json_response(made)


async def listed(request: web.Request) -> web.Response:
    foundry: Foundry = request.app[FOUNDRY]
    found = foundry.conversations_of(request)
    name, _, version = request.query.get("agent_id", request.query.get("agent_name", "")).partition(":")
    agents = {id: [item.get("agent_reference", {}) for item in items] for id, items in foundry.items.items()}
    if name:
        found = [
            each
            for each in found
            if any(a.get("name") == name and version in {"", a.get("version")} for a in agents[each["id"]])
        ]
    return page(request, found)


def refused(items: list[Json]) -> web.Response | None:
    """What is only ever given, and is no item of a request."""
    for n, item in enumerate(items):
        if item.get("type") in TYPES:
            return error(400, f"Invalid value: '{item['type']}'.", "invalid_value", param=f"items[{n}].type")
        for name in {"agent_reference", "response_id", "created_by"} & item.keys():
            return error(400, f"Unknown parameter: '{name}'.", "unknown_parameter", param=f"items[{n}].{name}")
    return None


def _store(foundry: Foundry, id: str, items: list[Json]) -> None:
    for item in items:
        stored = {"type": "message", "status": "completed", **item, "id": f"item_{id}_{len(foundry.items[id])}"}
        if isinstance(stored.get("content"), str):
            stored["content"] = [{"type": "input_text", "text": stored["content"]}]
        foundry.items[id].append(stored)


def _found(request: web.Request) -> str:
    foundry: Foundry = request.app[FOUNDRY]
    id = request.match_info["id"]
    if id not in [each["id"] for each in foundry.conversations_of(request)]:
        raise web.HTTPNotFound
    return id


async def retrieve(request: web.Request) -> web.Response:
    return web.json_response(request.app[FOUNDRY].conversations[_found(request)])


async def append(request: web.Request) -> web.Response:
    foundry, id, body = request.app[FOUNDRY], _found(request), await request.json()
    before = len(foundry.items[id])
    bad = refused(body["items"])
    if bad is not None:
        return bad
    _store(foundry, id, body["items"])
    added = foundry.items[id][before:]
    return web.json_response({"object": "list", "data": added, "has_more": False, "first_id": None, "last_id": None})


async def list_items(request: web.Request) -> web.Response:
    wanted = request.query.get("item_type")
    items = [each for each in request.app[FOUNDRY].items[_found(request)] if wanted in {None, each["type"]}]
    return page(request, items)


async def turn(request: web.Request) -> web.Response:
    agent = {**AGENT, "name": request.match_info["agent"]}
    part = {"type": "output_text", "text": "Hello", "annotations": []}
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    body = {"id": "caresp_1", "object": "response", "created_at": 1, "status": "completed", "model": "gpt"}
    return web.json_response({**body, "agent_reference": agent, "output": [message], "content_filters": []})


FOUNDRY = web.AppKey("foundry", Foundry)


@asynccontextmanager
async def foundry() -> AsyncIterator[Foundry]:
    """A running project."""
    app = web.Application(middlewares=[gateway])
    base = "/api/projects/shop/openai/v1/conversations"
    app.add_routes(
        [
            web.post(base, create),
            web.get(base, listed),
            web.get(f"{base}/{{id}}", retrieve),
            web.post(f"{base}/{{id}}/items", append),
            web.get(f"{base}/{{id}}/items", list_items),
            web.post("/api/projects/shop/agents/{agent}/endpoint/protocols/openai/responses", turn),
        ]
    )
    project = app[FOUNDRY] = Foundry()
    async with TestServer(app) as server:
        project.url = str(server.make_url("")).rstrip("/")
        yield project
