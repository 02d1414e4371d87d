"""The credentials of tools: a turn needs them, and nothing shows them."""

from __future__ import annotations

import pytest

from openai_conversations.converters import json
from openai_conversations.server.model.response import without_secrets
from tests.server.api import user

SECRETS = ("token-of-mcp", "key-of-mcp", "value-of-domain", "user-of-url", "key-of-url")
POLICY = {
    "type": "allowlist",
    "allowed_domains": ["a.example"],
    "domain_secrets": [{"domain": "a.example", "name": "A", "value": "value-of-domain"}],
}
TOOLS = [
    {
        "type": "mcp",
        "server_label": "crm",
        "server_url": "https://user-of-url:x@crm.example:8443/path?key=key-of-url",
        "authorization": "token-of-mcp",
        "headers": {"X-Key": "key-of-mcp"},
    },
    {"type": "shell", "environment": {"type": "container_auto", "network_policy": POLICY}},
    {"type": "code_interpreter", "container": {"type": "auto", "network_policy": POLICY}},
]


@pytest.mark.parametrize("fields", [{}, {"background": True}], ids=["in the foreground", "in the background"])
async def test_credentials_of_tools(api, server, fields):
    """No response or event has a credential of a tool, stored or not; nor what the control path or a repr shows."""
    control = f"{server.url}/_control"
    stream = await api.stream("Hi", tools=TOOLS, **fields)
    shown = [
        json.dumps(stream),
        (await api.turn("Hi", tools=TOOLS, **fields)).body,
        (await api.ask("GET", f"/responses/{stream[0]['response']['id']}")).body,
        *[(await api.ask("GET", f"{control}/{path}")).body for path in ("turns", "journal", "page/model")],
        repr((server.model.seen, server.requests)).encode(),
    ]

    assert [] == [(n, secret) for n, text in enumerate(shown) for secret in SECRETS if secret.encode() in text]
    mcp, shell, interpreter = stream[-1]["response"]["tools"]
    assert ("https://crm.example:8443", {"X-Key": "<redacted>"}) == (mcp["server_url"], mcp["headers"])
    for container in (shell["environment"], interpreter["container"]):
        (secret,) = container["network_policy"]["domain_secrets"]
        assert {**POLICY["domain_secrets"][0], "value": "<redacted>"} == secret
    assert "token-of-mcp" == server.model.seen[-1].tools[0]["authorization"]


async def test_credentials_of_tools_in_items(api, server):
    """The control path shows what the model saw without them, wherever it holds tools."""
    await api.turn([{"type": "additional_tools", "role": "developer", "tools": TOOLS}, user("Hi")])
    shown = (await api.ask("GET", f"{server.url}/_control/turns")).body

    assert [] == [secret for secret in ("token-of-mcp", "key-of-mcp", "value-of-domain") if secret.encode() in shown]
    assert b'"server_label":"crm"' in shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/mcp", "https://a.example"),
        ("https://a.example", "https://a.example"),
        ("a.example/mcp", "a.example"),
        ("https://u:p@[::1]:80?key=a", "https://[::1]:80"),
        ("https://a.example#u@b", "https://a.example"),
        ("", ""),
    ],
)
def test_the_address_of_a_tool(url, shown):
    """Of the address of an MCP server only the host is shown."""
    assert shown == without_secrets({"type": "mcp", "server_url": url})["server_url"]
