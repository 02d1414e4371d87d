"""
Responses and events against the models of the official client, which are newer than the description of the API.

A failure after an update of `openai` says what the API has learned since.
"""

from __future__ import annotations

import re
from typing import Any, get_args

import pydantic
import pytest
from openai.types import responses as official

from openai_conversations.schemas.responses import events
from openai_conversations.schemas.responses.events import EVENT_CLASSES
from openai_conversations.schemas.responses.response import CompactedResponse, Response
from openai_conversations.schemas.responses.usage import InputTokenCount
from tests.schemas.test_official import missing

NEWER_EVENTS = {"response.compaction.compacting"}
NEWER = re.compile(
    r"no field (access_programs|image|input_transformations|prompt_cache_diagnostics|tool_usage|misalignment"
    r"|cache_write_tokens_details)$"
)
NOT_MISSING = re.compile(r"esponse\.model: no \[|Response\.instructions: no class for (EasyInputM|M|ItemR)e")
"""Names of models are not listed; a message is a message, whatever shape it comes in."""


def models() -> dict[str, type[pydantic.BaseModel]]:
    """The events of the official client, by type."""
    union = get_args(get_args(official.ResponseStreamEvent)[0])
    return {tag: model for model in union for tag in get_args(model.model_fields["type"].annotation)}


def lacking(annotation: Any, hint: Any) -> list[str]:
    """What a class has no place for, but for what is known to be newer."""
    return [line for line in missing("", annotation, hint) if not NEWER.search(line) and not NOT_MISSING.search(line)]


def test_events_have_their_official_names() -> None:
    """A service that moves here finds the classes of events under the names it knows."""
    theirs = {tag: model.__name__ for tag, model in models().items()}

    assert theirs.keys() - EVENT_CLASSES.keys() == NEWER_EVENTS
    assert {tag: name for tag, name in theirs.items() if tag not in NEWER_EVENTS} == EVENT_CLASSES


@pytest.mark.parametrize("tag", sorted(EVENT_CLASSES))
def test_every_member_of_every_event(tag: str) -> None:
    """Every member and enumerated value of the official event has its place."""
    assert [] == lacking(models()[tag], getattr(events, EVENT_CLASSES[tag]))


@pytest.mark.parametrize(
    ("annotation", "hint"),
    [
        pytest.param(official.Response, Response, id="response"),
        pytest.param(official.CompactedResponse, CompactedResponse, id="compacted response"),
        pytest.param(official.InputTokenCountResponse, InputTokenCount, id="token count"),
    ],
)
def test_nothing_is_missing(annotation: Any, hint: Any) -> None:
    """Every member and enumerated value of the official responses has its place."""
    assert [] == lacking(annotation, hint)
