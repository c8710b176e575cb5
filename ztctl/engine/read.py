"""The live account, by lists; everything independent at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from ztctl.core.model.calls import Call, CallFailed, Json
from ztctl.core.model.canonical import references
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failures
from ztctl.core.model.events import Reading, Report
from ztctl.core.model.kind import Ask, Kind, Kinds
from ztctl.core.model.names import to_ascii
from ztctl.core.model.objects import Live, Wanted
from ztctl.core.model.values import Lookup
from ztctl.engine.drive import Api, Sleep, drive


class Once:
    """An api that sends each call of a reading once, however many kinds ask for it."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._sent: dict[tuple[object, ...], asyncio.Future[Json]] = {}

    async def send(self, call: Call) -> Json:
        """The reply, shared with everybody who asked for the same."""
        key = (call.method, call.path, call.query, call.per_page)
        if key not in self._sent:
            self._sent[key] = asyncio.ensure_future(self._api.send(call))
        return await self._sent[key]


def ask_for(declared: Declared, wanted: Sequence[Wanted], kinds: Kinds) -> Ask:
    """What the kinds must know to read what a plan needs, and no more."""
    by_kind = {
        kind.name: tuple(item for item in wanted if item.address.kind == kind.name)
        for kind in kinds
    }
    lookups = frozenset(
        found.kind
        for item in wanted
        for found in references(item.values)
        if isinstance(found, Lookup)
    )
    hosts = named_hosts(wanted, kinds) | declared.names
    # What is removed may be the last of its zone.
    hosts |= {to_ascii(item.address.key) for item in declared.removed}
    named = {*(item.address for item in wanted), *(item.address for item in declared.removed)}
    used = declared.used | lookups | {address.kind for address in named}
    return Ask(declared.stack, by_kind, lookups, hosts, used=used)


def named_hosts(wanted: Sequence[Wanted], kinds: Kinds) -> frozenset[str]:
    """Every host name that wanted objects are about."""
    return frozenset[str]().union(*(kinds[item.address.kind].named_hosts(item) for item in wanted))


async def read_account(
    kinds: Kinds, ask: Ask, api: Api, report: Report, *, sleep: Sleep = asyncio.sleep
) -> Mapping[str, tuple[Live, ...]]:
    """Every live object that a plan may need, by kind.

    Raises:
        CallFailed: when one list cannot be read.
        Failures: when several cannot; all of them are told.
    """
    needed = [kind for kind in kinds if kind.needed(ask)]
    once = Once(api)
    done = 0

    async def read(kind: Kind) -> tuple[Live, ...]:
        nonlocal done
        found = await drive(kind.read(ask), once, sleep=sleep)
        done += 1
        report(Reading(done, len(needed)))
        return found

    report(Reading(0, len(needed)))
    results = await asyncio.gather(*(read(kind) for kind in needed), return_exceptions=True)
    raise_all([item for item in results if isinstance(item, BaseException)])
    return {
        kind.name: item
        for kind, item in zip(needed, results, strict=True)
        if not isinstance(item, BaseException)
    }


def raise_all(errors: Sequence[BaseException]) -> None:
    """Raise what there is: one failure as it is, several as one; foreign errors first."""
    for error in errors:
        if not isinstance(error, CallFailed):
            raise error
    failures = {str(error): error for error in errors if isinstance(error, CallFailed)}
    if len(failures) == 1:
        raise next(iter(failures.values()))
    if failures:
        raise Failures(failures.values())
