"""What a plan and an apply cost: API calls, round trips one after another, and CPU of a start.

    python benchmarks/calls.py

Counts come from a sandbox in this process and round trips from a clock that only answers move on,
so that they are the same on every machine. CPU figures are ratios to the bare interpreter's start,
taken in the same run.
"""

from __future__ import annotations

import asyncio
import resource
import selectors
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from ztctl.cloudflare.client import Client
from ztctl.core.model.declared import Declared
from ztctl.core.model.events import Event
from ztctl.core.model.plan import Plan
from ztctl.core.model.values import Secret
from ztctl.core.planning import check
from ztctl.core.planning.planner import Options
from ztctl.documents import load
from ztctl.engine.companion import Means
from ztctl.engine.execute import execute
from ztctl.engine.plan import PlanSource
from ztctl.kinds.registry import KINDS
from ztctl.sandbox import open_sandbox
from ztctl.sandbox.seeds import ACCOUNT_ID, ZoneSeed
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.transport import SandboxTransport

ROOT = Path(__file__).parent.parent
TUNNELS = 10
SHARED_BY = 5
STARTS = 7


class Patience(selectors.DefaultSelector):
    """Waits for nothing: what a loop would sleep is added to ``now`` instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready; the rest of the wait counts as passed."""
        ready = super().select(0)
        if not ready:
            self.now += max(timeout or 0.0, 0.0)
        return ready


class Timeless(asyncio.SelectorEventLoop):
    """An event loop in which only waiting takes time."""

    def __init__(self) -> None:
        self._patience = Patience()
        super().__init__(self._patience)

    def time(self) -> float:
        """Seconds waited since the loop began."""
        return self._patience.now


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


async def _planned(client: Client, declared: Declared) -> Plan:
    source = PlanSource(declared, Options(), KINDS, ACCOUNT_ID, client, _ignore)
    return (await source.plan()).plan


async def _cost(sandbox: Sandbox, declared: Declared, *, apply: bool) -> Cost:
    transport = Counting(SandboxTransport(sandbox, latency=lambda _: 1.0))
    client = Client(Secret("sandbox"), account=ACCOUNT_ID, transport=transport, quota=None)
    async with client:
        plan = await _planned(client, declared)
        if apply:
            outcome = await execute(plan, KINDS, Means(client, _ignore))
            assert outcome.is_complete, outcome.failed
        elif sandbox.export()["tunnels"]:
            assert plan.is_empty, plan.changes
    reads = transport.methods.pop("GET", 0)
    return Cost(reads, transport.methods.total(), round(asyncio.get_running_loop().time()))


def _run(sandbox: Sandbox, declared: Declared, *, apply: bool) -> Cost:
    with asyncio.Runner(loop_factory=Timeless) as runner:
        return runner.run(_cost(sandbox, declared, apply=apply))


def costs(hosts: int, *, shared: bool) -> Iterator[str]:
    """The rows of one stack: planned on an empty account, applied, planned when in step."""
    declared = declared_by(stack(hosts, shared=shared))
    sandbox = open_sandbox(zones=[ZoneSeed("example.com", "pro")])
    kind = f"{SHARED_BY} an application" if shared else "an application each"
    name = f"{hosts} hosts, {kind}"
    yield _run(sandbox, declared, apply=False).row(f"{name}: first plan")
    yield _run(sandbox, declared, apply=True).row(f"{name}: apply")
    yield _run(sandbox, declared, apply=False).row(f"{name}: in step")


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
    print(f"\n{'CPU, in bare interpreter starts':<44}{'ratio':>7}{'target':>8}", flush=True)
    for row in starts():
        print(row, flush=True)


if __name__ == "__main__":
    main()
