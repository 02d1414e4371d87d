"""Where a service and a proxy are: URLs, checked before they are used. An error never shows a password."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urlsplit

from openai_conversations.checks import shown
from openai_conversations.errors import ConfigurationError, one_line

_LONGEST_HOST: Final = 253
_LONGEST_LABEL: Final = 63


def checked_base_url(name: str, base_url: object, path: str) -> str:
    """
    Where a service is, without a slash at the end.

    Args:
        name: What it came as, for the error.
        base_url: A URL.
        path: What is appended where it has no path of its own.

    Raises:
        ConfigurationError: It is no absolute URL, or holds a query or a password, which are not shown.
    """
    parts = split_base_url(name, base_url)
    if parts.query:
        raise no_query(name)
    own = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{own or path}"


def split_base_url(name: str, base_url: object) -> SplitResult:
    """
    The parts of a base URL, which may have a query.

    Raises:
        ConfigurationError: It is no absolute URL, or holds a fragment or a password, which are not shown.
    """
    parts = _split_url(name, base_url)
    if parts.fragment:
        raise no_query(name)
    if parts.username or parts.password:
        raise ConfigurationError(
            f"{name} must not contain a user name or a password", advice="; use api_key or default_headers"
        )
    return parts


def no_query(name: str) -> ConfigurationError:
    """The error for a base URL with a query, which is not shown."""
    return ConfigurationError(f"{name} must not have a query or a fragment", advice="; use default_query for queries")


def _split_url(name: str, url: object) -> SplitResult:
    """The parts of an absolute URL that can be sent as it is."""
    if not _is_url(url):
        raise ConfigurationError(f"{name} must be an absolute http(s) URL, not {shown(url)}")
    text = str(url)
    visible = one_line(text.rpartition("@")[2].partition("?")[0])[:80]
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and _is_host(parts.hostname or "") and parts.port != 0
    except ValueError as error:
        raise ConfigurationError(f"{name} must be an absolute http(s) URL, not {visible!r}") from error
    if not usable:
        raise ConfigurationError(f"{name} must be an absolute http(s) URL, not {visible!r}")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigurationError(f"{name} must be ASCII without white space, the rest percent-encoded: {visible!r}")
    return parts


def _is_url(url: object) -> bool:
    """A string, or a URL of yarl's or httpx's kind."""
    return isinstance(url, str) or hasattr(url, "scheme")


def _is_host(host: str) -> bool:
    """Whether it is an address, or a name whose labels are neither empty nor too long (RFC 1035 §2.3.4)."""
    if ":" in host:
        return True  # an IPv6 address: `urlsplit` has looked at the brackets
    labels = host.removesuffix(".").split(".")
    return len(host) <= _LONGEST_HOST and all(0 < len(label) <= _LONGEST_LABEL for label in labels)


def checked_proxy(proxy: str | None) -> str | None:
    """
    The URL of an HTTP proxy; without a scheme, as in many an environment variable, it is ``http``.

    Raises:
        ConfigurationError: It is none, or one of another kind; its password is not shown.
    """
    if not proxy:
        return None
    url = str(proxy) if "://" in str(proxy) else f"http://{proxy}"
    _split_url("proxy", url)
    return url


def checked_proxy_argument(proxy: object) -> str | None:
    """
    A proxy that was passed; ``""`` for none.

    A word alone is more often a mistake than the name of a machine that listens on port 80.

    Raises:
        ConfigurationError: It is no URL of an HTTP proxy; its password is not shown.
    """
    if proxy == "":
        return None
    url = str(proxy) if _is_url(proxy) else ""
    if ":" not in url:  # so it holds no password either
        raise ConfigurationError(f'proxy must be the URL of an HTTP proxy, "http://host:port", not {shown(proxy)}')
    return checked_proxy(url)


def checked_proxy_variable(name: str, url: str) -> str:
    """
    A proxy that an environment variable names.

    Raises:
        ConfigurationError: It cannot be used; the message names the variable.
    """
    scheme, is_url, _ = url.partition("://")
    if is_url and scheme.lower() not in {"http", "https"}:
        raise ConfigurationError(
            f"the environment variable {name} names a proxy of the kind {one_line(scheme)}, and only HTTP proxies can "
            "be used: unset it, or except the host in NO_PROXY",
            advice='; or pass proxy="" for none, proxy= with the URL of an HTTP proxy, or proxy="" and session= with '
            "an aiohttp session whose connector speaks it (such as that of aiohttp-socks)",
        )
    try:
        return checked_proxy(url) or ""
    except ConfigurationError as error:
        raise ConfigurationError(f"the environment variable {name}: {error}") from None
