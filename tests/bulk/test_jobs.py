"""The work that a bulk run does on one conversation: what it notes for the next attempt, what it leaves behind."""

from __future__ import annotations

import pytest

from openai_conversations.bulk.jobs import checking, erasing, erasure_receipts, exporting, importing
from openai_conversations.bulk.ledger import Ledger, LedgerRow, Result
from openai_conversations.bulk.runner import Checkpoint
from openai_conversations.errors import APITimeoutError
from openai_conversations.operations.copy.copying import CopyReport
from openai_conversations.operations.erase.receipts import DeletedItem, PendingDeletes, Proof, Receipt
from openai_conversations.operations.repair.check import CheckReport, Finding


class Notes:
    """What a job noted: at once on the disk, or soon."""

    def __init__(self):
        self.kept = []
        self.soon = []
        self.cursor = None

    async def keep(self, *notes, cursor=None):
        self.kept.append(list(notes))
        self.cursor = cursor

    def keep_soon(self, *notes):
        self.soon.append(list(notes))


class Erases:
    """Deletes so many items, and fails before or after it proved that nothing is left, if it is to."""

    def __init__(self, count, fails=None):
        self.items = [DeletedItem(id=f"item_{number}") for number in range(count)]
        self.fails = fails

    async def erase(self, conversation_id, *, concurrency, on_deleting, on_deleted, on_proof):
        if not self.items:
            return Receipt(conversation_id=conversation_id, outcome="already_gone", started_at=1.0, finished_at=2.0)
        await on_deleting(PendingDeletes(ids=tuple(item.id for item in self.items), at=0.5, source="http://fake/v1"))
        if self.fails == "after the first":
            on_deleted(self.items[0])
            raise APITimeoutError
        for item in self.items:
            on_deleted(item)
        if self.fails == "before the proof":
            raise APITimeoutError
        proof = Proof(at=0.0)
        await on_proof(proof)
        if self.fails == "after the proof":
            raise APITimeoutError
        return Receipt(
            conversation_id=conversation_id,
            outcome="erased",
            items=tuple(self.items),
            proof=proof,
            started_at=1.0,
            finished_at=2.0,
        )


def row(id="conv_1", **changes):
    return LedgerRow(**{"number": 1, "id": id, "attempts": 1, **changes})


def ids_of(notes):
    return [note["item"]["id"] for note in notes if "item" in note]


async def test_what_is_noted():
    """What is about to be deleted is on the disk before; what was deleted follows; the proof waits for the disk."""
    notes = Notes()

    outcome = await erasing(Erases(3))(row(), notes)

    (pending,), (proof,) = notes.kept
    assert ("item_0", "item_1", "item_2") == pending["deleting"]["ids"]
    assert ["item_0", "item_1", "item_2"] == [id for group in notes.soon for id in ids_of(group)]
    assert {"at": 0.0, "items": 0, "has_more": False, "request_id": None} == proof["proof"]
    assert (3, 3, False) == (outcome.items, outcome.receipt["count"], outcome.missing)
    assert "earlier" not in outcome.receipt


@pytest.mark.parametrize("fails", ["after the first", "before the proof", "after the proof"])
async def test_the_receipt_says_what_earlier_attempts_did(tmp_path, fails):
    """Every item that an attempt deleted, or may have, is in a receipt, also when no other attempt comes to an end."""
    async with Ledger(tmp_path / "ledger.sqlite", operation="erase") as ledger:
        await ledger.add(["conv_1"])
        (first,) = await ledger.take(1)
        with pytest.raises(APITimeoutError):
            await erasing(Erases(60, fails))(first, Checkpoint(ledger, first.number))
        await ledger.finish(Result(number=first.number, phase="again"))

        (incomplete,) = [receipt async for receipt in erasure_receipts(ledger)]
        (second,) = await ledger.take(1, phase="again")
        outcome = await erasing(Erases(0))(second, Checkpoint(ledger, second.number))

    known = 1 if fails == "after the first" else 60
    proof = "1970-01-01T00:00:00.000Z" if fails == "after the proof" else None
    earlier = outcome.receipt["earlier"]
    assert (known, known, 0) == (outcome.items, len(earlier["items"]), outcome.receipt["count"])
    assert [f"item_{number}" for number in range(known, 60)] == earlier["unconfirmed"] == incomplete["unconfirmed"]
    assert proof == (earlier["proof"] and earlier["proof"]["at"])
    assert (proof is None) == outcome.missing
    read = Receipt.from_json(incomplete)
    assert ("incomplete", known, "http://fake/v1") == (read.outcome, read.count, read.source)


