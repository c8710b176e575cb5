"""Snapshots of accounts as the command takes them, written down and read again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from ztctl.cli.planning import options_of, plan_source
from ztctl.cli.snapshot_taking import take
from ztctl.cloudflare.snapshot import Snapshot, parse, text_of
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failures, Problems
from ztctl.core.model.facts import Fact, Slot
from ztctl.core.model.flows import Ask
from ztctl.core.planning.drift import drift_items
from ztctl.core.reach.audit import AuditReport
from ztctl.core.reach.auditing import Auditor, Days
from ztctl.core.reach.timeline import current_timeline
from ztctl.core.reach.unseen import unseen
from ztctl.core.reach.versions import facts_of
from ztctl.core.reach.who import reach
from ztctl.engine.drive import AccountApi
from ztctl.engine.plan_document import dumped
from ztctl.engine.read import Reader
from ztctl.engine.whole_account import whole_account
from ztctl.kinds.registry import KINDS
from ztctl.views.factory import make_view
from ztctl.views.view import View

Json = Any
NOW = datetime(2026, 11, 30, 6, 31, 21, tzinfo=UTC)
Connect = Callable[[], AbstractAsyncContextManager[AccountApi]]


def view() -> View:
    """A view that nobody reads."""
    return make_view(
        "json", stdout=StringIO(), stderr=StringIO(), color=False, quiet=True, terminal=False,
        redact=str, version="0",
    )  # fmt: skip


def taken(connect: Connect, declared: Declared | None = None) -> Snapshot:
    """A snapshot of an account, written to a file and read from it."""

    async def talk() -> Snapshot:
        async with connect() as live:
            return await take(live, declared, view(), NOW)

    return again(asyncio.run(talk()))


def again(snapshot: Snapshot) -> Snapshot:
    """What is read from the file of a snapshot."""
    return parse(text_of(snapshot).encode(), "live.json")


def offline(snapshot: Snapshot) -> Connect:
    """A snapshot in place of a connection."""

    class Opened:
        async def __aenter__(self) -> AccountApi:
            return snapshot

        async def __aexit__(self, *_: object) -> None:
            pass

    return Opened


def planned(connect: Connect, declared: Declared, **yes: Any) -> Json:
    """All that a plan says, or what is said in its place."""

    async def talk() -> Json:
        async with connect() as live:
            source = plan_source(live, declared, options_of(**yes), view())
            try:
                return dumped((await source.plan()).plan)
            except Problems as problems:
                return sorted(map(str, problems.items))
            except (CallFailed, Failures) as failure:
                return str(failure)

    return asyncio.run(talk())


def answered(connect: Connect, host: str) -> Json:
    """All that is said of who reaches a host."""

    async def talk() -> Json:
        async with connect() as live:
            reader = Reader(KINDS, Ask("", lookups=frozenset(KINDS), hosts=frozenset({host})), live)
            return await _reach(reader, host)

    return asyncio.run(talk())


def drifted(connect: Connect, declared: Declared) -> Json:
    """What a drift report tells of the account, or what is said in its place."""

    async def talk() -> Json:
        async with connect() as live:
            try:
                found = await plan_source(live, declared, options_of(), view()).plan()
            except Problems as problems:
                return sorted(map(str, problems.items))
            return dumped(drift_items(found.draft, found.plan))

    return asyncio.run(talk())


def audited(connect: Connect) -> AuditReport:
    """What an audit finds in the account."""
    days = Days("2026-11-30", "2026-12-30")

    async def talk() -> AuditReport:
        async with connect() as live:
            whole = await whole_account(KINDS, live, lambda _: None)
            auditor = Auditor(whole.live, whole.facts, days)
            return auditor.report(str(live.account), unread=whole.unread)

    return asyncio.run(talk())


def said(connect: Connect, host: str) -> Json:
    """The same, or why nothing can be said."""
    try:
        return answered(connect, host)
    except (CallFailed, Failures) as failure:
        return str(failure)


async def _reach(reader: Reader, host: str) -> Json:
    seen = await reader.account(lambda _: None, required=("zone",))

    def missing(known: Any) -> Any:
        return unseen(current_timeline(known), [host])

    known: dict[Slot, Fact] = dict(facts_of(seen.live, KINDS))
    facts = await reader.with_beyond(known, missing)
    unread = [failure.summary for failure in seen.unread.values()]
    return dumped(reach(host, seen.live, facts, unread=unread))
