"""
Where Azure AI Foundry is: base URLs as people paste them from its pages, made the ones that requests go to.

By https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle (the v1 path of a resource) and by the
description of projects in https://github.com/Azure/azure-rest-api-specs (``specification/ai-foundry/data-plane``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from openai_conversations.addresses import no_query, split_base_url
from openai_conversations.errors import ConfigurationError

V1: Final = "/openai/v1"

_HOST: Final = re.compile(r"(?i).*\.(?:openai|services\.ai|cognitiveservices)\.azure\.(?:com|us|cn)")
_PORTALS: Final = frozenset({"ai.azure.com", "oai.azure.com", "portal.azure.com"})

# What stands behind the right base URL in the address of a whole request.
_RESOURCES: Final = frozenset(
    {"assistants", "audio", "batches", "chat", "completions", "containers", "conversations", "embeddings", "evals"}
    | {"files", "fine_tuning", "images", "models", "realtime", "responses", "threads", "uploads", "vector_stores"}
    | {"videos"}
)

_PROTOCOL: Final = ["endpoint", "protocols", "openai"]

# The v1 path takes no date, and has come to refuse the parameter: "api-version query parameter is not allowed when
# using /v1 path" (https://github.com/pydantic/pydantic-ai/issues/5066).
_VERSIONS_OF_V1: Final = frozenset({"preview", "latest"})
_VERSION_OF_AGENTS: Final = "v1"


def is_azure(base_url: object) -> bool:
    """Whether a URL, of whatever kind, leads to one of Azure's own hosts."""
    try:
        return _HOST.fullmatch(urlsplit(str(base_url)).hostname or "") is not None
    except ValueError:
        return False


def token_scope(base_url: str) -> str:
    """The scope of the Entra tokens that an endpoint takes; ``""`` where nobody knows."""
    if "/api/projects/" in base_url:
        return "https://ai.azure.com/.default"
    return "https://cognitiveservices.azure.com/.default" if is_azure(base_url) else ""


def checked_azure_url(name: str, base_url: object) -> tuple[str, Mapping[str, str]]:
    """
    The base URL that a pasted URL stands for, and the query that belongs to it.

    A resource, a project and the endpoint of an agent are completed, and the address of a whole request is cut off
    behind its base URL. What stands before ``/api/projects`` or ``/openai`` stays, as a gateway may need it. The
    ``api-version`` of a URL is kept where the address takes one.

    Args:
        name: What it came as, for the error.
        base_url: A URL.

    Raises:
        ConfigurationError: It is no absolute URL, or none that leads to conversations; the message says what does.
    """
    parts = split_base_url(name, base_url)
    version = _version(name, parts)
    root = f"{parts.scheme}://{parts.netloc}"
    if (parts.hostname or "").lower() in _PORTALS:
        raise ConfigurationError(
            f"{name} is a page of the portal: use the endpoint that the page shows, such as "
            "https://RESOURCE.services.ai.azure.com/api/projects/PROJECT or https://RESOURCE.openai.azure.com"
        )
    before, rest = _split(name, root, [segment for segment in parts.path.split("/") if segment])
    base = "/".join([root, *before])
    if rest[:1] == ["agents"]:
        return _agent(name, base, rest[1:]), {"api-version": version or _VERSION_OF_AGENTS}
    is_ours = is_azure(root) or "projects" in before or rest[:1] == ["openai"]
    if rest and not is_ours:
        return f"{base}/{'/'.join(rest)}", {"api-version": version} if version else {}
    return _v1(name, base, rest), {"api-version": version} if version in _VERSIONS_OF_V1 else {}


def _version(name: str, parts: SplitResult) -> str:
    query = {key.lower(): value for key, value in parse_qsl(parts.query, keep_blank_values=True)}
    if query.keys() - {"api-version"}:
        raise no_query(name)
    return query.get("api-version", "")


def _split(name: str, root: str, segments: list[str]) -> tuple[list[str], list[str]]:
    """The segments up to a project, or before ``openai``, and those behind."""
    for n, pair in enumerate(pairwise(segments)):
        if pair == ("api", "projects"):
            if len(segments) == n + 2:
                raise ConfigurationError(f"{name} lacks the name of a project: {root}/api/projects/PROJECT")
            return segments[: n + 3], segments[n + 3 :]
    n = segments.index("openai") if "openai" in segments else 0
    return segments[:n], segments[n:]


def _agent(name: str, base: str, rest: Sequence[str]) -> str:
    """The endpoint of an agent, by what stands behind ``agents``."""
    right = f"{base}/agents/{rest[0] if rest else 'AGENT'}/endpoint/protocols/openai"
    inner = list(rest[1:])
    known = inner[: len(_PROTOCOL)]
    if not rest or known != _PROTOCOL[: len(known)]:
        raise ConfigurationError(f"{name} is no endpoint that speaks OpenAI's protocol: use {right}")
    behind = inner[len(_PROTOCOL) :]
    if behind[:1] == ["v1"]:
        right, behind = f"{right}/v1", behind[1:]
    if behind and behind[0] not in _RESOURCES:
        raise ConfigurationError(f"{name} leads behind the endpoint of an agent: use {right}")
    return right


def _v1(name: str, base: str, rest: Sequence[str]) -> str:
    """The v1 path of a resource or a project, by what stands behind it."""
    right = base + V1
    behind = list(rest[1:] if rest[:1] == ["openai"] else rest)
    behind = behind[1:] if behind[:1] == ["v1"] else behind
    if behind[:1] == ["deployments"]:
        raise ConfigurationError(
            f"{name} leads to one deployment, and no conversations are there: use {right}, and the name of the "
            "deployment as model"
        )
    if behind and behind[0] not in _RESOURCES:
        raise ConfigurationError(f"{name} leads to none of Azure's endpoints with conversations: use {right}")
    return right
