"""A running server, and a client of it, for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from openai_conversations.server import ConversationsServer
from tests.server.api import Api


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def settings() -> dict[str, Any]:
    """How the server of a test is made; to be overridden."""
    return {"seed": 1}


@pytest.fixture
async def server(settings: dict[str, Any]) -> AsyncIterator[ConversationsServer]:
    async with ConversationsServer(**settings) as server:
        yield server


@pytest.fixture
def api(server: ConversationsServer, session: aiohttp.ClientSession) -> Api:
    return Api(server, session)
