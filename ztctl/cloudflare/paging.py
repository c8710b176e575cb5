"""Read all pages of a list as one list, each object once.

Lists have no snapshot: an object created or deleted between two requests shifts the rest, so that
an object comes twice or is missed. Duplicates are dropped by id; when the stated total changes
between pages the list is read again, three times at most: an object that a look-up misses would be
created a second time.
"""

from __future__ import annotations

from asyncio import TaskGroup
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from ztctl.cloudflare.envelope import Reply
from ztctl.cloudflare.errors import BadReply
from ztctl.core.model.calls import Call, Json

Fetch = Callable[[Call], Coroutine[Any, Any, Reply]]

MOST_PAGES: Final = 1000
MOST_REPEATS: Final = 3


async def collect(call: Call, fetch: Fetch) -> list[Json]:
    """Read the whole list of ``call``, ``call.per_page`` objects a page.

    Raises:
        CallFailed: of the first page that failed; ``BadReply`` when a page is no list, or when
            the list does not end.
    """
    for _ in range(1 + MOST_REPEATS):
        listing = await _read(call, fetch)
        if len(listing.totals) <= 1:
            break
    return list(listing.found.values())


class Listing:
    """The pages of one list that have been read so far.

    Attributes:
        found: the objects by identity, in the order of the pages.
        totals: every total that a page stated; more than one means that the list has changed.
        is_complete: whether no further page needs to be read.
    """

    def __init__(self, call: Call) -> None:
        self.call = call
        self.found: dict[object, Json] = {}
        self.totals: set[int] = set()
        self.is_complete = False

    def add(self, reply: Reply) -> int:
        """Add the next page; return how many objects it holds."""
        items = self._items(reply)
        before = len(self.found)
        for item in items:
            self.found.setdefault(_identity(self.call, item), item)
        expects_more = self._expects_more(reply, len(items))
        # A page with nothing new ends the list, too: the server ignores `page`.
        self.is_complete = len(self.found) == before or not expects_more
        return len(items)

    def _items(self, reply: Reply) -> Sequence[Json]:
        if isinstance(reply.result, list | None):
            return reply.result or ()
        raise BadReply(self.call, "a list was asked for, and the result is none")

    def _expects_more(self, reply: Reply, count: int) -> bool:
        if reply.page is None:
            return False
        if reply.page.total is None:
            return count >= (reply.page.per_page or self.call.per_page)
        # The total decides, not a short page: a server may return fewer objects than `per_page`
        # states, and an object that is missed would be created a second time.
        self.totals.add(reply.page.total)
        return len(self.found) < reply.page.total


async def _read(call: Call, fetch: Fetch) -> Listing:
    listing = Listing(call)
    size = listing.add(await fetch(_page_of(call, 1)))
    fetched = 1
    while not listing.is_complete:
        numbers = range(fetched + 1, max(fetched + 1, _last_page(listing, size)) + 1)
        if numbers[-1] > MOST_PAGES:
            raise BadReply(call, f"the list does not end: more than {MOST_PAGES} pages")
        for reply in await _fetch_all(fetch, [_page_of(call, number) for number in numbers]):
            listing.add(reply)
        fetched = numbers[-1]
    return listing


def _last_page(listing: Listing, size: int) -> int:
    # The length of the first page is the true page size, even when `per_page` was clamped.
    return -(-max(listing.totals, default=0) // size)


async def _fetch_all(fetch: Fetch, calls: Iterable[Call]) -> list[Reply]:
    try:
        async with TaskGroup() as group:
            tasks = [group.create_task(fetch(call)) for call in calls]
    # Callers catch `CallFailed`; the pages after the first failure were cancelled.
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


def _page_of(call: Call, number: int) -> Call:
    paging = (("page", str(number)), ("per_page", str(call.per_page)))
    return replace(call, query=call.query + paging)


def _identity(call: Call, item: Json) -> object:
    # An Access tag is identified by its name; other objects without an id are all kept.
    member = "name" if call.path.endswith("/access/tags") else "id"
    key = item.get(member) if isinstance(item, dict) else None
    return (member, key) if isinstance(key, str | int) and key != "" else object()
