"""``apply_patch_call``: the model changes a file."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.callers import Caller
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.unknown import UnknownObject


@schema
class CreateFile(Schema):
    """Create a file."""

    type: Literal["create_file"] = "create_file"

    path: str
    diff: str


@schema
class DeleteFile(Schema):
    """Delete a file."""

    type: Literal["delete_file"] = "delete_file"

    path: str


@schema
class UpdateFile(Schema):
    """Change a file."""

    type: Literal["update_file"] = "update_file"

    path: str
    diff: str


PatchOperation = CreateFile | DeleteFile | UpdateFile | UnknownObject


@schema
class ApplyPatchCall(Item):
    """A change of a file."""

    type: Literal["apply_patch_call"] = "apply_patch_call"

    call_id: str
    """Ties the call to its output."""
    caller: Caller | None = None
    status: Literal["in_progress", "completed"] | str | None = None
    operation: PatchOperation
    created_by: str | None = None
    """Who created the item; present in responses only."""
