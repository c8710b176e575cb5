"""What a plan and an apply cost: API calls, round trips one after another, and CPU of a start.

    python benchmarks/calls.py

Counts come from a sandbox in this process and round trips from a clock that only answers move on,
so that they are the same on every machine. CPU figures are ratios to the bare interpreter's start,
taken in the same run.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.timeless import Timeless
from ztctl.cloudflare.client import Client
from ztctl.core.model.allowances import Allowances
from ztctl.core.model.declared import Declared
from ztctl.core.model.events import Event, Outcome
from ztctl.core.model.plan import Plan
from ztctl.core.model.values import Secret
from ztctl.core.planning import check
from ztctl.core.planning.planner import Options
from ztctl.core.runs.locks import Holder
from ztctl.documents import load
from ztctl.engine.companion import Means
from ztctl.engine.journal import Journal, JournalPaths
from ztctl.engine.lock import Lock
from ztctl.engine.locked_run import LockedRun
from ztctl.engine.plan import PlanSource, emptied
from ztctl.engine.whole_account import whole_account
from ztctl.kinds.registry import KINDS
from ztctl.sandbox import open_sandbox
from ztctl.sandbox.messages import Request
from ztctl.sandbox.seeds import ACCOUNT_ID, ZoneSeed
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.transport import SandboxTransport

ROOT = Path(__file__).parent.parent
TUNNELS = 10
SHARED_BY = 5
STARTS = 7
# Seconds of the loop's clock in which a call is answered.
LATENCY = 0.1
ZONES = ("example.com", *(f"zone-{number}.com" for number in range(49)))
ALL = frozenset({"all"})
YES = Options(
    Allowances(deletions=True, no_policy=ALL, ca_deletion=ALL, exposure=ALL, interruption=ALL)
)


class Counting(httpx.AsyncBaseTransport):
    """Counts requests by method on their way to a sandbox."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.methods: Counter[str] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Count one request and pass it on."""
        self.methods[request.method] += 1
        return await self._inner.handle_async_request(request)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run sent, and how many answers it waited for one after another."""

    reads: int
    writes: int
    round_trips: int

    def row(self, name: str) -> str:
        """The cost as a line of the table."""
        return f"{name:<44}{self.reads:>7}{self.writes:>8}{self.round_trips:>14}"


def stack(hosts: int, *, shared: bool) -> str:
    """A stack of hosts on ten tunnels, five of them to an application or each with its own."""
    return "\n".join(_lines(hosts, shared=shared)) + "\n"


def _lines(hosts: int, *, shared: bool) -> Iterator[str]:
    yield "version: 1\nstack: bench"
    yield "policies:\n  team: {decision: allow, include: [{email_domain: example.com}]}"
    yield "tunnels:"
    yield from (f"  pool-{number}: {{}}" for number in range(TUNNELS))
    if shared:
        yield "applications:"
        groups = range(-(-hosts // SHARED_BY))
        yield from (f"  group-{number}: {{policies: [team]}}" for number in groups)
    yield "hosts:"
    for number in range(hosts):
        access = f"application: group-{number // SHARED_BY}" if shared else "policies: [team]"
        yield (
            f"  host-{number}.example.com: {{tunnel: pool-{number % TUNNELS}, "
            f"service: 'ssh://10.0.{number // 250}.{number % 250 + 1}:22', {access}}}"
        )


def declared_by(text: str) -> Declared:
    """The wanted side of a file's text."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ztctl.yaml"
        file.write_text(text, encoding="utf-8")
        declared = load([file], KINDS)
    problems = check.problems(declared, KINDS)
    assert not problems, problems
    return declared


def _ignore(event: Event) -> None:
    """Nobody looks at the progress of a benchmark."""


async def _cost(sandbox: Sandbox, declared: Declared, *, apply: bool, in_step: bool) -> Cost:
    transport = Counting(SandboxTransport(sandbox, latency=lambda _: LATENCY))
    client = Client(Secret("sandbox"), account=ACCOUNT_ID, transport=transport, quota=None)
    clock = asyncio.get_running_loop().time
    async with client:
        source = PlanSource(declared, YES, KINDS, ACCOUNT_ID, client, _ignore, ahead=apply)
        plan = (await source.plan()).plan
        assert not plan.refusals, plan.refusals
        if apply:
            outcome = await _applied(source, plan, Means(client, _ignore, clock=clock))
            assert outcome.is_complete, outcome.failed
        elif in_step:
            assert plan.is_empty, plan.changes
    reads = transport.methods.pop("GET", 0)
    return Cost(reads, transport.methods.total(), round(clock() / LATENCY))


