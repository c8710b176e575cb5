"""Read all of an account that any command reads, whatever the files are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from ztctl.core.model.calls import CallFailed
from ztctl.core.model.events import Reading, Report
from ztctl.core.model.facts import Fact, Record, Slot, TunnelRules, ZoneApplications, ZoneRecords
from ztctl.core.model.flows import Ask, Unseen
from ztctl.core.model.kind import Kinds
from ztctl.core.reach.versions import facts_of
from ztctl.engine.drive import Api
from ztctl.engine.read import Reader, raise_all


async def read_all(kinds: Kinds, api: Api, report: Report) -> None:
    """Ask for every list, each zone's records and applications, and each tunnel's rules.

    Who wants the replies takes them from ``api``. What the token may not read is left out.

    Raises:
        CallFailed, Failures: something failed other than by a missing permission.
    """
    reader = Reader(kinds, Ask("", lookups=frozenset(kinds)), api)
    report(Reading(0, len(kinds)))
    found = await asyncio.gather(*map(reader.live_of, kinds), return_exceptions=True)
    failures = [it for it in found if isinstance(it, BaseException)]
    raise_all([it for it in failures if not (isinstance(it, CallFailed) and it.leaves_gap)])
    report(Reading(len(kinds), len(kinds)))
    read = zip(kinds, found, strict=True)
    live = {kind: items for kind, items in read if not isinstance(items, BaseException)}
    await reader.with_beyond(dict(facts_of(live, kinds)), unread)


def unread(facts: Mapping[Slot, Fact]) -> Unseen:
    """All zones, and all tunnels without known rules, of which nothing was read yet."""
    found = list(facts.values())
    zones = {it.name for it in found if isinstance(it, ZoneRecords)}
    empty = any(isinstance(it, ZoneRecords) and not (it.read or it.gap) for it in found)
    guarded = {it.name for it in found if isinstance(it, ZoneApplications)}
    led = {it.tunnel for it in found if isinstance(it, Record) and it.tunnel}
    listed = {key: it for (_, key), it in facts.items() if isinstance(it, TunnelRules)}
    unknown = {key for key in led | listed.keys() if key not in listed or listed[key].rules is None}
    names = frozenset({"*"} if empty else ())
    return Unseen(names, frozenset(unknown), frozenset(zones - guarded))
