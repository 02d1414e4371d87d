"""Settings: keywords, environment, profiles, proxies; and what is refused, without the secret in the message."""

from __future__ import annotations

import copy
import logging
import pickle

import attrs
import pytest

from openai_conversations.errors import ConfigurationError
from openai_conversations.settings import (
    AZURE,
    DEFAULT_TIMEOUT,
    GENERIC,
    OPENAI,
    Profile,
    Timeout,
    as_timeout,
    azure,
    custom_headers,
    environment_proxy,
    find_profile,
    logger,
    query_text,
    resolve,
)

KEY = "sk-marker-1234567890"


def resolved(environ=None, **keywords):
    return resolve(**{"api_key": KEY, **keywords}, environ=environ or {})


# Keywords and environment


@pytest.mark.parametrize(
    ("variable", "keyword", "attribute", "default"),
    [
        ("OPENAI_API_KEY", "api_key", "api_key", None),
        ("OPENAI_ORG_ID", "organization", "organization", None),
        ("OPENAI_PROJECT_ID", "project", "project", None),
        ("OPENAI_BASE_URL", "base_url", "base_url", "https://api.openai.com/v1"),
    ],
)
def test_a_keyword_wins_over_the_environment(variable, keyword, attribute, default):
    """A keyword wins over a variable; an empty variable counts as unset."""
    value, other = ("http://a/v1", "http://b/v1") if keyword == "base_url" else ("a", "b")

    def get(environ, **keywords):
        return getattr(resolve(environ=environ, profile=GENERIC, **keywords), attribute)

    assert default == get({}) == get({variable: ""})
    assert value == get({variable: value})
    assert other == get({variable: value}, **{keyword: other})


def test_the_environment_of_the_process(monkeypatch):
    """Without another one, the environment of the process is read, when the settings are made."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    assert KEY == resolve().api_key


def test_defaults():
    """What a client goes by when nobody says anything."""
    settings = resolved()

    assert (2, Timeout(total=60, attempt=20, connect=5), OPENAI) == (
        settings.max_retries,
        settings.timeout,
        settings.profile,
    )
    assert ({}, {}, None) == (settings.default_headers, settings.default_query, settings.proxy)


def test_a_given_key_is_never_replaced():
    """An empty key is refused, and does not fall back on the key of the environment: it would be somebody else's."""
    with pytest.raises(ConfigurationError, match="api_key is empty"):
        resolve(api_key="", environ={"OPENAI_API_KEY": KEY})


def test_an_empty_organization_is_none():
    """An empty keyword switches the variable off."""
    settings = resolve(
        api_key=KEY, organization="", project="", environ={"OPENAI_ORG_ID": "o", "OPENAI_PROJECT_ID": "p"}
    )

    assert (None, None) == (settings.organization, settings.project)


# Keys


def test_no_key():
    """A client without a key is refused; the message says how to give one."""
    with pytest.raises(
        ConfigurationError, match="no API key: pass api_key=… or set the environment variable OPENAI_API_K"
    ):
        resolve(environ={"OPENAI_API_KEY": ""})


def test_servers_that_need_no_key():
    """A generic server may be used without a key."""
    assert resolve(profile="generic", environ={}).api_key is None


def test_providers_are_not_asked_yet():
    """A function that gives keys is asked for one at each attempt, not before."""

    def provider():
        raise AssertionError("asked too early")

    assert provider is resolved(api_key=provider).api_key


@pytest.mark.parametrize("source", ["keyword", "variable"])
@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        (f"{KEY}\n", "line break"),
        (f"{KEY}\r\nX-Evil: 1", "line break"),
        (f"{KEY}\0", "control character"),
        (f"{KEY}\x7f", "control character"),
        (f"{KEY}ä", "outside ASCII"),
        (f"{KEY}\u200b", "outside ASCII"),
        (f" {KEY}", "white space"),
        (f"{KEY} ", "white space"),
    ],
)
def test_keys_that_cannot_be_sent(source, key, complaint):
    """A key that cannot stand in a header is refused when the client is made, and is not shown."""
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        resolve(api_key=key, environ={}) if source == "keyword" else resolve(environ={"OPENAI_API_KEY": key})

    assert {"keyword": "api_key", "variable": "the environment variable OPENAI_API_KEY"}[source] in str(caught.value)
    assert "marker" not in str(caught.value)


