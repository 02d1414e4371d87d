"""``shell``: a shell."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.enums import AllowedCaller, MemoryLimit
from openai_conversations.schemas.environments import ContainerReference, LocalEnvironment
from openai_conversations.schemas.tools.network_policies import NetworkPolicy
from openai_conversations.schemas.tools.skills import Skill
from openai_conversations.schemas.unknown import UnknownObject


@schema
class ContainerAuto(Schema):
    """A container that is created when it is needed."""

    type: Literal["container_auto"] = "container_auto"

    file_ids: list[str] | None = None
    """Uploaded files for the commands."""
    memory_limit: MemoryLimit | None = None
    network_policy: NetworkPolicy | None = None
    skills: list[Skill] | None = None


ShellToolEnvironment = ContainerAuto | LocalEnvironment | ContainerReference | UnknownObject


@schema
class ShellTool(Schema):
    """Lets the model run commands."""

    type: Literal["shell"] = "shell"

    environment: ShellToolEnvironment | None = None
    """Where the commands run."""
    allowed_callers: list[AllowedCaller] | None = None
