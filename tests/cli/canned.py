"""A server that says what it is told to, however odd, and stores nothing."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextlib.contextmanager
def canned(conversation: str, *items: str) -> Iterator[str]:
    """
    Serve one conversation, ``conv_odd``, as JSON texts; gives the base URL.

    Args:
        conversation: The members beside its id.
        items: Its items, oldest first.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            ordered = items[::-1] if "order=asc" not in self.path else items
            page = f'{{"object":"list","data":[{",".join(ordered)}],"first_id":"","last_id":"","has_more":false}}'
            whole = f'{{"id":"conv_odd","object":"conversation",{conversation}}}'
            body = (page if "/items" in self.path else whole).encode("utf-8", "surrogatepass")
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: standard error is the program's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def message(text: str, role: str = "user", id: str = "msg_1") -> str:
    """A message as JSON."""
    kind = "output_text" if role == "assistant" else "input_text"
    content = [{"type": kind, "text": text}]
    return json.dumps({"type": "message", "id": id, "status": "completed", "role": role, "content": content})