class Exports:
    """Gives the lines of an export."""

    def __init__(self, lines):
        self.lines = lines

    async def export(self, conversation_id, *, format):
        for line in self.lines:
            yield line


async def test_an_export_larger_than_a_chunk(tmp_path):
    """A conversation of any size is written piece by piece, and is whole."""
    lines = [b'{"first":"line"}\n', *(b"x" * 99_999 + b"\n" for _ in range(7))]

    outcome = await exporting(Exports(lines), tmp_path)(row("a/b"), Notes())

    assert b"".join(lines) == (tmp_path / "a%2Fb.jsonl").read_bytes()
    assert {"conversation_id": "a/b", "file": "a%2Fb.jsonl", "bytes": sum(map(len, lines))} == outcome.receipt
    assert 7 == outcome.items


async def test_an_export_does_not_replace_what_is_not_its_own(tmp_path):
    """Without ``overwrite`` a file of somebody else stays; one of an earlier attempt is replaced."""
    (tmp_path / "conv_1.jsonl").write_bytes(b"somebody's")
    work = exporting(Exports([b"{}\n"]), tmp_path, overwrite=False)

    with pytest.raises(FileExistsError, match=r"conv_1\.jsonl"):
        await work(row(), Notes())
    assert b"somebody's" == (tmp_path / "conv_1.jsonl").read_bytes()

    await work(row(notes=({"writes": "conv_1.jsonl"},)), Notes())
    assert b"{}\n" == (tmp_path / "conv_1.jsonl").read_bytes()

    new = Notes()
    await work(row("conv_2"), new)
    assert [[{"writes": "conv_2.jsonl"}]] == new.soon


class Imports:
    """Imports into a conversation, or a new one, and says which."""

    async def import_(self, lines, *, into, dry_run, allow_damaged, on_created):
        if into is None:
            await on_created("conv_new")
        return CopyReport(source="file", conversation_id=into or "conv_new", total=3, stored=2, present=1)


async def test_an_import_is_gone_on_with(tmp_path):
    """The id of a new conversation is on the disk before anything is appended; the next attempt goes on in it."""
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"{}\n")
    first, second = Notes(), Notes()

    await importing(Imports())(row(str(file)), first)
    outcome = await importing(Imports())(row(str(file), cursor=first.cursor, attempts=2), second)

    assert ("conv_new", []) == (first.cursor, second.kept)
    assert "may_be_left" not in outcome.receipt
    assert (3, str(file), "conv_new") == (outcome.items, outcome.receipt["file"], outcome.receipt["conversation_id"])


async def test_an_import_that_was_killed_as_it_began(tmp_path):
    """When nobody heard of the conversation that an attempt began to make, the report says when that was."""
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"{}\n")
    first, second = Notes(), Notes()

    await importing(Imports(), now=lambda: 1.0)(row(str(file)), first)
    (noted, _) = first.kept
    outcome = await importing(Imports(), now=lambda: 2.0)(row(str(file), notes=tuple(noted), attempts=2), second)

    assert ["1970-01-01T00:00:01.000Z"] == outcome.receipt["may_be_left"]


class Checks:
    """Reports of conversations, sound or not."""

    def __init__(self, report):
        self.report = report

    async def check(self, conversation_id):
        return self.report


ORPHAN = Finding(kind="output_without_call", index=1, item_id="fco_1", type="function_call_output", call_id="call_1")


@pytest.mark.parametrize("findings", [(), (ORPHAN,)])
async def test_only_what_is_wrong_is_kept(findings):
    """A sound conversation leaves no receipt; one with a problem leaves its report, and counts as a problem."""
    report = CheckReport(conversation_id="conv_1", items=4, findings=findings, fingerprint="f")

    outcome = await checking(Checks(report))(row(), Notes())

    assert (4, bool(findings)) == (outcome.items, outcome.problem)
    assert (report.to_json() if findings else None) == outcome.receipt
