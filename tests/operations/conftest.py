"""A client on the embedded server, once for each kind of server that the operations must bear."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from openai_conversations import ConversationsClient, RetryPolicy
from openai_conversations.server import ConversationsServer

# The ways in which servers of this API were seen to differ from OpenAI's.
PROFILES = [
    "openai",
    "ogx",
    "openai,after_delete=cascade",
    "openai,last_id=false,full_page_has_more=true",
    "openai,errors=detail,invalid_status=422,own_ids=false,empty_ids=absent,delete_again=repeated,item_limit=false",
    "ogx,errors=problem,repeat_ids=true,unknown_types=true,full_page_has_more=true,empty_ids=absent",
]


@pytest.fixture(params=PROFILES)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ConversationsServer]:
    """The embedded server on a real socket."""
    async with ConversationsServer(profile=request.param, seed=1) as running:
        yield running


@pytest.fixture
async def client(server: ConversationsServer) -> AsyncIterator[ConversationsClient]:
    """A client on it that does not try again by itself."""
    profile = "generic" if server.profile.name == "ogx" else "openai"
    async with ConversationsClient(
        api_key="key", base_url=server.base_url, profile=profile, max_retries=0, retry=RetryPolicy()
    ) as made:
        yield made
