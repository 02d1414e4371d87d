"""
What of a request is a credential, and how it is kept out of whatever shows the request.

Names decide: of headers, of parameters, of members of JSON. And wherever a request repeats the credential of its own
headers, that is one too.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping

from openai_conversations.converters import json

MASK = "***"

# Words are read alike in `api-key`, `api_key`, `apiKey` and `ApiKey`.
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[-_.\s]+")

# Every name that ends in a credential's word: `api-key`, `x-api-key`, `proxy-authorization`, `cookie`, `access_token`,
# `ocp-apim-subscription-key`, `x-amz-signature`, and `sig` of a signed address.
_CREDENTIAL = re.compile(
    r"(^|_)(api|access|client)?(key|authorization|auth|cookie2?|token|jwt|secret|password|passwd|pwd|credentials?"
    r"|signature|sig)$"
)
_HARMLESS = frozenset({"idempotency_key"})

# In JSON a key or a signature by itself may be anything; a cache's key and the tokens of `logprobs` are none.
_MEMBER = re.compile(
    r"(^|_)((api|access|client|private|secret|subscription|account|signing)_?key|(proxy_)?authorization|auth|cookie2?"
    r"|([a-z]+_)?token|jwt|([a-z]+_)?secret|password|passwd|pwd|credentials?)$"
)
# Members whose every value is one: headers of MCP servers, secrets of the domains that a container reaches.
_COLLECTIONS = re.compile(r"(^|_)(headers|secrets|credentials|cookies|(api|access)_keys|access_tokens)$")
_LOGPROBS = frozenset({"logprobs", "top_logprobs"})

_ADDRESS = re.compile(rb"(:(?:\\?/){2})[^\s/\\\"@]+@")
_PARAMETER = re.compile(rb"((?:\A|[?&;])([\w.%-]+)=)[^\s&;#\"\\]+")
# How the names of credentials end. Most bodies have no such string, and are not gone over.
_ENDINGS = frozenset(
    word[-3:]
    for word in b"key auth authorization cookie cookie2 token jwt secret password passwd pwd credential credentials"
    b" headers secrets cookies keys tokens".split()
)
# A string with the colon that makes it a name, a bracket, a comma, or any other scalar. It finds these also in what is
# no JSON at all; a string that is not closed goes on to the end.
_TOKEN = re.compile(rb'("[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$))(\s*:)?|[\[{\]},]|[^\s"\[{\]},:]+', re.DOTALL)
_CONSTANTS = frozenset({b"true", b"false", b"null"})
_SHORTEST = 8
"""Characters of a credential that is looked for elsewhere in its request; what is shorter could be any word."""


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as they may be shown."""
    return {name: MASK if is_credential(name) else value for name, value in headers.items()}


def mask_query(query: Mapping[str, list[str]], headers: Mapping[str, str]) -> dict[str, list[str]]:
    """A query as it may be shown; the headers are those of its request."""
    own = [secret.decode(errors="replace") for secret in _own(headers)]
    return {
        name: [MASK] * len(values) if is_credential(name) else [_without(value, own) for value in values]
        for name, values in query.items()
    }


def mask_body(body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """
    A body as it may be shown: every byte as it came, but for the credentials.

    Args:
        body: JSON, whole or broken, or anything else.
        headers: Of its request, with names in lower case.
    """
    if _may_hold_credentials(body):
        body = _Scanner().scan(body)
    for secret in _own(headers or {}):
        body = body.replace(secret, MASK.encode())
    return body


def _may_hold_credentials(body: bytes) -> bool:
    if b"=" in body or b"@" in body or b"\\u00" in body:
        return True
    return not _ENDINGS.isdisjoint([piece[-3:] for piece in body.lower().split(b'"')])


def _own(headers: Mapping[str, str]) -> list[bytes]:
    """The credentials of a request's own headers, without their schemes."""
    values = [value.rpartition(" ")[2] for name, value in headers.items() if is_credential(name)]
    return [value.encode(errors="surrogateescape") for value in values if len(value) >= _SHORTEST]


def _without(value: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        value = value.replace(secret, MASK)
    return mask_urls(value.encode(errors="surrogatepass")).decode(errors="surrogatepass")


def mask_urls(text: bytes) -> bytes:
    """A text with its addresses, but without the passwords and the signatures in them."""
    return _PARAMETER.sub(_parameter, _ADDRESS.sub(rb"\1***@", text))


def _parameter(found: re.Match[bytes]) -> bytes:
    return found[1] + MASK.encode() if is_credential(found[2].decode()) else found[0]


@functools.lru_cache(maxsize=1024)
def is_credential(name: str) -> bool:
    """Whether a header or a parameter of this name holds a credential."""
    words = _normal(name)
    return words not in _HARMLESS and _CREDENTIAL.search(words) is not None


def _normal(name: str) -> str:
    return "_".join(_WORDS.split(name)).lower()


class _Scanner:
    """Goes over JSON once, token by token: how deep it nests and whether it is whole does not matter."""

    def __init__(self) -> None:
        self._inside: list[str] = [""]  # what holds for the values of each bracket that is open
        self._next = ""  # what holds for the value after a name

    def scan(self, body: bytes) -> bytes:
        return _TOKEN.sub(self._token, body)

    def _token(self, found: re.Match[bytes]) -> bytes:
        token = found[0]
        if found[2] is not None:
            self._next = self._rule(found[1])
        elif token in b"[{":
            self._inside.append("" if self._next == "scalar" else self._next or self._inside[-1])
            self._next = ""
        elif token in b"]}":
            self._inside[1:] = self._inside[1:-1]
        elif token != b",":
            return self._value(token)
        else:
            self._next = ""
        return token

    def _rule(self, name: bytes) -> str:
        words = _name(name)
        if words in _LOGPROBS:
            return "logprobs"
        if _COLLECTIONS.search(words):
            return "all"
        is_secret = _MEMBER.search(words) is not None and self._inside[-1] != "logprobs"
        return "scalar" if is_secret else self._inside[-1]

    def _value(self, token: bytes) -> bytes:
        rule, self._next = self._next or self._inside[-1], ""
        if rule in ("all", "scalar") and token not in _CONSTANTS:
            return f'"{MASK}"'.encode()
        return mask_urls(token)


def _name(token: bytes) -> str:
    try:
        return _normal(str(json.loads(token)))
    except ValueError:
        return _normal(token.decode(errors="replace").strip('"'))