@pytest.mark.parametrize("key", [7, b"sk-marker-bytes", ["sk-marker"], object()])
def test_what_is_no_key(key):
    """A key is a string, or a function that returns one."""
    with pytest.raises(ConfigurationError, match="api_key must be a string or a function that returns one") as caught:
        resolved(api_key=key)

    assert "marker" not in str(caught.value)


# Base URLs and profiles


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("https://api.openai.com", "https://api.openai.com"),
        ("http://127.0.0.1:8000/v1//", "http://127.0.0.1:8000/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("https://h/api/projects/my%20project/openai/v1", "https://h/api/projects/my%20project/openai/v1"),
    ],
)
def test_base_urls(base_url, expected):
    """A base URL is taken as it is, without slashes at its end."""
    assert expected == resolved(base_url=base_url).base_url


@pytest.mark.parametrize(
    ("base_url", "complaint"),
    [
        ("http://h/v1?api-version=1", "must not have a query or a fragment; use default_query"),
        ("http://h/v1#top", "must not have a query or a fragment"),
        ("http://user:marker@h/v1", "must not contain a user name or a password"),
        ("http://marker@h/v1", "must not contain a user name or a password"),
        ("", "must be an absolute http"),
        ("api.openai.com/v1", "must be an absolute http"),
        ("/v1", "must be an absolute http"),
        ("ftp://h/v1", "must be an absolute http"),
        ("http:///v1", "must be an absolute http"),
        ("http://h:port/v1", "must be an absolute http"),
        ("http://h:99999/v1", "must be an absolute http"),
        ("http://[::1/v1", "must be an absolute http"),
        ("sk-marker-1234567890", "must be an absolute http"),
        ("user:marker@h", "must be an absolute http"),
        ("http://h/my project/v1", "percent-encoded"),
        ("http://h/v1\n", "percent-encoded"),
        ("http://münchen.example/v1", "percent-encoded"),
        (7, "must be an absolute http"),
    ],
)
def test_base_urls_that_are_refused(base_url, complaint):
    """A base URL that cannot be used is a clear error that names it, without what might be secret in it."""
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        resolved(base_url=base_url)

    assert str(caught.value).startswith("base_url ")
    assert "marker" not in str(caught.value)


def test_azure():
    """Azure: the v1 path after the bare endpoint, a header of its own for keys, a version with every request."""
    settings = resolved(base_url="https://r.openai.azure.com/", profile=azure(api_version="preview"))

    assert "https://r.openai.azure.com/openai/v1" == settings.base_url
    assert {"api-version": "preview"} == settings.default_query
    assert ("api-key", "brackets") == (settings.profile.key_header, settings.profile.include_style)
    assert AZURE == azure()


def test_foundry_projects():
    """An endpoint with a path keeps it."""
    url = "https://r.services.ai.azure.com/api/projects/p/openai/v1"

    assert url == resolved(base_url=url, profile="azure").base_url


def test_profiles():
    """A profile is given by name or as a value; a name that nobody knows is refused with those that are known."""
    mine = Profile(name="mine", path="/api/v1")

    assert [OPENAI, AZURE, GENERIC, mine] == [find_profile(p) for p in ("openai", "azure", "generic", mine)]
    assert ("repeat", False) == (GENERIC.include_style, GENERIC.needs_key)
    assert "http://h/api/v1" == resolved(base_url="http://h", profile=mine).base_url
    with pytest.raises(
        ConfigurationError, match="profile must be one of openai, azure, generic, not 'aws', or a Profile"
    ):
        find_profile("aws")


# Timeouts and retries


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, Timeout(total=1, turn=1, first_event=1, next_event=1)),
        (0.5, Timeout(total=0.5, turn=0.5, first_event=0.5, next_event=0.5)),
        (None, Timeout(total=None, turn=None, first_event=None, next_event=None)),
        (Timeout(total=1, attempt=2, connect=3), Timeout(total=1, attempt=2, connect=3)),
        (Timeout(total=None, attempt=None, connect=None), Timeout(total=None, attempt=None, connect=None)),
    ],
)
def test_timeouts(value, expected):
    """A number bounds the whole call and each event, ``None`` lifts these bounds, and the rest stays as it is."""
    assert expected == as_timeout(value)
    assert 7 == as_timeout(1, Timeout(attempt=7)).attempt


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), True, "5", [5]])
def test_timeouts_that_are_refused(value):
    """A bound is a positive finite number of seconds; the message says which bound."""
    with pytest.raises(ConfigurationError, match=r"^timeout"):
        as_timeout(value)
    for name in attrs.fields_dict(Timeout):
        with pytest.raises(ConfigurationError, match=f"timeout: {name} must be a positive number of seconds or None"):
            Timeout(**{name: value})


