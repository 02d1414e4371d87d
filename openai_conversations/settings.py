"""
Settings: what a client was told, what the environment says, and how servers differ.

This is the one place that reads the environment. A keyword wins over a variable; an empty variable counts as unset.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, Final, Literal, NoReturn, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

import attrs

from openai_conversations.addresses import checked_base_url, checked_proxy_argument, checked_proxy_variable
from openai_conversations.checks import (
    FLAG,
    MAPPING,
    NAME,
    POSITIVE_COUNT,
    TEXT,
    Wanted,
    is_number,
    is_whole,
    one_of,
    shown,
)
from openai_conversations.errors import ConfigurationError, one_line
from openai_conversations.headers import checked_headers, custom_headers, merged
from openai_conversations.jsontypes import is_omitted
from openai_conversations.no_proxy import is_excepted

T = TypeVar("T")

logger: Final = logging.getLogger("openai_conversations")

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
        turn: A turn of a model that is not streamed to its caller, also with ``safe=True``, in place of *total* and
            *attempt*; and finding out how a streamed one went on after its connection broke, from then until more of
            its output comes.
        first_event: From the call to the first event of a stream, while somebody waits for it.
        next_event: From one event of a stream to the next, while somebody waits for it. Comments are none.
        next_byte: The same for anything, comments too: less than *next_event* where a server is known to send them.
        stream: A stream as a whole, from the call to its end; the time that its reader takes counts.
    """

    total: float | None = 60.0
    attempt: float | None = 20.0
    connect: float | None = 5.0
    turn: float | None = 600.0
    first_event: float | None = 600.0
    next_event: float | None = 600.0
    next_byte: float | None = None
    stream: float | None = None

    def __attrs_post_init__(self) -> None:
        for name in _TIMEOUTS:
            value = getattr(self, name)
            if value is not None and not (is_number(value) and value > 0):
                raise ConfigurationError(
                    f"timeout: {name} must be a positive number of seconds or None, not {shown(value)}"
                )


_TIMEOUTS: Final = tuple(field.name for field in attrs.fields(Timeout))

DEFAULT_TIMEOUT: Final = Timeout()


_BYTES: Final = Wanted("a whole number of bytes above 0", POSITIVE_COUNT.accepts)


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
            _BYTES.check(f"body_limits: {name}", getattr(self, name), ConfigurationError)


DEFAULT_BODY_LIMITS: Final = BodyLimits()
DEFAULT_MAX_CONNECTIONS: Final = 100


def as_timeout(value: float | Timeout | None, base: Timeout = DEFAULT_TIMEOUT) -> Timeout:
    """
    The bounds that a value stands for.

    A bare number bounds the whole call, and of a stream the time to each event; ``None`` lifts these bounds; the rest
    is as in *base*. A timeout of httpx, or of the official client, is told by its shape.

    Raises:
        ConfigurationError: It is none of these.
    """
    if isinstance(value, Timeout):
        return value
    if is_omitted(value):
        return base
    if all(hasattr(value, phase) for phase in ("connect", "read", "write", "pool")):
        return _of_phases(value)
    if value is not None and not is_number(value):
        raise ConfigurationError(f"timeout must be a number of seconds, a Timeout or None, not {shown(value)}")
    return attrs.evolve(base, total=value, turn=value, first_event=value, next_event=value)


