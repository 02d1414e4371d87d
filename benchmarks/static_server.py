"""
The server under the benchmarks: separate, cheap, on the other core.

nginx where it is installed, else a bare asyncio protocol; it answers from files and decides nothing.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import payloads

COOKIES = (
    "__cf_bm=abcdefghijklmnop.qrstuvwxyz-1234567890; path=/; expires=Mon, 23-Nov-37 06:00:00 GMT; HttpOnly",
    "_cfuvid=zyxwvutsrqponmlkjihgfedcba-1234567890; path=/; HttpOnly",
)

_SETTING = "add_header Set-Cookie $first; add_header Set-Cookie $second;"

_CONFIG = """
daemon off; worker_processes 1; error_log /dev/null; pid {root}/pid;
events {{ worker_connections 16384; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600; default_type application/json;
  client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
  uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5; client_body_buffer_size 1m;
  map $http_cookie $first {{ "" "{first}"; default ""; }}
  map $http_cookie $second {{ "" "{second}"; default ""; }}
  server {{ listen 127.0.0.1:{plain} backlog=8192; {common} }}
  server {{ listen 127.0.0.1:{cookies} backlog=8192; {setting} {common} }}
}}
"""

# nginx answers POST to a file with 405; the response is then taken from the file all the same.
_COMMON = """
  root {root}/www; open_file_cache max=1000; add_header x-request-id req_0123456789;
  error_page 405 =200 $uri;
  location ~ ^/v1/conversations/[^/]+$ {{ rewrite ^ /conversation.json break; }}
  location ~ ^/v1/conversations/(?<name>[a-z0-9]+)(-[0-9]+)?/items$ {{
    try_files /items/$name$arg_after.json =404; error_page 405 =200 /items/$name.json;
  }}
"""


def write_answers(root: Path) -> None:
    """One file per answer; the path of a page's file is its conversation's name and the cursor."""
    items = root / "www" / "items"
    items.mkdir(parents=True)
    (root / "www" / "conversation.json").write_bytes(payloads.as_bytes(payloads.conversation()))
    for count in (1, 20):
        sent = {"object": "list", "has_more": False, "first_id": "msg_a", "last_id": "msg_b"}
        data = [
            {"id": f"msg_{i}", "status": "completed", **item} for i, item in enumerate(payloads.items_to_send(count))
        ]
        (items / f"create{count}.json").write_bytes(payloads.as_bytes({**sent, "data": data}))
    (items / "page.json").write_bytes(payloads.as_bytes({**payloads.page("mixed", 100), "has_more": False}))
    after = ""
    for number in range(payloads.PAGES):
        page = payloads.page("mixed", payloads.PAGE_SIZE, number)
        (items / f"walk{after}.json").write_bytes(payloads.as_bytes(page))
        after = page["last_id"]


@contextmanager
def serve(root: Path) -> Iterator[tuple[str, str]]:
    """
    Run the server; gives the base URLs without and with cookies.

    The second has a name and not an address, because cookie jars keep nothing for addresses.
    """
    write_answers(root)
    plain, cookies = free_port(), free_port()
    command = _nginx(root, plain, cookies) or [
        sys.executable,
        "-m",
        "benchmarks.static_server",
        str(root),
        f"{plain}",
        f"{cookies}",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pin_to_last(process.pid)
    try:
        wait_for(plain)
        yield f"http://127.0.0.1:{plain}/v1", f"http://localhost:{cookies}/v1"
    finally:
        process.terminate()
        process.wait()


def _nginx(root: Path, plain: int, cookies: int) -> list[str] | None:
    program = shutil.which("nginx")
    if program is None:
        return None
    root.chmod(0o755)  # the worker runs as another user
    common = _COMMON.format(root=root)
    config = _CONFIG.format(
        root=root, plain=plain, cookies=cookies, first=COOKIES[0], second=COOKIES[1], common=common, setting=_SETTING
    )
    (root / "nginx.conf").write_text(config)
    return [program, "-e", "/dev/null", "-c", str(root / "nginx.conf")]


def pin_to_last(pid: int) -> None:
    """A process to the last core; clients run on the first."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, {max(os.sched_getaffinity(0))})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("the static server did not start")


class Fallback(asyncio.Protocol):
    """The same responses, for machines without nginx."""

    def __init__(self, root: Path, cookies: bool) -> None:
        self._root = root
        self._cookies = cookies
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].decode("latin-1")
            length = next(
                (int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length:")), 0
            )
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            self._answer(head)

    def _answer(self, head: str) -> None:
        target = head.split(" ", 2)[1]
        path, _, query = target.partition("?")
        parts = path.split("/")
        after = next((pair[6:] for pair in query.split("&") if pair.startswith("after=")), "")
        name = f"items/{parts[3].split('-')[0]}{after}.json" if len(parts) > 4 else "conversation.json"
        body = (self._root / "www" / name).read_bytes()
        wanted = self._cookies and "cookie:" not in head.lower()
        extra = "".join(f"Set-Cookie: {cookie}\r\n" for cookie in COOKIES) if wanted else ""
        start = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
        self._transport.write(start.encode() + body)  # type: ignore[attr-defined]


async def _fallback(root: Path, plain: int, cookies: int) -> None:
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: Fallback(root, cookies=False), "127.0.0.1", plain, backlog=8192)
    server = await loop.create_server(lambda: Fallback(root, cookies=True), "127.0.0.1", cookies, backlog=8192)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_fallback(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
