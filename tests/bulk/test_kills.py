"""A bulk erase that is killed again and again: in the end every conversation is erased, once, and no receipt lies."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import pytest

from openai_conversations import ConversationsClient
from openai_conversations.operations.erase.receipts import Receipt
from openai_conversations.server import ConversationsServer, JournalEntry, faults

ITEMS = 3


class Trap:
    """Lets somebody wait until the server has seen so many requests."""

    def __init__(self) -> None:
        self._left = -1
        self._sprung = asyncio.Event()

    def arm(self, requests: int) -> None:
        self._left = requests
        self._sprung.clear()

    def seen(self, _: JournalEntry) -> None:
        self._left -= 1
        if self._left == 0:
            self._sprung.set()

    async def wait(self) -> None:
        await self._sprung.wait()


@attrs.frozen
class World:
    """A server with conversations, the ids of their items, and a trap."""

    server: ConversationsServer
    trap: Trap
    items: Mapping[str, Sequence[str]]


async def world(conversations: int, profile: str) -> AsyncIterator[World]:
    trap = Trap()
    async with ConversationsServer(profile=profile, on_request=trap.seen) as server:
        yield World(server, trap, await _fill(server, conversations))


async def _fill(server: ConversationsServer, conversations: int) -> dict[str, list[str]]:
    stored: dict[str, list[str]] = {}
    items = [{"role": "user", "content": f"{number}"} for number in range(ITEMS)]
    async with ConversationsClient(api_key="key", base_url=server.base_url) as client:
        for _ in range(conversations):
            made = await client.conversations.create(items=items)
            stored[made.id] = [str(item["id"]) for item in server.items(made.id)]
    return stored


async def _start(server: ConversationsServer, folder: Path) -> asyncio.subprocess.Process:
    arguments = ["erase", "--ids-file", "ids.txt", "--ledger", "ledger.sqlite", "--receipts", "receipts.jsonl", "--yes"]
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "openai_conversations.cli", *arguments),
        cwd=folder,
        env={"OPENAI_API_KEY": "key", "OPENAI_BASE_URL": server.base_url, "PATH": "", **_coverage()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def _coverage() -> dict[str, str]:
    """What lets coverage follow into processes, where it is asked for."""
    import os

    return {name: value for name, value in os.environ.items() if name.startswith(("COVERAGE", "PYTHONPATH"))}


async def _kill_again_and_again(place: World, folder: Path, kills: int) -> None:
    requests = len(place.items) * (ITEMS + 4)
    for _ in range(kills):
        place.trap.arm(random.randint(1, max(requests // (kills + 1), 2)))
        process = await _start(place.server, folder)
        trapped = asyncio.ensure_future(place.trap.wait())
        ended = asyncio.ensure_future(process.wait())
        await asyncio.wait([trapped, ended], return_when=asyncio.FIRST_COMPLETED)
        if process.returncode is None:
            process.kill()
        await process.communicate()
        await ended
        trapped.cancel()


async def _check(place: World, folder: Path, kills: int) -> None:
    (folder / "ids.txt").write_text("\n".join(place.items))

    await _kill_again_and_again(place, folder, kills)
    process = await _start(place.server, folder)
    out, err = await process.communicate()

    assert (0, b"") == (process.returncode, err)
    assert (len(place.items), 0) == (json.loads(out)["done"], json.loads(out)["failed"])
    receipts = [json.loads(line) for line in (folder / "receipts.jsonl").read_bytes().splitlines()]
    assert list(place.items) == [receipt["conversation_id"] for receipt in receipts]
    _check_erased_once(place)
    for receipt in receipts:
        _check_receipt(receipt, place)


def _receipts(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "receipts.jsonl").read_bytes().splitlines()]


def _named(receipt: dict[str, Any]) -> set[str]:
    """Every item that a receipt says was deleted, or may have been, by whichever attempt."""
    earlier = receipt.get("earlier", {"items": [], "unconfirmed": []})
    known = [*receipt["items"], *receipt["missing"], *earlier["items"]]
    return {item["id"] for item in known}.union(receipt["unconfirmed"], earlier["unconfirmed"])


def _check_journal(place: World, folder: Path) -> None:
    """Every deletion that the server acknowledged is in a receipt of its conversation; the server's journal knows."""
    named: dict[str, set[str]] = {}
    for receipt in _receipts(folder):
        named.setdefault(receipt["conversation_id"], set()).update(_named(receipt))
    acknowledged = [
        entry for entry in place.server.requests if entry.operation == "deleteConversationItem" and entry.acknowledged
    ]
    assert acknowledged
    assert [] == [entry for entry in acknowledged if entry.item_id not in named[entry.conversation_id]]


