"""What it costs to show that no state of a plan is open, against the number of its steps.

    python benchmarks/exposure.py

The check is timed inside the making of the plan, so that its share is a ratio within one run. How
many states are looked at is a count, and the same on every machine. The second table counts them
once more without the edges that the order draws from host names alone.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ztctl.cloudflare.client import Client
from ztctl.core.model.allowances import Allowances
from ztctl.core.model.declared import Declared
from ztctl.core.model.events import Event
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Change, Plan
from ztctl.core.model.values import Secret
from ztctl.core.planning import check, planner, safety, step_graph
from ztctl.core.planning.planner import Draft, Options
from ztctl.core.reach.entries import Entry
from ztctl.core.reach.timeline import HostScope
from ztctl.documents import load
from ztctl.engine.companion import Means
from ztctl.engine.execute import execute
from ztctl.engine.read import Reader, ask_for
from ztctl.kinds.registry import KINDS
from ztctl.sandbox import open_sandbox
from ztctl.sandbox.seeds import ACCOUNT_ID, ZoneSeed
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.transport import SandboxTransport

STEPS = (100, 1_000, 2_000)
TUNNELS = 10
# A host of its own takes an application, a CA and a record.
STEPS_A_HOST = 3
# Few, because without the rules there are many orders of each.
FEW = 20


@dataclass
class Spent:
    """What the check of one plan took."""

    seconds: float = 0.0
    states: int = 0
    total: float = field(default=0.0)


def stack(hosts: int, port: int) -> str:
    """Hosts on ten tunnels, each with an application of its own."""
    lines = ["version: 1", "stack: bench", "policies:"]
    lines += [
        f"  team-{number}: {{decision: allow, include: [{{email_domain: d{number}.example}}]}}"
        for number in range(TUNNELS)
    ]
    lines += ["tunnels:", *(f"  pool-{number}: {{}}" for number in range(TUNNELS)), "hosts:"]
    lines += [
        f"  host-{number}.example.com: {{tunnel: pool-{number % TUNNELS}, "
        f"service: 'ssh://10.0.0.1:{port}', policies: [team-{number % TUNNELS}]}}"
        for number in range(hosts)
    ]
    return "\n".join(lines) + "\n"


def declared_by(text: str) -> Declared:
    """The wanted side of a file's text."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ztctl.yaml"
        file.write_text(text, encoding="utf-8")
        return load([file], KINDS)


def _ignore(event: Event) -> None:
    """Nobody looks at the progress of a benchmark."""


async def _read(client: Client, declared: Declared) -> Mapping[str, tuple[Live, ...]]:
    ask = ask_for(declared, check.expanded(declared, KINDS), KINDS)
    return (await Reader(KINDS, ask, client).account(_ignore)).live


def planned(declared: Declared, live: Mapping[str, tuple[Live, ...]]) -> tuple[Plan, Spent]:
    """A plan, and what its check took."""
    spent = Spent()
    made_safe, entries_at = safety.made_safe, HostScope.entries_at

    def timed(changes: Sequence[Change], *rest: Any) -> safety.Safe:
        began = time.process_time()
        safe = made_safe(changes, *rest)
        spent.seconds += time.process_time() - began
        return safe

    def counted(scope: HostScope, *rest: Any) -> frozenset[Entry]:
        spent.states += 1
        return entries_at(scope, *rest)

    yes = Options(Allowances(deletions=True, interruption=frozenset({"all"})))
    with patch.object(planner, "made_safe", timed), patch.object(HostScope, "entries_at", counted):
        began = time.process_time()
        plan = Draft.of(declared, live, KINDS, account=ACCOUNT_ID, options=yes).plan()
        spent.total = time.process_time() - began
    return plan, spent


async def _made(sandbox: Sandbox, text: str) -> tuple[Plan, Spent, Mapping[str, tuple[Live, ...]]]:
    """The first plan of a file, what its check took, and the account once it is carried out."""
    transport = SandboxTransport(sandbox)
    client = Client(Secret("sandbox"), account=ACCOUNT_ID, transport=transport, quota=None)
    async with client:
        first = declared_by(text)
        plan, spent = planned(first, await _read(client, first))
        outcome = await execute(plan, KINDS, Means(client, _ignore))
        assert outcome.is_complete, outcome.failed
        return plan, spent, await _read(client, first)


