"""
No request leaves this machine while tests run: what ``--conversations-loopback`` holds.

Python tells of every connection and every lookup of a name before it happens (audit events, PEP 578), whichever library
asks for it. So nothing is patched; what is not Python's own socket (uvloop, a subprocess) is not seen.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any


class NotLoopbackError(ConnectionRefusedError):
    """A test asked for an address elsewhere. An :class:`OSError`, so that sockets are closed as they always are."""


class LoopbackGuard:
    """Refuses addresses that are not loopback, and remembers which test asked for which."""

    def __init__(self) -> None:
        self.test = ""
        self.is_on = False
        self.refused: list[str] = []

    def check(self, event: str, arguments: tuple[Any, ...]) -> None:
        """
        Judge an audit event.

        Raises:
            NotLoopbackError: It leads away from this machine.
        """
        if not self.is_on or event not in _ADDRESSES:
            return
        address = _ADDRESSES[event](*arguments)
        if address is not None:
            sentence = self._sentence(address)
            self.refused.append(sentence)
            raise NotLoopbackError(sentence)

    def _sentence(self, address: str) -> str:
        who = f"the test {self.test}" if self.test else "something outside of any test"
        return f"{who} asked for {address}, which is not a loopback address (--conversations-loopback)"

    def take(self) -> list[str]:
        """What was refused since the last time."""
        refused, self.refused = list(dict.fromkeys(self.refused)), []
        return refused


def _connected(sock: socket.socket, address: Any) -> str | None:
    # Connecting a datagram socket sends nothing: it is how programs ask which interface they would use.
    return _foreign(sock, address) if sock.type == socket.SOCK_STREAM else None


def _foreign(sock: socket.socket, address: Any) -> str | None:
    """The address in words, unless it is of this machine."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or address is None:
        return None
    host, port = str(address[0]), str(address[1])
    return None if is_ours(host) else f"{host}:{port}"


def _looked_up(host: Any, *_: Any) -> str | None:
    """The name, unless there is nothing to look up or it is of this machine."""
    name = _text(host)
    return None if is_ours(name) or _is_number(name) else name


def _text(host: Any) -> str:
    return host.decode(errors="replace") if isinstance(host, bytes) else str(host or "")


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def is_ours(host: str) -> bool:
    """Whether a name or an address is that of this machine; unspecified addresses lead to it, too."""
    if _is_number(host):
        address = ipaddress.ip_address(host.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        return bool(mapped.is_loopback or mapped.is_unspecified)
    name = host.rstrip(".").lower()
    return name in {"", "localhost", socket.gethostname().lower()} or name.endswith(".localhost")


_ADDRESSES: Mapping[str, Callable[..., str | None]] = {
    "socket.connect": _connected,
    "socket.sendto": _foreign,
    "socket.sendmsg": _foreign,
    "socket.getaddrinfo": _looked_up,
    "socket.gethostbyname": _looked_up,
}

_installed: list[LoopbackGuard] = []


def install() -> LoopbackGuard:
    """The one guard of this process: Python takes no audit hook back."""
    if not _installed:
        guard = LoopbackGuard()
        _installed.append(guard)
        sys.addaudithook(guard.check)
    return _installed[0]
