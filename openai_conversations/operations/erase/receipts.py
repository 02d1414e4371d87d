"""What an erasure leaves behind: ids, counts, hashes, times and request ids, and nothing of what was said."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

import attrs

from openai_conversations.operations.errors import ArchiveError

RECEIPT_FORMAT: Final = "openai_conversations/receipt"
RECEIPT_VERSION: Final = 1

Outcome = Literal["erased", "already_gone", "incomplete"]
After = Literal["not_found", "empty", "not_seen"]


def digest_of(ids: Iterable[str]) -> str:
    """SHA-256, in hexadecimal digits, over the ids sorted by code point, each followed by a line feed, in UTF-8."""
    return hashlib.sha256("".join(f"{name}\n" for name in sorted(ids)).encode("utf-8", "surrogatepass")).hexdigest()


def iso(seconds: float) -> str:
    """Unix seconds as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@attrs.frozen(kw_only=True)
class DeletedItem:
    """
    One item that was deleted, or was to be.

    Attributes:
        id: Its id.
        request_id: The service's id of the response; ``None`` when it gave none.
    """

    id: str
    request_id: str | None = None


@attrs.frozen(kw_only=True)
class PendingDeletes:
    """
    Items that are about to be deleted.

    Attributes:
        ids: Their ids.
        at: Unix seconds.
        source: Base URL of the server.
    """

    ids: tuple[str, ...]
    at: float
    source: str


@attrs.frozen(kw_only=True)
class Proof:
    """
    The listing that showed that nothing was left.

    Attributes:
        at: When the response came, in Unix seconds.
        items: How many items it showed: 0.
        has_more: Whether it said that there are more: no.
        request_id: The service's id of the response, if it gave one.
    """

    at: float
    items: int = 0
    has_more: bool = False
    request_id: str | None = None


@attrs.frozen(kw_only=True)
class Receipt:
    """
    What one run of ``erase`` did and saw. It holds ids and never content.

    Attributes:
        conversation_id: The conversation.
        outcome: ``erased``: this run saw that no item was left and deleted the conversation.
            ``already_gone``: the server says that there is no such conversation. What became of its items cannot be
            seen, nor whether the key is one of another project, which is answered in the same way.
            ``incomplete``: the run stopped, and the conversation may still be there.
        items: What this run deleted, in the order of the responses.
        missing: Items that were listed, and that the server did not know any more when they were to be deleted:
            somebody else was faster.
        unconfirmed: Of a run that stopped, or found the conversation gone while it deleted: ids of items whose deletion
            it asked for, or was about to, and that nothing says were deleted.
        proof: The listing that showed that nothing was left; ``None`` when the conversation was gone already.
        after: What a listing showed after the conversation was deleted: ``not_found``, ``empty``, or ``not_seen`` when
            that listing failed or was not made.
        started_at: Unix seconds.
        finished_at: Unix seconds.
        request_id: The service's id of the response that said that the conversation is deleted, or not there.
        rounds: How many listings it took, the proof included.
        source: Base URL of the server.
    """

    conversation_id: str
    outcome: Outcome
    items: tuple[DeletedItem, ...] = ()
    missing: tuple[DeletedItem, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    proof: Proof | None = None
    after: After = "not_found"
    started_at: float
    finished_at: float
    request_id: str | None = None
    rounds: int = 0
    source: str = ""

    @property
    def item_ids(self) -> tuple[str, ...]:
        """The ids of the deleted items, sorted."""
        return tuple(sorted(item.id for item in self.items))

    @property
    def count(self) -> int:
        """How many items were deleted."""
        return len(self.items)

    @property
    def sha256(self) -> str:
        """SHA-256 over the sorted ids of the deleted items, each followed by a line feed."""
        return digest_of(item.id for item in self.items)

    def to_json(self) -> dict[str, Any]:
        """The receipt as a JSON value, with times in ISO 8601; ``from_json`` reads it."""
        return {
            "format": RECEIPT_FORMAT,
            "version": RECEIPT_VERSION,
            "conversation_id": self.conversation_id,
            "outcome": self.outcome,
            "source": self.source,
            "started_at": iso(self.started_at),
            "finished_at": iso(self.finished_at),
            "request_id": self.request_id,
            "rounds": self.rounds,
            "count": self.count,
            "sha256": self.sha256,
            "items": [attrs.asdict(item) for item in self.items],
            "missing": [attrs.asdict(item) for item in self.missing],
            "unconfirmed": list(self.unconfirmed),
            "proof": None if self.proof is None else {**attrs.asdict(self.proof), "at": iso(self.proof.at)},
            "after": self.after,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Receipt:
        """
        Read what :meth:`to_json` wrote.

        Raises:
            ArchiveError: It is no receipt, or count or hash do not fit its ids.
        """
        try:
            receipt = _read(value)
        except (KeyError, TypeError, ValueError) as error:
            raise ArchiveError(f"this is not a receipt: {type(error).__name__}: {error}") from None
        if receipt.count != value["count"] or receipt.sha256 != value["sha256"]:
            raise ArchiveError("the receipt was changed: its count or its hash does not fit its ids")
        return receipt


def _read(value: Mapping[str, Any]) -> Receipt:
    if (value["format"], value["version"]) != (RECEIPT_FORMAT, RECEIPT_VERSION):
        raise ValueError(f"format {value['format']!r}, version {value['version']!r}")
    proof: dict[str, Any] | None = value["proof"]
    kept = {name: value[name] for name in ("conversation_id", "outcome", "source", "request_id", "rounds", "after")}
    return Receipt(
        **kept,
        items=tuple(DeletedItem(**item) for item in value["items"]),
        missing=tuple(DeletedItem(**item) for item in value["missing"]),
        unconfirmed=tuple(value["unconfirmed"]),
        proof=None if proof is None else _proof(proof),
        started_at=_seconds(value["started_at"]),
        finished_at=_seconds(value["finished_at"]),
    )


def _proof(value: Mapping[str, Any]) -> Proof:
    kept = {name: value[name] for name in ("items", "has_more", "request_id")}
    return Proof(**kept, at=_seconds(value["at"]))


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
