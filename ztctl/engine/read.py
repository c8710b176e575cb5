"""Read the live objects of an account by list calls, independent ones concurrently."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeGuard, TypeVar

from ztctl.core.model.calls import Call, CallFailed, Json, ReadFlow
from ztctl.core.model.canonical import references
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failures
from ztctl.core.model.events import Reading, Report
from ztctl.core.model.facts import Fact, Slot
from ztctl.core.model.flows import Ask, Unseen
from ztctl.core.model.kind import AsksAhead, Kinds
from ztctl.core.model.names import to_ascii
from ztctl.core.model.objects import Live, Wanted
from ztctl.core.model.values import Lookup
from ztctl.engine.drive import Api, drive

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AccountReading:
    """The live objects by kind, and for each kind that could not be read its failure."""

    live: Mapping[str, tuple[Live, ...]]
    unread: Mapping[str, CallFailed] = field(default_factory=dict)


class Reader:
    """One reading of an account: each call is sent once, each kind decoded once.

    Kinds that need the objects of another kind share them. A reader is itself an ``Api``, which
    caches replies.
    """

    def __init__(self, kinds: Kinds, ask: Ask, api: Api) -> None:
        self._kinds = kinds
        self.ask = ask
        self._api = api
        self._replies: dict[tuple[object, ...], asyncio.Future[Json]] = {}
        self._objects: dict[str, asyncio.Future[tuple[Live, ...]]] = {}

    async def send(self, call: Call) -> Json:
        """Send a call, or return the cached reply of an equal one.

        Raises:
            CallFailed: the call failed; cached, too.
        """
        # A future, not the reply: concurrent callers must share a call that is still running.
        key = (call.method, call.path, call.query, call.per_page)
        if key not in self._replies:
            self._replies[key] = asyncio.ensure_future(self._api.send(call))
        return await self._replies[key]

    async def live_of(self, kind: str) -> tuple[Live, ...]:
        """Read all live objects of a kind, as far as ``ask`` needs them; cached."""
        if kind not in self._objects:
            flow = self._kinds[kind].read(self.ask)
            self._objects[kind] = asyncio.ensure_future(self.driven(flow))
        return await self._objects[kind]

    async def driven(self, flow: ReadFlow[T]) -> T:
        """Run a reading flow on this reader; its result."""
        return await drive(flow, self, objects=self.live_of)

    async def account(
        self, report: Report, *, required: Collection[str] | None = None, ahead: bool = False
    ) -> AccountReading:
        """Read every kind that ``ask`` needs.

        Args:
            report: called with the progress.
            required: if given, a kind that is not among these and that cannot be read, for want of
                a permission or because a snapshot lacks it, is unread instead of a failure.
            ahead: ask already for what a change is likely to need beyond that.

        Raises:
            CallFailed: one list cannot be read.
            Failures: several lists cannot be read; holds all failures.
        """
        needed = [kind.name for kind in self._kinds.values() if kind.needed(self.ask)]
        done = 0

        async def read(kind: str) -> tuple[Live, ...]:
            nonlocal done
            found = await self.live_of(kind)
            done += 1
            report(Reading(done, len(needed)))
            return found

        report(Reading(0, len(needed)))
        further = [self._ask_ahead(kind) for kind in needed] if ahead else []
        reading = asyncio.gather(*map(read, needed), return_exceptions=True)
        await asyncio.gather(reading, *further)
        live: dict[str, tuple[Live, ...]] = {}
        unread: dict[str, CallFailed] = {}
        failures: list[BaseException] = []
        for kind, answer in zip(needed, await reading, strict=True):
            if not isinstance(answer, BaseException):
                live[kind] = answer
            elif required is None or kind in required or not _leaves_gap(answer):
                failures.append(answer)
            else:
                unread[kind] = answer
        raise_all(failures)
        return AccountReading(live, unread)

    async def _ask_ahead(self, name: str) -> None:
        if isinstance(kind := self._kinds[name], AsksAhead):
            with suppress(CallFailed):
                await self.driven(kind.ahead(self.ask))

    async def with_beyond(
        self, known: Mapping[Slot, Fact], unseen: Callable[[Mapping[Slot, Fact]], Unseen]
    ) -> dict[Slot, Fact]:
        """These facts and, until nothing is missing, those about what ``unseen`` says.

        What cannot be read is asked for once, and stays unknown.
        """
        facts, asked = dict(known), Unseen()
        while missing := unseen(facts) - asked:
            flows = (self.driven(kind.beyond(missing)) for kind in self._kinds.values())
            for found in await asyncio.gather(*flows):
                facts |= found
            asked |= missing
        return facts


def _leaves_gap(item: object) -> TypeGuard[CallFailed]:
    return isinstance(item, CallFailed) and item.leaves_gap


def ask_for(declared: Declared, wanted: Sequence[Wanted], kinds: Kinds) -> Ask:
    """What the kinds must know in order to read only what the plan of these files needs."""
    by_kind = {kind: tuple(item for item in wanted if item.address.kind == kind) for kind in kinds}
    found = {
        reference
        for item in wanted
        for reference in references(item.values)
        if isinstance(reference, Lookup)
    }
    lookups = frozenset(reference.kind for reference in found)
    by_name = frozenset(reference.kind for reference in found if not reference.by_id)
    hosts = named_hosts(wanted, kinds) | declared.names
    # A removed object may be the only one in its zone, which must be read all the same.
    hosts |= {to_ascii(item.address.key) for item in declared.removed}
    named = {*(item.address for item in wanted), *(item.address for item in declared.removed)}
    used = declared.used | by_name | {address.kind for address in named}
    removed = frozenset(
        (it.address.kind, text) for it in declared.removed if (text := it.id or it.name)
    )
    by_id = lookups - by_name
    return Ask(
        declared.stack, by_kind, lookups, by_id, hosts, used, removed, copies=declared.copies
    )


def named_hosts(wanted: Sequence[Wanted], kinds: Kinds) -> frozenset[str]:
    """All host names in the wanted objects."""
    return frozenset[str]().union(
        *(kinds[item.address.kind].hosts(item.address.key, item.values) for item in wanted)
    )


def raise_all(errors: Sequence[BaseException]) -> None:
    """Raise a single failure as it is, several as `Failures`; nothing for an empty sequence.

    An error that is no CallFailed (a bug, a cancellation) comes first. Equal texts count once.
    """
    for error in errors:
        if not isinstance(error, CallFailed):
            raise error
    failures = {str(error): error for error in errors if isinstance(error, CallFailed)}
    if len(failures) == 1:
        raise next(iter(failures.values()))
    if failures:
        raise Failures(failures.values())
