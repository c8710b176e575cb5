"""What an export costs: API calls, round trips one after another, and CPU.

    python benchmarks/export.py

The account is one that somebody filled by hand: an application, a record and a rule a host. Of 500
hosts that is the read budget of a plan of everything, and one list more.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
from pathlib import Path

from tests.support.account import Account
from tests.support.exporting import application, group, policy, record, rule, tunnel
from ztctl.cli.export_flow import Exported, Target, export
from ztctl.cli.planning import options_of, plan_source
from ztctl.cli.session import declared_by
from ztctl.cli.settings import Settings
from ztctl.core.planning.selection import Chosen
from ztctl.sandbox.seeds import ZoneSeed

TUNNELS = 10


def main() -> None:
    """Print a row for each size."""
    rows = [
        "| hosts | calls of an export | calls of a plan of it | CPU of an export |",
        "|--:|--:|--:|--:|",
    ]
    rows += [_row(hosts) for hosts in (20, 500)]
    sys.stdout.write("\n".join(rows) + "\n")


def _row(hosts: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        account = Account(Path(folder), zones=(ZoneSeed("example.com", "enterprise"),))
        _fill(account, hosts)
        account.forget_log()
        start = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        found = asyncio.run(_exported(account))
        spent = resource.getrusage(resource.RUSAGE_SELF).ru_utime - start
        calls = len(account.sandbox.log)
        (text,) = found.document.texts.values()
        file = Path(folder) / "ztctl.yaml"
        file.write_bytes(text)
        account.forget_log()
        asyncio.run(_planned(account, file))
        return f"| {hosts} | {calls} | {len(account.sandbox.log)} | {spent:.1f} s |"


def _fill(account: Account, hosts: int) -> None:
    used = policy(account, include=[{"group": {"id": group(account)}}], session_duration="8h")
    names = [f"host-{number:03}.example.com" for number in range(hosts)]
    for number in range(TUNNELS):
        mine = names[number::TUNNELS]
        to = tunnel(account, [rule(name) for name in mine], f"pool-{number}")
        for name in mine:
            application(account, name, policies=[used], app_launcher_visible=False)
            record(account, name, to)


async def _exported(account: Account) -> Exported:
    async with account.client() as client:
        return await export(client, "prod", Chosen(), Target("ztctl.yaml"), lambda _: None)


async def _planned(account: Account, file: Path) -> None:
    declared = declared_by(Settings(files=(file,)))
    async with account.client() as client:
        await plan_source(client, declared, options_of(adopt=True), account.view()).plan()


if __name__ == "__main__":
    main()
