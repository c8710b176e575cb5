"""What a request costs does not depend on how much there is.

Cost is counted in steps of the interpreter, which are the same on every machine. Reading objects
from the store takes steps for each of them, so that nothing can look at a whole kind unnoticed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from ztctl.sandbox.api.families import FAMILIES
from ztctl.sandbox.journal import SPARE, FileJournal
from ztctl.sandbox.seeds import ZoneSeed
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.store import Change, Index, Store

from .api import EVERYONE, Api

FEW, MANY = 60, 600
PAGE = 20
# An identifier may happen to need an escape, a dictionary a larger table.
SAME = 1.02


class Steps:
    """How many instructions of the interpreter a block took."""

    def __init__(self) -> None:
        self.taken = 0

    def __enter__(self) -> Steps:
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        self.taken += event == "opcode"
        return self._trace


@dataclass(frozen=True, slots=True)
class Kind:
    """Where objects of one kind live, what makes one, and a query that finds the seventh."""

    path: str
    body: Callable[[int], Any]
    lookup: str = ""
    change: str = "PUT"
    key: str = "id"


def named(number: int, **members: Any) -> dict[str, Any]:
    """A body with a name of its own, which is as long as all others."""
    return {"name": f"name-{number:04}", **members}


def host(number: int) -> str:
    """A host name of its own."""
    return f"host-{number:04}.example.com"


KINDS = {
    "group": Kind("{A}/access/groups", lambda n: named(n, include=EVERYONE), "name=name-0007"),
    "tag": Kind("{A}/access/tags", named, key="name"),
    "policy": Kind("{A}/access/policies", lambda n: named(n, decision="allow", include=EVERYONE)),
    "application": Kind(
        "{A}/access/apps",
        lambda n: named(n, type="self_hosted", domain=host(n)),
        "exact=true&domain=host-0007.example.com",
    ),
    "service token": Kind("{A}/access/service_tokens", named, "name=name-0007"),
    "identity provider": Kind(
        "{A}/access/identity_providers", lambda n: named(n, type="github", config={})
    ),
    "tunnel": Kind("{A}/cfd_tunnel", named, "name=name-0007&is_deleted=false", "PATCH"),
    "record": Kind(
        "{Z}/dns_records",
        lambda n: {"type": "CNAME", "name": host(n), "content": "t.example.net"},
        "name=host-0007.example.com&type=CNAME",
    ),
    "Gateway rule": Kind(
        "{A}/gateway/rules",
        lambda n: named(n, action="audit_ssh", traffic="net.dst.port == 22"),
    ),
    "Zero Trust list": Kind("{A}/gateway/lists", lambda n: named(n, type="IP")),
    "posture check": Kind("{A}/devices/posture", lambda n: named(n, type="warp")),
    "target": Kind(
        "{A}/infrastructure/targets",
        lambda n: {
            "hostname": f"host-{n:04}",
            "ip": {"ipv4": {"ip_addr": f"10.0.{n // 99}.{n % 99}"}},
        },
        "hostname=host-0007",
    ),
    "virtual network": Kind(
        "{A}/teamnet/virtual_networks", named, "name=name-0007&is_deleted=false", "PATCH"
    ),
    "route": Kind(
        "{A}/teamnet/routes",
        lambda n: {"network": f"10.0.{n // 99}.{n % 99}/32", "tunnel_id": "{T}"},
        "network_superset=10.0.0.7/32&is_deleted=false",
        change="PATCH",
    ),
    "host name route": Kind(
        "{A}/zerotrust/routes/hostname",
        lambda n: {"hostname": host(n), "tunnel_id": "{T}"},
        change="PATCH",
    ),
}
WHOLE = ("Gateway rule", "Zero Trust list", "posture check", "virtual network")


# An account has few of them, and so has a zone: the rest are the account's operations.
UNMEASURED = {
    "{A}/access/gateway_ca",
    "{A}/access/apps/{app_id}/policies",
    "{Z}/access/apps/{app_id}/policies",
    *(
        f"{{Z}}/access/{name}"
        for name in ("apps", "groups", "identity_providers", "service_tokens")
    ),
}


def test_every_collection_is_measured() -> None:
    """What can be made, listed and deleted one by one costs the same among many as among few."""
    routes = [route for family in FAMILIES for route in family.routes]
    made, listed = ({one.path for one in routes if one.method == way} for way in ("POST", "GET"))
    deleted = {one.path.rpartition("/")[0] for one in routes if one.method == "DELETE"}

    paths = {
        path.replace("/accounts/{account_id}", "{A}").replace("/zones/{zone_id}", "{Z}")
        for path in made & listed & deleted
    }

    assert paths == {kind.path for kind in KINDS.values()} | UNMEASURED, "name it in KINDS above"


def kinds(*names: str) -> pytest.MarkDecorator:
    """Runs a test with each of these kinds."""
    return pytest.mark.parametrize("kind", [KINDS[name] for name in names], ids=names)


@dataclass(slots=True)
class Full:
    """A sandbox with so many objects of one kind."""

    api: Api
    kind: Kind
    tunnel: str
    keys: list[str]

    def steps(self, method: str, path: str, number: int | None = None) -> int:
        """The steps of one request that succeeds."""
        body = None if number is None else self.body(number)
        path = path.replace("{Z}", self.api.zone())
        with Steps() as steps:
            answer = self.api.call(method, path, body)
        assert answer.status < 300, answer.body
        return steps.taken

    def body(self, number: int) -> Any:
        """The body of an object."""
        body = self.kind.body(number)
        return {name: self.tunnel if body[name] == "{T}" else body[name] for name in body}

    def one(self, number: int) -> str:
        """The path of an object."""
        return f"{self.kind.path}/{self.keys[number]}"


def full(kind: Kind, size: int, store: Store | None = None) -> Full:
    """A sandbox with so many objects of a kind."""
    api = Api(Sandbox.create(store, zones=[ZoneSeed("example.com", "pro")]))
    made = Full(api, kind, api.tunnel("of-routes")["id"], [])
    path = kind.path.replace("{Z}", api.zone())
    made.keys += [api.post(path, made.body(n)).result[kind.key] for n in range(size)]
    return made


def compared(kind: Kind, cost: Callable[[Full], int]) -> float:
    """How many times as much something costs among many objects as among few."""
    cost(full(kind, FEW))  # the libraries below fill their caches
    return cost(full(kind, MANY)) / cost(full(kind, FEW))


@kinds(*(name for name in KINDS if name not in WHOLE))
def test_a_page_costs_a_page(kind: Kind) -> None:
    """A page of a long list costs what a page of a short one costs, wherever it lies."""
    page = f"{kind.path}?per_page={PAGE}&page=2"

    assert compared(kind, lambda made: made.steps("GET", page)) < SAME


@kinds(*KINDS)
def test_an_object_costs_an_object(kind: Kind) -> None:
    """Reading one object costs the same among many as among few."""
    assert compared(kind, lambda made: made.steps("GET", made.one(7))) < SAME


@kinds(*(name for name, kind in KINDS.items() if kind.lookup))
def test_a_lookup_costs_what_it_finds(kind: Kind) -> None:
    """Finding one object by its name or domain costs the same among many as among few."""
    path = f"{kind.path}?{kind.lookup}"

    assert compared(kind, lambda made: made.steps("GET", path)) < SAME


@kinds(*KINDS)
def test_a_creation_costs_the_same_among_many(kind: Kind) -> None:
    """Neither uniqueness nor precedence is checked by looking at every object."""
    assert compared(kind, lambda made: made.steps("POST", kind.path, 9000)) < SAME


@kinds(*KINDS)
def test_a_change_costs_the_same_among_many(kind: Kind) -> None:
    """Writing one object anew costs the same among many as among few."""
    assert compared(kind, lambda made: made.steps(kind.change, made.one(7), 7)) < SAME


@kinds(*KINDS)
def test_a_deletion_costs_the_same_among_many(kind: Kind) -> None:
    """What an object is used by is not found by looking at every object."""
    assert compared(kind, lambda made: made.steps("DELETE", made.one(7))) < SAME


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("group", "search=name"),
        ("application", "name=name"),
        ("service token", "search=name"),
        ("record", "content=t.example.net&order=name"),
        ("target", "hostname_contains=host"),
        ("tunnel", "include_prefix=name"),
    ],
)
def test_a_filtered_list_is_searched_once(name: str, query: str) -> None:
    """All pages of a filtered list together cost about as much as what they show."""
    path = f"{KINDS[name].path}?{query}&per_page={PAGE}&page="

    def whole(made: Full) -> int:
        pages = range(len(made.keys) // PAGE)
        return sum(made.steps("GET", f"{path}{page + 1}") for page in pages)

    assert compared(KINDS[name], whole) < SAME * MANY / FEW


def test_a_filtered_list_sees_each_write() -> None:
    """A search is remembered between pages and forgotten with the next write."""
    made, path = full(KINDS["group"], FEW), "{A}/access/groups?search=name&per_page=1"
    found = made.api.get(path).body["result_info"]["total_count"]

    made.api.delete(made.one(0))
    assert made.api.get(path).body["result_info"]["total_count"] == found - 1 == FEW - 1


def test_a_write_to_a_state_file_costs_the_same_among_many(tmp_path: Path) -> None:
    """With a state file, too, a write costs the same among many objects as among few."""
    kind, taken = KINDS["group"], []
    for size in (FEW, MANY):
        made = full(kind, size, Store(FileJournal(tmp_path / f"{size}.jsonl")))
        taken.append(made.steps("PUT", made.one(7), 7))

    assert max(taken) < SAME * min(taken)


def test_compaction_rewrites_less_than_was_written(tmp_path: Path) -> None:
    """Over the life of a file fewer objects are rewritten than changed, however many live."""
    journal = Counting(tmp_path / "state.jsonl")
    store = Store(journal)
    for number in range(3 * SPARE):
        with store.session():
            store.put("thing", str(number % MANY), {"number": number})

    assert 0 < journal.rewritten < 3 * SPARE


class Counting(FileJournal):
    """Counts the objects that are written again to make the log shorter."""

    rewritten = 0

    def rewrite(self, objects: Iterator[Change], live: int) -> None:
        """Rewrite and count."""
        self.rewritten += live
        super().rewrite(objects, live)


def test_an_iteration_is_not_disturbed_by_writes() -> None:
    """Who goes through the objects of a kind may remove them on the way."""
    store = filled(Store())
    with store.session():
        for thing in store.all("thing"):
            store.remove("thing", thing["name"])

        assert store.count("thing") == len(store.all("thing")) == 0


def test_a_rollback_keeps_the_order() -> None:
    """What a failed request removed stands where it stood."""
    store = filled(Store())
    with store.session():
        store.remove("thing", "a")
        store.rollback()

    assert [thing["name"] for thing in store.all("thing")] == ["b", "a", "c"]


def test_an_index_keeps_its_order() -> None:
    """An index lists by its order, then by age, after a change as well."""
    store = Store()
    store.use([Index("thing", "all", lambda _: (None,), lambda thing: thing["rank"])])
    filled(store)
    with store.session():
        store.put("thing", "b", {"name": "b", "rank": 9})

    listed = store.find("thing", "all", None)
    assert [thing["name"] for thing in listed] == ["a", "c", "b"]
    assert [thing["name"] for thing in listed[1:]] == ["c", "b"]


def filled(store: Store) -> Store:
    """A store with three things."""
    with store.session():
        for name in ("b", "a", "c"):
            store.put("thing", name, {"name": name, "rank": 1})
    return store
