"""State of planning: wanted and live objects, how they are matched, and problems found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import replaced
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.identity import Identity
from ztctl.core.model.names import HostIndex
from ztctl.core.model.objects import Live, Wanted
from ztctl.core.model.values import Lookup, Ref, Unknown


class Ledger:
    """Wanted and live objects, and the matches made so far.

    Kinds are planned in the order of creation, so that references point to objects matched before.

    Attributes:
        stack: name of the stack.
        team: the Zero Trust team of the file, ``None`` when it states none.
        removed: what the file says is to go.
        pairs: the matched live object by address.
        renewed: addresses whose object gets a new id, because it is replaced.
    """

    def __init__(
        self,
        declared: Declared,
        wanted: Sequence[Wanted],
        live: Mapping[str, tuple[Live, ...]],
        kinds: Mapping[str, Identity],
    ) -> None:
        self.stack = declared.stack
        self.team = declared.team
        self.removed = declared.removed
        self.kinds = kinds
        self.problems: list[Problem] = []
        self._told: set[str] = set()
        self.pairs: dict[Address, Live] = {}
        self.renewed: set[Address] = set()
        self._live = live
        self._wanted = {item.address: item for item in wanted}
        self._by_kind: dict[str, list[Wanted]] = defaultdict(list)
        for item in wanted:
            self._by_kind[item.address.kind].append(item)
        self._owners: dict[tuple[str, str], Address] = {}
        self._users: dict[tuple[str, str], list[Live]] | None = None
        self._wanted_by_host: dict[str, HostIndex[Wanted]] = {}
        self._live_by_host: dict[str, HostIndex[Live]] = {}
        self._names: dict[str, dict[str, list[Live]]] = {}

    def live_of(self, kind: str) -> Sequence[Live]:
        """The live objects of a kind that were read."""
        return self._live.get(kind, ())

    def is_own(self, live: Live) -> bool:
        """True when the object carries the stack's mark or was matched with a wanted object.

        One in which the stack has a part is not its own.
        """
        if live.belongs_to(self.stack):
            return True
        owner = self.owner_of(live)
        return owner is not None and self.shares(owner) is None

    @property
    def own(self) -> Iterator[Live]:
        """The live objects that carry the stack's mark or were matched with a wanted object."""
        for items in self._live.values():
            for live in items:
                if self.is_own(live):
                    yield live

    @property
    def wanted(self) -> Iterable[Wanted]:
        """All wanted objects."""
        return self._wanted.values()

    def is_declared(self, address: Address) -> bool:
        """Whether this address is wanted."""
        return address in self._wanted

    def shares(self, address: Address) -> Lookup | None:
        """What another stack declares, and is wanted by this address as a part."""
        wanted = self._wanted.get(address)
        return wanted.shares if wanted is not None else None

    def wanted_of(self, kind: str) -> Sequence[Wanted]:
        """The wanted objects of a kind."""
        return self._by_kind.get(kind, ())

    def wanted_about(self, kind: str, name: str) -> Iterable[Wanted]:
        """The wanted objects of a kind with a host name that may overlap this name or pattern."""
        if kind not in self._wanted_by_host:
            hosts = self.kinds[kind].hosts
            self._wanted_by_host[kind] = HostIndex(
                (it, hosts(it.address.key, it.values)) for it in self.wanted_of(kind)
            )
        return {it.address: it for it in self._wanted_by_host[kind].meeting([name])}.values()

    def live_about(self, kind: str, name: str) -> Iterable[Live]:
        """The live objects of a kind with a host name that may overlap this name or pattern."""
        if kind not in self._live_by_host:
            hosts = self.kinds[kind].hosts
            self._live_by_host[kind] = HostIndex(
                (it, hosts(it.key, it.values)) for it in self.live_of(kind)
            )
        return {it.id: it for it in self._live_by_host[kind].meeting([name])}.values()

    def matched(self, address: Address) -> Live | None:
        """The live object matched with this address, if any."""
        return self.pairs.get(address)

    def owner_of(self, live: Live) -> Address | None:
        """The address matched with this live object, if any."""
        return self._owners.get((live.kind, live.id))

    def add_problem(self, problem: Problem, *, once: bool = False) -> None:
        """Add a problem to the plan; with ``once`` only the first that says so, at its place."""
        if not (once and problem.summary in self._told):
            self.problems.append(problem)
            self._told.add(problem.summary)

    def pair(self, address: Address, live: Live) -> None:
        """Match an address with a live object."""
        self.pairs[address] = live
        self._owners[live.kind, live.id] = address

    def resolve(self, value: Any) -> Any:
        """Replace references by ids or names; ``Unknown`` for objects that are created later.

        A live name that no object or several objects have, and an id that none has, becomes
        ``None`` and is reported as a problem at its place in the file.
        """
        return replaced(value, self._resolve_leaf)

    def _resolve_leaf(self, leaf: Any) -> Any:
        match leaf:
            case Ref():
                return self._resolve_ref(leaf)
            case Lookup():
                return self._resolve_lookup(leaf)
            case _:
                return leaf

    def _resolve_ref(self, ref: Ref) -> Any:
        if ref.attribute == "name":
            wanted = self._wanted[ref.to]
            return ref.template.format(
                self.kinds[ref.to.kind].marking.live_name(
                    wanted, self.pairs.get(ref.to), self.stack
                )
            )
        live = self.pairs.get(ref.to)
        value = live.attribute(ref.attribute) if live else None
        if value is None or ref.to in self.renewed:
            return Unknown(ref.to, ref.attribute)
        return ref.template.format(value)

    def _resolve_lookup(self, lookup: Lookup) -> Any:
        found = self.found(lookup)
        if len(found) == 1:
            return lookup.template.format(found[0].attribute(lookup.attribute))
        if lookup.by_id and self.kinds[lookup.kind].is_read_only and not self.live_of(lookup.kind):
            # The token may not list them: whether one has this id is not known.
            return lookup.template.format(lookup.name)
        self.add_problem(_lookup_problem(lookup, found, self.live_of(lookup.kind)))
        return None

    def users_of(self, live: Live) -> Sequence[Live]:
        """The live objects that refer to this live object."""
        if self._users is None:
            self._users = defaultdict(list)
            for kind in self.kinds.values():
                for user in self.live_of(kind.name):
                    for used in set(kind.uses(user)):
                        self._users[used].append(user)
        return self._users.get((live.kind, live.id), ())

    def found(self, lookup: Lookup) -> Sequence[Live]:
        """The live objects that a lookup matches, by id, or by live name or natural key.

        One that could be declared goes before others of the name, such as bookmarks; one of the
        account before those that belong to another object.
        """
        if lookup.by_id:
            return [live for live in self.live_of(lookup.kind) if live.id == lookup.name]
        if lookup.kind not in self._names:
            names: dict[str, list[Live]] = defaultdict(list)
            kind = self.kinds[lookup.kind]
            for live in self.live_of(lookup.kind):
                for name in {live.name, *kind.live_keys(live)}:
                    names[name].append(live)
            self._names[lookup.kind] = names
        found = self._names[lookup.kind].get(lookup.name, ())
        known = [live for live in found if live.is_matchable] or found
        return [live for live in known if not live.owner] or known

    def display_names(self) -> dict[str, str]:
        """Names to show instead of ids: the key in the file, else the live name."""
        shown: dict[str, str] = {}
        for objects in self._live.values():
            for live in objects:
                owner = self.owner_of(live)
                shown[live.id] = owner.key if owner else live.name or live.key or live.id
                shown |= dict.fromkeys(live.aliases, shown[live.id])
        return shown


def _lookup_problem(lookup: Lookup, found: Sequence[Live], all_live: Sequence[Live]) -> Problem:
    what = lookup.kind.replace("_", " ")
    if lookup.by_id:
        return Problem(
            f"there is no live {what} with the id {lookup.name}",
            lookup.where,
            "copy the id whole, or refer to it by {live: NAME}",
        )
    if found:
        ids = ", ".join(live.id for live in found)
        return Problem(
            f"{len(found)} live objects are called {lookup.name!r} ({what}): {ids}",
            lookup.where,
            "refer to one of them by {id: …}",
        )
    names = sorted({live.name or live.key for live in all_live})
    known = f"the account has {', '.join(names[:12])}" if names else f"the account has no {what}"
    return Problem(f"there is no live {what} called {lookup.name!r}", lookup.where, f"{known}")