def _of_phases(timeout: Any) -> Timeout:
    """The timeout of httpx, or of the official client: the patience for a response is also that for the whole call."""
    read = timeout.read
    return Timeout(total=read, attempt=read, connect=timeout.connect, turn=read, first_event=read, next_event=read)


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
        lists_conversations: Whether there is a listing of conversations; OpenAI has none.
        url_style: What becomes of a base URL: ``plain`` takes it as it is, ``azure`` makes what people paste from
            Azure's pages the right one, and takes a ``user_isolation_key``.
    """

    name: str
    include_style: Literal["brackets", "repeat"] = "brackets"
    key_header: Literal["authorization", "api-key"] = "authorization"
    path: str = ""
    query: Mapping[str, str] = attrs.field(factory=dict[str, str])
    needs_key: bool = True
    lists_conversations: bool = False
    url_style: Literal["plain", "azure"] = "plain"

    def __attrs_post_init__(self) -> None:
        for name, wanted in _PROFILE_FIELDS.items():
            wanted.check(f"profile: {name}", getattr(self, name), ConfigurationError)


_PROFILE_FIELDS: Final[Mapping[str, Wanted]] = {
    "name": NAME,
    "include_style": one_of(("brackets", "repeat")),
    "key_header": one_of(("authorization", "api-key")),
    "path": TEXT,
    "query": Wanted(
        "a mapping of strings",
        lambda value: MAPPING.accepts(value) and all(isinstance(text, str) for pair in value.items() for text in pair),
    ),
    "needs_key": FLAG,
    "lists_conversations": FLAG,
    "url_style": one_of(("plain", "azure")),
}

OPENAI: Final = Profile(name="openai")
AZURE: Final = Profile(
    name="azure", key_header="api-key", path="/openai/v1", lists_conversations=True, url_style="azure"
)
GENERIC: Final = Profile(name="generic", include_style="repeat", needs_key=False)

PROFILES: Final[Mapping[str, Profile]] = {p.name: p for p in (OPENAI, AZURE, GENERIC)}


_PROFILE: Final = one_of(PROFILES)


def azure(*, api_version: str | None = None) -> Profile:
    """
    Azure OpenAI and Foundry projects: ``/openai/v1``, the ``api-key`` header or a token provider.

    Args:
        api_version: Sent as ``api-version`` with every request; ``None`` sends none, which is right for the v1 path.
    """
    TEXT.or_none().check("api_version", api_version, ConfigurationError)
    return attrs.evolve(AZURE, query={"api-version": api_version} if api_version else {})


@attrs.frozen(kw_only=True)
class Settings:
    """What a client goes by; the key is not shown. ``url_query`` is what the base URL brings along."""

    api_key: ApiKey | None = attrs.field(repr=False)
    organization: str | None
    project: str | None
    base_url: str
    timeout: Timeout
    max_retries: int
    default_headers: Mapping[str, str] = attrs.field(repr=False)
    default_query: Mapping[str, object] = attrs.field(repr=False)
    url_query: Mapping[str, str] = attrs.field(repr=False)
    profile: Profile
    proxy: str | None = attrs.field(default=None, repr=False)
    webhook_secret: str | None = attrs.field(default=None, repr=False)

    def __reduce__(self) -> NoReturn:
        raise TypeError("Settings hold a key and cannot be pickled or copied")


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
    profile: Profile | str | None = None,
    proxy: str | None = None,
    webhook_secret: str | None = None,
    user_isolation_key: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """
    Settings from keywords and environment.

    Raises:
        ConfigurationError: A value cannot be used; the message names it and never shows a key.
    """
    env = os.environ if environ is None else environ
    called, given = _first("base_url", base_url, "OPENAI_BASE_URL", env)
    server = find_profile(profile, given)
    url, url_query = _base_url(called, given, server)
    follow_log_level(env.get("OPENAI_LOG"))
    return Settings(
        api_key=_checked_api_key(api_key, env.get("OPENAI_API_KEY") or None, server),
        organization=_checked_id(*_first("organization", organization, "OPENAI_ORG_ID", env)),
        project=_checked_id(*_first("project", project, "OPENAI_PROJECT_ID", env)),
        base_url=url,
        timeout=as_timeout(timeout),
        max_retries=checked_max_retries(max_retries),
        default_headers=merged(
            merged(
                custom_headers(env.get("OPENAI_CUSTOM_HEADERS")),
                checked_headers(default_headers or {}, "default_headers"),
            ),
            _isolation(user_isolation_key, server),
        )
        or _NO_DEFAULTS,
        default_query=_given({**server.query, **checked_query(default_query)}) or _NO_DEFAULTS,
        url_query=url_query or _NO_DEFAULTS,
        profile=server,
        proxy=environment_proxy(url, environ) if proxy is None else checked_proxy_argument(proxy),
        webhook_secret=_checked_secret(env.get("OPENAI_WEBHOOK_SECRET") if webhook_secret is None else webhook_secret),
    )


def _first(keyword: str, given: T | None, variable: str, env: Mapping[str, str]) -> tuple[str, T | str | None]:
    """What to call it, and what was given, else what the environment says."""
    if given is not None:
        return keyword, given
    return f"the environment variable {variable}", env.get(variable) or None


def _base_url(name: str, base_url: str | None, profile: Profile) -> tuple[str, Mapping[str, str]]:
    """Where requests go, and what the URL says of their queries."""
    if base_url is not None and profile.url_style == "azure":
        from openai_conversations.azure_addresses import checked_azure_url  # for who goes there

        return checked_azure_url(name, base_url)
    return checked_base_url(name, DEFAULT_BASE_URL if base_url is None else base_url, profile.path), {}


def find_profile(profile: Profile | str | None, base_url: object = None) -> Profile:
    """A profile by its name, or the profile itself; ``None`` for the one that a base URL speaks of, else OpenAI's."""
    if profile is None:
        return AZURE if _is_azure(base_url) else OPENAI
    if isinstance(profile, Profile):
        return profile
    if not _PROFILE.accepts(profile):
        raise ConfigurationError(f"profile must be {_PROFILE.words}, not {shown(profile)}", advice=", or a Profile")
    return PROFILES[profile]


