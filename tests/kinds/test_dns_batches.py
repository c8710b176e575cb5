"""Promises about records: few writes, one transaction each, and no bad record hurts the others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztctl.core.model.address import Address
from ztctl.core.model.calls import Call, CallFailed
from ztctl.core.model.objects import EMPTY, Live, Values
from ztctl.core.model.plan import Phase, Step, StepId
from ztctl.kinds.dns_record import DnsRecord
from ztctl.kinds.zone import ZoneAttributes

from .replay import LOST, Fails, live_of, play, serve

RECORDS = DnsRecord()
BATCH = "POST /zones/zone-1/dns_records/batch"
REFUSED = Fails(400, 1004, "DNS Validation Error")
MISSING = Fails(404, 81044, "Record does not exist.")
Work = tuple[Step, Live | None, Values]


def values(name: str, **more: Any) -> Values:
    """What is written of one record."""
    return {
        "tunnel": "t-1.cfargotunnel.com",
        "proxied": True,
        "ttl": 1,
        "comment": "ztctl-prod",
        "name": name,
        **more,
    }


def zone_of(limit: int = 200) -> Live:
    """The zone in which everything lies."""
    return Live("zone", "zone-1", "example.com", "example.com", {}, ZoneAttributes(limit))


def step(name: str, verb: str, *, displaces: tuple[str, ...] = (), limit: int = 200) -> Step:
    """A step of one record."""
    id = StepId(Address("dns_record", name), verb)
    return Step(id, Phase.DNS, displaces=displaces, container=zone_of(limit))


def record(name: str, id: str = "", **more: Any) -> dict[str, Any]:
    """A record as the service gives it back."""
    return {
        "id": id or f"id-{name}",
        "type": "CNAME",
        "name": name,
        "content": "t-1.cfargotunnel.com",
        "proxied": True,
        "ttl": 1,
        "comment": "ztctl-prod",
        **more,
    }


def creation(name: str, *, limit: int = 200, **more: Any) -> Work:
    """A record that is to be made."""
    return step(name, "create", limit=limit), None, values(name, **more)


def update(
    name: str,
    *,
    live: dict[str, Any] | None = None,
    displaces: tuple[str, ...] = (),
    **more: Any,
) -> Work:
    """A live record that is to be written."""
    return (
        step(name, "update", displaces=displaces),
        live_of("dns_record", live or record(name)),
        values(name, **more),
    )


def deletion(name: str) -> Work:
    """A live record that is to go."""
    return step(name, "delete"), live_of("dns_record", record(name)), EMPTY


class Zone:
    """A zone that does whole batches or nothing, and refuses some records."""

    def __init__(self, *there: str, bad: frozenset[str] = frozenset()) -> None:
        self.names = set(there)
        self.bad = bad
        self.batches: list[int] = []

    def __call__(self, call: Call) -> Any:
        """Answer one batch."""
        self.batches.append(sum(map(len, call.body.values())))
        names = [record["name"] for record in call.body.get("posts", [])]
        if self.bad & set(names):
            return REFUSED
        gone = {item["id"].removeprefix("id-") for item in call.body.get("deletes", [])}
        if gone - self.names:
            return MISSING
        self.names = (self.names - gone) | set(names)
        return {"posts": [record(name) for name in names]}


def names(count: int) -> list[str]:
    """So many host names."""
    return [f"h{place}.example.com" for place in range(count)]


def test_records_of_one_zone_go_out_together() -> None:
    """Whatever happens to them, it is one write, and each gets its own result."""
    work = [creation("a.example.com"), update("b.example.com"), deletion("c.example.com")]

    played = play(
        RECORDS.batch(work),
        {"posts": [record("a.example.com")], "puts": [record("b.example.com")]},
    )

    assert played.writes == [BATCH]
    made, written, gone = played.result
    assert isinstance(made, Live)
    assert isinstance(written, Live)
    assert (made.id, written.id, gone) == ("id-a.example.com", "id-b.example.com", None)


def test_a_new_record_is_sent_whole() -> None:
    """Nothing is left for the service to assume."""
    played = play(RECORDS.batch([creation("a.example.com")]), {})

    assert played.body == {
        "posts": [
            {
                "type": "CNAME",
                "name": "a.example.com",
                "content": "t-1.cfargotunnel.com",
                "proxied": True,
                "ttl": 1,
                "comment": "ztctl-prod",
            }
        ]
    }


def test_a_written_record_keeps_what_the_file_leaves_unsaid() -> None:
    """Tags and settings of the dashboard go along with the replacing write."""
    live = record("a.example.com", tags=["team:ops"], settings={"flatten_cname": True})

    played = play(RECORDS.batch([update("a.example.com", live=live)]), {})

    (put,) = played.body["puts"]
    assert put["id"] == "id-a.example.com"
    assert (put["tags"], put["settings"]) == (["team:ops"], {"flatten_cname": True})


def test_an_address_gives_way_in_the_same_transaction() -> None:
    """A and AAAA go and the CNAME comes without a moment between."""
    address = record("a.example.com", "a-1", type="A", content="192.0.2.1")
    work = [update("a.example.com", live=address, displaces=("aaaa-1",))]

    played = play(RECORDS.batch(work), {"posts": [record("a.example.com", "new")]})

    assert played.writes == [BATCH]
    assert list(played.body) == ["deletes", "posts"]
    assert played.body["deletes"] == [{"id": "a-1"}, {"id": "aaaa-1"}]
    (made,) = played.result
    assert isinstance(made, Live)
    assert made.id == "new"


@pytest.mark.parametrize(
    ("limit", "count", "sizes"),
    [(200, 200, [200]), (200, 201, [200, 1]), (200, 500, [200, 200, 100]), (3500, 500, [500])],
)
def test_a_batch_is_as_large_as_the_plan_of_the_zone_allows(
    limit: int, count: int, sizes: list[int]
) -> None:
    """No write is larger than the service takes, and none is smaller without need."""
    zone = Zone()

    served = serve(RECORDS.batch([creation(name, limit=limit) for name in names(count)]), zone)

    assert zone.batches == sizes
    assert len(served.result) == count


def test_the_bad_record_stands_alone() -> None:
    """One refused record among many costs a few more writes, and only itself."""
    bad = "h37.example.com"
    zone = Zone(bad=frozenset({bad}))

    served = serve(RECORDS.batch([creation(name) for name in names(100)]), zone)

    failed = [
        name
        for name, result in zip(names(100), served.result, strict=True)
        if isinstance(result, CallFailed)
    ]
    assert failed == [bad]
    assert zone.names == set(names(100)) - {bad}
    assert len(zone.batches) <= 15


@given(st.sets(st.integers(0, 11)), st.sets(st.integers(0, 11)))
def test_each_record_gets_its_own_fate(bad: set[int], gone: set[int]) -> None:
    """Whichever records are refused, all others are done, and each result says which."""
    every = names(12)
    work = [deletion(name) if place in gone else creation(name) for place, name in enumerate(every)]
    zone = Zone(
        *(every[place] for place in gone), bad=frozenset(every[place] for place in bad - gone)
    )

    result = serve(RECORDS.batch(work), zone).result

    assert {place for place, one in enumerate(result) if isinstance(one, CallFailed)} == bad - gone
    assert zone.names == {every[place] for place in set(range(12)) - gone - bad}


def test_a_record_that_is_gone_already_is_deleted() -> None:
    """Somebody else's deletion neither fails ours nor holds up the others."""
    zone = Zone("b.example.com")
    work = [deletion("a.example.com"), deletion("b.example.com"), creation("c.example.com")]

    first, second, third = serve(RECORDS.batch(work), zone).result

    assert (first, second) == (None, None)
    assert isinstance(third, Live)
    assert zone.names == {"c.example.com"}