@pytest.mark.parametrize("value", [-1, 1.0, True, "2", None])
def test_max_retries(value):
    """The number of retries is a whole number of zero or more."""
    assert 0 == resolved(max_retries=0).max_retries
    with pytest.raises(ConfigurationError, match="max_retries must be a whole number of 0 or more"):
        resolved(max_retries=value)


# Headers and queries


def test_headers_of_both():
    """``OPENAI_CUSTOM_HEADERS`` adds headers; keywords win over them, in any case of the name."""
    settings = resolved({"OPENAI_CUSTOM_HEADERS": "X-Team: a\nX-Other: b"}, default_headers={"x-team": "c"})

    assert {"X-Other": "b", "x-team": "c"} == settings.default_headers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, {}),
        ("", {}),
        ("A: 1", {"A": "1"}),
        ("A:1\nB : x:y \r\n\n  \nC:", {"A": "1", "B": "x:y", "C": ""}),
        ("A: 1\na: 2", {"a": "2"}),
    ],
)
def test_custom_headers(text, expected):
    """One header a line; empty lines do not count, and the last of a name wins."""
    assert expected == custom_headers(text)


@pytest.mark.parametrize("text", ["no colon sk-marker-123456", "A: 1\nsk-marker-123456"])
def test_custom_headers_without_a_colon(text):
    """A line that is no header is refused, and not shown."""
    with pytest.raises(ConfigurationError, match="OPENAI_CUSTOM_HEADERS must hold one `Name: value` a line") as caught:
        resolved({"OPENAI_CUSTOM_HEADERS": text})

    assert "marker" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["", "X Y", "X:Y", "X\nY", "Ü", "X\0", 7, None, "Authorization Bearer sk-marker-123456"]
)
def test_names_of_headers(name):
    """The name of a header is a token of HTTP."""
    with pytest.raises(ConfigurationError, match="is not the name of a header") as caught:
        resolved(default_headers={name: "1"})

    assert "marker" not in str(caught.value)


@pytest.mark.parametrize("value", ["marker\r\nX: 1", "marker\n", "marker\0", b"marker", 7, None])
def test_values_of_headers(value):
    """The value of a header is a line; the message names the header and does not show the value."""
    with pytest.raises(
        ConfigurationError, match="the value of the header X-Team is not a string, or holds a line b"
    ) as e:
        resolved(default_headers={"X-Team": value})

    assert "marker" not in str(e.value)


@pytest.mark.parametrize("name", ["Content-Length", "TRANSFER-ENCODING", "Proxy-Connection", "Keep-Alive", "Trailer"])
def test_headers_of_the_connection(name):
    """What says where a message ends, or is for the next hop alone, is for the connection to say."""
    with pytest.raises(ConfigurationError, match=f"default_headers must not contain {name}: it belongs to the conn"):
        resolved(default_headers={name: "3"})
    with pytest.raises(ConfigurationError, match=f"OPENAI_CUSTOM_HEADERS must not contain {name}"):
        resolved({"OPENAI_CUSTOM_HEADERS": f"{name}: 3"})

    assert {"Connection": "close", "Host": "a"} == resolved(
        default_headers={"Connection": "close", "Host": "a"}
    ).default_headers


def test_what_is_no_mapping():
    """Headers are a mapping."""
    with pytest.raises(ConfigurationError, match="headers must be a mapping of strings, not list"):
        resolved(default_headers=[("X-Team", "a")])


def test_default_query():
    """Query values of the profile and of the caller are merged; ``None`` drops one."""
    profile = azure(api_version="preview")

    assert {"api-version": "preview", "a": 1, "b": ["x"]} == resolved(
        default_query={"a": 1, "b": ["x"], "c": None}, profile=profile
    ).default_query
    assert {} == resolved(default_query={"api-version": None}, profile=profile).default_query


@pytest.mark.parametrize(("value", "expected"), [(True, "true"), (False, "false"), (7, "7"), (0.5, "0.5"), ("a", "a")])
def test_query_text(value, expected):
    """Booleans are written as JSON writes them."""
    assert expected == query_text(value)


# Logging


@pytest.fixture
def level():
    """The level of the package's logger, put back at the end."""
    before = logger.level
    logger.setLevel(logging.NOTSET)
    yield lambda: logger.level
    logger.setLevel(before)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("debug", logging.DEBUG), ("info", logging.INFO), ("", logging.NOTSET), ("loud", logging.NOTSET)],
)
def test_log_level(level, word, expected):
    """``OPENAI_LOG=debug|info`` sets the level of this package's logger, as in the official client."""
    resolved({"OPENAI_LOG": word})

    assert expected == level()


