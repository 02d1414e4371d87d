"""The headers of every attempt."""

from __future__ import annotations

import pytest

from openai_conversations.errors import ConfigurationError, InvalidArgumentError
from openai_conversations.settings import AZURE, merged, resolve
from openai_conversations.transport.credentials import Credentials, ask_key, fixed_headers
from tests.fakes import get_request, respond

KEY = "sk-secret-1234567890"


def settings(**changes):
    return resolve(**{"api_key": KEY, "environ": {}, **changes})


class Wire:
    """Stands for the session: notes the headers that it is given."""

    def __init__(self):
        self.headers = []

    async def send(self, request, headers):
        self.headers.append(dict(headers))
        return respond()


async def sent(options, request=None):
    """The headers that reach the network."""
    wire = Wire()
    await Credentials(options, "1", wire.send)(request or get_request())
    return wire.headers[0]


def test_what_every_request_carries():
    """We say what we take, who we are, and who asks."""
    headers = fixed_headers(settings(organization="org_1", project="proj_1"), "1.2.3")

    assert headers.pop("User-Agent").startswith("openai_conversations/1.2.3 Python/3.")
    assert {
        "Accept": "application/json",
        "Authorization": f"Bearer {KEY}",
        "OpenAI-Organization": "org_1",
        "OpenAI-Project": "proj_1",
    } == headers


async def test_headers_of_the_connection():
    """A middleware cannot set a header that would put requests and responses out of step, either."""
    with pytest.raises(InvalidArgumentError, match="the headers of a request must not contain content-length"):
        await sent(settings(), get_request(headers={"content-length": "3"}))


def test_no_key_no_header():
    """A server that needs no key is sent none."""
    headers = fixed_headers(settings(api_key=None, profile="generic"), "1")

    assert {"accept", "user-agent"} == {name.lower() for name in headers}


def test_azure_keys_have_a_header_of_their_own():
    """A key of Azure goes into ``api-key``."""
    headers = fixed_headers(settings(base_url="https://r.openai.azure.com", profile=AZURE), "1")

    assert KEY == headers["api-key"]
    assert "Authorization" not in headers


async def test_azure_tokens_are_bearers():
    """What a provider returns is a token, and goes into ``Authorization``, for Azure too."""
    azure = settings(api_key=lambda: "token", base_url="https://r.openai.azure.com", profile=AZURE)
    headers = await sent(azure)

    assert "Bearer token" == headers["Authorization"]
    assert "api-key" not in headers


def test_a_token_is_no_key():
    """A token of Entra that was given as a string goes where tokens go, as with the official client."""
    token = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJodHRwczovL2FpLmF6dXJlLmNvbSJ9.c2lnbmF0dXJl"
    headers = fixed_headers(settings(api_key=token, base_url="https://r.openai.azure.com", profile=AZURE), "1")

    assert f"Bearer {token}" == headers["Authorization"]
    assert "api-key" not in headers


async def test_default_headers_win_over_ours_and_those_of_a_call_over_both():
    """Names are compared in any case; the nearer one wins and keeps its spelling."""
    options = settings(default_headers={"ACCEPT": "text/plain", "x-team": "a"})

    headers = await sent(options, get_request(headers={"X-Team": "b", "authorization": "Bearer other"}))

    assert {"ACCEPT": "text/plain", "X-Team": "b", "authorization": "Bearer other"} == {
        name: value for name, value in headers.items() if name.lower() in ("accept", "x-team", "authorization")
    }


@pytest.mark.parametrize("provider", ["sync", "async"])
async def test_a_provider_is_asked_before_every_attempt(provider):
    """A function that gives keys, plain or async, is asked each time, so that an expired token is renewed."""
    keys = iter(["first", "second"])

    def plain():
        return next(keys)

    async def waiting():
        return next(keys)

    wire = Wire()
    end = Credentials(settings(api_key=plain if provider == "sync" else waiting), "1", wire.send)
    for _ in range(2):
        await end(get_request())

    assert ["Bearer first", "Bearer second"] == [headers["Authorization"] for headers in wire.headers]


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        (None, "NoneType"),
        (7, "int"),
        (b"sk-secret-bytes", "bytes"),
        ("", "empty"),
        ("sk-secret\n", "line break"),
        ("sk-secret\r\nX-Evil: 1", "line break"),
        ("sk-sécret", "outside ASCII"),
        (" sk-secret", "white space"),
        ("sk-secret ", "white space"),
    ],
)
async def test_a_bad_answer_of_a_provider(bad, complaint):
    """A provider that gives no key, or one that cannot stand in a header, is a clear error that does not show it."""
    wire = Wire()

    with pytest.raises(ConfigurationError, match=complaint) as caught:
        await Credentials(settings(api_key=lambda: bad), "1", wire.send)(get_request())

    assert "secret" not in str(caught.value)
    assert [] == wire.headers


async def test_a_provider_that_fails():
    """The error of a provider is the caller's own: it comes out unchanged, and nothing is sent."""
    wire = Wire()

    def provider():
        raise PermissionError("vault is sealed")

    with pytest.raises(PermissionError, match="vault is sealed"):
        await Credentials(settings(api_key=provider), "1", wire.send)(get_request())
    assert [] == wire.headers


async def test_a_provider_that_gives_up():
    """A timeout of the provider's own is not one of the call: it comes out unchanged."""

    async def provider():
        raise TimeoutError("no token in time")

    async def send(request, headers):
        raise AssertionError("sent without a key")

    handler = Credentials(settings(api_key=provider), "1.0", send)

    with pytest.raises(TimeoutError, match="no token in time"):
        await handler(get_request())


async def test_a_string_is_its_own_provider():
    """A plain key stands for itself."""
    assert KEY == await ask_key(KEY)


@pytest.mark.parametrize(
    ("base", "over", "expected"),
    [
        ({"A": "1"}, {}, {"A": "1"}),
        ({"A": "1", "B": "2"}, {"a": "3"}, {"B": "2", "a": "3"}),
        ({}, {"a": "3"}, {"a": "3"}),
    ],
)
def test_merged(base, over, expected):
    """Merging compares names in any case, lets the second win and leaves both arguments as they are."""
    before = dict(base)

    assert expected == merged(base, over)
    assert before == base
