"""Which URLs out of a conversation may become a link or an image. Everything else is shown as text."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

_LINKS: Final = frozenset({"http", "https", "mailto"})

# Bitmaps only, whole and without parameters: nothing that a browser would run or follow.
_IMAGE: Final = re.compile(
    r"data:image/(?:png|jpe?g|gif|webp|avif|bmp);base64,[A-Za-z0-9+/\s]+={0,2}\s*", re.IGNORECASE
)


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
