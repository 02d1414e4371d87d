"""The embedded server: starting it, stopping it, and looking into it from a test."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, Self, TypeVar

from openai_conversations.converters import json
from openai_conversations.server.control import Control
from openai_conversations.server.faults.fault import Fault
from openai_conversations.server.faults.injector import FaultInjector
from openai_conversations.server.faults.parse import parse_fault
from openai_conversations.server.handler import RequestBounds, RequestHandler
from openai_conversations.server.http.auth import Authenticator
from openai_conversations.server.http.lifetime import Lifetime
from openai_conversations.server.http.listener import Listener
from openai_conversations.server.http.rate_limit import RequestRate
from openai_conversations.server.inspection import assertions, stored
from openai_conversations.server.inspection.assertions import By, Item, StoredConversation
from openai_conversations.server.inspection.stored import ConversationSummary
from openai_conversations.server.journal import Journal, JournalEntry
from openai_conversations.server.model.runner import TurnRunner
from openai_conversations.server.model.script import Responder, ScriptedModel
from openai_conversations.server.model.service import TurnService
from openai_conversations.server.page.addresses import ROOT
from openai_conversations.server.page.page import Page
from openai_conversations.server.profiles import ServerProfile, parse
from openai_conversations.server.rules.items import complete
from openai_conversations.server.rules.operations import Context
from openai_conversations.server.rules.recent_writes import RecentWrites
from openai_conversations.server.rules.turn_locks import TurnLocks
from openai_conversations.server.rules.turns import fail_unfinished
from openai_conversations.server.storage.ids import IdFactory, make_clock
from openai_conversations.server.storage.store import Orphan, Store, on_store
from openai_conversations.server.storage.tables import SCHEMA
from openai_conversations.server.thread import LoopThread
from openai_conversations.storage.database import Database

T = TypeVar("T")

MAX_BODY = 32 * 1024 * 1024
LOOPBACK = ("127.", "::1", "localhost")


class ConversationsServer:
    """
    A Conversations server on a real socket of this machine.

    ``async with`` runs it in the current event loop, ``with`` in a thread of its own, for tests that are not
    coroutines. Its methods may be called from any thread, whichever way it runs.

    Args:
        host: Where to listen.
        port: The port; 0 takes a free one.
        database: A file to keep everything in; ``None`` keeps it in memory.
        profile: Which kind of server to be: a name, a name with changed traits
            (``"openai,after_delete=cascade"``), or a :class:`.Profile`.
        keys: The keys that are accepted, each seeing only its own conversations; ``None`` accepts any.
        seed: Makes ids and clock reproducible.
        faults: What goes wrong: :class:`.Fault` values, or lines such as ``"locked:n=3"``.
        rate_limit: Requests per minute; ``None`` refuses none.
        max_body: The most bytes of a request's body.
        patience: Seconds in which the head of a request, and then its body, must arrive.
        model: The script of the model: a list of turns, or a function of the :class:`.Turn`; see
            :class:`.ScriptedModel`, which is the attribute ``model`` of the server.
        control: Whether the control path answers; ``None`` only on a loopback address.
        page: Whether it shows a page to browsers, at ``/_control/``.
        journal_limit: How many requests the journal keeps; ``None`` for all.
        on_request: Called with each journal entry when its request has ended.
        sleep: How faults wait.
        clock: Seconds that only grow: how faults and the rate limit tell the time.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        database: str | PathLike[str] | None = None,
        profile: str | ServerProfile = "openai",
        keys: Iterable[str] | None = None,
        seed: int | None = None,
        faults: Iterable[Fault | str] = (),
        rate_limit: int | None = None,
        max_body: int = MAX_BODY,
        patience: float = 30.0,
        model: Iterable[Any] | Responder | None = None,
        control: bool | None = None,
        page: bool = True,
        journal_limit: int | None = None,
        on_request: Callable[[JournalEntry], None] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.profile: ServerProfile = parse(profile) if isinstance(profile, str) else profile
        self._model = ScriptedModel(model, limit=journal_limit)
        self._host = host
        self._port = port
        self._database = database
        self._seed = seed
        self._authenticator = Authenticator(keys, self.profile)
        self._rate = RequestRate(rate_limit, clock)
        self._bounds = RequestBounds(body=max_body, patience=patience)
        is_local = host.startswith(LOOPBACK)
        answers = is_local if control is None else control
        shown = Page(self, token=secrets.token_urlsafe()) if page else None
        self._control = Control(self, is_open=not is_local, page=shown) if answers else None
        self._sleep = sleep
        self._clock = clock
        self._injector = FaultInjector()
        self._journal = Journal(limit=journal_limit, listener=on_request)
        self._running: _Running | None = None
        self._thread: LoopThread | None = None
        for fault in faults:
            self.add_fault(fault)

    # starting and stopping

    async def start(self) -> None:
        """
        Listen.

        Raises:
            OSError: The address is taken, or is not of this machine.
            DatabaseError: The file of the database cannot be used.
            RuntimeError: The server runs already.
        """
        if self._running is not None:
            raise RuntimeError("the server is already running")
        database = Database(self._database, SCHEMA)
        await database.open()
        try:
            self._running = await self._listen(database)
        except BaseException:
            await database.close()
            raise

    async def _listen(self, database: Database) -> _Running:
        context = Context(
            ids=IdFactory(self._seed, opening=database.run_now(on_store(Store.count_opening))),
            now=make_clock(self._seed, started=database.run_now(on_store(Store.size))),
            profile=self.profile,
            writes=RecentWrites(self._clock),
            locks=TurnLocks(self._clock),
        )
        database.run_now(on_store(fail_unfinished))
        lifetime = Lifetime(self._sleep)
        runner = TurnRunner(database=database, context=context, model=self._model, lifetime=lifetime, clock=self._clock)
        handler = RequestHandler(
            database=database,
            context=context,
            authenticator=self._authenticator,
            injector=self._injector,
            journal=self._journal,
            rate=self._rate,
            bounds=self._bounds,
            control=self._control,
            lifetime=lifetime,
            turns=TurnService(runner),
            go_down=self._go_down_if_running,
        )
        listener = Listener(
            handler.handle,
            host=self._host,
            port=self._port,
            patience=self._bounds.patience,
            keepalive=self.profile.keepalive,
            sleep=lifetime.sleep,
        )
        await listener.open()
        return _Running(handler, lifetime, listener)

    async def stop(self) -> None:
        """Stop listening, hang up on everybody, close the database. Does nothing when the server does not run."""
        running, self._running = self._running, None
        if running is not None:
            await running.lifetime.close()
            await running.listener.close()
            await running.handler.database.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()

    def __enter__(self) -> Self:
        self._thread = LoopThread(self.start, self.stop)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._thread is not None:
            self._thread.stop()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._alive.listener.port

    @property
    def url(self) -> str:
        """The root of the server, without a slash at its end."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104  # only compared
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def base_url(self) -> str:
        """What a client takes as ``base_url``, or from ``OPENAI_BASE_URL``."""
        return f"{self.url}{self.profile.prefix}"

    @property
    def page_url(self) -> str:
        """Where a browser looks into the server, or ``""`` when there is no page."""
        return f"{self.url}{ROOT}" if self._control is not None and self._control.has_page else ""

    @property
    def _alive(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the server is not running; use `async with server:` or `with server:`")
        return self._running

    @property
    def model(self) -> ScriptedModel:
        """What the model says, and what it saw."""
        return self._model

    # what goes wrong

    def add_fault(self, fault: Fault | str) -> Fault:
        """
        Let something go wrong from now on; of the faults that fit a request, the first that was added fires.

        Raises:
            ValueError: The line names no fault, or none like this.
        """
        added = parse_fault(fault) if isinstance(fault, str) else fault
        self._injector.add(added)
        return added

    def remove_fault(self, fault: Fault) -> None:
        """
        Take back one fault: the very one that :meth:`add_fault` returned.

        Raises:
            ValueError: It is not there, or not any more.
        """
        self._injector.remove(fault)

    def clear_faults(self) -> None:
        """Forget all faults."""
        self._injector.clear()

    @property
    def faults(self) -> list[tuple[Fault, int]]:
        """Every fault with how often it fired."""
        return self._injector.all()

    @property
    def unfired_faults(self) -> list[Fault]:
        """The faults that never fired: a test that orders a fault and never meets it proves nothing."""
        return self._injector.unfired()

    def go_down(self, seconds: float) -> None:
        """Hang up on everybody and refuse connections for so many seconds, from now on."""
        running = self._alive
        running.loop.call_soon_threadsafe(running.listener.go_down, seconds)

    def _go_down_if_running(self, seconds: float) -> None:
        if self._running is not None:
            self._running.listener.go_down(seconds)

    # what is stored

    def conversations(self) -> list[StoredConversation]:
        """Every conversation that was ever made, in order, with all its items."""
        return self._run(lambda store: [stored.conversation(store, row) for row in store.everything()])

    def conversation_summaries(self, limit: int, skip: int = 0) -> tuple[list[ConversationSummary], int]:
        """The newest conversations without their items, newest first, and how many there are in all."""
        return self._run(lambda store: stored.summaries(store, limit, skip))

    def conversation(self, conversation_id: str) -> StoredConversation | None:
        """One conversation, deleted or not, or ``None``."""

        def job(store: Store) -> StoredConversation | None:
            row = store.find(conversation_id)
            return None if row is None else stored.conversation(store, row)

        return self._run(job)

    def items(self, conversation_id: str) -> Sequence[Item]:
        """The stored items of a conversation in order, those of a deleted one included; empty if there is none."""
        found = self.conversation(conversation_id)
        return found.items if found else []

    def orphans(self, conversation_id: str | None = None) -> list[Orphan]:
        """The items that no conversation shows any more, of one conversation or of all."""
        return self._run(lambda store: store.orphans(conversation_id))

    def add_items(self, conversation_id: str, items: Iterable[Item | str]) -> list[Item]:
        """
        Add items behind the client's back, as another process would.

        They are completed as if they had been sent, but nothing is refused: what the rules do not allow is stored as
        it is. A string stands for a user's message.

        Returns:
            The items as they are stored.

        Raises:
            ValueError: There is no such conversation, or it holds an item with such an id and the profile does not
                repeat ids.
        """
        new_id = self._alive.handler.context.ids.new
        prepared = [complete(item, new_id) for item in items]
        repeat_ids = self.profile.repeat_ids
        self._run(lambda store: stored.append(store, conversation_id, prepared, repeat_ids=repeat_ids))
        self._alive.handler.context.writes.note(item.item["id"] for item in prepared)
        return [item.item for item in prepared]

    def reset(self) -> None:
        """Forget everything: conversations, responses, faults, journal, and what the model is to say."""
        self._run(Store.clear)
        self._alive.handler.context.cursors.clear()
        self._alive.handler.context.writes.clear()
        self._alive.loop.call_soon_threadsafe(self._alive.handler.turns.forget)
        self._model.clear()
        self._injector.clear()
        self._journal.clear()

    def _run(self, job: Callable[[Store], T]) -> T:
        return self._alive.handler.database.run_now(on_store(job))

    # what happened

    @property
    def requests(self) -> list[JournalEntry]:
        """Every request with its outcome, oldest first."""
        return list(self._journal)

    def assert_no_duplicates(self, *, by: By = "replay") -> None:
        """
        Nothing was stored twice, and no turn was taken twice.

        Args:
            by: ``replay`` looks for what a client sent again after its response was lost or false; items that are
                equal on purpose pass. ``content`` lets no two equal items of a conversation pass.

        Raises:
            AssertionError: Something was; the message names the items and the requests that stored them.
        """
        assertions.no_duplicates(self.conversations(), self.requests, by)

    def assert_no_loss(self, expected: Mapping[str, Iterable[Item | str]]) -> None:
        """
        Everything expected is stored, as often and in the order as expected.

        Args:
            expected: By conversation the items that must be there, as they were sent; a string stands for a user's
                message, a response as JSON for its output.

        Raises:
            AssertionError: Something is missing; the message shows the difference.
        """
        assertions.no_loss(self.conversations(), expected)

    def assert_turns(self, conversation_id: str, count: int) -> None:
        """
        So many turns left their items in a conversation, whatever their clients heard of them.

        Turns that run count when they have ended.

        Raises:
            AssertionError: There are more or fewer; the message names the requests.
        """
        assertions.turns(self.requests, conversation_id, count)

    def assert_erased(self, conversation_id: str) -> None:
        """
        A conversation is gone, and all its items with it.

        Raises:
            AssertionError: It is not, or items are left that nobody can read any more.
        """
        orphans = [json.loads_exact(orphan.body) for orphan in self.orphans(conversation_id)]
        assertions.erased(conversation_id, self.conversation(conversation_id), orphans)

    def assert_requests(self, *operations: str, **counts: int) -> None:
        """
        These requests came: in this order and no others, or so many of each.

        ::

            server.assert_requests("createConversation", "listConversationItems")
            server.assert_requests(createConversationItems=1)

        Raises:
            AssertionError: Others came; the message shows the difference.
        """
        assertions.requests(self.requests, operations, counts)


class _Running:
    """What exists only while the server runs."""

    def __init__(self, handler: RequestHandler, lifetime: Lifetime, listener: Listener) -> None:
        self.handler = handler
        self.lifetime = lifetime
        self.listener = listener
        self.loop = asyncio.get_running_loop()
