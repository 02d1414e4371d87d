"""Conversations that are made, changed, listed and deleted, and items that are deleted."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import consumes, rule

from openai_conversations import (
    APIConnectionError,
    APIResponseValidationError,
    ConversationsError,
    InternalServerError,
    UnknownItem,
)
from tests.writing.helpers import is_subsequence
from tests.writing.machine.base import Machine, conversations, faults_of
from tests.writing.machine.items import item_of
from tests.writing.machine.model import Model
from tests.writing.machine.troubles import trouble


class Conversations(Machine):
    """Creates, deletes, updates and lists through faults."""

    @rule(
        target=conversations,
        number=st.integers(0, 3),
        resend=st.booleans(),
        goes_wrong=trouble("createConversation"),
    )
    def create(self, number: int, resend: bool, goes_wrong: list[Any]) -> str:
        """A conversation; with ``resend``, a lost one may be left behind."""
        self.order(*goes_wrong)
        return self.runner.run(self.new(self.texts(number), resend=resend)) or self.runner.run(
            self.new_without_trouble()
        )

    async def new(self, texts: list[str], *, resend: bool = False) -> str | None:
        try:
            conversation = await self.second.conversations.create(
                items=[item_of(text) for text in texts], on_ambiguous="resend" if resend else "raise"
            )
        except ConversationsError as error:
            if not error.not_carried_out or resend or not texts:
                self.lost_creates.update(texts)
            return None
        model = self.models[conversation.id] = Model(conversation.id)
        stored = self.server.items(conversation.id)
        model.returned(texts, [item["id"] for item in stored])
        if resend:
            self.lost_creates.update(dict.fromkeys(texts, 9))
        return conversation.id

    @rule(which=st.integers(0, 30), goes_wrong=trouble("deleteConversationItem"))
    def delete_an_item(self, which: int, goes_wrong: list[Any]) -> None:
        self.order(*goes_wrong)
        left = [(model, i) for model in self.models.values() for i in model.ids if i not in model.removed]
        if left:
            model, item_id = left[which % len(left)]
            self.runner.run(self.delete(model, item_id))

    async def delete(self, model: Model, item_id: str) -> None:
        before = len(self.server.requests)
        try:
            await self.client.conversations.items.delete(item_id, conversation_id=model.id)
        except ConversationsError as error:
            tried = [one for one in self.server.requests[before:] if one.operation == "deleteConversationItem"]
            unclear = isinstance(error, (APIConnectionError, APIResponseValidationError, InternalServerError))
            if unclear or any(one.committed or "slow" in one.fault for one in tried):
                model.unresolved.add(item_id)
        else:
            model.removed.add(item_id)

    @rule(conversation=conversations, value=st.integers(0, 9), goes_wrong=trouble("updateConversation"))
    def update(self, conversation: str, value: int, goes_wrong: list[Any]) -> None:
        self.order(*goes_wrong)
        self.runner.run(self.set_metadata(self.models[conversation], {"value": str(value)}))

    async def set_metadata(self, model: Model, metadata: dict[str, str]) -> None:
        try:
            updated = await self.client.conversations.update(model.id, metadata=metadata)
        except ConversationsError:
            model.metadata.append(metadata)
            return
        assert metadata == updated.metadata
        # An update that was given up may be carried out after a later one: the service has no order for them.
        late = any("slow" in entry.fault for entry in self.server.requests if entry.operation == "updateConversation")
        model.metadata = [*model.metadata, metadata] if late else [metadata]

    @rule(conversation=consumes(conversations), goes_wrong=trouble("deleteConversation"))
    def delete_conversation(self, conversation: str, goes_wrong: list[Any]) -> None:
        """What was stored in it is still held against the claims: the service keeps the items."""
        self.order(*goes_wrong)
        self.runner.run(self.delete_all(self.models[conversation]))

    async def delete_all(self, model: Model) -> None:
        model.forget_promises()
        try:
            deleted = await self.client.conversations.delete(model.id)
        except ConversationsError:
            return
        stored = self.server.conversation(model.id)
        assert deleted.deleted
        assert stored is not None
        assert stored.deleted

    @rule(conversation=conversations, goes_wrong=trouble("listConversationItems"))
    def list_items(self, conversation: str, goes_wrong: list[Any]) -> None:
        self.order(*goes_wrong)
        self.runner.run(self.list_all(self.models[conversation]))

    async def list_all(self, model: Model, *, exact: bool = True) -> None:
        before = [item["id"] for item in self.stored_in(model)]
        try:
            listed = [i async for i in self.client.conversations.items.list(model.id, order="asc", limit=7)]
        except ConversationsError:
            return
        found = [item.id for item in listed]
        assert len(found) == len(set(found))
        tried = faults_of(self.server.requests[-3:])
        if exact and not tried & {"slow", "stale_reads"}:
            # A turn that goes on by itself may add its items at any time.
            assert is_subsequence(before, found)
            assert is_subsequence(found, [item["id"] for item in self.stored_in(model)])
        assert all(item.type == "hologram" or not isinstance(item, UnknownItem) for item in listed)
