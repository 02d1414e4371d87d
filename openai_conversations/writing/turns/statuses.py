"""Statuses of responses that have ended."""

from __future__ import annotations

from typing import Final

NOT_COMPLETE: Final = frozenset({"failed", "incomplete", "cancelled"})
"""Those of responses that have ended, and are not complete."""

ENDED: Final = NOT_COMPLETE | {"completed"}
"""Those of responses that do not change any more. Any other, and none, says that it may go on."""
