"""
``client.webhooks``: whether what was posted to a webhook is from the service, and what it says.

The signatures are those of Standard Webhooks, read as the official client reads them.
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any, Final, cast

from openai_conversations.api.caller import codec
from openai_conversations.checks import COUNT, Wanted, shown
from openai_conversations.converters.errors import DecodeError
from openai_conversations.errors import ConfigurationError, InvalidArgumentError, InvalidWebhookSignatureError
from openai_conversations.schemas.webhooks import UnwrapWebhookEvent

TOLERANCE: Final = 300
"""Seconds that the clocks of the service and of this machine may be apart, the way here included."""

_PREFIX: Final = "whsec_"


class Webhooks:
    """
    What the service posts to your webhook. Nothing is sent; these methods are not async.

    Args:
        secret: Of the webhook; ``None`` when each call brings it.
        now: Unix seconds.
    """

    def __init__(self, secret: str | None, now: Callable[[], float]) -> None:
        self._secret = secret
        self._now = now

    def unwrap(
        self, payload: str | bytes, headers: Mapping[str, str], *, secret: str | None = None
    ) -> UnwrapWebhookEvent:
        """
        The event, after :meth:`verify_signature`.

        Args:
            payload: The body of the request, byte by byte as it came.
            headers: Its headers.
            secret: Of the webhook; else the client's.

        Raises:
            InvalidWebhookSignatureError: It is not from the service, or too old, or has not the shape of an event.
            ConfigurationError: There is no secret, or it is none.
        """
        try:
            self.verify_signature(payload, headers, secret=secret)
        finally:
            del secret  # what reports errors shows the variables of frames
        body = _bytes(payload)
        try:
            return cast("UnwrapWebhookEvent", codec().decode(body, cast("type[object]", UnwrapWebhookEvent)))
        except DecodeError as error:
            raise InvalidWebhookSignatureError(
                f"the body of the webhook was signed, but is no event: {error}"
            ) from None

    def verify_signature(
        self,
        payload: str | bytes,
        headers: Mapping[str, str],
        *,
        secret: str | None = None,
        tolerance: int = TOLERANCE,
    ) -> None:
        """
        See that the service signed this body with the secret, and not long ago.

        Args:
            payload: The body of the request, byte by byte as it came.
            headers: Its headers: ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``, in any case.
            secret: Of the webhook (``whsec_…``); else the client's ``webhook_secret``, or ``OPENAI_WEBHOOK_SECRET``.
            tolerance: Seconds that it may be old, or from the future.

        Raises:
            InvalidWebhookSignatureError: It did not, or too long ago; or a header is missing.
            ConfigurationError: There is no secret, or it is none; it is not shown.
        """
        COUNT.check("tolerance", tolerance)
        body = _bytes(payload)
        _check_secret(secret)
        _HEADERS.check("headers", headers)
        event, stamp, signatures = (_header(headers, name) for name in ("webhook-id", "webhook-timestamp", _SIGNATURE))
        self._check_time(stamp, tolerance)
        try:
            expected = _signature(self._secret if secret is None else secret, f"{event}.{stamp}.".encode() + body)
        except ConfigurationError as error:
            raise error.with_traceback(None) from None  # its frames hold the secret
        finally:
            del secret
        # One for each secret that is valid at the time; what has another version than v1 is signed in another way.
        given = [part.removeprefix("v1,") for part in signatures.split()]
        if not any(hmac.compare_digest(expected, signature.encode(errors="replace")) for signature in given):
            raise InvalidWebhookSignatureError("the webhook was not signed with this secret, or its body was changed")

    def _check_time(self, stamp: str, tolerance: int) -> None:
        if not (stamp.isascii() and stamp.isdigit()):
            raise InvalidWebhookSignatureError("the webhook-timestamp is no number of seconds")
        age = self._now() - int(stamp)
        if abs(age) > tolerance:
            when = "old" if age > 0 else "new"
            raise InvalidWebhookSignatureError(
                f"the webhook-timestamp is too {when}: {abs(age):.0f} seconds, and {tolerance} are allowed"
            )


_SIGNATURE: Final = "webhook-signature"


def _signature(secret: str | None, signed: bytes) -> bytes:
    return b64encode(hmac.new(_key(secret), signed, sha256).digest())


def _key(secret: str | None) -> bytes:
    if not secret:
        raise ConfigurationError(
            "no webhook secret: pass secret=…, make the client with webhook_secret=…, or set the environment variable "
            "OPENAI_WEBHOOK_SECRET"
        )
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        pass
    raise ConfigurationError(f"the webhook secret begins with {_PREFIX} and is not base64 after it")


def _check_secret(secret: object) -> None:
    if secret is not None and not isinstance(secret, str):
        raise InvalidArgumentError(f"secret must be a string or None, not of type {type(secret).__name__}")


def _is_headers(headers: object) -> bool:
    """A mapping of a framework's, or pairs, of texts."""
    items: Any = getattr(headers, "items", None)
    pairs: object = items() if callable(items) and not isinstance(headers, type) else headers
    if isinstance(pairs, (str, bytes)) or not isinstance(pairs, Iterable):
        return False
    return all(map(_is_pair, cast("Iterable[object]", pairs)))


def _is_pair(pair: object) -> bool:
    texts = cast("tuple[object, ...]", pair) if isinstance(pair, (tuple, list)) else ()
    return len(texts) == 2 and all(isinstance(text, (str, bytes)) for text in texts)


_HEADERS: Final = Wanted("a mapping of strings, or pairs of them", _is_headers)


def _bytes(payload: object) -> bytes:
    if isinstance(payload, (bytes, bytearray)):
        return bytes(payload)
    if isinstance(payload, str):
        return payload.encode()
    raise InvalidArgumentError(f"payload must be the body as it came, bytes or a string, not {shown(payload)}")


def _header(headers: object, name: str) -> str:
    """A header, whatever its case; frameworks give mappings, or pairs."""
    items: Any = getattr(headers, "items", None)
    pairs: Any = items() if callable(items) else headers
    for key, value in pairs:
        if _text(key).lower() == name:
            return _text(value)
    raise InvalidWebhookSignatureError(f"the request has no header {name}")


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
