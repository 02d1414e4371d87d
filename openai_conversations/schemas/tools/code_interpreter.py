"""``code_interpreter``: Python in a container."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.enums import AllowedCaller, MemoryLimit
from openai_conversations.schemas.tools.network_policies import NetworkPolicy
from openai_conversations.schemas.unknown import UnknownObject


@schema
class CodeInterpreterContainer(Schema):
    """A container that is created when it is needed."""

    type: Literal["auto"] = "auto"

    file_ids: list[str] | None = None
    """Uploaded files for the code."""
    memory_limit: MemoryLimit | None = None
    network_policy: NetworkPolicy | None = None


@schema
class CodeInterpreterTool(Schema):
    """Runs Python code of the model."""

    type: Literal["code_interpreter"] = "code_interpreter"

    container: str | CodeInterpreterContainer | UnknownObject
    """Id of a container, or how to create one."""
    allowed_callers: list[AllowedCaller] | None = None
