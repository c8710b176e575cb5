"""A list comes whole, each object once, from any server, and from none for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztctl.cloudflare.envelope import PageInfo, Reply
from ztctl.cloudflare.errors import BadReply, NotFound
from ztctl.cloudflare.paging import MOST_PAGES, MOST_REPEATS, collect
from ztctl.core.model.calls import Call

LIST = Call("GET", "/zones/z/dns_records", query=(("type", "CNAME"),), per_page=10)
TAGS = Call("GET", "/accounts/{account}/access/tags", per_page=2)


class Lister:
    """A server that answers a page by a function of its number."""

    def __init__(self, answer: Callable[[int], Reply]) -> None:
        self.answer = answer
        self.asked: list[int] = []
        self.together = 0
        self.most_together = 0

    async def fetch(self, call: Call) -> Reply:
        """Response one page."""
        number = int(dict(call.query)["page"])
        self.asked.append(number)
        self.together += 1
        self.most_together = max(self.together, self.most_together)
        await asyncio.sleep(0)
        self.together -= 1
        return self.answer(number)


def read(server: Lister, call: Call = LIST) -> list[Any]:
    """Collect the whole list."""
    return asyncio.run(collect(call, server.fetch))


def objects(count: int) -> list[dict[str, str]]:
    """Make as many objects."""
    return [{"id": f"i{n}"} for n in range(count)]


def pages(
    items: list[Any],
    size: int,
    *,
    total: bool = True,
    stated: int | None = None,
    count: int | None = None,
) -> Lister:
    """Make a well-behaved server; ``stated`` is the page size it claims, ``count`` the total."""
    whole = len(items) if count is None else count

    def answer(number: int) -> Reply:
        part = items[(number - 1) * size : number * size]
        return Reply(part, PageInfo(stated or size, whole if total else None))

    return Lister(answer)


def test_the_first_page_is_asked_for_with_its_size() -> None:
    """Page and size are explicit from the first request on, beside the call's own query."""
    seen: list[Call] = []

    async def fetch(call: Call) -> Reply:
        seen.append(call)
        return Reply([])

    asyncio.run(collect(LIST, fetch))

    assert [call.query for call in seen] == [(("type", "CNAME"), ("page", "1"), ("per_page", "10"))]


def test_an_empty_list_takes_one_request() -> None:
    """No objects end at once."""
    server = Lister(lambda number: Reply([], PageInfo(10, 0)))

    assert read(server) == []
    assert server.asked == [1]


def test_a_list_without_result_info_has_one_page() -> None:
    """Some Access lists tell nothing about pages, even when they are long."""
    server = Lister(lambda _: Reply(objects(25)))

    assert read(server) == objects(25)
    assert server.asked == [1]


def test_a_known_total_ends_the_list_without_another_request() -> None:
    """A last page that is exactly full is not followed by an empty one."""
    server = pages(objects(20), 10)

    assert read(server) == objects(20)
    assert server.asked == [1, 2]


def test_further_pages_are_asked_for_together() -> None:
    """Once the total is known, all other pages go out at once."""
    server = pages(objects(95), 10)

    assert read(server) == objects(95)
    assert server.most_together == 9


def test_a_clamped_page_size_is_followed() -> None:
    """A server that gives fewer a page than asked for says so, and nothing is skipped."""
    server = pages(objects(23), 5)

    assert read(server) == objects(23)
    assert sorted(server.asked) == [1, 2, 3, 4, 5]


def test_a_page_size_that_is_clamped_silently_loses_nothing() -> None:
    """A short page ends nothing while the stated total says that more is there."""
    server = pages(objects(23), 5, stated=10)

    assert read(server) == objects(23)


@pytest.mark.parametrize(("count", "asked"), [(9, [1]), (10, [1, 2]), (25, [1, 2, 3])])
def test_without_a_total_a_short_or_empty_page_ends_the_list(count: int, asked: list[int]) -> None:
    """Where no total is stated, pages are asked for one after the other until one is not full."""
    server = pages(objects(count), 10, total=False)

    assert read(server) == objects(count)
    assert server.asked == asked


def test_a_server_that_ignores_the_page_number_is_asked_twice_at_most() -> None:
    """A page with nothing new ends the list."""
    server = Lister(lambda _: Reply(objects(10), PageInfo(10, None)))

    assert read(server) == objects(10)
    assert server.asked == [1, 2]


@pytest.mark.parametrize("shown", [0, 7])
def test_a_list_that_stays_short_of_its_total_is_a_bad_reply(shown: int) -> None:
    """It is read again first; what is missing would be made a second time."""
    server = Lister(lambda n: Reply(objects(shown) if n == 1 else [], PageInfo(10, 9)))

    with pytest.raises(BadReply, match=f"holds {shown} of the 9 objects"):
        read(server)

    assert server.asked.count(1) == 1 + MOST_REPEATS


def test_a_list_that_is_whole_the_second_time_is_taken() -> None:
    """An object that slid away between two pages is found by reading again."""
    lists = [objects(8), [], objects(9)]
    server = Lister(lambda _: Reply(lists.pop(0), PageInfo(10, 9)))

    assert read(server) == objects(9)


