"""Read all pages of a list as one list, each object once, or fail.

Lists have no snapshot: an object created or deleted between two requests shifts the rest, so that
an object comes twice or is missed. Duplicates are dropped by id; when the stated total changes
between pages, or the list is shorter than it, the list is read again, three times at most. An
object that is missed would be created a second time, so that a list that stays short, ``null``, and
an object that cannot be read are failures: every recorded list is a list of whole objects, an empty
one included.
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
_AGAIN: Final = (
    "nothing was done on its word, because what it lacks would be made again: try again, and see "
    "whether a proxy stands in between"
)


async def collect(call: Call, fetch: Fetch) -> list[Json]:
    """Read the whole list of ``call``, ``call.per_page`` objects a page.

    Raises:
        CallFailed: of the first page that failed; ``BadReply`` when a page is no list, an object
            cannot be read, or the list does not end or stays shorter than its total.
    """
    for _ in range(1 + MOST_REPEATS):
        listing = await _read(call, fetch)
        if len(listing.totals) <= 1 and not listing.is_short:
            break
    if listing.is_short:
        text = f"the list holds {len(listing.found)} of the {min(listing.totals)} objects it states"
        raise BadReply(call, text, hint=_AGAIN)
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

    @property
    def is_short(self) -> bool:
        """Whether fewer objects were found than any page stated.

        The least total counts: a list that never stands still states more than it ever showed.
        """
        return len(self.found) < min(self.totals, default=0)

    def add(self, reply: Reply) -> int:
        """Add the next page; return how many objects it holds."""
        items = self._items(reply)
        before = len(self.found)
        for place, item in enumerate(items, start=1):
            self.found.setdefault(_identity(self.call, item, place), item)
        expects_more = self._expects_more(reply, len(items)) and self.call.per_page > 0
        # A page with nothing new ends the list, too: the server ignores `page`.
        self.is_complete = len(self.found) == before or not expects_more
        return len(items)

    def _items(self, reply: Reply) -> Sequence[Json]:
        if isinstance(reply.result, list):
            return reply.result
        raise BadReply(self.call, "a list was asked for, and the result is none", hint=_AGAIN)

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
    if not call.per_page:
        return call
    paging = (("page", str(number)), ("per_page", str(call.per_page)))
    return replace(call, query=call.query + paging)


def _identity(call: Call, item: Json, place: int) -> str:
    """The id of an object of a list.

    Raises:
        BadReply: it has none, or lacks one of the members that the call states.
    """
    # An Access tag is identified by its name.
    identity = "name" if call.path.endswith("/access/tags") else "id"
    for member in (identity, *call.members):
        value = item.get(member) if isinstance(item, dict) else None
        if not isinstance(value, str) or (member == identity and not value):
            what = f"has no text `{member}`" if isinstance(item, dict) else "is no object"
            raise BadReply(call, f"object {place} of a page cannot be read: it {what}", hint=_AGAIN)
    return str(item[identity])
