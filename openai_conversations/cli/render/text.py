"""Text from elsewhere, made fit for a terminal."""

from __future__ import annotations

import re
from typing import Final

# Control characters but line feed and tab, and the marks that turn the direction of text: in a terminal they could
# move the cursor, change its title or make one text look like another.
_UNSAFE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """The text with ``�`` for every character that could do something to a terminal instead of being seen."""
    return _UNSAFE.sub("�", text.replace("\r\n", "\n"))


def folded(text: str, width: int) -> str:
    """One line of at most *width* characters; ``…`` where it was cut."""
    line = " ".join(clean(text).split())
    return line if len(line) <= width else f"{line[: max(width - 1, 0)]}…"
