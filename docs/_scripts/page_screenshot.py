"""
Make the pictures of the embedded server's page that the documentation shows.

    python docs/_scripts/page_screenshot.py [FOLDER]

A few requests are sent to an embedded server, and its page is looked at in headless Chromium, light and dark.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from http.client import IncompleteRead
from pathlib import Path
from typing import Any

from transcript_screenshot import FLAGS, items

from openai_conversations.server import ConversationsServer, faults
from openai_conversations.server.model import call, reason, say

WEATHER = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}


def ask(server: ConversationsServer, method: str, path: str, body: Any = None) -> Any:
    """A request of some client; what comes of it may be an error, or half of a stream."""
    headers = {"authorization": "Bearer sk-local", "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{server.base_url}{path}", data=data, headers=headers, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request) as response:  # noqa: S310  # our own server
            text = response.read()
    except (urllib.error.HTTPError, IncompleteRead):
        return None
    return json.loads(text) if text.startswith(b"{") else None


def fill(server: ConversationsServer) -> None:
    """A bit of everything."""
    weather = "How warm is it in Bern?"
    server.model.script([reason("They want the weather.") + call("get_weather", {"city": "Bern"}, call_id="call_1")])
    server.model.script([say("It is **21 °C** in Bern."), say("You are welcome.")])
    server.model.when(pattern="joke").refuse()
    server.add_fault(faults.sort_keys(operation="createConversation"))
    server.add_fault(faults.commit_then_status(500, operation="createConversationItems", count=2))
    server.add_fault(faults.cut_stream(in_text=True, skip=1))
    ask(server, "POST", "/conversations", {"metadata": {"title": "Signups in November"}, "items": items()})
    conversation = ask(server, "POST", "/conversations", {})["id"]
    turn = {"model": "gpt-5", "conversation": conversation, "stream": True, "tools": [WEATHER]}
    ask(server, "POST", "/responses", {**turn, "input": weather})
    output = {"type": "function_call_output", "call_id": "call_1", "output": "21"}
    ask(server, "POST", "/responses", {**turn, "input": [output]})
    message = {"items": [{"role": "user", "content": "Thanks!"}]}
    for _ in range(3):
        ask(server, "POST", f"/conversations/{conversation}/items", message)
    ask(server, "GET", f"/conversations/{conversation}/items?limit=3")
    ask(server, "DELETE", "/conversations/conv_123")


def shoot(url: str, picture: Path, *, dark: bool) -> None:
    """A picture of a page."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("Chromium is not installed")
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(  # noqa: S603  # our own page in the browser of this machine
            [
                browser,
                *FLAGS,
                f"--blink-settings=preferredColorScheme={0 if dark else 1}",
                f"--user-data-dir={profile}",
                "--timeout=2000",
                "--window-size=1180,760",
                f"--screenshot={picture}",
                url,
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "_static")
    with ConversationsServer(seed=1) as server:
        fill(server)
        shoot(server.page_url, folder / "page-light.png", dark=False)
        shoot(server.page_url, folder / "page-dark.png", dark=True)


if __name__ == "__main__":
    main()
