"""The live account as far as the token may see it, with what it may not."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ztctl.core.model.calls import CallFailed
from ztctl.core.model.events import Reading, Report
from ztctl.core.model.kind import Ask, Kind, Kinds
from ztctl.core.model.objects import Live
from ztctl.engine.drive import Api, Sleep, drive
from ztctl.engine.read import Once, raise_all

FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class AccountReading:
    """What was read, by kind, and why the rest of the kinds could not be."""

    live: Mapping[str, tuple[Live, ...]]
    unread: Mapping[str, CallFailed]


async def look_around(
    kinds: Kinds,
    ask: Ask,
    api: Api,
    report: Report,
    *,
    needed: Collection[str],
    sleep: Sleep = asyncio.sleep,
) -> AccountReading:
    """Every live object of these kinds; what the token may not read is named in the answer.

    Raises:
        CallFailed, Failures: when a ``needed`` kind cannot be read, or for another reason.
    """
    once, done = Once(api), 0

    async def read(kind: Kind) -> tuple[Live, ...]:
        nonlocal done
        found = await drive(kind.read(ask), once, sleep=sleep)
        done += 1
        report(Reading(done, len(kinds)))
        return found

    report(Reading(0, len(kinds)))
    results = await asyncio.gather(*(read(kind) for kind in kinds), return_exceptions=True)
    unread = {
        kind.name: item
        for kind, item in zip(kinds, results, strict=True)
        if isinstance(item, CallFailed) and item.status == FORBIDDEN and kind.name not in needed
    }
    allowed = unread.values()
    raise_all([it for it in results if isinstance(it, BaseException) and it not in allowed])
    live = {
        kind.name: item
        for kind, item in zip(kinds, results, strict=True)
        if not isinstance(item, BaseException)
    }
    return AccountReading(live, unread)
