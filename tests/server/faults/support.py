"""What the tests of faults share: time that passes as they say, and what is stored."""

from __future__ import annotations

import asyncio

import aiohttp

LOST = (aiohttp.ClientError, TimeoutError)


class Naps:
    """A sleep that takes no time, or lasts until it is ended, and remembers what it was asked for."""

    def __init__(self, *, endless=False):
        self.asked = []
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        if not endless:
            self.ended.set()

    async def __call__(self, seconds):
        self.asked.append(seconds)
        self.begun.set()
        await asyncio.sleep(0)
        await self.ended.wait()


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def stored(server, conversation):
    """The texts of the messages of a conversation."""
    return [item["content"][0]["text"] for item in server.items(conversation)]


async def until_back(ask, *arguments):
    """The first response of a server that may be down."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await ask(*arguments)
            except LOST:
                await asyncio.sleep(0)


async def until(condition):
    """Let other tasks run until something has happened, for five seconds at the most."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  # what is waited for happens at the other end of a socket
            await asyncio.sleep(0)
