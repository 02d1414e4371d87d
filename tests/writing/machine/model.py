"""What the calls of the machine claimed about one conversation, and whether it is true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from tests.writing.helpers import is_subsequence
from tests.writing.machine.items import key_of


@attrs.frozen(kw_only=True)
class Promise:
    """
    What will be stored by some time, certainly.

    Attributes:
        due: When, by the clock.
        texts: In this order.
        ids: Ids that were returned, with their texts.
    """

    due: float
    texts: list[str]
    ids: Mapping[str, str]


@attrs.define(eq=False)
class Model:
    """What the calls claimed about one conversation."""

    id: str
    runs: list[list[str]] = attrs.field(factory=list)
    """Texts that are stored for certain: each list in its order, all of them once."""
    promises: list[Promise] = attrs.field(factory=list)
    """What is stored by some time, and may be there before."""
    maybe: Counter[str] = attrs.field(factory=Counter)
    """Texts of which nobody can tell; each may come later, too."""
    ids: dict[str, str] = attrs.field(factory=dict)
    """Ids that were returned, with their texts."""
    removed: set[str] = attrs.field(factory=set)
    """Ids that are gone for certain."""
    unresolved: set[str] = attrs.field(factory=set)
    """Ids of which nobody can tell whether they were deleted."""
    metadata: list[dict[str, str]] = attrs.field(factory=lambda: [{}])
    """What the metadata may be."""
    others: Counter[str] = attrs.field(factory=Counter)
    """Texts that others wrote, certainly."""
    copies: Counter[str] = attrs.field(factory=Counter)
    """Texts that may be there again, because nobody can be safe from it."""

    def returned(self, texts: Sequence[str], ids: Sequence[str]) -> None:
        assert len(texts) == len(ids)
        self.stored(texts, dict(zip(ids, texts, strict=True)))

    def stored(self, texts: Sequence[str], ids: Mapping[str, str]) -> None:
        """These are there, some of them by these ids."""
        self.runs.append(list(texts))
        self.ids |= ids

    @property
    def is_certain(self) -> bool:
        """Whether nothing is there, or may come, of which nobody can tell."""
        return not (self.maybe or self.copies or self.promises)

    def is_known(self, text: str) -> bool:
        """Whether it is certain how often this text is there."""
        promised = any(text in promise.texts for promise in self.promises)
        return not (self.maybe[text] or self.copies[text] or promised)

    def check(self, stored: Sequence[Mapping[str, Any]], now: float) -> None:
        """Hold what is stored against the claims."""
        self._keep_promises(now)
        found = [(item["id"], key_of(item)) for item in stored]
        ids = [item_id for item_id, _ in found]
        assert len(ids) == len(set(ids))
        gone = Counter(self.ids[item_id] for item_id in self.removed)
        may_be_gone = gone + Counter(self.ids[item_id] for item_id in self.unresolved - self.removed)
        certain = Counter(text for run in self.runs for text in run)
        promised = Counter(text for promise in self.promises for text in promise.texts)
        counted = Counter(text for _, text in found)
        for text in certain | counted | self.maybe:
            # An equal item of somebody else at the right moment may have been taken for ours: the service does not say.
            least, most = certain[text] - may_be_gone[text], certain[text] - gone[text] + self.maybe[text]
            most += self.others[text] + self.copies[text] + promised[text]
            assert least <= counted[text] <= most, f"{text}: {counted[text]} stored, claimed {least} to {most}"
        assert self.ids.keys() - self.removed - self.unresolved <= set(ids)
        assert not self.removed & set(ids)
        texts = [text for _, text in found]
        lost = {self.ids[item_id] for item_id in self.removed | self.unresolved}
        for run in self.runs:
            assert is_subsequence([text for text in run if text not in lost], texts)

    def forget_promises(self) -> None:
        """The conversation is about to be deleted: what comes later may find it gone."""
        for promise in self.promises:
            self.maybe.update(promise.texts)
        self.promises.clear()

    def _keep_promises(self, now: float) -> None:
        for promise in [one for one in self.promises if one.due <= now]:
            self.promises.remove(promise)
            self.stored(promise.texts, promise.ids)
