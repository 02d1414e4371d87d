"""
Which hosts ``NO_PROXY`` excepts. Pure functions.

There is no standard. What is understood is what curl, Go and the tools that write the variable understand together
(https://about.gitlab.com/blog/we-need-to-talk-no-proxy/): names with their subdomains, addresses, blocks of addresses
as Docker Desktop writes them, ports, and ``*``. When unsure, a host is excepted: a request that goes past a proxy
fails, and one that goes to it takes its key along.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_SEPARATORS: Final = re.compile(r"[,\s]+")
_SCHEME: Final = re.compile(r"^[a-z]+://")
# The port of a name, of an IPv4 address, or of an IPv6 address in brackets; two colons without brackets are an address.
_WITH_PORT: Final = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*):(?P<port>\d+)").fullmatch


def is_excepted(no_proxy: str, host: str, port: int) -> bool:
    """
    Whether requests to a host go past the proxy.

    Args:
        no_proxy: The variable.
        host: A name or an address, without brackets.
        port: Where it listens.
    """
    name = host.lower().rstrip(".")
    return any(_matches(entry, name, port) for entry in _SEPARATORS.split(no_proxy.lower()) if entry)


def _matches(entry: str, host: str, port: int) -> bool:
    entry = _SCHEME.sub("", entry).rstrip("/")
    with_port = _WITH_PORT(entry)
    if with_port is not None:
        if int(with_port["port"]) != port:
            return False
        entry = with_port["host"]
    address = _address(host)
    if address is not None and _is_in_block(address, entry.strip("[]")):
        return True
    return _is_below(host, entry.rstrip("."))


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _is_in_block(address: IPv4Address | IPv6Address, block: str) -> bool:
    try:
        network = ip_network(block, strict=False)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address in network or (mapped is not None and mapped in network)


def _is_below(host: str, entry: str) -> bool:
    """Whether a host is an entry or a subdomain of it; ``*`` stands for anything."""
    name = entry.removeprefix("*").lstrip(".")
    if not name:
        return entry == "*"
    if "*" in name:
        return fnmatchcase(host, name) or fnmatchcase(host, f"*.{name}")
    return host == name or host.endswith(f".{name}")
