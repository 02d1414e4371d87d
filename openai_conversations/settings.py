"""
Settings: what a client was told, what the environment says, and how servers differ.

This is the one place that reads the environment. A keyword wins over a variable; an empty variable counts as unset.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal, NoReturn, cast
from urllib.parse import SplitResult, urlsplit

import attrs

from openai_conversations.errors import ConfigurationError, one_line
from openai_conversations.no_proxy import is_excepted

logger: Final = logging.getLogger("openai_conversations")

# https://www.rfc-editor.org/rfc/rfc9110#name-tokens
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch

ApiKey = str | Callable[[], str] | Callable[[], Awaitable[str]]
"""A key, or a function (plain or async) that is asked for one before every attempt."""


@attrs.frozen(kw_only=True)
class Timeout:
    """
    How long a call may take; all in seconds, ``None`` for no bound.

    Attributes:
        total: The whole call: waiting for a connection, attempts, back-off, finding out what happened.
        attempt: One attempt, counted from the moment a connection is free.
        connect: Opening a connection.
    """

    total: float | None = 60.0
    attempt: float | None = 20.0
    connect: float | None = 5.0

    def __attrs_post_init__(self) -> None:
        for name in ("total", "attempt", "connect"):
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and 0 < value < float("inf")):
                raise ConfigurationError(f"timeout: {name} must be a positive number of seconds or None, not {value!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


DEFAULT_TIMEOUT: Final = Timeout()


@attrs.frozen(kw_only=True)
class BodyLimits:
    """
    How large the body of a response may be; all in bytes. A larger one is an error that is not tried again.

    Attributes:
        compressed: Of a 2xx response as it arrives.
        decompressed: Of a 2xx response when it is decompressed.
        errors: Of any other response, decompressed; what is beyond is cut off.
    """

    compressed: int = 64 << 20
    decompressed: int = 64 << 20
    errors: int = 1 << 20

    def __attrs_post_init__(self) -> None:
        for name in ("compressed", "decompressed", "errors"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
                raise ConfigurationError(f"body_limits: {name} must be a whole number of bytes above 0, not {value!r}")


DEFAULT_BODY_LIMITS: Final = BodyLimits()
DEFAULT_MAX_CONNECTIONS: Final = 100


def as_timeout(value: float | Timeout | None, base: Timeout = DEFAULT_TIMEOUT) -> Timeout:
    """A bare number bounds the whole call; ``None`` lifts the bound of the whole call; the rest is as in *base*."""
    if isinstance(value, Timeout):
        return value
    if value is not None and not _is_number(value):
        raise ConfigurationError(f"timeout must be a number of seconds, a Timeout or None, not {value!r}")
    return attrs.evolve(base, total=value)


@attrs.frozen(kw_only=True)
class Profile:
    """
    How a server of this API differs from OpenAI's.

    Attributes:
        name: What people call it.
        include_style: ``brackets`` sends ``include[]=a&include[]=b``, ``repeat`` sends ``include=a&include=b``.
        key_header: The header that carries a key given as a string: ``authorization`` (as a bearer) or ``api-key``.
            What a provider returns is always sent as a bearer token.
        path: Appended to a base URL that has no path of its own; empty for nothing.
        query: Sent with every request (``api-version``).
        needs_key: Whether a client without a key is refused.
    """

    name: str
    include_style: Literal["brackets", "repeat"] = "brackets"
    key_header: Literal["authorization", "api-key"] = "authorization"
    path: str = ""
    query: Mapping[str, str] = attrs.field(factory=dict[str, str])
    needs_key: bool = True


OPENAI: Final = Profile(name="openai")
AZURE: Final = Profile(name="azure", key_header="api-key", path="/openai/v1")
GENERIC: Final = Profile(name="generic", include_style="repeat", needs_key=False)

PROFILES: Final[Mapping[str, Profile]] = {p.name: p for p in (OPENAI, AZURE, GENERIC)}


def azure(*, api_version: str | None = None) -> Profile:
    """
    Azure OpenAI and Foundry projects: ``/openai/v1``, the ``api-key`` header or a token provider.

    Args:
        api_version: Sent as ``api-version`` with every request; ``None`` sends none, which the v1 path allows.
    """
    return attrs.evolve(AZURE, query={"api-version": api_version} if api_version else {})


@attrs.frozen(kw_only=True)
class Settings:
    """What a client goes by; the key is not shown."""

    api_key: ApiKey | None = attrs.field(repr=False)
    organization: str | None
    project: str | None
    base_url: str
    timeout: Timeout
    max_retries: int
    default_headers: Mapping[str, str] = attrs.field(repr=False)
    default_query: Mapping[str, object] = attrs.field(repr=False)
    profile: Profile
    proxy: str | None = attrs.field(default=None, repr=False)

    def __reduce__(self) -> NoReturn:
        raise TypeError("Settings hold a key and cannot be pickled or copied")


_LONGEST_HOST: Final = 253
_LONGEST_LABEL: Final = 63

DEFAULT_BASE_URL: Final = "https://api.openai.com/v1"
DEFAULT_MAX_RETRIES: Final = 2

_NO_DEFAULTS: Final[Mapping[str, str]] = {}  # one for all views: 6 % of the memory of each


def resolve(
    *,
    api_key: ApiKey | None = None,
    organization: str | None = None,
    project: str | None = None,
    base_url: str | None = None,
    timeout: float | Timeout | None = DEFAULT_TIMEOUT,
    max_retries: int = DEFAULT_MAX_RETRIES,
    default_headers: Mapping[str, str] | None = None,
    default_query: Mapping[str, object] | None = None,
    profile: Profile | str = OPENAI,
    proxy: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """
    Settings from keywords and environment.

    Raises:
        ConfigurationError: A value cannot be used; the message names it and never shows a key.
    """
    env = os.environ if environ is None else environ
    server = find_profile(profile)
    url = _checked_base_url(_first(base_url, env.get("OPENAI_BASE_URL") or DEFAULT_BASE_URL), server)
    follow_log_level(env.get("OPENAI_LOG"))
    return Settings(
        # A key that was given is never replaced by another one, were it empty.
        api_key=_checked_api_key(env.get("OPENAI_API_KEY") or None if api_key is None else api_key, server),
        organization=_checked_id("organization", _first(organization, env.get("OPENAI_ORG_ID"))),
        project=_checked_id("project", _first(project, env.get("OPENAI_PROJECT_ID"))),
        base_url=url,
        timeout=as_timeout(timeout),
        max_retries=checked_max_retries(max_retries),
        default_headers=merged(custom_headers(env.get("OPENAI_CUSTOM_HEADERS")), checked_headers(default_headers or {}))
        or _NO_DEFAULTS,
        default_query=_given({**server.query, **checked_query(default_query)}) or _NO_DEFAULTS,
        profile=server,
        proxy=checked_proxy(environment_proxy(url, environ) if proxy is None else proxy),
    )


def _first(given: str | None, fallback: str | None) -> str | None:
    return fallback if given is None else given


def find_profile(profile: Profile | str) -> Profile:
    """A profile by its name, or the profile itself."""
    if isinstance(profile, Profile):
        return profile
    if profile not in PROFILES:
        raise ConfigurationError(f"profile must be one of {', '.join(PROFILES)} or a Profile, not {profile!r}")
    return PROFILES[profile]


def _checked_api_key(api_key: ApiKey | None, profile: Profile) -> ApiKey | None:
    if api_key is None:
        if profile.needs_key:
            raise ConfigurationError("no API key: pass api_key=… or set the environment variable OPENAI_API_KEY")
        return None
    return api_key if callable(api_key) else checked_key(api_key)


def checked_key(key: object) -> str:
    """
    A key that can stand in a header.

    Raises:
        ConfigurationError: It is not a string, is empty, or holds a line break, another control character, white space
            at its ends or a character outside ASCII. The key is not shown.
    """
    if not isinstance(key, str):
        raise ConfigurationError(f"api_key must be a string or a function that returns one, not {type(key).__name__}")
    if not key:
        raise ConfigurationError("api_key is empty")
    if not key.isascii() or not key.isprintable():
        raise ConfigurationError("api_key contains a line break, a control character or a character outside ASCII")
    if key != key.strip():
        raise ConfigurationError("api_key begins or ends with white space")
    return key


def _checked_id(name: str, value: object) -> str | None:
    """An id that is sent in a header; empty for none."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or value != value.strip():
        raise ConfigurationError(
            f"{name} must be a string of ASCII without line breaks and without white space at its ends, "
            f"not {one_line(repr(value))}"
        )
    return value


