"""
What services that move here from the official client meet: its names, and sentences in place of what is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Final, NoReturn, ParamSpec, TypeVar

from openai_conversations.errors import ConfigurationError, ConversationsError
from openai_conversations.jsontypes import is_omitted

P = ParamSpec("P")
T = TypeVar("T")

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


def refuse_http_client(http_client: object) -> None:
    """
    Refuse what is given as ``http_client``.

    Raises:
        ConfigurationError: Something is.
    """
    if not (http_client is None or is_omitted(http_client)):
        DefaultAioHttpClient()


def OpenAI(*_: object, **__: object) -> NoReturn:  # noqa: N802  # the official client's name
    """
    Refuse, with the way out: there is no client that blocks.

    Raises:
        ConfigurationError: Always.
    """
    raise ConfigurationError(
        "OpenAI is the official client's sync class, and this client is async: use AsyncOpenAI (or "
        "ConversationsClient) with `async with` and `await`, and asyncio.run() where nothing is async"
    )


def by_name(example: str) -> Callable[[Callable[P, Coroutine[Any, Any, T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """
    Make a method that takes one argument by position say how it is called, when it is given more.

    Python's own words would be how many arguments were given, and not which should have had names.

    Args:
        example: The right call; what was given by position stands in it as ``{0!r}``, ``{1!r}``.
    """

    def decorate(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        @wraps(method)
        async def called(*args: P.args, **kwargs: P.kwargs) -> T:
            if len(args) > 2:
                raise TypeError(f"only the first argument has no name: {example.format(*args[1:])}")
            return await method(*args, **kwargs)

        return called

    return decorate
