"""The embedded server, with the environment pointing at it as it would in production."""

from __future__ import annotations

import pytest

from openai_conversations.server import ConversationsServer


@pytest.fixture
async def service(monkeypatch):
    """The embedded Conversations server."""
    async with ConversationsServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-real-key")
        yield server
