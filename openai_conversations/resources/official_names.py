"""Names of the official client that have nothing behind them here: each says what to use instead."""

from __future__ import annotations

from typing import Final, NoReturn

from openai_conversations.errors import ConfigurationError, ConversationsError

OpenAIError = ConversationsError
"""The official client's name of the root of all errors."""

NOT_HERE: Final = (
    "admin audio batches beta chat completions containers content_provenance_checks decisions embeddings evals files "
    "fine_tuning graders images live models moderations realtime safety skills uploads vector_stores videos"
)
"""What the official client has beside conversations, responses and webhooks."""


def not_here(name: str) -> str:
    """Why a client has no attribute of this name, for an ``AttributeError``."""
    if name not in NOT_HERE.split():
        return f"'ConversationsClient' object has no attribute {name!r}"
    return (
        f"this client is for conversations and responses, and has no `{name}`: use `openai.AsyncOpenAI().{name}` "
        f"beside it, or `client.get(…)` and `client.post(…)` for single endpoints"
    )


def DefaultAioHttpClient(*_: object, **__: object) -> NoReturn:  # noqa: N802  # the official client's name
    """
    Refuse, with the way out: this client speaks aiohttp by itself.

    Raises:
        ConfigurationError: Always.
    """
    raise ConfigurationError(
        "no http_client is needed: this client uses aiohttp already. Leave http_client out, or give a ClientSession "
        "of your own as session=…"
    )


DefaultAsyncHttpxClient = DefaultAioHttpClient