def test_an_unknown_log_level_is_said_once(level, caplog):
    """A level that does not exist changes nothing; it is said once, however many clients there are."""
    for _ in range(3):
        resolved({"OPENAI_LOG": "shout"})

    assert [
        "the environment variable OPENAI_LOG is 'shout', and only debug and info are known: ignored"
    ] == caplog.messages


# Proxies


@pytest.mark.parametrize(
    ("environ", "base_url", "expected"),
    [
        ({}, "https://h/v1", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https://h/v1", "http://p:1"),
        ({"https_proxy": "http://p:1"}, "https://h/v1", "http://p:1"),
        ({"https_proxy": "http://p:1"}, "http://h/v1", None),
        ({"http_proxy": "http://p:1", "no_proxy": "h"}, "http://h/v1", None),
        ({"http_proxy": "http://p:1", "NO_PROXY": "h:8000"}, "http://h:8000/v1", None),
        ({"http_proxy": "http://p:1", "no_proxy": ".example.org, h"}, "http://api.example.org/v1", None),
        ({"http_proxy": "http://p:1", "no_proxy": "*"}, "http://h/v1", None),
        ({"http_proxy": "http://p:1", "no_proxy": "other"}, "http://h/v1", "http://p:1"),
        ({"http_proxy": ""}, "http://h/v1", None),
        ({"http_proxy": "p:1"}, "http://h/v1", "http://p:1"),
    ],
)
def test_proxies_of_the_environment(environ, base_url, expected):
    """The proxy for the scheme of the base URL is taken, unless ``no_proxy`` excepts its host."""
    assert expected == resolved(environ, base_url=base_url).proxy


def test_proxies_of_the_process(monkeypatch):
    """Without another environment, that of the process is asked, once."""
    monkeypatch.setenv("http_proxy", "http://p:1")
    monkeypatch.setenv("no_proxy", "h")

    assert "http://p:1" == environment_proxy("http://other/v1")
    assert environment_proxy("http://h/v1") is None


def test_a_given_proxy_wins():
    """A keyword wins over the environment; an empty one switches it off."""
    environ = {"http_proxy": "http://p:1"}

    assert "http://mine:2" == resolved(environ, base_url="http://h/v1", proxy="http://mine:2").proxy
    assert resolved(environ, base_url="http://h/v1", proxy="").proxy is None


@pytest.mark.parametrize("proxy", ["socks5://user:marker@p:1", "http://user:marker@", "http://p:port"])
def test_proxies_that_are_refused(proxy):
    """A proxy of another kind is refused when the client is made; its password is not shown."""
    with pytest.raises(ConfigurationError, match=r"^proxy must be an absolute http\(s\) URL") as caught:
        resolved({}, base_url="http://h/v1", proxy=proxy)

    assert "marker" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["nope", 5, b"http://p:1", ["http://p:1"], False, object()])
def test_what_is_no_proxy(proxy):
    """A proxy that is passed has a scheme or a port: a word alone is more often a mistake than a machine's name."""
    with pytest.raises(ConfigurationError, match=r'^proxy must be the URL of an HTTP proxy, "http://host:port", not '):
        resolved({}, base_url="http://h/v1", proxy=proxy)


# Secrets


def test_repr_shows_no_key():
    """A repr of settings shows neither key, headers, query nor proxy."""
    settings = resolved(
        default_headers={"X": KEY}, default_query={"key": KEY}, proxy=f"http://user:{KEY}@p", base_url="http://h/v1"
    )

    assert "marker" not in repr(settings)
    assert "http://h/v1" in repr(settings)


@pytest.mark.parametrize("travel", [pickle.dumps, copy.copy, copy.deepcopy])
def test_settings_stay_here(travel):
    """Settings hold a key: they are not pickled or copied."""
    with pytest.raises(TypeError, match="Settings hold a key"):
        travel(resolved())


def test_default_timeout_is_a_value():
    """Equal bounds are equal, whoever made them."""
    assert DEFAULT_TIMEOUT == Timeout()


