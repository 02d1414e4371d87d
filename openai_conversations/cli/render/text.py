"""Text from elsewhere, made fit for a terminal."""

from __future__ import annotations

import codecs
import re
from typing import Final, TextIO

# Control characters but line feed and tab, and the marks that turn the direction of text: in a terminal they could
# move the cursor, change its title or make one text look like another.
_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)

_INSTEAD: Final = {
    "…": ".",
    "−": "-",
    "–": "-",
    "·": "*",
    "•": "*",
    "▸": ">",
    "↳": "=",
    "→": "->",
    "✓": "+",
    "×": "x",
    "�": "?",
}
"""What terminals get for characters of ours that they cannot show."""


def clean(text: str) -> str:
    """The text with ``�`` for every character that could do something to a terminal instead of being seen."""
    return _UNSAFE.sub("�", text.replace("\r\n", "\n"))


def clean_json(text: str) -> str:
    """JSON that means the same, with those characters escaped; they can only stand within its strings."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def folded(text: str, width: int) -> str:
    """One line of at most *width* characters; ``…`` where it was cut."""
    line = " ".join(clean(text).split())
    return line if len(line) <= width else f"{line[: max(width - 1, 0)]}…"


def show_what_fits(*streams: TextIO) -> None:
    """From now on, what a terminal cannot show is shown as something else instead of ending the program."""
    codecs.register_error("openai_conversations.instead", _instead)
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # what tests and notebooks put there may lack it
            reconfigure(errors="openai_conversations.instead")


def _instead(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(_INSTEAD.get(character, "?") for character in missing), error.end
