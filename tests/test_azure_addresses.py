"""Base URLs of Azure AI Foundry, as people paste them."""

from __future__ import annotations

import pytest

from openai_conversations import AZURE, OPENAI, ConfigurationError, ConversationsClient, azure
from openai_conversations.azure_addresses import token_scope
from openai_conversations.settings import Settings, resolve
from tests.sockets import answering, http

RESOURCE = "https://r.openai.azure.com"
FOUNDRY = "https://r.services.ai.azure.com"
PROJECT = f"{FOUNDRY}/api/projects/p"
AGENT = f"{PROJECT}/agents/helper/endpoint/protocols/openai"
GATEWAY = "https://gateway.example/llm"


def settings_of(base_url: str, **given: object) -> Settings:
    return resolve(**{"api_key": "k", "base_url": base_url, "profile": "azure", "environ": {}, **given})


@pytest.mark.parametrize(
    ("pasted", "base_url"),
    [
        (RESOURCE, f"{RESOURCE}/openai/v1"),
        (f"{RESOURCE}/", f"{RESOURCE}/openai/v1"),
        (f"{RESOURCE}/openai", f"{RESOURCE}/openai/v1"),
        (f"{RESOURCE}/openai/", f"{RESOURCE}/openai/v1"),
        (f"{RESOURCE}/openai/v1/", f"{RESOURCE}/openai/v1"),
        (f"{RESOURCE}/v1", f"{RESOURCE}/openai/v1"),
        (f"{RESOURCE}/openai/v1/conversations", f"{RESOURCE}/openai/v1"),
        (f"{RESOURCE}/openai/v1/conversations/conv_1/items?api-version=v1", f"{RESOURCE}/openai/v1"),
        (f"{RESOURCE}/openai/responses?api-version=2025-04-01-preview", f"{RESOURCE}/openai/v1"),
        (f"{RESOURCE}/openai/v1/chat/completions", f"{RESOURCE}/openai/v1"),
        (f"{FOUNDRY}/models/chat/completions?api-version=2024-05-01-preview", f"{FOUNDRY}/openai/v1"),
        ("https://r.cognitiveservices.azure.com/", "https://r.cognitiveservices.azure.com/openai/v1"),
        ("https://r.openai.azure.us", "https://r.openai.azure.us/openai/v1"),
        (PROJECT, f"{PROJECT}/openai/v1"),
        (f"{PROJECT}/", f"{PROJECT}/openai/v1"),
        (f"{FOUNDRY}/api/projects/_project", f"{FOUNDRY}/api/projects/_project/openai/v1"),
        (f"{PROJECT}/openai", f"{PROJECT}/openai/v1"),
        (f"{PROJECT}/openai/v1", f"{PROJECT}/openai/v1"),
        (f"{PROJECT}/openai/conversations?api-version=2025-11-15-preview", f"{PROJECT}/openai/v1"),
        (f"{PROJECT}/openai/v1/responses/resp_1", f"{PROJECT}/openai/v1"),
        (f"{FOUNDRY}/api/projects/openai", f"{FOUNDRY}/api/projects/openai/openai/v1"),
        (GATEWAY, GATEWAY),
        (f"{GATEWAY}/openai", f"{GATEWAY}/openai/v1"),
        (f"{GATEWAY}/openai/v1/conversations", f"{GATEWAY}/openai/v1"),
        (f"{GATEWAY}/api/projects/p", f"{GATEWAY}/api/projects/p/openai/v1"),
        ("http://127.0.0.1:8321", "http://127.0.0.1:8321/openai/v1"),
    ],
)
def test_pasted_urls(pasted, base_url):
    """What stands on Azure's pages becomes the base URL; the v1 path takes no version that is a date."""
    settings = settings_of(pasted)

    assert (base_url, {}) == (settings.base_url, dict(settings.url_query))
    assert base_url == settings_of(base_url).base_url