def _checked_base_url(base_url: object, profile: Profile) -> str:
    parts = _split_url("base_url", base_url)
    if parts.query or parts.fragment:
        raise ConfigurationError("base_url must not have a query or a fragment; use default_query for queries")
    if parts.username or parts.password:
        raise ConfigurationError("base_url must not contain a user name or a password; use api_key or default_headers")
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path or profile.path}"


def _split_url(name: str, url: object) -> SplitResult:
    """The parts of an absolute URL that can be sent as it is."""
    text = str(url)
    shown = one_line(text.rpartition("@")[2].partition("?")[0])[:80]
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and _is_host(parts.hostname or "") and parts.port != 0
    except ValueError as error:
        raise ConfigurationError(f"{name} must be an absolute http(s) URL, not {shown!r}") from error
    if not usable:
        raise ConfigurationError(f"{name} must be an absolute http(s) URL, not {shown!r}")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigurationError(f"{name} must be ASCII without white space, the rest percent-encoded: {shown!r}")
    return parts


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


def checked_max_retries(value: object) -> int:
    """Zero or more; 0 means that nothing is tried twice."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigurationError(f"max_retries must be a whole number of 0 or more, not {value!r}")
    return value


def checked_max_connections(value: object) -> int:
    """One or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"max_connections must be a whole number of 1 or more, not {value!r}")
    return value


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """
    Headers that can be sent.

    Raises:
        ConfigurationError: A name or value holds a line break or is not a string; the value is not shown.
    """
    if not isinstance(headers, Mapping):
        raise ConfigurationError(f"headers must be a mapping of strings, not {type(headers).__name__}")
    pairs = cast("Mapping[object, object]", headers)  # callers without a type checker pass anything
    for name, value in pairs.items():
        if not isinstance(name, str) or not _HEADER_NAME(name):
            raise ConfigurationError(f"{one_line(str(name))!r} is not the name of a header")
        if not isinstance(value, str) or any(c in value for c in "\r\n\0"):
            raise ConfigurationError(f"the value of the header {name} is not a string, or holds a line break")
    return dict(headers)


