"""What can go wrong, by name: ``faults.commit_then_drop()`` and its like; see :mod:`.named`."""

from __future__ import annotations

from openai_conversations.server.faults.fault import OPERATION_IDS, Fault, Select
from openai_conversations.server.faults.named import (
    NAMED,
    commit_then_drop,
    commit_then_status,
    drop_before_commit,
    empty_page,
    html,
    locked,
    malformed_json,
    missing_last_id,
    refuse,
    slow,
    status,
    stuck_cursor,
    trickle,
    truncated_json,
    unknown_fields,
    unknown_item,
    wrong_shape,
)

__all__ = [
    "NAMED",
    "OPERATION_IDS",
    "Fault",
    "Select",
    "commit_then_drop",
    "commit_then_status",
    "drop_before_commit",
    "empty_page",
    "html",
    "locked",
    "malformed_json",
    "missing_last_id",
    "refuse",
    "slow",
    "status",
    "stuck_cursor",
    "trickle",
    "truncated_json",
    "unknown_fields",
    "unknown_item",
    "wrong_shape",
]
