"""The client: where settings, chain, session and resources come together."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, NoReturn, Self, cast

import attrs

from openai_conversations.api.arguments import Omit, omit
from openai_conversations.api.caller import Caller
from openai_conversations.checks import Wanted, having, instance_of, is_callable_object
from openai_conversations.errors import ConfigurationError
from openai_conversations.headers import checked_headers, merged
from openai_conversations.resources.conversations import Conversations, RawConversations, StreamingConversations
from openai_conversations.resources.endpoints import Endpoints
from openai_conversations.resources.official_names import not_here, refuse_http_client
from openai_conversations.settings import (
    DEFAULT_BODY_LIMITS,
    DEFAULT_MAX_CONNECTIONS,
    DEFAULT_MAX_RETRIES,
    DEFAULT_TIMEOUT,
    ApiKey,
    BodyLimits,
    Profile,
    Settings,
    Timeout,
    as_timeout,
    checked_max_connections,
    checked_query,
    resolve,
)
from openai_conversations.transport.credentials import Credentials
from openai_conversations.transport.lost_streams import closing_lost_streams
from openai_conversations.transport.policy import RetryPolicy
from openai_conversations.transport.retry import Retry, RetryBudget
from openai_conversations.transport.runtime import Runtime
from openai_conversations.transport.status import status_to_error
from openai_conversations.version import __version__
from openai_conversations.writing.last_item import LastItems
from openai_conversations.writing.reconcile import Reconcile
from openai_conversations.writing.write_order import ConversationLock, WriteOrder, Writing

if TYPE_CHECKING:
    import aiohttp

    from openai_conversations.resources.responses import RawResponses, Responses, StreamingResponses
    from openai_conversations.resources.webhooks import Webhooks
    from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse, Middleware
    from openai_conversations.transport.session import SSL, SessionManager


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _Shared:
    """What all views of a client share: everything but where a request goes and with which key."""

    session: SessionManager
    middlewares: tuple[Middleware, ...]
    writing: Writing
    reconcile: Reconcile
    retry: Retry
    runtime: Runtime


def build_chain(shared: _Shared, end: Handler) -> Handler:
    """
    The way of a call: yours ► write order ► reconcile ► status ► retry ► credentials ► session.

    Our own links are partials, which call without a frame of their own; yours may name their arguments as they like.
    """
    handler: Handler = partial(shared.retry, handler=end)
    handler = partial(status_to_error, handler=handler)
    handler = partial(shared.reconcile, handler=handler)
    handler = partial(shared.writing.order, handler=handler)
    for middleware in reversed(shared.middlewares):
        handler = _link(middleware, handler)
    return handler


def _link(middleware: Middleware, handler: Handler) -> Handler:
    def call(request: HTTPRequest) -> Awaitable[HTTPResponse]:
        if request.stream:
            return closing_lost_streams(request, middleware=middleware, handler=handler)
        return middleware(request, handler)

    return call


_BODY_LIMITS: Final = instance_of(BodyLimits, "a BodyLimits")
_RETRY: Final = instance_of(RetryPolicy, "a RetryPolicy").or_none()
_RUNTIME: Final = instance_of(Runtime, "a Runtime").or_none()
_LOCK: Final = having(
    "hold", "a ConversationLock (an object whose hold(conversation_id) is an async context manager)"
).or_none()
_MIDDLEWARES: Final = Wanted(
    "a list of middlewares",
    lambda value: isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping)),
)
_MIDDLEWARE: Final = Wanted("an async function of a request and a handler", is_callable_object)


def _checked_middlewares(middlewares: object) -> tuple[Middleware, ...]:
    _MIDDLEWARES.check("middlewares", middlewares, ConfigurationError)
    chain = tuple(cast("Iterable[object]", middlewares))
    for index, middleware in enumerate(chain):
        _MIDDLEWARE.check(f"middlewares[{index}]", middleware, ConfigurationError)
    return cast("tuple[Middleware, ...]", chain)


class ConversationsClient(Endpoints):
    """
    A client for conversations and their items. Safe to share between the tasks of one event loop.

    Making one needs no running loop and opens nothing; connections are opened at the first request. Close it, or use it
    with ``async with``. A keyword wins over an environment variable.

    Args:
        api_key: The key, or a function (plain or async) that is asked for one before every attempt; else
            ``OPENAI_API_KEY``.
        organization: Sent as ``OpenAI-Organization``; else ``OPENAI_ORG_ID``.
        project: Sent as ``OpenAI-Project``; else ``OPENAI_PROJECT_ID``.
        base_url: Else ``OPENAI_BASE_URL``, else ``https://api.openai.com/v1``.
        timeout: Seconds for a whole call with all that belongs to it, or a :class:`Timeout`; ``None`` for no bound.
        max_retries: How often a call is tried again; 0 switches retries and waits for locks off.
        default_headers: Sent with every request; ``OPENAI_CUSTOM_HEADERS`` adds more.
        default_query: Sent with every request.
        webhook_secret: What the service signs with what it posts to your webhook; else ``OPENAI_WEBHOOK_SECRET``.
        max_connections: Connections at the most; further requests wait for a free one, within their deadline. A
            borrowed session has a limit of its own.
        body_limits: How large the bodies of responses may be.
        session: An aiohttp session to borrow; it is never closed. ``None`` makes one at the first request.
        middlewares: Your own, the outermost first; each is ``async (request, handler) -> response`` around all retries.
        proxy: URL of an HTTP proxy, ``""`` for none; else what the environment names, read once.
        ssl: As aiohttp's ``ssl``.
        retry: Delays, and a hook that sees every attempt.
        profile: How the server differs from OpenAI's: ``openai``, ``azure``, ``generic`` or a :class:`Profile`. When it
            is not given, it is ``azure`` for the hosts of Azure, else ``openai``.
        user_isolation_key: Whose conversations are meant, at Azure AI Foundry: sent as ``x-ms-user-isolation-key``.
        lock: Mutual exclusion with writers in other processes, held for each append; ``None`` for none.
        runtime: Clock, sleep and randomness, for tests.
        http_client: Not here: this client speaks aiohttp by itself; a session of yours is ``session``.

    Raises:
        ConfigurationError: A setting cannot be used; the message names it and shows no key.
    """

    __slots__ = ("_caller", "_is_view", "_responses", "_settings", "_shared", "conversations")

    def __init__(
        self,
        *,
        api_key: ApiKey | None = None,
        organization: str | None = None,
        project: str | None = None,
        base_url: str | None = None,
        timeout: float | Timeout | None = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_MAX_RETRIES,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, object] | None = None,
        webhook_secret: str | None = None,
        max_connections: int = DEFAULT_MAX_CONNECTIONS,
        body_limits: BodyLimits = DEFAULT_BODY_LIMITS,
        session: aiohttp.ClientSession | None = None,
        middlewares: Sequence[Middleware] = (),
        proxy: str | None = None,
        ssl: SSL = True,
        retry: RetryPolicy | None = None,
        profile: Profile | str | None = None,
        user_isolation_key: str | None = None,
        lock: ConversationLock | None = None,
        runtime: Runtime | None = None,
        http_client: None = None,
    ) -> None:
        # Long by the names of the arguments, each of which is said once here and passed on once.
        # Imported here because importing aiohttp takes ten times as long as the rest of the package.
        from openai_conversations.transport.session import SessionManager, check_session

        refuse_http_client(http_client)
        for name, wanted, value in (
            ("body_limits", _BODY_LIMITS, body_limits),
            ("retry", _RETRY, retry),
            ("lock", _LOCK, lock),
            ("runtime", _RUNTIME, runtime),
        ):
            wanted.check(name, value, ConfigurationError)
        check_session(session, ssl)
        chain = _checked_middlewares(middlewares)
        outside = runtime or Runtime()
        try:
            settings = resolve(
                api_key=api_key,
                organization=organization,
                project=project,
                base_url=base_url,
                timeout=timeout,
                max_retries=max_retries,
                default_headers=default_headers,
                default_query=default_query,
                profile=profile,
                proxy=proxy,
                webhook_secret=webhook_secret,
                user_isolation_key=user_isolation_key,
            )
        except ConfigurationError as error:
            raise error.with_traceback(None) from None  # its frames hold the key
        finally:
            del (
                api_key,
                base_url,
                default_headers,
                default_query,
                proxy,
                webhook_secret,
                user_isolation_key,
            )  # what reports errors shows the variables of frames
        policy, budget = retry or RetryPolicy(), RetryBudget()
        writing = Writing(
            order=WriteOrder(lock, clock=outside.clock), last_items=LastItems(), policy=policy, budget=budget
        )
        shared = _Shared(
            session=SessionManager(
                session=session,
                proxy=settings.proxy,
                ssl=ssl,
                limit=checked_max_connections(max_connections),
                body_limits=body_limits,
                clock=outside.clock,
            ),
            middlewares=chain,
            writing=writing,
            reconcile=Reconcile(writing.last_items, policy, budget=budget, runtime=outside),
            retry=Retry(policy, budget=budget, runtime=outside),
            runtime=outside,
        )
        self._assemble(settings, shared, is_view=False)

    def _assemble(self, settings: Settings, shared: _Shared, *, is_view: bool) -> None:
        self._settings = settings
        self._shared = shared
        self._is_view = is_view
        end = Credentials(settings, __version__, shared.session.send, clock=shared.runtime.clock)
        send = build_chain(shared, end)
        self._caller = Caller(settings=settings, send=send, runtime=shared.runtime)
        self.conversations: Conversations = Conversations(self._caller, shared.writing)
        self._responses: Responses | None = None

    @property
    def responses(self) -> Responses:
        """Turns: what a model is asked for, and what it answers."""
        if self._responses is None:
            from openai_conversations.resources.responses import Responses  # loaded by who takes turns

            self._responses = Responses(self._caller, self._shared.writing)
        return self._responses

    @property
    def with_raw_response(self) -> RawClient:
        """``client.with_raw_response.conversations…``: the same methods, which return the response as it came."""
        return RawClient(self._caller, self._shared.writing)

    @property
    def with_streaming_response(self) -> StreamingClient:
        """The methods of this class as context managers, which leave the body unread."""
        return StreamingClient(self._caller, self._shared.writing)

    @property
    def webhooks(self) -> Webhooks:
        """What the service posts to your webhook: is it from the service, and what does it say?"""
        from openai_conversations.resources.webhooks import Webhooks  # loaded by who has one

        return Webhooks(self._settings.webhook_secret, self._shared.runtime.now)

    @property
    def base_url(self) -> str:
        """Where requests go, without a slash at the end."""
        return self._settings.base_url

    @property
    def timeout(self) -> Timeout:
        """The bounds of a call."""
        return self._settings.timeout

    @property
    def max_retries(self) -> int:
        """How often a call is tried again."""
        return self._settings.max_retries

    @property
    def is_closed(self) -> bool:
        """Whether the client was closed."""
        return self._shared.session.is_closed

    def with_options(
        self,
        *,
        api_key: ApiKey | None = None,
        organization: str | None = None,
        project: str | None = None,
        base_url: str | None = None,
        timeout: float | Timeout | Omit | None = omit,
        max_retries: int | None = None,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, object] | None = None,
        webhook_secret: str | None = None,
        user_isolation_key: str | None = None,
    ) -> ConversationsClient:
        """
        A cheap view with other settings that shares the connections; closing a view closes nothing.

        Headers and query values are added to those of this client; at Azure AI Foundry, *user_isolation_key* makes it
        the view of one user.

        Raises:
            ConfigurationError: A setting cannot be used.
        """
        own = self._settings
        stays = base_url is None
        try:
            settings = resolve(
                api_key=own.api_key if api_key is None else api_key,
                organization=own.organization if organization is None else organization,
                project=own.project if project is None else project,
                base_url=own.base_url if base_url is None else base_url,
                timeout=own.timeout if isinstance(timeout, Omit) else as_timeout(timeout, own.timeout),
                max_retries=own.max_retries if max_retries is None else max_retries,
                default_headers=merged(own.default_headers, checked_headers(default_headers or {}, "default_headers")),
                default_query={**own.default_query, **checked_query(default_query)},
                profile=own.profile,
                proxy=own.proxy,
                webhook_secret=own.webhook_secret if webhook_secret is None else webhook_secret,
                user_isolation_key=user_isolation_key,
                environ={},
            )
        except ConfigurationError as error:
            raise error.with_traceback(None) from None  # its frames hold the key
        finally:
            del api_key, base_url, default_headers, default_query, webhook_secret, user_isolation_key
        if stays and own.url_query:
            settings = attrs.evolve(settings, url_query=own.url_query)
        view = object.__new__(type(self))
        view._assemble(settings, self._shared, is_view=True)
        return view

    copy = with_options

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise AttributeError(not_here(name), name=name, obj=self)

    async def close(self) -> None:
        """Close the connections, unless this is a view or the session is borrowed. Closing twice is allowed."""
        if not self._is_view:
            await self._shared.session.close()

    async def __aenter__(self) -> Self:
        self._shared.session.check_open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __enter__(self) -> NoReturn:
        raise TypeError("ConversationsClient is async: use `async with`, not `with`")

    def __exit__(self, *_: object) -> None:
        """Only here so that `with` comes to :meth:`__enter__`."""

    def __reduce__(self) -> NoReturn:
        raise TypeError("a ConversationsClient cannot be pickled or copied; use with_options for a view")

    def __repr__(self) -> str:
        settings: Settings | None = getattr(self, "_settings", None)
        if settings is None:
            return "<ConversationsClient that could not be made>"
        return f"<ConversationsClient {settings.base_url}{' (view)' if self._is_view else ''}>"


AsyncOpenAI = ConversationsClient
"""The official client's name, for services that move here by a change of import."""


class RawClient:
    """``client.with_raw_response``."""

    def __init__(self, caller: Caller, writing: Writing) -> None:
        self._caller = caller
        self._writing = writing
        self.conversations: RawConversations = RawConversations(caller, writing)

    @property
    def responses(self) -> RawResponses:
        """See :attr:`ConversationsClient.responses`."""
        from openai_conversations.resources.responses import RawResponses

        return RawResponses(self._caller, self._writing)


class StreamingClient:
    """``client.with_streaming_response``."""

    def __init__(self, caller: Caller, writing: Writing) -> None:
        self._caller = caller
        self._writing = writing
        self.conversations: StreamingConversations = StreamingConversations(caller, writing)

    @property
    def responses(self) -> StreamingResponses:
        """See :attr:`ConversationsClient.responses`."""
        from openai_conversations.resources.responses import StreamingResponses

        return StreamingResponses(self._caller, self._writing)
