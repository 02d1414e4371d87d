"""Who asks: the key of a request, and whose conversations it opens."""

from __future__ import annotations

import hashlib
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
        self._is_azure = profile.project_prefix

    def owner(self, headers: Mapping[str, str]) -> str:
        """
        The name under which the caller's conversations are stored; never the key itself.

        Raises:
            HTTPError: No key, or a wrong one.
        """
        key = self._key(headers)
        if not key:
            raise HTTPError(401, _WRONG_KEY_AT_AZURE, code="401") if self._is_azure else HTTPError(401, _NO_KEY)
        owner = "" if self._owners is None else self._owners.get(key)
        if owner is None and self._is_azure:
            raise HTTPError(401, _WRONG_KEY_AT_AZURE, code="401")
        if owner is None:
            raise HTTPError(401, "Incorrect API key provided.", code="invalid_api_key")
        # Azure AI Foundry keeps the users of one key apart.
        isolated = headers.get("x-ms-user-isolation-key", "") if self._is_azure else ""
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


# What API Management says in front of Azure's service (https://github.com/microsoft/semantic-kernel/issues/10337).
_WRONG_KEY_AT_AZURE = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
    "active subscription and use a correct regional API endpoint for your resource."
)


def _fingerprint(key: str) -> str:
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()[:24]