async def _applied(source: PlanSource, plan: Plan, means: Means) -> Outcome:
    """Apply as the command does: under the lock, by a plan that is made again."""

    async def again() -> Plan:
        return (await source.plan()).plan

    with tempfile.TemporaryDirectory() as folder:
        lock = Lock(Holder.named(plan.stack, "bench", lambda _: 0))
        journal = Journal(JournalPaths(Path(folder), "journal.jsonl"), str, print)
        run = LockedRun(ACCOUNT_ID, plan.stack, KINDS, journal, lock, again, plan=plan)
        outcome = await run(means)
    assert outcome is not None
    return outcome


def _run(
    sandbox: Sandbox, declared: Declared, *, apply: bool = False, in_step: bool = False
) -> Cost:
    with asyncio.Runner(loop_factory=Timeless) as runner:
        return runner.run(_cost(sandbox, declared, apply=apply, in_step=in_step))


def costs(hosts: int, *, shared: bool) -> Iterator[str]:
    """The rows of one stack: planned on an empty account, applied, planned when in step."""
    declared = declared_by(stack(hosts, shared=shared))
    sandbox = open_sandbox(zones=[ZoneSeed("example.com", "pro")])
    kind = f"{SHARED_BY} an application" if shared else "an application each"
    name = f"{hosts} hosts, {kind}"
    yield _run(sandbox, declared).row(f"{name}: first plan")
    yield _run(sandbox, declared, apply=True).row(f"{name}: apply")
    yield _run(sandbox, declared, in_step=True).row(f"{name}: in step")


def round_trips() -> Iterator[str]:
    """The rows of a small stack: made, changed in one place, and destroyed, each by one command."""
    for keys in (False, True):
        sandbox = open_sandbox(zones=[ZoneSeed("example.com", "pro")])
        made, changed = (declared_by(small(10, keys=keys, port=port)) for port in (22, 2222))
        name = f"10 hosts{' with CA keys' if keys else ''}"
        yield _run(sandbox, made, apply=True).row(f"{name}: first apply")
        yield _run(sandbox, changed, apply=True).row(f"{name}: one change")
        yield _run(sandbox, emptied(changed, KINDS), apply=True).row(f"{name}: destroy")


def widening() -> Iterator[str]:
    """The rows of a plan in an account of fifty zones, by what it widens."""
    sandbox = open_sandbox(zones=[ZoneSeed(name, "pro") for name in ZONES])
    made = small(10)
    _run(sandbox, declared_by(made), apply=True)
    yield _run(sandbox, declared_by(made), in_step=True).row(f"{len(ZONES)} zones: in step")
    policy = made.replace("email_domain: example.com", "email_domain: example.org")
    yield _run(sandbox, declared_by(policy)).row(f"{len(ZONES)} zones: another policy")
    for what, name in (
        ("one more name", "new.example.com"),
        ("all names of one more zone", f"*.{ZONES[-1]}"),
        ("every name", "*"),
    ):
        wider = declared_by(small(10, served=name))
        yield _run(sandbox, wider).row(f"{len(ZONES)} zones: a rule for {what}")


def audits(
    applications: int = 500, tunnels: int = 300, zones: Sequence[str] = ZONES[:3]
) -> Iterator[str]:
    """The row of an audit: each tunnel has a name, each application stands in front of one."""
    sandbox = open_sandbox(zones=[ZoneSeed(name, "pro") for name in zones])
    fill(sandbox, applications, tunnels, zones)
    cost = audit_cost(sandbox)
    name = f"audit: {applications} applications, {tunnels} tunnels, {len(zones)} zones"
    yield cost.row(name)


def audit_cost(sandbox: Sandbox) -> Cost:
    """What an audit sends."""
    with asyncio.Runner(loop_factory=Timeless) as runner:
        return runner.run(_audited(sandbox))


async def _audited(sandbox: Sandbox) -> Cost:
    transport = Counting(SandboxTransport(sandbox, latency=lambda _: LATENCY))
    client = Client(Secret("sandbox"), account=ACCOUNT_ID, transport=transport, quota=None)
    clock = asyncio.get_running_loop().time
    async with client:
        await whole_account(KINDS, client, _ignore)
    reads = transport.methods.pop("GET", 0)
    return Cost(reads, transport.methods.total(), round(clock() / LATENCY))


