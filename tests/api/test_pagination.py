"""Listings that cannot lie: nothing lost, nothing twice, an end or an error, and nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import pickle
from contextlib import aclosing

import pytest

from openai_conversations import (
    APIConnectionError,
    ConversationItemPage,
    ConversationsError,
    InvalidArgumentError,
    PaginationStalledError,
    RetryPolicy,
)
from openai_conversations.resources.listing import ItemLister
from openai_conversations.schemas.items.message import Message
from openai_conversations.server import ConversationsServer, faults
from tests.fakes import until
from tests.writing.conftest import LIST_ITEMS
from tests.writing.helpers import operations, text_of


@pytest.fixture
def server():
    """A server in a thread of its own: the tasks of this loop are those of the client and the test."""
    with ConversationsServer() as running:
        yield running


@pytest.fixture
async def conversation(server, client):
    """A conversation of 45 items."""
    made = await client.conversations.create()
    server.add_items(made.id, [str(n) for n in range(45)])
    return made.id


async def collect(items, into):
    """Add what an iteration gives, up to its error."""
    async for item in items:
        into.append(item)
        await asyncio.sleep(0)


async def walk(client, conversation_id, **keywords):
    return [item.text async for item in client.conversations.items.list(conversation_id, **keywords)]


@pytest.mark.parametrize("prefetch", [True, False])
@pytest.mark.parametrize("limit", [1, 7, 20, 45, 100])
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_every_item_once(client, conversation, limit, order, prefetch):
    """A walk gives every item once and in order, from as few pages as there are."""
    texts = await walk(client, conversation, limit=limit, order=order, prefetch=prefetch)

    assert [str(n) for n in (range(45) if order == "asc" else reversed(range(45)))] == texts


@pytest.mark.parametrize("prefetch", [True, False])
@pytest.mark.parametrize(
    "fault",
    [
        faults.empty_page(skip=0),
        faults.empty_page(skip=1, count=2),
        faults.missing_last_id(),
        faults.unknown_fields(operation=LIST_ITEMS, count=None),
        faults.status(503, operation=LIST_ITEMS, skip=1),
        faults.drop_before_commit(operation=LIST_ITEMS, skip=2),
        faults.truncated_json(cut=True, operation=LIST_ITEMS, skip=2),
    ],
    ids=lambda fault: f"{fault.name}-{fault.skip}",
)
async def test_through_faults(server, client, conversation, fault, prefetch):
    """Empty pages are followed, a missing cursor is the last item, a page that fails is asked for again."""
    server.add_fault(fault)

    assert [str(n) for n in range(45)] == await walk(client, conversation, limit=10, order="asc", prefetch=prefetch)
    assert [] == server.unfired_faults


@pytest.mark.parametrize("profile", ["openai,full_page_has_more=true", "openai,last_id=false", "ogx"])
async def test_servers_that_differ(profile):
    """A full last page that says there is more, lists without last_id, empty ids: the walk is the same."""
    from openai_conversations import ConversationsClient

    async with ConversationsServer(profile=profile) as server:
        settings = {"api_key": "sk-test", "base_url": server.base_url, "profile": "generic"}
        async with ConversationsClient(**settings) as client:
            made = await client.conversations.create()
            server.add_items(made.id, [str(n) for n in range(20)])

            assert [str(n) for n in range(20)] == await walk(client, made.id, limit=10, order="asc")


@pytest.mark.parametrize("prefetch", [True, False])
async def test_an_unknown_item(server, client, conversation, prefetch):
    """An item of a type that nobody knows is given like any other."""
    server.add_fault(faults.unknown_item(count=None))

    items = [
        item async for item in client.conversations.items.list(conversation, limit=10, order="asc", prefetch=prefetch)
    ]

    assert [item["id"] for item in server.items(conversation)] == [item.id for item in items]


@pytest.mark.parametrize("prefetch", [True, False])
@pytest.mark.parametrize("skip", [0, 1])
async def test_a_stuck_cursor(server, client, conversation, skip, prefetch):
    """A cursor that does not move is an error, after everything that came before it."""
    server.add_fault(faults.stuck_cursor(skip=skip))
    given = []
    items = client.conversations.items.list(conversation, limit=10, order="asc", prefetch=prefetch)

    with pytest.raises(PaginationStalledError) as caught:
        await collect(items, given)

    assert [str(n) for n in range(20)] == [item.text for item in given]
    assert server.items(conversation)[9]["id"] == caught.value.cursor
    assert operations(server).count(LIST_ITEMS) <= 3


async def test_one_page(server, client, conversation):
    """Awaited, a listing is one page, which can get the next and be walked from."""
    page = await client.conversations.items.list(conversation, limit=30, order="asc")
    assert (30, True) == (len(page.data), page.has_next_page())

    following = await page.get_next_page()
    assert (15, False) == (len(following.data), following.has_next_page())
    with pytest.raises(RuntimeError, match="No next page"):
        await following.get_next_page()

    assert [str(n) for n in range(45)] == [item.text async for item in page]
    assert [30, 15] == [len(one.data) async for one in page.iter_pages()]
    assert [30, 15] == [
        len(one.data) async for one in client.conversations.items.list(conversation, limit=30).iter_pages()
    ]


async def test_a_page_that_travelled(client, conversation):
    """A page that was pickled is all there, but cannot get the next."""
    page = await client.conversations.items.list(conversation, limit=30)
    copy = pickle.loads(pickle.dumps(page))  # noqa: S301

    assert page == copy
    with pytest.raises(ConversationsError, match="has no client"):
        await copy.get_next_page()
    with pytest.raises(ConversationsError, match="has no client"):
        [item async for item in copy]


@pytest.mark.parametrize("prefetch", [True, False])
@pytest.mark.parametrize(
    ("most", "pages"), [(0, 0), (1, 1), (9, 1), (10, 1), (11, 2), (20, 2), (45, 5), (46, 5), (None, 5)]
)
async def test_at_the_most(server, client, conversation, *, most, pages, prefetch):
    """``max_items`` bounds the items and ``page_size`` the pages; no page is fetched that nobody needs."""
    texts = await walk(client, conversation, limit=10, max_items=most, order="asc", prefetch=prefetch)

    assert [str(n) for n in range(45)][:most] == texts
    assert pages == operations(server).count(LIST_ITEMS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_items": -1},
        {"max_items": True},
        {"max_items": "3"},
    ],
    ids=str,
)
async def test_sizes_that_make_no_sense(server, client, wrong):
    """Sizes of ours are checked before anything is sent."""
    with pytest.raises(InvalidArgumentError):
        await client.conversations.items.list("conv_1", **wrong)

    assert [] == server.requests


@pytest.mark.parametrize("stop", [0, 1, 9, 10, 30, 44])
async def test_to_go_on_from_a_cursor(client, conversation, stop):
    """A listing goes on after the item that it gave last, also in another listing."""
    lister = client.conversations.items.list(conversation, limit=10, order="asc")
    assert lister.cursor is None
    given = []
    async for item in lister:
        given.append(item.text)
        if len(given) > stop:
            break

    rest = await walk(client, conversation, limit=10, order="asc", after=lister.cursor)

    assert [str(n) for n in range(45)] == given + rest


async def test_a_walk_that_failed_goes_on(server, client, conversation):
    """An iteration that met an error gives the rest when it is asked again."""
    walker = aiter(client.conversations.items.list(conversation, limit=10, order="asc"))
    server.add_fault(faults.status(500, operation=LIST_ITEMS, skip=1, count=3))
    given, errors = [], 0
    while len(given) < 45:
        try:
            given.append((await anext(walker)).text)
        except ConversationsError:
            errors += 1

    assert [str(n) for n in range(45)] == given
    assert 1 == errors


@pytest.mark.parametrize("taken", [1, 5, 6, 10, 11])
async def test_leaving_early(server, client, conversation, taken):
    """A loop that is left leaves no task behind, whatever page was being fetched, and no warning."""
    server.add_fault(faults.slow(0.2, operation=LIST_ITEMS, skip=1, count=None))
    tasks = asyncio.all_tasks()
    count = 0
    async for _ in client.conversations.items.list(conversation, limit=10):
        count += 1
        if count == taken:
            break
    del _
    gc.collect()
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert tasks == asyncio.all_tasks()


async def test_leaving_early_without_prefetch(client, conversation):
    """Without a page under way there is not even a task to cancel."""
    tasks = asyncio.all_tasks()
    async for _ in client.conversations.items.list(conversation, limit=10, prefetch=False):
        break

    assert tasks == asyncio.all_tasks()


async def test_closing(server, client, conversation):
    """``aclosing`` ends an iteration in a known moment: the page under way is given up."""
    server.add_fault(faults.slow(5, operation=LIST_ITEMS, skip=1))
    tasks = asyncio.all_tasks()

    async with aclosing(aiter(client.conversations.items.list(conversation, limit=10))) as items:
        for _ in range(6):
            await anext(items)
        assert len(tasks) + 1 == len(asyncio.all_tasks())
    assert tasks == asyncio.all_tasks()
    with pytest.raises(StopAsyncIteration):
        await anext(items)
    await items.aclose()


@pytest.mark.parametrize(("prefetch", "pages"), [(True, 2), (False, 1)])
async def test_the_next_page_comes_while_this_one_is_consumed(server, client, conversation, prefetch, pages):
    """From the middle of a page on the next one is under way, unless that is switched off."""
    tasks = asyncio.all_tasks()
    async with aclosing(aiter(client.conversations.items.list(conversation, limit=10, prefetch=prefetch))) as items:
        for _ in range(6):
            await anext(items)
        assert prefetch == (tasks != asyncio.all_tasks())
        await until(lambda: operations(server).count(LIST_ITEMS) >= pages)

        assert pages == operations(server).count(LIST_ITEMS)


async def test_an_error_of_a_page_that_nobody_waits_for(server, client, conversation, recwarn):
    """An error of a page that was fetched ahead is raised when its items are due, and never when nobody asks."""
    server.add_fault(faults.status(500, operation=LIST_ITEMS, skip=1, count=None))
    given = []
    with pytest.raises(ConversationsError):
        await collect(client.conversations.items.list(conversation, limit=10, order="asc"), given)
    assert [str(n) for n in range(10)] == [item.text for item in given]

    server.clear_faults()
    server.add_fault(faults.status(500, operation=LIST_ITEMS, skip=1, count=None))
    count = 0
    async for _ in client.conversations.items.list(conversation, limit=10):
        count += 1
        await asyncio.sleep(0.01)
        if count == 8:
            break
    del _
    gc.collect()
    await asyncio.sleep(0.01)

    assert [] == recwarn.list


async def test_cancelled(server, client, conversation):
    """A walk that is cancelled while it waits for a page leaves nothing behind, and can go on."""
    server.add_fault(faults.slow(0.3, operation=LIST_ITEMS, skip=1))
    tasks = asyncio.all_tasks()
    items = aiter(client.conversations.items.list(conversation, limit=10, order="asc"))
    given = [(await anext(items)).text for _ in range(10)]

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await anext(items)
    assert tasks == asyncio.all_tasks()

    assert [str(n) for n in range(45)] == given + [item.text async for item in items]


async def test_while_others_write(server, client, conversation):
    """Items that come in while the conversation is read newest first shift nothing: no item twice, none lost."""
    given = []
    async for item in client.conversations.items.list(conversation, limit=10):
        given.append(item.text)
        if len(given) % 7 == 0:
            server.add_items(conversation, ["new"])

    assert [str(n) for n in reversed(range(45))] == given
    assert "new" == text_of(server.items(conversation)[-1])


# Servers that no profile is like: pages by hand


def page(ids, *, has_more=False, last_id=None):
    return ConversationItemPage(
        data=[Message(id=i, role="user", content=[]) for i in ids], has_more=has_more, last_id=last_id
    )


class Pages:
    """Pages that a script gives."""

    def __init__(self, *pages):
        self.pages = pages
        self.asked = []

    async def fetch(self, cursor):
        self.asked.append(cursor)
        found = self.pages[min(len(self.asked), len(self.pages)) - 1]
        if isinstance(found, Exception):
            raise found
        one = page([item.id for item in found.data], has_more=found.has_more, last_id=found.last_id)
        one.attach(self.fetch, cursor)
        return one

    def list(self, *, after=None, max_items=None, prefetch=True):
        return ItemLister(self.fetch, after=after, max_items=max_items, prefetch=prefetch)


@pytest.mark.parametrize("prefetch", [True, False])
async def test_pages_that_overlap(prefetch):
    """An item that comes in two pages is given once; ids that only hash alike are two."""

    class Unlucky(str):
        __slots__ = ()

        def __hash__(self):
            return 7

        __eq__ = str.__eq__

    pages = Pages(
        page(["a", Unlucky("b")], has_more=True),
        page([Unlucky("b"), Unlucky("c"), "d"], has_more=True),
        page(["a", "d", "e"]),
    )

    assert ["a", "b", "c", "d", "e"] == [item.id async for item in pages.list(prefetch=prefetch)]


@pytest.mark.parametrize("prefetch", [True, False])
async def test_cursors_in_a_circle(prefetch):
    """Cursors that come round again are an error, and what was new is given before."""
    pages = Pages(
        page(["a"], has_more=True, last_id="x"),
        page(["b"], has_more=True, last_id="y"),
        page(["c"], has_more=True, last_id="x"),
    )
    given = []

    with pytest.raises(PaginationStalledError, match="'x'"):
        await collect(pages.list(prefetch=prefetch), given)

    assert (["a", "b", "c"], 3) == ([item.id for item in given], len(pages.asked))


async def test_a_circle_to_where_it_began():
    """The cursor that a walk began with is one of those that must not come again."""
    pages = Pages(page(["a"], has_more=True, last_id="y"), page(["b"], has_more=True, last_id="x"))

    with pytest.raises(PaginationStalledError):
        [item async for item in pages.list(after="x")]

    assert ["x", "y"] == pages.asked


async def test_a_page_with_neither_items_nor_cursor():
    """More without a word of where is an error."""
    with pytest.raises(PaginationStalledError, match="gives no cursor") as caught:
        [item async for item in Pages(page([], has_more=True)).list()]
    assert caught.value.cursor is None

    with pytest.raises(PaginationStalledError):
        await (await Pages(page([], has_more=True)).list()).get_next_page()


async def test_empty_pages_without_end():
    """A server whose cursor moves for ever and that never gives an item is given up."""

    class Endless(Pages):
        async def fetch(self, cursor):
            self.asked.append(cursor)
            one = page([], has_more=True, last_id=f"cursor_{len(self.asked)}")
            one.attach(self.fetch, cursor)
            return one

    pages = Endless()

    with pytest.raises(PaginationStalledError):
        [item async for item in pages.list()]

    assert 1_000 == len(pages.asked)


async def test_items_without_an_id():
    """Items that have no id are all given: nobody can tell them from each other."""
    assert 4 == len([item async for item in Pages(page(["", ""], has_more=True, last_id="x"), page(["", ""])).list()])


async def test_an_iterator_that_outlives_its_loop():
    """An iterator whose loop is closed is dropped without a word."""

    async def begin():
        gate = asyncio.Event()

        class Stuck(Pages):
            async def fetch(self, cursor):
                if cursor is not None:
                    await gate.wait()
                return await super().fetch(cursor)

        items = aiter(Stuck(page(["a"], has_more=True)).list())
        await anext(items)
        return items

    items = await asyncio.to_thread(asyncio.run, begin())
    del items


async def test_a_failure_of_the_first_page():
    """The first page is asked for again, too, when it failed."""
    items = aiter(Pages(APIConnectionError(), page(["a"])).list())

    with pytest.raises(APIConnectionError):
        await anext(items)

    assert ["a"] == [item.id async for item in items]


async def test_the_pace_of_a_walk_is_the_clients(make_client, server, conversation):
    """Each page has the deadline and the retries of a call."""
    client = make_client(max_retries=1, retry=RetryPolicy(initial=0.001))
    server.add_fault(faults.status(500, operation=LIST_ITEMS, skip=2, count=2))

    with pytest.raises(ConversationsError) as caught:
        await walk(client, conversation, limit=10)

    assert 2 == len(caught.value.attempts)
