"""
An embedded Conversations server: a real socket, the service's rules, faults by name.

The core of the package never imports this; ``aiohttp.web`` and SQLite are loaded only by those who serve.
"""

from __future__ import annotations

from openai_conversations.server import faults
from openai_conversations.server.faults.fault import Fault
from openai_conversations.server.http.messages import ServerRequest
from openai_conversations.server.inspection.assertions import StoredConversation
from openai_conversations.server.journal import JournalEntry
from openai_conversations.server.profiles import PROFILES, ServerProfile
from openai_conversations.server.recording.server import RecordingServer
from openai_conversations.server.recording.turns import TurnRecorder
from openai_conversations.server.serve import ServeOptions, serve
from openai_conversations.server.server import ConversationsServer
from openai_conversations.server.storage.store import Orphan

__all__ = [
    "PROFILES",
    "ConversationsServer",
    "Fault",
    "JournalEntry",
    "Orphan",
    "RecordingServer",
    "ServeOptions",
    "ServerProfile",
    "ServerRequest",
    "StoredConversation",
    "TurnRecorder",
    "faults",
    "serve",
]
