"""A Conversations server that runs beside the examples, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading

import pytest

from openai_conversations.server import ConversationsServer


@pytest.fixture
def served(monkeypatch):
    """Start the embedded server and point the environment at it, as a reader of the documentation would."""
    with _Thread() as base_url:
        monkeypatch.setenv("OPENAI_BASE_URL", base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-real-key")
        yield base_url


class _Thread:
    """The server's event loop: examples may block theirs."""

    def __enter__(self) -> str:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = ConversationsServer()
        return asyncio.run_coroutine_threadsafe(self._server.__aenter__(), self._loop).result().base_url

    def __exit__(self, *exc_info: object) -> None:
        asyncio.run_coroutine_threadsafe(self._server.__aexit__(*exc_info), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
