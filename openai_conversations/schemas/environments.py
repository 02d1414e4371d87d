"""Where shell commands run, as both shell calls and the shell tool describe it."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema


@schema
class LocalSkill(Schema):
    """A skill in a directory of the machine that executes the commands."""

    name: str
    description: str
    path: str
    """The directory that holds the skill."""


@schema
class LocalEnvironment(Schema):
    """The caller's own machine."""

    type: Literal["local"] = "local"

    skills: list[LocalSkill] | None = None
    """Skills on that machine; present in requests only."""


@schema
class ContainerReference(Schema):
    """A container that exists already."""

    type: Literal["container_reference"] = "container_reference"

    container_id: str