def _phases(folder: Path) -> dict[str, str]:
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as db:
        return dict(db.execute("SELECT id, phase FROM conversations").fetchall())


def _make_trouble(place: World, forbidden: Collection[str], away: float) -> None:
    """Random 5xx, before and after the commit, lost responses, locks, conversations that are refused, restarts."""
    add, always = place.server.add_fault, {"count": None}
    add(faults.status(403, operation="listConversationItems", when=lambda r: r.conversation_id in forbidden, **always))
    add(faults.status(503, probability=0.02, seed=1, **always))
    add(faults.status(500, probability=0.02, seed=2, body="html", **always))
    add(faults.commit_then_status(500, probability=0.02, seed=3, operation="deleteConversationItem", **always))
    add(faults.commit_then_drop(probability=0.02, seed=4, operation="deleteConversation", **always))
    add(faults.locked(n=len(place.items) // 10, probability=0.02, seed=5))
    for number in range(3):
        add(faults.refuse(seconds=away, skip=len(place.items) * (number + 1)))


async def _check_storm(place: World, folder: Path, kills: int, away: float) -> None:
    forbidden = set(list(place.items)[3::40])
    (folder / "ids.txt").write_text("\n".join(place.items))
    _make_trouble(place, forbidden, away)

    await _kill_again_and_again(place, folder, kills)
    process = await _start(place.server, folder)
    out, err = await process.communicate()

    assert 10 == process.returncode, err
    summary = json.loads(out)
    assert (len(place.items) - len(forbidden), 0) == (summary["done"], summary["missing"]), summary
    assert {"403 PermissionDeniedError": len(forbidden)} == summary["errors"]
    assert forbidden == {id for id, phase in _phases(folder).items() if phase != "done"}
    _check_journal(place, folder)

    place.server.clear_faults()
    process = await _start(place.server, folder)
    await process.communicate()

    assert 0 == process.returncode
    _check_erased_once(place)
    _check_journal(place, folder)
    whole = [receipt for receipt in _receipts(folder) if receipt["outcome"] != "incomplete"]
    assert dict.fromkeys(place.items, 1) == Counter(receipt["conversation_id"] for receipt in whole)
    assert [] == [r["conversation_id"] for r in whole if _named(r) != set(place.items[r["conversation_id"]])]


@pytest.mark.parametrize("profile", ["openai", "ogx"])
async def test_a_storm(profile, tmp_path):
    """Through 5xx, lost responses, locks, refusals, restarts and kills: all erased once, all deletions on receipts."""
    async for place in world(80, profile):
        await _check_storm(place, tmp_path, kills=2, away=0.5)


@pytest.mark.kills
async def test_a_great_storm(tmp_path):
    """2,000 conversations, 20 kills, restarts of 3 s."""
    async for place in world(2000, "openai"):
        await _check_storm(place, tmp_path, kills=20, away=3.0)


def _check_erased_once(place: World) -> None:
    for name in place.items:
        place.server.assert_erased(name)
    deletions = Counter(
        entry.conversation_id
        for entry in place.server.requests
        if entry.operation == "deleteConversation" and entry.committed
    )
    assert dict.fromkeys(place.items, 1) == deletions


def _check_receipt(receipt: dict[str, Any], place: World) -> None:
    """What a receipt says was deleted was deleted, by the request that it names."""
    read = Receipt.from_json(receipt)
    earlier = receipt.get("earlier", {"items": [], "proof": None})
    named = [item.id for item in read.items] + [item["id"] for item in earlier["items"]]
    assert len(named) == len(set(named))
    assert set(named) <= set(place.items[read.conversation_id])
    if read.outcome == "erased" and receipt["attempts"] == 1:
        assert set(named) == set(place.items[read.conversation_id])
    if read.outcome == "already_gone":
        assert receipt["attempts"] > 1
        assert earlier["proof"]["items"] == 0
    responses = {entry.request_id: entry for entry in place.server.requests}
    assert _named(receipt) == set(place.items[read.conversation_id])
    for item in [*read.items, *read.missing]:
        assert item.id == responses[str(item.request_id)].item_id


@pytest.mark.parametrize("profile", ["openai", "openai,after_delete=cascade"])
async def test_a_few_kills(profile, tmp_path):
    """Killed with SIGKILL at random points and started again, a bulk erase erases everything once."""
    async for place in world(40, profile):
        await _check(place, tmp_path, kills=3)


@pytest.mark.kills
@pytest.mark.parametrize("profile", ["openai", "openai,after_delete=cascade"])
async def test_many_kills(profile, tmp_path):
    """2,000 conversations, 20 kills."""
    async for place in world(2000, profile):
        await _check(place, tmp_path, kills=20)
