"""The live account, by lists; everything independent at once."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard, TypeVar

from ztctl.core.model.calls import Call, CallFailed, Json, ReadFlow
from ztctl.core.model.canonical import references
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failures
from ztctl.core.model.events import Reading, Report
from ztctl.core.model.flows import Ask
from ztctl.core.model.kind import Kinds
from ztctl.core.model.names import to_ascii
from ztctl.core.model.objects import Live, Wanted
from ztctl.core.model.values import Lookup
from ztctl.engine.drive import Api, Sleep, drive

T = TypeVar("T")


FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class AccountReading:
    """What was read of an account, by kind, and why the rest of the kinds could not be."""

    live: Mapping[str, tuple[Live, ...]]
    unread: Mapping[str, CallFailed] = field(default_factory=dict)


class Reader:
    """One reading of an account: each call is sent once and each list parsed once.

    Kinds that need the objects of another kind share them. It answers calls as any ``Api`` does.
    """

    def __init__(self, kinds: Kinds, ask: Ask, api: Api, *, sleep: Sleep = asyncio.sleep) -> None:
        self._kinds = kinds
        self.ask = ask
        self._api = api
        self._sleep = sleep
        self._sent: dict[tuple[object, ...], asyncio.Future[Json]] = {}
        self._read: dict[str, asyncio.Future[tuple[Live, ...]]] = {}

    async def send(self, call: Call) -> Json:
        """The reply, shared with everybody who asked for the same."""
        key = (call.method, call.path, call.query, call.per_page)
        if key not in self._sent:
            self._sent[key] = asyncio.ensure_future(self._api.send(call))
        return await self._sent[key]

    async def live_of(self, kind: str) -> tuple[Live, ...]:
        """Every live object of a kind that this reading needs."""
        if kind not in self._read:
            flow = self._kinds[kind].read(self.ask)
            self._read[kind] = asyncio.ensure_future(self.driven(flow))
        return await self._read[kind]

    async def driven(self, flow: ReadFlow[T]) -> T:
        """What a reading flow returns."""
        return await drive(flow, self, sleep=self._sleep, objects=self.live_of)

    async def account(
        self, report: Report, *, required: Collection[str] | None = None
    ) -> AccountReading:
        """Every live object that is needed, by kind.

        With ``required``, a kind that is not named there and that the token may not read is told in
        the answer instead of failing the reading.

        Raises:
            CallFailed: when one list cannot be read.
            Failures: when several cannot; all of them are told.
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
        answers = await asyncio.gather(*(read(kind) for kind in needed), return_exceptions=True)
        results = dict(zip(needed, answers, strict=True))
        unread = {
            kind: item
            for kind, item in results.items()
            if required is not None and kind not in required and _is_forbidden(item)
        }
        allowed = unread.values()
        raise_all([it for it in answers if isinstance(it, BaseException) and it not in allowed])
        live = {kind: item for kind, item in results.items() if not isinstance(item, BaseException)}
        return AccountReading(live, unread)

    def more(self, kinds: Collection[str], **asked: Any) -> Reader:
        """A reading of some kinds that asks for more; what was sent already is not sent again."""
        ask = replace(self.ask, **asked)
        reader = Reader(self._kinds.only(kinds), ask, self._api, sleep=self._sleep)
        reader._sent = self._sent
        return reader


def _is_forbidden(item: object) -> TypeGuard[CallFailed]:
    return isinstance(item, CallFailed) and item.status == FORBIDDEN


def ask_for(declared: Declared, wanted: Sequence[Wanted], kinds: Kinds) -> Ask:
    """What the kinds must know to read what a plan needs, and no more."""
    by_kind = {kind: tuple(item for item in wanted if item.address.kind == kind) for kind in kinds}
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
    return frozenset[str]().union(
        *(kinds[item.address.kind].hosts(item.address.key, item.values) for item in wanted)
    )


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
