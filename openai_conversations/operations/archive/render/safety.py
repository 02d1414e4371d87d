"""What of a conversation may stand in a file for people: which URLs are links or images, which characters pass."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

_LINKS: Final = frozenset({"http", "https", "mailto"})

# Bitmaps only, whole and without parameters: nothing that a browser would run or follow.
_IMAGE: Final = re.compile(
    r"data:image/(?:png|jpe?g|gif|webp|avif|bmp);base64,[A-Za-z0-9+/\s]+={0,2}\s*", re.IGNORECASE
)

# Control characters but line feed and tab (ESC and CSI move the cursor of a terminal that shows the file), and halves
# of a pair, which UTF-8 cannot carry.
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def printable(text: str) -> str:
    """The text with ``�`` for every control character; line ends of other systems become line feeds."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))


def safe_link(url: str) -> str:
    """The URL when it leads to a web page or an address, ``""`` for everything else (``javascript:``, ``data:`` …)."""
    if not url.isprintable() or url != url.strip():
        return ""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        return ""
    return url if scheme in _LINKS else ""


def safe_image(url: str) -> str:
    """The URL when it holds a bitmap itself, else ``""``: a transcript loads nothing from elsewhere."""
    return url if _IMAGE.fullmatch(url) else ""