def merged(base: Mapping[str, str], over: Mapping[str, str]) -> dict[str, str]:
    """Headers of both; where a name is in both, in any case, the second wins."""
    if not over:
        return dict(base)
    lowered = {name.lower() for name in over}
    return {**{name: value for name, value in base.items() if name.lower() not in lowered}, **over}


def checked_query(query: Mapping[str, object] | None) -> Mapping[str, object]:
    """
    Query values; ``None`` stands for none.

    Raises:
        ConfigurationError: It is no mapping, has a name that is no string, or a value that cannot stand in a URL; the
            value is not shown.
    """
    if query is None:
        return {}
    if not isinstance(query, Mapping):
        raise ConfigurationError(f"default_query must be a mapping, not {type(query).__name__}")
    for name, value in cast("Mapping[object, object]", query).items():
        if not isinstance(name, str) or not name:
            raise ConfigurationError(f"default_query: {one_line(repr(name))} is not the name of a value")
        if isinstance(value, (Mapping, bytes)):
            raise ConfigurationError(f"default_query: {name} cannot be of type {type(cast('object', value)).__name__}")
    return query


def _given(query: Mapping[str, object]) -> dict[str, object]:
    """``None`` drops a value."""
    return {name: value for name, value in query.items() if value is not None}


def query_text(value: object) -> str:
    """A scalar as it stands in a query; booleans are ``true`` and ``false``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def custom_headers(text: str | None) -> dict[str, str]:
    """``OPENAI_CUSTOM_HEADERS``: one ``Name: value`` a line; lines without a colon are refused."""
    headers: dict[str, str] = {}
    for line in (text or "").splitlines():
        if line.strip():
            name, colon, value = line.partition(":")
            if not colon:
                raise ConfigurationError("OPENAI_CUSTOM_HEADERS must hold one `Name: value` a line")
            headers = merged(headers, {name.strip(): value.strip()})
    return checked_headers(headers)


def follow_log_level(level: str | None) -> None:
    """``OPENAI_LOG=debug|info`` shows this package's log records on standard error, as in the official client."""
    if level in ("debug", "info"):
        logging.basicConfig(format="[%(asctime)s - %(name)s:%(lineno)d - %(levelname)s] %(message)s")
        logger.setLevel(level.upper())


def environment_proxy(base_url: str, environ: Mapping[str, str] | None = None) -> str | None:
    """
    The proxy that the environment names for a server, or ``None``.

    ``HTTP_PROXY`` or ``HTTPS_PROXY`` by the scheme, else ``ALL_PROXY``, unless ``NO_PROXY`` excepts the host. Names in
    lower case win.

    Read once, when a client is made: looking it up at every request makes a call 3.3 times as expensive.

    Raises:
        ConfigurationError: The variable names a proxy that cannot be used; the message names the variable.
    """
    parts = urlsplit(base_url)
    env = os.environ if environ is None else environ
    if not any(name.lower().endswith("_proxy") and value for name, value in env.items()):
        return _system_proxy(parts) if environ is None else None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if is_excepted(_variable(env, "no_proxy")[1], parts.hostname or "", port):
        return None
    for wanted in (f"{parts.scheme}_proxy", "all_proxy"):
        name, url = _variable(env, wanted)
        # Under CGI, a header of the request can set it (https://httpoxy.org).
        if url and not (name == "HTTP_PROXY" and "REQUEST_METHOD" in env):
            return _checked_variable(name, url)
    return None


def _variable(env: Mapping[str, str], name: str) -> tuple[str, str]:
    """A variable and its name as it is written; lower case wins, also when it is empty."""
    found = {written: value for written, value in env.items() if written.lower() == name}
    if name in found:
        return name, found[name]
    return next(iter(found.items()), (name, ""))


def _checked_variable(name: str, url: str) -> str:
    scheme, is_url, _ = url.partition("://")
    if is_url and scheme.lower() not in {"http", "https"}:
        raise ConfigurationError(
            f"the environment variable {name} names a proxy of the kind {one_line(scheme)}, and only HTTP proxies can "
            'be used: pass proxy="" for none, proxy= with the URL of an HTTP proxy, or proxy="" and session= with an '
            "aiohttp session whose connector speaks it (such as that of aiohttp-socks)"
        )
    try:
        return checked_proxy(url) or ""
    except ConfigurationError as error:
        raise ConfigurationError(f"the environment variable {name}: {error}") from None


def _system_proxy(parts: SplitResult) -> str | None:
    """What the settings of macOS and Windows say."""
    from urllib.request import getproxies, proxy_bypass

    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
