"""
An embedded Conversations server: a real socket, the service's rules, faults by name.

The core of the package never imports this; ``aiohttp.web`` and SQLite are loaded only by those who serve.
"""

from __future__ import annotations

from openai_conversations.server.server import ConversationsServer

__all__ = ["ConversationsServer"]
