"""What the sandbox serves, and how its cost grows from 100 to 1,000 to 10,000 objects of a kind.

    python benchmarks/sandbox.py

Growth is CPU time as a ratio to the same work on 100 objects in the same run. Bytes and rewritten
objects are counts, the same on every machine.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx

from ztctl.sandbox import open_sandbox
from ztctl.sandbox.dispatch import PREFIX
from ztctl.sandbox.edge.values import Visit
from ztctl.sandbox.journal import FileJournal
from ztctl.sandbox.messages import Object, Request, Response
from ztctl.sandbox.seeds import ACCOUNT_ID, ZoneSeed
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.store import Change, Store
from ztctl.sandbox.transport import SandboxTransport

SIZES = (100, 1_000, 10_000)
BATCH = 40
ROUNDS = 7
REQUESTS = 3_000
PAGE = 50
HEADERS = (("authorization", "Bearer sandbox"), ("content-type", "application/json"))
ANYONE: list[Object] = [{"everyone": {}}]
FILE_COLUMNS = ("write", "bytes", "open", "rewritten")
OPERATIONS = ("list", "page", "get", "look up", "create", "change", "delete")


@dataclass(frozen=True, slots=True)
class Kind:
    """How objects of one kind are made and found; `{n}` is an object's number.

    With a `parent` there is one at `own` below each of the parent's objects; without `pages` a
    list is whole; what is not `listed` is not deleted either.
    """

    name: str
    path: str
    body: Callable[[int], object]
    lookup: str = ""
    change: str = "PUT"
    key: str = "id"
    parent: str = ""
    own: str = ""
    create: str = "POST"
    listed: bool = True
    pages: bool = True


def _named(number: int, **members: object) -> Object:
    return {"name": f"name-{number}", **members}


def _address(number: int) -> str:
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


def _app(number: int) -> Object:
    return _named(number, type="self_hosted", domain=f"host-{number}.example.com")


def _record(number: int) -> Object:
    name = f"host-{number}.example.com"
    return {"type": "CNAME", "name": name, "content": "{T}.cfargotunnel.com", "proxied": True}


def _ingress(number: int) -> Object:
    hostname = f"host-{number}.example.com"
    rule = {"hostname": hostname, "service": "ssh://localhost:22"}
    return {"config": {"ingress": [rule, {"service": "http_status:404"}]}}


def _target(number: int) -> Object:
    return {"hostname": f"host-{number}", "ip": {"ipv4": {"ip_addr": _address(number)}}}


def _route(number: int) -> Object:
    return {"network": f"{_address(number)}/32", "tunnel_id": "{T}"}


def _policy(number: int) -> Object:
    return _named(number, decision="allow", include=ANYONE)


def _rule(number: int) -> Object:
    return _named(number, action="audit_ssh", traffic="net.dst.port == 22", filters=["l4"])


def _host_route(number: int) -> Object:
    return {"hostname": f"host-{number}.example.internal", "tunnel_id": "{T}"}


def _provider(number: int) -> Object:
    return _named(number, type="github", config={"client_id": "a", "client_secret": "b"})


TUNNELS = "{A}/cfd_tunnel"
APPS = "{A}/access/apps"
NETWORKS = "{A}/teamnet/virtual_networks"
KINDS = (
    Kind("group", "{A}/access/groups", lambda n: _named(n, include=ANYONE), "name=name-{n}"),
    Kind("tag", "{A}/access/tags", _named, key="name"),
    Kind("policy", "{A}/access/policies", _policy),
    Kind("application", APPS, _app, "domain=host-{n}.example.com&exact=true"),
    Kind("CA", APPS, lambda _: {}, change="", parent="application", own="ca"),
    Kind("service token", "{A}/access/service_tokens", _named, "name=name-{n}"),
    Kind("tunnel", TUNNELS, _named, "name=name-{n}&is_deleted=false", "PATCH"),
    Kind(
        "configuration",
        TUNNELS,
        _ingress,
        parent="tunnel",
        own="configurations",
        create="PUT",
        listed=False,
    ),
    Kind("DNS record", "{Z}/dns_records", _record, "name=host-{n}.example.com"),
    Kind("target", "{A}/infrastructure/targets", _target, "hostname=host-{n}"),
    Kind("network", NETWORKS, _named, "name=name-{n}&is_deleted=false", "PATCH", pages=False),
    Kind("route", "{A}/teamnet/routes", _route, "network_superset=10.0.0.7/32", "PATCH"),
    Kind("host name route", "{A}/zerotrust/routes/hostname", _host_route, change="PATCH"),
    Kind("Gateway rule", "{A}/gateway/rules", _rule, pages=False),
    Kind("identity provider", "{A}/access/identity_providers", _provider),
    Kind("zone", "/zones", _named, "name=zone-{n}.example.net", create=""),
)


@dataclass(slots=True)
class World:
    """A sandbox, and the ids of what was put in by kind."""

    sandbox: Sandbox
    ids: dict[str, list[str]] = field(default_factory=dict)

    def request(self, method: str, path: str, body: object = None, number: int = 0) -> Request:
        """A request with the places of this world filled in."""
        sent = b"" if body is None else self._filled(json.dumps(body), number).encode()
        path, _, query = self._filled(path, number).partition("?")
        return Request(method, PREFIX + path, tuple(parse_qsl(query)), HEADERS, sent)

    def place(self, kind: Kind, number: int) -> str:
        """The path of one object."""
        if kind.parent:
            return f"{kind.path}/{self.ids[kind.parent][number]}/{kind.own}"
        return f"{kind.path}/{self.ids[kind.name][number]}"

    def write(self, method: str, kind: Kind, numbers: Iterable[int]) -> list[Request]:
        """Requests that create objects, or with another method change them."""
        whole = method == kind.create and not kind.parent
        return [
            self.request(method, kind.path if whole else self.place(kind, n), kind.body(n), n)
            for n in numbers
        ]

    def fill(self, kind: Kind, size: int) -> None:
        """Create so many objects; some more of what others belong to."""
        if kind.create:
            spare = BATCH if any(other.parent == kind.name for other in KINDS) else 0
            self.keep(kind, self.answers(self.write(kind.create, kind, range(size + spare))))

    def keep(self, kind: Kind, answers: Iterable[Response]) -> None:
        """Remember the ids of new objects."""
        known = self.ids.setdefault(kind.name, [])
        if not kind.parent:
            known += [json.loads(answer.body)["result"][kind.key] for answer in answers]

    def answers(self, requests: Iterable[Request]) -> list[Response]:
        """The answers to requests that must succeed."""
        answers = [self.sandbox.handle(request) for request in requests]
        failed = next((answer for answer in answers if answer.status >= 300), None)
        assert failed is None, failed and failed.body
        return answers

    def _filled(self, text: str, number: int) -> str:
        zone, tunnel = self.ids["zone"][0], self.ids.get("tunnel", [""])[0]
        text = text.replace("{A}", f"/accounts/{ACCOUNT_ID}").replace("{Z}", f"/zones/{zone}")
        return text.replace("{T}", tunnel).replace("{n}", str(number))


def world(
    size: int, kinds: Iterable[Kind], store: Store | None = None, *, more_zones: int = 0
) -> World:
    """A sandbox with so many objects of each kind."""
    zones = [ZoneSeed(f"zone-{number}.example.net") for number in range(more_zones)]
    sandbox = Sandbox.create(store, zones=[ZoneSeed("example.com", "pro"), *zones])
    made = World(sandbox, {"zone": [zone["id"] for zone in sandbox.export()["zones"]]})
    for kind in kinds:
        made.fill(kind, size)
    sandbox.edge.visit(Visit("example.com"))  # from here on each write has to reach the edge, too
    return made


class Costs(dict[str, float]):
    """The least CPU seconds that one request of an operation took."""

    @contextmanager
    def of(self, operation: str, count: int = 1) -> Iterator[None]:
        """Measure a block of `count` equal things, with the collector of cycles at rest."""
        gc.disable()
        before = time.process_time()
        yield
        spent = (time.process_time() - before) / count
        gc.enable()
        self[operation] = min(self.get(operation, spent), spent)

    def add(self, operation: str, made: World, requests: Sequence[Request]) -> list[Response]:
        """Measure requests of one operation."""
        with self.of(operation, len(requests)):
            return made.answers(requests)


def growth() -> Iterator[str]:
    """The rows of growth: what 1,000 and 10,000 objects cost when 100 cost 1."""
    worlds = {size: world(size, KINDS, more_zones=size) for size in SIZES}
    for kind in KINDS:
        spent = {size: Costs() for size in SIZES}
        for size in SIZES * ROUNDS:
            _measure(spent[size], worlds[size], kind, size)
        yield _row(kind.name, spent)
    spent = {size: Costs() for size in SIZES}
    for size in SIZES * ROUNDS * 3:
        _measure_batch(spent[size], worlds[size], size)
    yield _row(f"batch of {BATCH} records", spent)
    spent = {size: Costs() for size in SIZES}
    for size in SIZES * ROUNDS:
        hosts = [f"host-{number}.example.com" for number in range(0, size, size // BATCH)]
        with spent[size].of("get", len(hosts)):
            answers = [worlds[size].sandbox.edge.visit(Visit(host)) for host in hosts]
        assert {answer.outcome for answer in answers} == {"blocked"}
    yield _row("visit at the edge", spent)


def _row(name: str, spent: Mapping[int, Costs]) -> str:
    least, *more = spent.values()
    cells = (
        " ".join(f"{cost[operation] / least[operation]:>5.1f}" for cost in more)
        if operation in least
        else ""
        for operation in OPERATIONS
    )
    return f"{name:<20}" + "".join(f"{cell:>13}" for cell in cells)


def _measure(spent: Costs, made: World, kind: Kind, size: int) -> None:
    if kind.listed:
        _measure_lists(spent, made, kind, size)
    numbers = range(0, size, size // BATCH)
    spent.add("get", made, [made.request("GET", made.place(kind, n)) for n in numbers])
    if kind.lookup:
        path = f"{kind.path}?{kind.lookup}"
        spent.add("look up", made, [made.request("GET", path, number=n) for n in numbers])
    if kind.create:
        _measure_writes(spent, made, kind, size)


def _measure_lists(spent: Costs, made: World, kind: Kind, size: int) -> None:
    path = f"{kind.path}/{kind.own}".rstrip("/")
    parts = [f"?per_page={PAGE}&page={number + 1}" for number in range(size // PAGE)]
    pages = [made.request("GET", path + part) for part in (parts if kind.pages else [""])]
    with spent.of("list"):
        read = made.answers(pages)
    assert sum(len(json.loads(answer.body)["result"]) for answer in read) >= size
    if kind.pages:
        spent.add("page", made, pages[-2:-1] * BATCH)


def _measure_writes(spent: Costs, made: World, kind: Kind, size: int) -> None:
    first = len(made.ids[kind.name]) or size
    numbers = range(first, first + BATCH)
    made.keep(kind, spent.add("create", made, made.write(kind.create, kind, numbers)))
    if kind.change:
        spent.add("change", made, made.write(kind.change, kind, numbers))
    if kind.listed:
        gone = [made.request("DELETE", made.place(kind, n)) for n in numbers]
        spent.add("delete", made, gone)
        del made.ids[kind.name][first:]


def _measure_batch(spent: Costs, made: World, size: int) -> None:
    path = "{Z}/dns_records/batch"
    posts = {"posts": [_record(size + number) for number in range(BATCH)]}
    answer = spent.add("create", made, [made.request("POST", path, posts)])[0]
    ids = [{"id": one["id"]} for one in json.loads(answer.body)["result"]["posts"]]
    spent.add("delete", made, [made.request("POST", path, {"deletes": ids})])


class Counted(FileJournal):
    """Counts what goes to the file."""

    changes = 0
    appended = 0
    rewritten = 0

    def append(self, changes: list[Change], live: int) -> bool:
        """Append, and count the changes and their bytes."""
        before = self._offset
        long = super().append(changes, live)
        self.changes += len(changes)
        self.appended = self._offset - before
        return long

    def rewrite(self, objects: Iterator[Change], live: int) -> None:
        """Rewrite, and count the objects."""
        self.rewritten += live
        super().rewrite(objects, live)


def files() -> Iterator[str]:
    """The rows of the state file."""
    least = Costs()
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            yield _file_row(Path(folder) / "state.jsonl", size, least)


def _file_row(path: Path, size: int, least: Costs) -> str:
    kind, spent = next(one for one in KINDS if one.name == "application"), Costs()
    journal = Counted(path)
    made = world(size, [kind], Store(journal))
    writes = made.write("PUT", kind, range(BATCH))
    while not journal.rewritten:
        made.answers(writes)
    for _ in range(ROUNDS):
        spent.add("change", made, writes)
    appended = journal.appended
    with spent.of("open"):
        open_sandbox(path)
    least.update({name: least.get(name, cost) for name, cost in spent.items()})
    change, opening = (spent[name] / least[name] for name in ("change", "open"))
    amortised = journal.rewritten / journal.changes
    return f"{size:<20}{change:>13.1f}{appended:>13}{opening:>13.1f}{amortised:>13.2f}"


def speeds() -> Iterator[str]:
    """The rows of speed: a read and a write in one process and over the port."""
    kind = next(one for one in KINDS if one.name == "application")
    with tempfile.TemporaryDirectory() as folder:
        kept = Store(FileJournal(Path(folder) / "state.jsonl"))
        for name, store in (("in memory", None), ("with a state file", kept)):
            made = world(1, [kind], store)
            pair = made.request("GET", made.place(kind, 0)), *made.write("PUT", kind, [0])
            yield _speed(name, [_rate(partial(_handled, made, one)) for one in pair])
    made = world(1, [kind])
    pair = made.request("GET", made.place(kind, 0)), *made.write("PUT", kind, [0])
    yield _speed("through httpx", [_rate(partial(_by_httpx, made, one)) for one in pair])
    with _served() as url:
        yield from _port_speeds(url, made, kind)


def _port_speeds(url: str, made: World, kind: Kind) -> Iterator[str]:
    body = json.dumps(_app(0)).encode()
    new = Request("POST", f"{PREFIX}/accounts/{ACCOUNT_ID}/access/apps", (), HEADERS, body)
    made.ids[kind.name] = [json.loads(asyncio.run(_exchange(url, new, 1)))["result"]["id"]]
    pair = made.request("GET", made.place(kind, 0)), *made.write("PUT", kind, [0])
    for connections in (1, 16):
        rates = [_rate(partial(_by_port, url, one, connections)) for one in pair]
        yield _speed(f"port, {connections} at a time", rates)


def _speed(name: str, rates: Sequence[float]) -> str:
    return f"{name:<20}" + "".join(f"{rate:>13,.0f}" for rate in rates)


def _rate(work: Callable[[], object]) -> float:
    """Requests a second: the best of three runs by the clock on the wall."""
    return max(REQUESTS / _wall(work) for _ in range(3))


def _wall(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def _handled(made: World, request: Request) -> None:
    made.answers([request] * REQUESTS)


def _by_httpx(made: World, request: Request) -> None:
    asyncio.run(_asked(made, request))


def _by_port(url: str, request: Request, connections: int) -> None:
    asyncio.run(_exchanges(url, request, connections))


async def _asked(made: World, request: Request) -> None:
    transport = SandboxTransport(made.sandbox)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        for _ in range(REQUESTS):
            answer = await client.request(
                request.method, request.path, headers=dict(HEADERS), content=request.body
            )
            assert answer.is_success


@contextmanager
def _served() -> Iterator[str]:
    """The base URL of a sandbox in a process of its own."""
    command = [sys.executable, "-m", "ztctl", "sandbox", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip().partition("=")[2]
        finally:
            server.terminate()


async def _exchanges(url: str, request: Request, connections: int) -> None:
    share = REQUESTS // connections
    await asyncio.gather(*(_exchange(url, request, share) for _ in range(connections)))


async def _exchange(url: str, request: Request, times: int) -> bytes:
    """Send a request again and again on one connection; the last body."""
    place, body = urlsplit(url), b""
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    lines = [f"{request.method} {request.path} HTTP/1.1", f"host: {place.netloc}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    lines += [f"content-length: {len(request.body)}", "", ""]
    sent = "\r\n".join(lines).encode() + request.body
    for _ in range(times):
        writer.write(sent)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.startswith("http/1.1 2"), head
        body = await reader.readexactly(int(head.partition("content-length: ")[2].split()[0]))
    writer.close()
    return body


def main() -> None:
    """Print the tables."""
    print(f"{'Requests a second':<20}{'read':>13}{'write':>13}", flush=True)
    for row in speeds():
        print(row, flush=True)
    print(f"\n{'With a state file':<20}" + "".join(f"{name:>13}" for name in FILE_COLUMNS))
    for row in files():
        print(row, flush=True)
    names = "".join(f"{name:>13}" for name in OPERATIONS)
    print(f"\n{'1,000 and 10,000':<20}{names}", flush=True)
    for row in growth():
        print(row, flush=True)


if __name__ == "__main__":
    main()
