"""A process of its own that holds a lock, waits for one, or appends: ``python -m … SOCKET PREFIX WORD``."""

from __future__ import annotations

import asyncio
import json
import os
import sys

from redis.asyncio import Redis

from openai_conversations import ConversationsClient
from openai_conversations.integrations.redis import RedisLocks


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def hold(locks: RedisLocks) -> None:
    async with locks.hold("a"):
        say("hold")
        await asyncio.sleep(600)


async def wait(locks: RedisLocks) -> None:
    task = asyncio.ensure_future(locks.hold("a").__aenter__())
    await asyncio.sleep(0.1)
    say("wait")
    await task


async def append(locks: RedisLocks, redis: Redis, prefix: str, base_url: str, conversation_id: str) -> None:
    """Three messages; what is under way at the same time is counted in the server."""
    say("append")
    overlaps = 0

    texts = [f"{os.getpid()}-{number}" for number in range(3)]
    async with ConversationsClient(api_key="k", base_url=base_url) as client:
        while not await redis.get(f"{prefix}:go"):  # noqa: ASYNC110  # it is set in the server
            await asyncio.sleep(0.01)
        for text in texts:
            async with locks.hold(conversation_id):
                overlaps += await redis.incr(f"{prefix}:inside") - 1
                await client.conversations.items.create(conversation_id, items=[{"role": "user", "content": text}])
                await redis.decr(f"{prefix}:inside")
    say(json.dumps({"overlaps": overlaps, "texts": texts}))


async def main(path: str, prefix: str, word: str, *more: str) -> None:
    redis = Redis.from_url(f"unix://{path}")
    async with RedisLocks(redis, prefix=prefix, expiry=1 if word == "hold" else 10) as locks:
        if word == "append":
            await append(locks, redis, prefix, *more)
        else:
            await {"hold": hold, "wait": wait}[word](locks)
    await redis.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
