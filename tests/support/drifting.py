"""An account that two people write to, and what `ztctl drift` finds in it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from tests.support.account import Account, File
from ztctl.cli.planning import options_of, plan_source
from ztctl.core.model.drift import DriftItem, DriftReport
from ztctl.core.planning.drift import drift_items
from ztctl.engine.audit_log import with_authors
from ztctl.kinds.registry import KINDS

COLLECTIONS = {kind.name: kind.collection for kind in KINDS.values() if kind.collection}
MALLORY = "mallory@example.com"


def drifting(folder: Path) -> Account:
    """An account in which ztctl's token has a name, and somebody else is in the dashboard."""
    account = Account(folder)
    account.sandbox.define_token("sandbox", None, name="ztctl")
    account.sandbox.define_token("somebody", None, email=MALLORY, dashboard=True)
    return account


def drift(account: Account, file: File) -> tuple[DriftItem, ...]:
    """What differs, without authors."""
    return report_of(account, file).items


def told(account: Account, file: File) -> tuple[DriftItem, ...]:
    """What differs, with authors."""
    return report_of(account, file, authors=True).items


def report_of(account: Account, file: File, *, authors: bool = False) -> DriftReport:
    """The report, as the command makes it before it leaves anything out."""
    declared = account.declared(file)

    async def look() -> DriftReport:
        async with account.client() as client:
            source = plan_source(client, declared, options_of(), account.view(), watching=True)
            planned = await source.plan()
            items = drift_items(planned.draft, planned.plan)
            report = DriftReport(planned.plan.account, planned.plan.stack, items)
            now: datetime = account.clock()
            return await with_authors(report, client, COLLECTIONS, now) if authors else report

    return asyncio.run(look())