def test_a_list_without_pages_is_held_to_its_total() -> None:
    """It is asked for without page numbers, and checked all the same."""
    call = Call("GET", "/accounts/a/teamnet/virtual_networks", members=("name",))
    asked: list[Call] = []

    async def fetch(sent: Call) -> Reply:
        asked.append(sent)
        return Reply([{"id": "a", "name": "x"}], PageInfo(1000, 2))

    with pytest.raises(BadReply, match="holds 1 of the 2"):
        asyncio.run(collect(call, fetch))

    assert set(asked) == {call}


def test_a_list_that_grows_while_it_is_read_is_read_once_more() -> None:
    """A total that changes between pages means that an object may have been skipped."""
    lists = [objects(15), *[objects(16)] * 9]
    readings: list[list[dict[str, str]]] = []

    def answer(number: int) -> Reply:
        readings.append(lists.pop(0))
        part = readings[-1][(number - 1) * 10 : number * 10]
        return Reply(part, PageInfo(10, len(readings[-1])))

    server = Lister(answer)

    assert read(server) == objects(16)
    assert server.asked == [1, 2, 1, 2]


def test_a_server_that_never_ends_is_a_clear_failure() -> None:
    """Ever new objects stop at a bound with words, not with memory."""
    server = Lister(lambda n: Reply([{"id": f"{n}-{i}"} for i in range(10)], PageInfo(10, None)))

    with pytest.raises(BadReply, match="does not end") as caught:
        read(server)

    assert len(server.asked) == MOST_PAGES
    assert caught.value.call == LIST


def test_an_object_that_slid_out_of_the_last_page_is_still_found() -> None:
    """Deletions between two pages empty the second: what slid into the first is looked for."""
    before, after = objects(4), objects(4)[2:]
    replies = [
        Reply(before[:2], PageInfo(2, 4)),
        Reply([], PageInfo(2, 2)),
        Reply(after, PageInfo(2, 2)),
    ]
    call = Call("GET", "/accounts/a/access/policies", per_page=2)
    server = Lister(lambda number: replies.pop(0))

    found = asyncio.run(collect(call, server.fetch))

    assert found == after


def test_an_absurd_total_is_refused_before_anything_more_is_sent() -> None:
    """A total of a trillion does not start a trillion requests."""
    server = Lister(lambda n: Reply(objects(10), PageInfo(10, 10**12)))

    with pytest.raises(BadReply, match="does not end"):
        read(server)

    assert server.asked == [1]


@pytest.mark.parametrize("result", [{"id": "x"}, "text", 3, None])
def test_a_result_that_is_no_list_is_a_bad_reply(result: Any) -> None:
    """Asking for a list and getting something else is told, not guessed around."""
    with pytest.raises(BadReply, match="a list was asked for"):
        read(Lister(lambda _: Reply(result)))


def test_tags_are_told_apart_by_their_names() -> None:
    """An Access tag has no id; its name is one."""
    answers = [[{"name": "a"}, {"name": "b"}], [{"name": "b"}, {"name": "c"}], []]
    server = Lister(lambda n: Reply(answers[n - 1], PageInfo(2, None)))

    assert read(server, TAGS) == [{"name": "a"}, {"name": "b"}, {"name": "c"}]


@pytest.mark.parametrize(
    "item", [None, "text", 3, [], {}, {"name": "x"}, {"id": ""}, {"id": 5}, {"id": None}]
)
def test_an_object_without_an_id_is_a_bad_reply(item: Any) -> None:
    """What cannot be told apart cannot be recognised either, and would be made again."""
    with pytest.raises(BadReply, match="object 2 of a page cannot be read"):
        read(Lister(lambda _: Reply([{"id": "a"}, item])))


@pytest.mark.parametrize("name", [None, 5, ["x"], {}])
def test_an_object_without_a_member_that_its_kind_needs_is_a_bad_reply(name: Any) -> None:
    """The call says which; a text that is empty is one."""
    call = replace(LIST, members=("name",))
    assert read(Lister(lambda _: Reply([{"id": "a", "name": ""}])), call)

    with pytest.raises(BadReply, match="has no text `name`"):
        read(Lister(lambda _: Reply([{"id": "a", "name": name}])), call)


def test_the_failure_of_one_page_is_the_failure_of_the_call() -> None:
    """A page that fails among others raises its own failure, not a group of them."""
    well = pages(objects(50), 10)

    def answer(number: int) -> Reply:
        if number >= 3:
            raise NotFound(LIST, "gone", status=404)
        return well.answer(number)

    with pytest.raises(NotFound):
        read(Lister(answer))


@given(
    count=st.integers(0, 60),
    size=st.integers(1, 12),
    total=st.booleans(),
    doubled=st.sets(st.integers(0, 59)),
)
def test_each_object_comes_exactly_once(
    count: int, size: int, total: bool, doubled: set[int]
) -> None:
    """For any page size, and with objects doubled by a moving list, none is missing or twice."""
    whole = objects(count)
    sent = [copy for n, item in enumerate(whole) for copy in [item] * (2 if n in doubled else 1)]
    # A page of doubles only, as size 1 would make it, is how a server that ignores `page` looks.
    size = max(size, 3) if doubled else size

    assert read(pages(sent, size, total=total, count=count)) == whole