def _is_azure(base_url: object) -> bool:
    if ".azure." not in str(base_url).lower():
        return False
    from openai_conversations.azure_addresses import is_azure  # for who goes there

    return is_azure(base_url)


def _checked_api_key(given: ApiKey | None, variable: str | None, profile: Profile) -> ApiKey | None:
    """A key that was given is never replaced by another one, were it empty."""
    if given is not None:
        return given if callable(given) else checked_key(given)
    if variable is not None:
        return checked_key(variable, "the environment variable OPENAI_API_KEY")
    if profile.needs_key:
        raise ConfigurationError("no API key", advice=": pass api_key=… or set the environment variable OPENAI_API_KEY")
    return None


def checked_key(key: object, name: str = "api_key") -> str:
    """
    A key that can stand in a header.

    Args:
        key: The key.
        name: What it came as, for the error.

    Raises:
        ConfigurationError: It is not a string, is empty, or holds a line break, another control character, white space
            at its ends or a character outside ASCII. The key is not shown.
    """
    if not isinstance(key, str):
        raise ConfigurationError(f"{name} must be a string or a function that returns one, not {type(key).__name__}")
    if not key:
        raise ConfigurationError(f"{name} is empty")
    if not key.isascii() or not key.isprintable():
        raise ConfigurationError(f"{name} contains a line break, a control character or a character outside ASCII")
    if key != key.strip():
        raise ConfigurationError(f"{name} begins or ends with white space")
    return key


def _checked_id(name: str, value: object) -> str | None:
    """An id that is sent in a header; empty for none."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or value != value.strip():
        raise ConfigurationError(
            f"{name} must be a string of ASCII without line breaks and without white space at its ends, "
            f"not {shown(value)}"
        )
    return value


USER_ISOLATION_KEY: Final = "x-ms-user-isolation-key"
"""The header by which Azure AI Foundry keeps the users of one key apart."""


def _isolation(key: object, profile: Profile) -> Mapping[str, str]:
    """The header for a user; it says whose conversations are seen, so it is hidden as a key is."""
    if key is None:
        return {}
    if profile.url_style != "azure":
        raise ConfigurationError(
            f"user_isolation_key is Azure AI Foundry's, and the profile is {profile.name!r}", advice=": profile='azure'"
        )
    return {USER_ISOLATION_KEY: checked_key(key, "user_isolation_key")}


def _checked_secret(secret: object) -> str | None:
    if secret is not None and not isinstance(secret, str):
        raise ConfigurationError(f"webhook_secret must be a string, not {type(secret).__name__}")
    return secret or None


def checked_max_retries(value: object) -> int:
    """Zero or more; 0 means that nothing is tried twice."""
    if not is_whole(value) or value < 0:
        raise ConfigurationError(f"max_retries must be a whole number of 0 or more, not {shown(value)}")
    return value


def checked_max_connections(value: object) -> int:
    """One or more."""
    if not is_whole(value) or value < 1:
        raise ConfigurationError(f"max_connections must be a whole number of 1 or more, not {shown(value)}")
    return value


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


def follow_log_level(level: str | None) -> None:
    """
    ``OPENAI_LOG=debug|info`` shows this package's log records on standard error, as in the official client.

    Another value changes nothing, which is said once.
    """
    if level in ("debug", "info"):
        logging.basicConfig(format="[%(asctime)s - %(name)s:%(lineno)d - %(levelname)s] %(message)s")
        logger.setLevel(level.upper())
    elif level:
        _say_unknown_level(one_line(level))


@lru_cache(maxsize=8)
def _say_unknown_level(level: str) -> None:
    logger.warning("the environment variable OPENAI_LOG is %r, and only debug and info are known: ignored", level)


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
            return checked_proxy_variable(name, url)
    return None


def _variable(env: Mapping[str, str], name: str) -> tuple[str, str]:
    """A variable and its name as it is written; lower case wins, also when it is empty."""
    found = {written: value for written, value in env.items() if written.lower() == name}
    if name in found:
        return name, found[name]
    return next(iter(found.items()), (name, ""))


def _system_proxy(parts: SplitResult) -> str | None:
    """What the settings of macOS and Windows say."""
    from urllib.request import getproxies, proxy_bypass

    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
