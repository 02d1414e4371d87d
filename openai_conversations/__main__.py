"""``python -m openai_conversations``: the command line."""

from __future__ import annotations

from openai_conversations.cli import main

main()
