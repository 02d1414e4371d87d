"""
Make the picture of the demo that the documentation shows.

    python docs/_scripts/demo_screenshot.py [FOLDER]

The demo runs in a pseudo-terminal of 80 columns; what it shows is drawn by rich and looked at in headless Chromium.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 80
WIDTH = 880


def shown_by(command: list[str]) -> str:
    """What a command shows in a terminal, colours included."""
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 100, COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment):  # noqa: S603  # ours
        os.close(terminal)
        return b"".join(_parts(screen)).decode().replace("\r\n", "\n")


def _parts(screen: int) -> list[bytes]:
    parts: list[bytes] = []
    while True:
        try:
            parts.append(os.read(screen, 65536))
        except OSError:  # Linux says so when the other end is closed
            return parts
        if not parts[-1]:
            return parts


def as_page(shown: str) -> tuple[str, int]:
    """The terminal as a page that loads nothing from elsewhere, and its height."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(shown.strip("\n")))
    svg = console.export_svg(title="openai-conversations demo")
    svg = re.sub(r"@font-face\s*{[^}]*}", "", svg).replace("Fira Code", "DejaVu Sans Mono")
    (box,) = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    height = round(float(box[1]) * WIDTH / float(box[0]))
    return f"<style>body{{margin:0}} svg{{width:{WIDTH}px}}</style>{svg}", height


def main() -> None:
    """Write ``demo.png``."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "_static").resolve()
    page, height = as_page(shown_by([sys.executable, "-m", "openai_conversations.cli", "demo"]))
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium on this machine")
    with tempfile.TemporaryDirectory() as place:
        html = Path(place) / "demo.html"
        html.write_text(page, encoding="utf-8")
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={WIDTH},{height}"]
        subprocess.run(  # noqa: S603  # Chromium
            [chromium, *flags, f"--screenshot={folder / 'demo.png'}", html.as_uri()],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


if __name__ == "__main__":
    main()
