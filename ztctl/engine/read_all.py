"""Read all of an account that any command reads, whatever the files are."""

from __future__ import annotations

import asyncio

from ztctl.core.model.calls import CallFailed
from ztctl.core.model.events import Reading, Report
from ztctl.core.model.flows import Ask
from ztctl.core.model.kind import Kinds
from ztctl.core.reach.versions import facts_of
from ztctl.engine.drive import Api
from ztctl.engine.read import Reader, raise_all
from ztctl.engine.whole_account import all_unseen, certificates


async def read_all(kinds: Kinds, api: Api, report: Report) -> None:
    """Ask for every list, each zone's records and applications, and each tunnel's rules.

    Who wants the replies takes them from ``api``. What the token may not read is left out.

    Raises:
        CallFailed, Failures: something failed other than by a missing permission.
    """
    ask = Ask("", lookups=frozenset(kinds))
    reader = Reader(kinds, ask, api)
    report(Reading(0, len(kinds)))
    found = await asyncio.gather(*map(reader.live_of, kinds), return_exceptions=True)
    failures = [it for it in found if isinstance(it, BaseException)]
    raise_all([it for it in failures if not (isinstance(it, CallFailed) and it.leaves_gap)])
    report(Reading(len(kinds), len(kinds)))
    read = zip(kinds, found, strict=True)
    live = {kind: items for kind, items in read if not isinstance(items, BaseException)}
    facts = await reader.with_beyond(dict(facts_of(live, kinds)), all_unseen)
    await certificates(reader, ask, facts, kinds)
