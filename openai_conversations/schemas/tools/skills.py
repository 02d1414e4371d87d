"""Skills of a container."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.unknown import UnknownObject


@schema
class SkillReference(Schema):
    """An uploaded skill."""

    type: Literal["skill_reference"] = "skill_reference"

    skill_id: str
    version: str | None = None
    """A number or ``latest``; ``None`` is the skill's default version."""


@schema
class InlineSkillSource(Schema):
    """The files of a skill."""

    type: Literal["base64"] = "base64"

    media_type: Literal["application/zip"] | str = "application/zip"
    data: str
    """The zip file in base64."""


@schema
class InlineSkill(Schema):
    """A skill that comes with the request."""

    type: Literal["inline"] = "inline"

    name: str
    description: str
    source: InlineSkillSource | UnknownObject


Skill = SkillReference | InlineSkill | UnknownObject
