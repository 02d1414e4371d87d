"""The embedded server: starting it, stopping it, and looking into it from a test."""

from __future__ import annotations

from typing import Any, Self

from aiohttp import web

from openai_conversations.converters import json
from openai_conversations.server.app import App
from openai_conversations.server.engine import Engine, InlineEngine, ThreadEngine
from openai_conversations.server.ids import Ids, make_clock
from openai_conversations.server.operations import Context
from openai_conversations.server.profiles import PROFILES
from openai_conversations.server.store import Store


class ConversationsServer:
    """
    A Conversations server on a real socket of this machine, for tests and demonstrations.

    Args:
        host: Where to listen.
        port: The port; 0 takes a free one.
        database: A file to keep everything in; ``None`` keeps it in memory.
        seed: Makes ids and clock reproducible.
    """

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, database: str | None = None, seed: int | None = None
    ) -> None:
        self._host = host
        self._port = port
        self._database = database
        self._seed = seed
        self._engine: Engine | None = None
        self._runner: web.ServerRunner | None = None

    async def __aenter__(self) -> Self:
        store = Store(self._database or ":memory:")
        self._engine = InlineEngine(store) if self._database is None else ThreadEngine(store)
        started = store.size()
        context = Context(
            ids=Ids(self._seed, started=started),
            now=make_clock(self._seed, started=started),
            profile=PROFILES["openai"],
        )
        app = App(engine=self._engine, context=context, prefix="/v1")
        self._runner = web.ServerRunner(web.Server(app.handle, access_log=None), shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port, backlog=2048)
        await site.start()
        self._port = site.port
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        assert self._runner is not None and self._engine is not None
        await self._runner.cleanup()
        self._engine.close()

    @property
    def base_url(self) -> str:
        """What a client takes as ``base_url`` or ``OPENAI_BASE_URL``."""
        return f"http://{self._host}:{self._port}/v1"

    def items(self, conversation_id: str) -> list[dict[str, Any]]:
        """The stored items of a conversation in order, whether it is deleted or not."""
        assert self._engine is not None
        rows = self._engine.run_now(lambda store: store.items(found) if (found := store.find(conversation_id)) else [])
        return [json.loads(row.body) for row in rows]