@pytest.mark.parametrize(
    ("pasted", "base_url", "version"),
    [
        (f"{PROJECT}/agents/helper", AGENT, "v1"),
        (f"{PROJECT}/agents/helper/endpoint", AGENT, "v1"),
        (f"{PROJECT}/agents/helper/endpoint/protocols", AGENT, "v1"),
        (AGENT, AGENT, "v1"),
        (f"{AGENT}/responses?api-version=2025-11-15-preview", AGENT, "2025-11-15-preview"),
        (f"{AGENT}/v1", f"{AGENT}/v1", "v1"),
        (f"{AGENT}/v1/responses?API-Version=v1", f"{AGENT}/v1", "v1"),
        (f"{AGENT}/conversations/conv_1", AGENT, "v1"),
        (f"{RESOURCE}/openai/v1?api-version=preview", f"{RESOURCE}/openai/v1", "preview"),
        (f"{GATEWAY}?api-version=7", GATEWAY, "7"),
    ],
)
def test_pasted_versions(pasted, base_url, version):
    """The endpoint of an agent needs a version, which is ``v1`` unless the URL says another."""
    settings = settings_of(pasted)

    assert (base_url, {"api-version": version}) == (settings.base_url, dict(settings.url_query))


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        (
            f"{RESOURCE}/openai/deployments/gpt/chat/completions?api-version=2024-10-21",
            f"base_url leads to one deployment, and no conversations are there: use {RESOURCE}/openai/v1, and the name",
        ),
        (f"{FOUNDRY}/api/projects/", f"base_url lacks the name of a project: {FOUNDRY}/api/projects/PROJECT"),
        (
            f"{PROJECT}/assets/1",
            f"base_url leads to none of Azure's endpoints with conversations: use {PROJECT}/openai/v1",
        ),
        (
            f"{FOUNDRY}/anthropic/v1/messages",
            f"base_url leads to none of Azure's endpoints with conversations: use {FOUNDRY}/openai/v1",
        ),
        (f"{PROJECT}/agents/", f"base_url is no endpoint that speaks OpenAI's protocol: use {PROJECT}/agents/AGENT"),
        (f"{PROJECT}/agents/helper/versions/3", f"base_url is no endpoint that speaks OpenAI's protocol: use {AGENT}"),
        (
            f"{PROJECT}/agents/helper/endpoint/protocols/invocations",
            f"base_url is no endpoint that speaks OpenAI's protocol: use {AGENT}",
        ),
        (f"{AGENT}/v1/sessions", f"base_url leads behind the endpoint of an agent: use {AGENT}/v1"),
        ("https://ai.azure.com/foundryProject/overview?wsid=/subscriptions/marker", "base_url must not have a query"),
        ("https://ai.azure.com/nextgen/r/1", "base_url is a page of the portal: use the endpoint that the page shows"),
        (f"{RESOURCE}/openai/v1?subscription-key=marker", "base_url must not have a query"),
        (f"{RESOURCE}/openai/v1#marker", "base_url must not have a query or a fragment"),
        ("https://marker:marker@r.openai.azure.com", "base_url must not contain a user name or a password"),
        ("r.openai.azure.com", "base_url must be an absolute http"),
    ],
)
def test_urls_that_lead_elsewhere(pasted, said):
    """What leads to no conversations is one sentence, which names what does, and shows nothing secret."""
    with pytest.raises(ConfigurationError) as caught:
        settings_of(pasted)

    assert str(caught.value).startswith(said)
    assert "marker" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("base_url", [RESOURCE, f"{PROJECT}/openai/v1", "https://R.Services.AI.Azure.com/"])
def test_the_profile_is_told_by_the_host(base_url):
    """Azure's hosts need no ``profile``; another profile that was asked for is kept, and so is its URL."""
    assert AZURE == settings_of(base_url, profile=None).profile
    assert AZURE == resolve(api_key="k", environ={"OPENAI_BASE_URL": base_url}).profile
    assert OPENAI == settings_of(base_url, profile="openai").profile
    assert base_url.rstrip("/") == settings_of(base_url, profile="openai").base_url


@pytest.mark.parametrize(
    "base_url", [None, "https://api.openai.com/v1", "https://azure.com.evil.example", "https://r.openai.azure.com.x/v1"]
)
def test_other_hosts_are_not_azures(base_url):
    """What only looks like Azure is not."""
    assert OPENAI == settings_of(base_url, profile=None).profile


@pytest.mark.parametrize(
    ("base_url", "scope"),
    [
        (f"{PROJECT}/openai/v1", "https://ai.azure.com/.default"),
        (AGENT, "https://ai.azure.com/.default"),
        (f"{RESOURCE}/openai/v1", "https://cognitiveservices.azure.com/.default"),
        (f"{GATEWAY}/api/projects/p/openai/v1", "https://ai.azure.com/.default"),
        (GATEWAY, ""),
    ],
)
def test_scopes(base_url, scope):
    """Projects and resources take tokens of different scopes."""
    assert scope == token_scope(base_url)


def base_of(server: object) -> str:
    return str(server.base_url).removesuffix("/v1")  # type: ignore[attr-defined]  # of the tests' own server


async def test_versions_of_views() -> None:
    """A view keeps the version of its URL, and one that goes elsewhere does not; what is asked for wins."""
    answers = [http(200, b'{"id":"conv_1","created_at":1}')] * 4
    async with answering(*answers) as server:
        project = f"{base_of(server)}/api/projects/p"
        agent = f"{project}/agents/helper?api-version=2025-11-15-preview"
        async with ConversationsClient(api_key="k", base_url=agent, profile="azure") as client:
            await client.with_options(timeout=5).conversations.retrieve("conv_1")
            await client.with_options(base_url=project).conversations.retrieve("conv_1")
            await client.with_options(default_query={"api-version": "7"}).conversations.retrieve("conv_1")
        async with ConversationsClient(api_key="k", base_url=agent, profile=azure(api_version="8")) as client:
            await client.conversations.retrieve("conv_1")

    path = "/api/projects/p/agents/helper/endpoint/protocols/openai/conversations/conv_1"
    assert [
        f"GET {path}?api-version=2025-11-15-preview HTTP/1.1",
        "GET /api/projects/p/openai/v1/conversations/conv_1 HTTP/1.1",
        f"GET {path}?api-version=7 HTTP/1.1",
        f"GET {path}?api-version=8 HTTP/1.1",
    ] == [asked.line for asked in server.asked]
