"""
Locks and a rate limit that many processes share, in Redis or Valkey (extra ``redis``).

Both take the asynchronous client of ``redis`` or of ``valkey``: anything with its ``eval``.
"""

from __future__ import annotations

from openai_conversations.integrations.redis.commands import SharedStateError
from openai_conversations.integrations.redis.locks import RedisLocks
from openai_conversations.integrations.redis.rate_limit import RedisRateLimiter

__all__ = ["RedisLocks", "RedisRateLimiter", "SharedStateError"]