def fill(sandbox: Sandbox, applications: int, tunnels: int, zones: Sequence[str]) -> None:
    """Make applications, and as many names on these tunnels, spread over the zones."""

    def call(method: str, path: str, body: Any = None) -> Any:
        headers = (("authorization", "Bearer somebody"),)
        sent = b"" if body is None else json.dumps(body).encode()
        path = f"/client/v4{path.replace('{A}', f'/accounts/{ACCOUNT_ID}')}"
        return json.loads(sandbox.handle(Request(method, path, (), headers, sent)).body)["result"]

    ids = {zone["name"]: zone["id"] for zone in sandbox.export()["zones"]}
    keys = []
    names = [f"host-{number}.{zones[number % len(zones)]}" for number in range(applications)]
    for number in range(tunnels):
        key = call("POST", "{A}/cfd_tunnel", {"name": f"t{number}", "config_src": "cloudflare"})
        keys.append(key["id"])
        rules = [{"hostname": it, "service": "http://web"} for it in names[number::tunnels]]
        config = {"config": {"ingress": [*rules, {"service": "http_status:404"}]}}
        call("PUT", f"{{A}}/cfd_tunnel/{keys[-1]}/configurations", config)
    for number, name in enumerate(names):
        zone = ids[zones[number % len(zones)]]
        content = f"{keys[number % tunnels]}.cfargotunnel.com"
        record = {"type": "CNAME", "name": name, "content": content, "proxied": True}
        call("POST", f"/zones/{zone}/dns_records", record)
        call("POST", "{A}/access/apps", {"type": "self_hosted", "name": name, "domain": name})


def small(hosts: int, *, keys: bool = False, port: int = 22, served: str = "") -> str:
    """One policy, one tunnel with a rule a host, an application and a record a host."""
    return "\n".join(_small(hosts, keys=keys, port=port, served=served)) + "\n"


def _small(hosts: int, *, keys: bool, port: int, served: str) -> Iterator[str]:
    names = [f"host-{number}.example.com" for number in range(hosts)]
    yield "version: 1\nstack: bench"
    yield "policies:\n  team: {decision: allow, include: [{email_domain: example.com}]}"
    yield "applications:"
    yield from (f"  {name}: {{policies: [team]}}" for name in names)
    yield "tunnels:\n  pool:\n    ingress:"
    for number, name in enumerate(names):
        service = f"ssh://10.0.0.{number + 1}:{22 if number else port}"
        yield f"      - {{hostname: {name}, service: '{service}'}}"
    if served:
        yield f"      - {{hostname: '{served}', service: 'ssh://10.0.1.1:22', access: false}}"
    yield "dns:"
    yield from (f"  {name}: {{tunnel: pool}}" for name in names)
    if keys:
        yield "ca_keys:"
        yield from (f"  {name}: {{}}" for name in names)


def _cpu(command: Sequence[str]) -> float:
    """The least CPU seconds, user and system, of several runs."""
    return min(_cpu_once(command) for _ in range(STARTS))


def _cpu_once(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def starts() -> Iterator[str]:
    """The rows of start-up: CPU of a command, as multiples of the bare interpreter's start."""
    bare = _cpu([sys.executable, "-c", ""])
    for name, words, most in (
        ("--version", ["--version"], 4),
        ("--help", ["--help"], 16),
        ("validate the quickstart", ["validate", "-q", "-f", "examples/quickstart"], 24),
    ):
        ratio = _cpu([sys.executable, "-m", "ztctl", *words]) / bare
        yield f"{name:<44}{ratio:>7.1f}{most:>8}"


def main() -> None:
    """Print the tables."""
    print(f"{'API calls':<44}{'reads':>7}{'writes':>8}{'round trips':>14}", flush=True)
    for hosts in (20, 500):
        for shared in (True, False):
            for row in costs(hosts, shared=shared):
                print(row, flush=True)
    for row in (*round_trips(), *widening(), *audits()):
        print(row, flush=True)
    print(f"\n{'CPU, in bare interpreter starts':<44}{'ratio':>7}{'target':>8}", flush=True)
    for row in starts():
        print(row, flush=True)


if __name__ == "__main__":
    main()