@pytest.mark.parametrize("name", ["organization", "project"])
@pytest.mark.parametrize("value", ["org\n", "org\r\nX-Evil: 1", " org", "org ", "örg", "o\x00", 7, b"org", ["org"]])
def test_ids_that_cannot_stand_in_a_header(name, value, monkeypatch):
    """An organization or a project that cannot be sent is refused when the client is made, by its name."""
    with pytest.raises(ConfigurationError, match=f"^{name} must be a string of ASCII"):
        resolve(api_key="k", environ={}, **{name: value})
    if isinstance(value, str) and "\x00" not in value:
        variable = {"organization": "OPENAI_ORG_ID", "project": "OPENAI_PROJECT_ID"}[name]
        with pytest.raises(ConfigurationError, match=f"^the environment variable {variable} must be"):
            resolve(api_key="k", environ={variable: value})


def test_a_base_url_of_the_environment_is_called_so():
    """What is wrong with a variable is said of the variable."""
    with pytest.raises(ConfigurationError, match=r"^the environment variable OPENAI_BASE_URL must not have a query"):
        resolve(api_key="k", environ={"OPENAI_BASE_URL": "http://h?x=1"})


@pytest.mark.parametrize(
    "host", ["a..b", ".a", "a..", "x" * 64, ".".join(["x" * 60] * 5), "h..", "..", "[::1", "::1", "a:b:c", "1.2.3.4:x"]
)
def test_hosts_that_cannot_be(host):
    """A base URL whose host no resolver takes is refused by its name, and not by a raw error of an encoder."""
    with pytest.raises(ConfigurationError, match=r"base_url must be an absolute http\(s\) URL"):
        resolve(api_key="k", environ={}, base_url=f"http://{host}/v1")


@pytest.mark.parametrize("host", ["a.b", "a.b.", "localhost", "127.0.0.1:8080", "[::1]:8080", "x" * 63, "a_b.c"])
def test_hosts_that_can_be(host):
    """Names, addresses and ports are taken as they are."""
    assert f"http://{host}/v1" == resolve(api_key="k", environ={}, base_url=f"http://{host}/v1").base_url


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({1: 2}, "1 is not the name of a value"),
        ({None: 2}, "None is not the name"),
        ({"": 2}, "'' is not the name"),
        ([("a", 1)], "must be a mapping, not list"),
        ("a=1", "must be a mapping, not str"),
        ({"a": {"b": 1}}, "a cannot be of type dict"),
        ({"a": b"b"}, "a cannot be of type bytes"),
    ],
)
def test_queries_that_cannot_be_sent(query, said):
    """A default query that cannot be sent is refused when the client is made, and says what is wrong with it."""
    with pytest.raises(ConfigurationError, match=f"default_query:? {said}"):
        resolve(api_key="k", environ={}, default_query=query)


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "socks5://user:marker@p:1",
            "names a proxy of the kind socks5, and only HTTP proxies can be used: unset it",
        ),
        ("socks5h://p:1", "names a proxy of the kind socks5h"),
        ("SOCKS4://p:1", "names a proxy of the kind SOCKS4"),
        ("http://user:marker@", "proxy must be an absolute"),
        ("http://p:port", "proxy must be an absolute"),
    ],
)
def test_variables_that_cannot_be_used(name, url, said):
    """A proxy that cannot be used is an error that names the variable and the way out, and no password."""
    with pytest.raises(ConfigurationError, match=f"^the environment variable {name}:? {said}") as caught:
        resolved({name: url}, base_url="http://h/v1")
    assert "marker" not in str(caught.value)

    for way_out in ("", "http://p:1"):
        assert (way_out or None) == resolved({name: url}, base_url="http://h/v1", proxy=way_out).proxy
    assert resolved({name: url, "no_proxy": "h"}, base_url="http://h/v1").proxy is None


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"all_proxy": "http://all:1"}, "http://all:1"),
        ({"all_proxy": "http://all:1", "http_proxy": "http://p:1"}, "http://p:1"),
        ({"all_proxy": "http://all:1", "https_proxy": "http://p:1"}, "http://all:1"),
        ({"HTTP_PROXY": "http://upper:1", "http_proxy": "http://lower:1"}, "http://lower:1"),
        ({"HTTP_PROXY": "http://upper:1", "http_proxy": ""}, None),
        ({"HTTP_PROXY": "http://upper:1", "REQUEST_METHOD": "GET"}, None),
        ({"http_proxy": "http://lower:1", "REQUEST_METHOD": "GET"}, "http://lower:1"),
        ({"no_proxy": "other"}, None),
    ],
)
def test_which_variable_counts(environ, expected):
    """The variable of the scheme, else that of all; lower case wins; under CGI the upper-case one is nobody's."""
    assert expected == environment_proxy("http://h/v1", environ)
