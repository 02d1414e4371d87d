"""
An embedded Conversations server: a real socket, the service's rules, faults by name.

The core of the package never imports this; ``aiohttp.web`` and SQLite are loaded only by those who serve.
"""

from __future__ import annotations

from openai_conversations.server import faults
from openai_conversations.server.exchange import Call
from openai_conversations.server.faults import Fault
from openai_conversations.server.journal import Entry
from openai_conversations.server.profiles import PROFILES, Profile
from openai_conversations.server.serve import ServeOptions, serve
from openai_conversations.server.server import ConversationsServer
from openai_conversations.server.store import Orphan
from openai_conversations.server.verdicts import StoredConversation

__all__ = [
    "PROFILES",
    "Call",
    "ConversationsServer",
    "Entry",
    "Fault",
    "Orphan",
    "Profile",
    "ServeOptions",
    "StoredConversation",
    "faults",
    "serve",
]
