"""Patching metadata: the rules, on the service in memory."""

from __future__ import annotations

import pytest

from openai_conversations.operations.errors import MetadataConflictError
from openai_conversations.operations.metadata import ATTEMPTS, patch_metadata
from tests.operations.fakes import FakeService, caller


async def test_change():
    """Keys are set and removed, the others stay, and the change is read back."""
    service = FakeService()
    name = service.conversation(metadata={"a": "1", "b": "2", "c": "3"})

    patched = await patch_metadata(caller(service), name, {"a": "9", "b": None, "d": "4"})

    assert {"a": "9", "c": "3", "d": "4"} == patched.metadata
    assert ["getConversation", "updateConversation", "getConversation"] == service.operations()


@pytest.mark.parametrize("changes", [{}, {"a": "1"}, {"a": "1", "x": None}], ids=str)
async def test_nothing_to_do(changes):
    """When all is as asked nothing is written."""
    service = FakeService()
    name = service.conversation(metadata={"a": "1"})

    assert {"a": "1"} == (await patch_metadata(caller(service), name, changes)).metadata
    assert ["getConversation"] == service.operations()


async def test_no_metadata():
    """Metadata that is null counts as empty."""
    service = FakeService()
    name = service.conversation(metadata=None)

    assert {"a": "1"} == (await patch_metadata(caller(service), name, {"a": "1"})).metadata


async def test_what_is_there_already():
    """Only the keys that were given are checked and blamed: what is there besides goes back as it came."""
    service = FakeService()
    there = {"long": "x" * 600, "k" * 70: "", **{f"key {number}": "" for number in range(20)}}
    name = service.conversation(metadata=there)

    patched = await patch_metadata(caller(service), name, {"a": "9", "key 3": None})

    assert {**{key: value for key, value in there.items() if key != "key 3"}, "a": "9"} == patched.metadata


async def test_overwritten():
    """What somebody else writes after our writing is seen, and the change is made to it."""
    service = FakeService()
    name = service.conversation(metadata={"a": "1"})
    others = iter([{"b": "2"}])

    def interfere(_: int, called: str) -> None:
        if called == "updateConversation" and (other := next(others, None)):
            service.stored[name].body["metadata"] = other

    service.after = interfere

    patched = await patch_metadata(caller(service), name, {"a": "9"})

    assert {"b": "2", "a": "9"} == patched.metadata


async def test_last_try():
    """The last try counts, too."""
    service = FakeService()
    name = service.conversation(metadata={})
    others = iter([{}] * (ATTEMPTS - 1))

    def undo(_: int, called: str) -> None:
        if called == "updateConversation" and (other := next(others, None)) is not None:
            service.stored[name].body["metadata"] = other

    service.after = undo

    assert {"a": "9"} == (await patch_metadata(caller(service), name, {"a": "9"})).metadata


async def test_the_race():
    """What somebody else writes between our reading and our writing is lost: the API knows no versions."""
    service = FakeService()
    name = service.conversation(metadata={"a": "1"})

    def interfere(_: int, called: str) -> None:
        if called == "updateConversation":
            service.stored[name].body["metadata"] = {"a": "1", "theirs": "2"}

    service.before = interfere

    assert {"a": "9"} == (await patch_metadata(caller(service), name, {"a": "9"})).metadata


async def test_conflict():
    """When the keys do not stay as asked after some tries, the error names them."""
    service = FakeService()
    name = service.conversation(metadata={"a": "1", "b": "2"})

    def undo(_: int, called: str) -> None:
        if called == "updateConversation":
            service.stored[name].body["metadata"] = {"a": "1", "b": "2"}

    service.after = undo

    with pytest.raises(MetadataConflictError) as caught:
        await patch_metadata(caller(service), name, {"a": "9", "b": "2", "c": "3"})

    assert (("a", "c"), name, ATTEMPTS) == (
        caught.value.keys,
        caught.value.conversation_id,
        service.operations().count("updateConversation"),
    )