@pytest.mark.parametrize("failure", [Fails(403, 10000), Fails(429), Fails(500), Fails(404, 7003)])
def test_what_no_halving_helps_is_not_halved(failure: Fails) -> None:
    """A missing permission is told once for all records, not asked for again and again."""
    played = play(RECORDS.batch([creation(name) for name in names(8)]), failure)

    assert len(played.calls) == 1
    assert all(isinstance(result, CallFailed) for result in played.result)


def test_a_lost_batch_that_was_done_is_done() -> None:
    """One look tells: nothing is sent a second time."""
    work = [creation("a.example.com"), deletion("b.example.com")]

    played = play(RECORDS.batch(work), LOST, [record("a.example.com", "found")])

    assert played.writes == [BATCH]
    made, gone = played.result
    assert isinstance(made, Live)
    assert (made.id, gone) == ("found", None)


def test_other_records_of_the_name_do_not_deceive() -> None:
    """A TXT record beside the new CNAME does not make the batch go out again."""
    there = [record("a.example.com"), record("a.example.com", "txt", type="TXT", content="v=1")]

    played = play(RECORDS.batch([creation("a.example.com")]), LOST, there)

    assert played.writes == [BATCH]


@pytest.mark.parametrize(
    "there",
    [[], [record("a.example.com", content="elsewhere.example.net")], None],
)
def test_a_lost_batch_that_was_not_done_is_sent_again(there: Any) -> None:
    """Only what is live counts, and a batch is done whole or not at all."""
    work = [creation("a.example.com"), creation("b.example.com")]

    played = play(
        RECORDS.batch(work),
        LOST,
        there,
        {"posts": [record("a.example.com"), record("b.example.com")]},
    )

    assert played.writes == [BATCH, BATCH]
    assert all(isinstance(result, Live) for result in played.result)


def test_a_batch_that_is_lost_twice_is_told() -> None:
    """After the second lost answer nobody guesses any more."""
    played = play(RECORDS.batch([creation(name) for name in names(3)]), LOST, [], LOST)

    assert [isinstance(it, CallFailed) and it.lost for it in played.result] == [True] * 3


def test_a_batch_that_is_refused_after_it_was_lost_is_halved() -> None:
    """The bad record of a repeated batch stands alone, too."""
    work = [creation("good.example.com"), creation("bad.example.com")]

    played = play(
        RECORDS.batch(work),
        LOST,
        [],
        REFUSED,
        {"posts": [record("good.example.com")]},
        REFUSED,
    )

    good, bad = played.result
    assert isinstance(good, Live)
    assert isinstance(bad, CallFailed)


@pytest.mark.parametrize("reply", [{}, {"posts": None}, {"posts": [7, {"name": "x"}]}])
def test_a_senseless_answer_does_not_break_a_batch(reply: Any) -> None:
    """What the service left out of its answer is what was sent."""
    (made,) = play(RECORDS.batch([creation("a.example.com")]), reply).result

    assert isinstance(made, Live)
    assert made.values["tunnel"] == "t-1.cfargotunnel.com"


def test_forgetting_a_record_takes_only_the_mark_off() -> None:
    """The user's own words stay, and where it leads stays."""
    live = live_of("dns_record", record("a.example.com", comment="for Ann ztctl-prod"))
    work = (step("a.example.com", "forget"), live, RECORDS.marking.off(live))

    (put,) = play(RECORDS.batch([work]), {}).body["puts"]

    assert (put["comment"], put["content"]) == ("for Ann", "t-1.cfargotunnel.com")