async def _rows(sandbox: Sandbox, hosts: int) -> list[str]:
    plan, spent, live = await _made(sandbox, stack(hosts, 22))
    rows = [_row(f"{hosts} hosts made", plan, spent)]
    for what, text in (("pointed elsewhere", stack(hosts, 2222)), ("taken away", stack(0, 22))):
        plan, spent = planned(declared_by(text), live)
        rows.append(_row(f"{hosts} hosts {what}", plan, spent))
    return rows


def _row(what: str, plan: Plan, spent: Spent) -> str:
    return (
        f"{what:<32}{len(plan.steps):>8}{spent.states:>10}{spent.seconds:>10.2f}"
        f"{spent.seconds / spent.total:>8.0%}"
    )


def rows() -> Iterator[str]:
    """The table, one size after the other."""
    for steps in STEPS:
        sandbox = open_sandbox(zones=[ZoneSeed("example.com", "pro")])
        yield from asyncio.run(_rows(sandbox, steps // STEPS_A_HOST))


# -- with and without the rules of host names -------------------------------------------------


def shared(number: int, *, own: bool = False, tunnel: str = "pool", prefix: str = "host") -> str:
    """Hosts on one of two tunnels, behind a wildcard or each behind an application of its own."""
    names = [f"{prefix}-{place}.example.com" for place in range(number)]
    applications = names if own else ["*.example.com"]
    lines = ["version: 1", "stack: bench", "team: acme", "policies:"]
    lines += ["  team: {decision: allow, include: [{email_domain: d.example}]}", "applications:"]
    lines += [f'  "{name}": {{policies: [team]}}' for name in applications]
    other = "spare" if tunnel == "pool" else "pool"
    lines += ["tunnels:", f"  {other}: {{}}", f"  {tunnel}:", "    ingress:"]
    lines += [f"    - {{hostname: {name}, service: 'ssh://10.0.0.1:22'}}" for name in names]
    lines += ["dns:", *(f"  {name}: {{tunnel: {tunnel}}}" for name in names)]
    return "\n".join(lines) + "\n"


EDITS = {
    "made": ("version: 1\nstack: bench\n", shared(FEW, own=True)),
    "taken away": (shared(FEW, own=True), "version: 1\nstack: bench\n"),
    "moved to another tunnel": (shared(FEW, own=True), shared(FEW, own=True, tunnel="spare")),
    "renamed": (shared(FEW, own=True), shared(FEW, own=True, prefix="new")),
    "out of a wildcard": (shared(FEW), shared(FEW, own=True)),
    "into a wildcard": (shared(FEW, own=True), shared(FEW)),
}


def rule_rows() -> Iterator[str]:
    """How many states of each edit are looked at with the rules of host names, and without."""
    for what, (before, after) in EDITS.items():
        sandbox = open_sandbox(zones=[ZoneSeed("example.com", "pro")])
        *_, live = asyncio.run(_made(sandbox, before))
        wanted = declared_by(after)
        plan, ruled = planned(wanted, live)
        with patch.object(step_graph, "_by_host", lambda *_: ()):
            free, searched = planned(wanted, live)
        yield (
            f"{FEW} hosts {what:<24}{len(plan.steps):>8}{ruled.states:>10}{searched.states:>10}"
            f"{len(plan.refusals):>9}{len(free.refusals):>9}"
        )


def main() -> None:
    """Print the tables."""
    print(f"{'':<32}{'steps':>8}{'states':>10}{'CPU s':>10}{'share':>8}")
    for row in rows():
        print(row)
    print(f"\n{'':<33}{'steps':>8}{'states':>10}{'without':>10}{'refused':>9}{'without':>9}")
    for row in rule_rows():
        print(row)


if __name__ == "__main__":
    main()
