"""Who asks: the key of a request, whose conversations it opens, and what of a request is a credential."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Mapping

from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.profiles import ServerProfile


class Authenticator:
    """
    Decides which requests are let in.

    Args:
        accepted: The keys; without any every key is accepted and all see the same conversations.
        profile: Says where a key may come.
    """

    def __init__(self, accepted: Iterable[str] | None, profile: ServerProfile) -> None:
        self._owners = None if accepted is None else {key: _fingerprint(key) for key in accepted}
        self._headers = profile.key_headers
        self._isolates = profile.project_prefix

    def owner(self, headers: Mapping[str, str]) -> str:
        """
        The name under which the caller's conversations are stored; never the key itself.

        Raises:
            HTTPError: No key, or a wrong one.
        """
        key = self._key(headers)
        if not key:
            raise HTTPError(401, _NO_KEY)
        owner = "" if self._owners is None else self._owners.get(key)
        if owner is None:
            raise HTTPError(401, "Incorrect API key provided.", code="invalid_api_key")
        # Azure AI Foundry keeps the users of one key apart.
        isolated = headers.get("x-ms-user-isolation-key", "") if self._isolates else ""
        return f"{owner}/{_fingerprint(isolated)}" if isolated else owner

    def _key(self, headers: Mapping[str, str]) -> str:
        for name in self._headers:
            value = headers.get(name, "")
            if name != "authorization":
                key = value
            else:
                scheme, _, key = value.partition(" ")
                key = key.strip() if scheme.lower() == "bearer" else ""
            if key:
                return key
        return ""


_NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY)."
)


def _fingerprint(key: str) -> str:
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()[:24]


# Every header and parameter that ends in a credential's word: `api-key`, `x-api-key`, `proxy-authorization`,
# `ocp-apim-subscription-key`, `cookie`, `access_token`, `x-amz-signature`, and `sig` of a signed address.
_CREDENTIAL = re.compile(
    r"(^|[-_])(api)?(key|authorization|auth|cookie2?|token|secret|password|credentials?|signature|sig)$", re.IGNORECASE
)
_HARMLESS = frozenset({"idempotency-key"})
MASK = "***"


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as they may be shown."""
    return {name: MASK if is_credential(name) else value for name, value in headers.items()}


def mask_query(query: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """A query as it may be shown."""
    return {name: [MASK] * len(values) if is_credential(name) else values for name, values in query.items()}


@functools.lru_cache(maxsize=1024)
def is_credential(name: str) -> bool:
    """Whether a header or a parameter of this name holds a credential."""
    return name.lower() not in _HARMLESS and _CREDENTIAL.search(name) is not None
