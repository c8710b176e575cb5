"""Run the flows of a plan and an apply without an account, to see which permissions they need.

The account is hollow: its lists are empty but for those whose replies are given, and nothing is
ever there. So every call that some files make is seen, whatever their account holds, and a kind
cannot be forgotten: there is no second list of permissions.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ztctl.core.model.calls import Call, CallFailed, Json, ReadFlow, permission_of
from ztctl.core.model.canonical import replaced
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failures
from ztctl.core.model.flows import Unseen
from ztctl.core.model.kind import AsksAhead, Contained, Kind, Kinds
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.needs import ACCOUNT_SCOPE, EDIT, READ, Need, Without
from ztctl.core.model.objects import EMPTY, Values, Wanted
from ztctl.core.model.plan import Action, Change, Plan, Reason
from ztctl.core.model.values import Lookup
from ztctl.core.planning import check
from ztctl.engine.drive import drive
from ztctl.engine.lock import every_call
from ztctl.engine.preview import UNKNOWN, previews
from ztctl.engine.read import Reader, ask_for

# A permission with its level, and the zone that it is for.
Place = tuple[str, str]
LOCK = "lock"


@dataclass(frozen=True, slots=True)
class HollowAccount:
    """An account that holds zones, and what else ``replies`` say.

    Attributes:
        zones: names of the zones by their ids.
        replies: replies by path, in place of an empty list.
    """

    zones: Mapping[str, str]
    replies: Mapping[str, Json] = field(default_factory=dict)

    def places(self, call: Call) -> Iterator[Place]:
        """The permission of a call, in each zone in which it is needed."""
        permission = permission_of(call)
        if not permission:
            return
        if permission.startswith(f"{ACCOUNT_SCOPE} · "):
            yield permission, ""
            return
        named = [name for id_, name in self.zones.items() if id_ in call.path.split("/")]
        for zone in named or list(self.zones.values()) or [""]:
            yield permission, zone


class _Asked:
    """An ``Api`` on a hollow account that notes what is asked, and refuses one permission."""

    def __init__(self, account: HollowAccount, refused: str = "") -> None:
        self._account = account
        self._refused = refused
        self.places: set[Place] = set()

    async def send(self, call: Call) -> Json:
        """Reply as the hollow account; 403 where the permission is refused."""
        await asyncio.sleep(0)
        self.note([call])
        if self._refused and permission_of(call) == self._refused:
            raise CallFailed(call, f"{call}: refused", status=403)
        return self._account.replies.get(call.path, [] if call.is_list else None)

    def note(self, calls: Iterable[Call]) -> None:
        """Note calls as asked."""
        for call in calls:
            self.places.update(self._account.places(call))


async def needs(declared: Declared, kinds: Kinds, account: HollowAccount) -> tuple[Need, ...]:
    """What the plan and the apply of these files need: in the account, then zone by zone."""
    found = await _Rehearsal(declared, kinds, account).needs()
    return tuple(sorted(found, key=lambda need: (need.scope, need.zone, need.name)))


class _Levels:
    """The level of each permission, and the kinds that need it, by permission and zone."""

    def __init__(self) -> None:
        self.of: dict[Place, str] = {}
        self.kinds: dict[Place, list[str]] = defaultdict(list)

    def add(self, kind: str, places: Iterable[Place]) -> None:
        for permission, zone in sorted(places):
            name, _, level = permission.rpartition(" · ")
            known = self.of.get((name, zone))
            self.of[name, zone] = EDIT if EDIT in (level, known) else READ
            self.kinds[name, zone].append(kind)


class _Rehearsal:
    def __init__(self, declared: Declared, kinds: Kinds, account: HollowAccount) -> None:
        self._declared = declared
        self._kinds = kinds
        self._account = account
        self._wanted = check.expanded(declared, kinds)
        # An account with nothing in it has no tunnel for which a copy could stand.
        self._ask = replace(ask_for(declared, self._wanted, kinds), copies=())
        self._reader = Reader(kinds, self._ask, _Asked(account))

    async def needs(self) -> list[Need]:
        reading = await self._by_kind(self._read)
        beyond = await self._by_kind(self._beyond)
        self._live = {name: await self._reader.live_of(name) for name in reading}
        writing = await self._by_kind(self._written)
        writing[LOCK] = await self._asked(every_call())
        plan, apply = _Levels(), _Levels()
        for levels, by_kind in ((plan, reading), (plan, beyond), (apply, writing)):
            for kind, places in by_kind.items():
                levels.add(kind, places)
        read = {permission for places in reading.values() for permission, _ in places}
        without = {
            name: await self._without(name, read)
            for name in {name for name, _ in (*plan.of, *apply.of)}
        }
        return [
            Need(
                *place,
                plan.of.get(place, ""),
                EDIT if apply.of.get(place) == EDIT else READ,
                Without.FAILS if apply.of.get(place) == EDIT else without[place[0]],
                tuple(dict.fromkeys((*plan.kinds[place], *apply.kinds[place]))),
            )
            for place in dict.fromkeys((*plan.of, *apply.of))
        ]

    async def _without(self, permission: str, read: Collection[str]) -> Without:
        """What becomes of a plan that may not read this: the reading is tried with it refused."""
        refused = f"{permission} · {READ}"
        if refused not in read:
            # Asked only of what others have: a refusal is a gap, of which a plan warns.
            return Without.WARNS
        reader = Reader(self._kinds, self._ask, _Asked(self._account, refused))
        try:
            await reader.account(lambda _: None)
        except (CallFailed, Failures):
            return Without.FAILS
        return Without.KNOWS_LESS

    async def _by_kind(self, run: Any) -> dict[str, set[Place]]:
        return {
            kind.name: await run(kind) for kind in self._kinds.values() if kind.needed(self._ask)
        }

    async def _asked(self, *flows: ReadFlow[Any], calls: Iterable[Call] = ()) -> set[Place]:
        """What flows ask themselves; the objects of other kinds are read by the shared reader."""
        asked = _Asked(self._account)
        asked.note(calls)
        for flow in flows:
            await drive(flow, asked, objects=self._reader.live_of)
        return asked.places

    async def _read(self, kind: Kind) -> set[Place]:
        return await self._asked(kind.read(self._ask))

    async def _beyond(self, kind: Kind) -> set[Place]:
        zones = frozenset(self._account.zones.values())
        return await self._asked(kind.beyond(Unseen(names=self._ask.hosts, guarded=zones)))

    async def _written(self, kind: Kind) -> set[Place]:
        changes = list(self._changes(kind))
        if not changes:
            return set()
        # One by one: a plan of all would look through all of them for each.
        plans = (Plan("", self._declared.stack, (change,)) for change in changes)
        calls = [preview.call for plan in plans for preview in previews(plan, self._kinds)]
        flows: list[ReadFlow[Any]] = [kind.reread(self._ask, changes)]
        if isinstance(kind, AsksAhead):
            flows.append(kind.ahead(self._ask))
        return await self._asked(*flows, calls=calls)

    def _changes(self, kind: Kind) -> Iterator[Change]:
        """Each write that an apply of these files may come to: make, make anew, delete, let go."""
        ledger = Ledger(self._declared, self._wanted, self._live, self._kinds)
        for wanted in ledger.wanted_of(kind.name):
            # Problems that show only against the account are found by a plan.
            written = _without_lookups(kind.complete(wanted, None, ledger))
            made = self._change(kind, wanted, ledger, Action.CREATE, written)
            if made.container is None and isinstance(kind, Contained):
                continue
            yield self._stepped(kind, made)
            live = replace(kind.not_yet(wanted.address.key), values=written)
            known = replace(made, live=replace(live, container=made.container))
            yield self._stepped(kind, replace(known, action=Action.REPLACE))
        for entry in self._declared.removed:
            if entry.address.kind == kind.name:
                named = Wanted(entry.address, EMPTY, entry.name)
                action = Action.FORGET if entry.forget else Action.DELETE
                gone = self._change(kind, named, ledger, action, EMPTY)
                if gone.container is None and isinstance(kind, Contained):
                    continue
                live = replace(kind.not_yet(entry.address.key), container=gone.container)
                yield self._stepped(kind, replace(gone, live=live))

    def _change(
        self, kind: Kind, wanted: Wanted, ledger: Ledger, action: Action, written: Values
    ) -> Change:
        container = kind.container_of(wanted, ledger) if isinstance(kind, Contained) else None
        return Change(
            wanted.address,
            action,
            Reason.NOT_LIVE,
            kind.phase,
            wanted=wanted,
            container=container,
            written=written,
        )

    @staticmethod
    def _stepped(kind: Kind, change: Change) -> Change:
        return replace(change, steps=kind.steps(change))


def _without_lookups(values: Values) -> Values:
    def named(leaf: Any) -> Any:
        return UNKNOWN if isinstance(leaf, Lookup) else leaf

    return {name: replaced(value, named) for name, value in values.items()}
