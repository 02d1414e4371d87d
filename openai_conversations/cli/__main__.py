"""``python -m openai_conversations.cli``."""

from __future__ import annotations

from openai_conversations.cli import main

main()
