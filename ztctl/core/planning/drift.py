"""Ask a plan what differs: one item a cause, with what it means for who reaches what.

A cause is the change that would put something back, with the changes that only follow from it. What
it means is read from the model, not from names of fields: the entries of each host are evaluated
once with everything put back, and once with everything but this.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import plain_values, references
from ztctl.core.model.drift import Deviation, DriftItem, DriftSeverity, worst_first
from ztctl.core.model.facts import DescribedEntry, Openness
from ztctl.core.model.kind import Kinds
from ztctl.core.model.plan import (
    AccessChange,
    Action,
    Change,
    Edit,
    Exposed,
    Phase,
    Plan,
    Reason,
    StepId,
)
from ztctl.core.model.values import Ref, Unknown
from ztctl.core.planning.planner import Draft
from ztctl.core.planning.unplanned import Beyond
from ztctl.core.reach.access_changes import describe_changes
from ztctl.core.reach.access_wording import DisplayNames
from ztctl.core.reach.entries import Entry, entries
from ztctl.core.reach.invariants import IsPublic, is_covered
from ztctl.core.reach.open_now import exposed_now, exposure, own_hosts
from ztctl.core.reach.timeline import HostScope, Timeline
from ztctl.core.reach.versions import timeline_of

Entries = frozenset[Entry]
Steps = frozenset[StepId]

_MAKING = (Action.CREATE, Action.REPLACE)
_DEVIATIONS = {
    Action.CREATE: Deviation.MISSING,
    Action.DELETE: Deviation.UNDECLARED,
    Action.FORGET: Deviation.UNDECLARED,
    Action.ADOPT: Deviation.UNMARKED,
}
# When an object was written last, in the words of each endpoint.
_WRITTEN = ("updated_at", "modified_on")
# Who passes the connector where nothing stands before it.
_UNCHECKED = "whoever gets past Access: the connector asks for no token any more"


def drift_items(draft: Draft, plan: Plan) -> tuple[DriftItem, ...]:
    """Everything in which the account differs from the files, and every host that is open.

    ``plan`` is the plan of this draft.
    """
    beyond = Beyond(draft, plan)
    base = beyond.base
    planned = plan if base is draft else base.plan()
    every, items = _planned(base, planned)
    items += _unplanned(beyond)
    items += _standing(plan.exposed, items)
    items += _refused(base, planned)
    if not items:
        items = every
    return worst_first(items)


def _planned(draft: Draft, plan: Plan) -> tuple[list[DriftItem], list[DriftItem]]:
    """What the changes of a plan would put back: all, and all but the housekeeping."""
    timeline = timeline_of(plan.changes, draft.run.now)
    causes = _causes(plan.changes, draft.run.kinds)
    found = _Found(timeline, draft.run.public, draft.ledger.display_names(), causes)
    found.look(timeline.affected_hosts)
    found.add_places(plan.access)
    ids = _Owners(plan, draft.run.kinds)
    every = [_item(n, found, ids) for n in range(len(causes))]
    return every, [it for it, cause in zip(every, causes, strict=True) if not cause.is_housekeeping]


def _unplanned(beyond: Beyond) -> Iterator[DriftItem]:
    """What no change would put back, each seen as if it alone were undone."""
    draft, plan = beyond.draft, beyond.plan
    differences = list(beyond.found())
    causes = [_Cause(it.undone, (), frozenset()) for it in differences]
    timeline = timeline_of([it.undone for it in differences], beyond.now)
    names = draft.ledger.display_names()
    found = _Found(timeline, draft.run.public, names, causes, leaves_public=True)
    own = {*own_hosts(timeline, draft.ledger.own)}
    found.look([host for host in timeline.affected_hosts if host in own])
    known = {it.host: it for it in plan.exposed}
    ids = _Owners(plan, draft.run.kinds)
    for place, it in enumerate(differences):
        item = _item(place, found, ids)
        if it.opens and not item.exposed:
            continue
        if it.deviation is Deviation.UNSTATED and not (item.access or item.exposed):
            continue
        yield replace(
            item,
            deviation=it.deviation,
            exposed=tuple(known.get(host.host, host) for host in item.exposed),
            with_it=it.with_it,
            # No log of the account tells of what is written on a server.
            objects=frozenset() if it.deviation is Deviation.SERVER else item.objects | it.objects,
            detail=it.detail,
        )


# -- causes ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cause:
    """A change, the changes that only follow from it, and those that need it for another reason."""

    change: Change
    followers: tuple[Change, ...]
    dependents: frozenset[Address]

    @property
    def addresses(self) -> frozenset[Address]:
        return frozenset({self.change.address, *(it.address for it in self.followers)})

    @property
    def is_housekeeping(self) -> bool:
        return self.change.housekeeping


def _causes(changes: Sequence[Change], kinds: Kinds) -> list[_Cause]:
    made = {it.address: it for it in changes if it.action in _MAKING}
    needs = {it.address: _needed(it, made) for it in changes}
    root: dict[Address, Address] = {}
    for change in changes:
        parent = _followed(change, needs[change.address], made, kinds)
        root[change.address] = change.address if parent is None else parent

    def top(address: Address) -> Address:
        seen = {address}
        while (above := root[address]) != address and above in root and above not in seen:
            seen.add(above)
            address = above
        return address

    needed_by: dict[Address, set[Address]] = defaultdict(set)
    for address, needed in needs.items():
        for it in needed:
            needed_by[it].add(address)
    groups: dict[Address, list[Change]] = defaultdict(list)
    for change in changes:
        groups[top(change.address)].append(change)
    return [
        _Cause(first, tuple(it for it in group if it is not first), _dependents(group, needed_by))
        for address, group in groups.items()
        for first in [next(it for it in group if it.address == address)]
    ]


def _needed(change: Change, made: Collection[Address]) -> frozenset[Address]:
    """The objects that are made anew, and to which the written object refers."""
    found = (it.to for it in references(change.written) if isinstance(it, Ref))
    return frozenset(it for it in found if it in made and it != change.address)


def _dependents(
    group: Iterable[Change], needed_by: Mapping[Address, set[Address]]
) -> frozenset[Address]:
    """The changes outside of a group that need one of it, at any distance."""
    own = {it.address for it in group}
    found: set[Address] = set()
    waiting = list(own)
    while waiting:
        more = needed_by.get(waiting.pop(), set()) - found - own
        found |= more
        waiting += more
    return frozenset(found)


def _followed(
    change: Change, needed: frozenset[Address], made: Mapping[Address, Change], kinds: Kinds
) -> Address | None:
    """The object because of which alone a change is planned; ``None``: it has its own reason."""
    if change.reason is Reason.OWNER_GOES:
        return Address.parse(change.detail)
    if change.action is Action.CREATE:
        owner = kinds[change.address.kind].owner
        owners = sorted(it for it in needed if it.kind == owner)
        return owners[0] if owners else None
    if change.action not in (Action.UPDATE, Action.REPLACE):
        return None
    renewed = [edit for edit in change.edits if _is_reference(edit.after)]
    paths = {_list_of(edit) for edit in renewed}
    rest = [edit for edit in change.edits if edit not in renewed]
    # A reference to what is gone, whose place the new one takes; a rule has a reason of its own.
    gone = all(
        it.after is None and isinstance(it.before, str) and _list_of(it) in paths for it in rest
    )
    if not renewed or not gone:
        return None
    found = sorted(it.of for edit in renewed for it in _unknowns(edit.after) if it.of in made)
    return next((it for it in found if it != change.address), None)


def _list_of(edit: Edit) -> str:
    """The path of an edit, without the place in its list."""
    return edit.path.rpartition("[")[0] or edit.path


def _is_reference(value: Any) -> bool:
    """Whether a value is nothing but references to what is made anew."""
    if isinstance(value, Mapping):
        return bool(value) and all(map(_is_reference, value.values()))
    if isinstance(value, list | tuple):
        return bool(value) and all(map(_is_reference, value))
    return isinstance(value, Unknown)


def _unknowns(value: Any) -> Iterator[Unknown]:
    return (leaf for leaf in plain_values(value) if isinstance(leaf, Unknown))


# -- what a cause means ---------------------------------------------------------------------


@dataclass
class _Found:
    """For each cause who gains and loses by it, and which hosts are open because of it.

    Attributes:
        leaves_public: entries that the files state to be public are not looked at.
    """

    timeline: Timeline
    public: IsPublic
    names: DisplayNames
    causes: Sequence[_Cause]
    leaves_public: bool = False
    access: dict[int, list[AccessChange]] = field(default_factory=lambda: defaultdict(list))
    exposed: dict[int, list[Exposed]] = field(default_factory=lambda: defaultdict(list))

    def look(self, hosts: Sequence[str]) -> None:
        """Look at these hosts, which changes concern."""
        places = {address: n for n, it in enumerate(self.causes) for address in it.addresses}
        opened = dict(exposed_now(self.timeline, hosts, self.public))
        for host in hosts:
            steps = self.timeline.steps(host)
            concerned = sorted({places[it.address] for it in steps if it.address in places})
            public = self.public if self.leaves_public else None
            state = _Host(self.timeline.scope(host), steps, public)
            come, go = self._by_cause(state, concerned)
            self._leftovers(state, concerned, come, go)
            if host in opened:
                self._blame(state, opened[host], concerned, come)

    def _by_cause(
        self, state: _Host, concerned: Sequence[int]
    ) -> tuple[dict[int, list[Entry]], list[Entry]]:
        """What each cause by itself gives and takes: the former by cause, the latter together."""
        come: dict[int, list[Entry]] = {}
        go: list[Entry] = []
        for place in concerned:
            cause = self.causes[place]
            left = frozenset(it for it in state.steps if it.address in cause.dependents)
            own = frozenset(it for it in state.steps if it.address in cause.addresses)
            before, after = state.at(state.steps - left), state.at(state.steps - left - own)
            come[place], lost = _beyond(after, before), _beyond(before, after)
            go += lost
            self._add(place, state, before, after)
            if not come[place]:
                self._unchecked(place, state, own)
        return come, go

    def _add(self, place: int, state: _Host, before: Entries, after: Entries) -> None:
        gained, lost = describe_changes(before, after, self.names)
        if gained or lost:
            self._keep(place, state.host, gained, lost)

    def _keep(
        self,
        place: int,
        host: str,
        gained: Iterable[DescribedEntry],
        lost: Iterable[DescribedEntry] = (),
    ) -> None:
        pattern = self.timeline.pattern

        def shown(ways: Iterable[DescribedEntry]) -> tuple[DescribedEntry, ...]:
            return tuple(replace(way, origin=pattern(way.origin)) for way in ways)

        change = AccessChange(
            pattern(host), self.causes[place].addresses, shown(gained), shown(lost)
        )
        self.access[place].append(change)

    def _unchecked(self, place: int, state: _Host, own: Steps) -> None:
        """Note a check of the connector that is gone, though an application stands before it."""
        without = _beyond(state.past_access(state.steps - own), state.past_access(state.steps))
        opened = [it for it in without if it.openness is Openness.OPEN]
        if opened:
            services = sorted({it.origin.service for it in opened})
            self._keep(place, state.host, [DescribedEntry(_UNCHECKED, it) for it in services])

    def _leftovers(
        self,
        state: _Host,
        concerned: Sequence[int],
        come: Mapping[int, list[Entry]],
        go: Sequence[Entry],
    ) -> None:
        """Give what none of the causes explains alone to those of which any one put back ends it.

        To all of a host where there is none.
        """
        now, wanted = state.at(frozenset()), state.at(state.steps)
        known = [entry for found in come.values() for entry in found]
        more = _beyond(now, frozenset({*wanted, *known}))
        less = _beyond(wanted, frozenset({*now, *go}))
        if not (more or less):
            return
        mending = [place for place in concerned if self._mends(place, state, more, less)]
        ways = describe_changes([*wanted], [*now], self.names)
        for place in mending or concerned:
            self._keep(place, state.host, *ways)
            come[place].extend(more)

    def _mends(
        self, place: int, state: _Host, more: Sequence[Entry], less: Sequence[Entry]
    ) -> bool:
        """Whether putting this back alone ends something of what is more, or less."""
        own = frozenset(it for it in state.steps if it.address in self.causes[place].addresses)
        then = state.at(own)
        return any(not is_covered(it, then) for it in more) or any(
            is_covered(it, then) for it in less
        )

    def _blame(
        self,
        state: _Host,
        entry: Entry,
        concerned: Sequence[int],
        come: Mapping[int, list[Entry]],
    ) -> None:
        """Give an open host to the causes that open it, and to those that would close it."""
        for place in concerned:
            opens = any(it.openness >= entry.openness for it in come[place])
            if opens or self._mends(place, state, [entry], ()):
                told = exposure(self.timeline, state.host, entry, self.public)
                self.exposed[place].append(told)

    def add_places(self, access: Iterable[AccessChange]) -> None:
        """Add places without a host name, such as private ranges.

        ``access`` is the plan's: what a plan takes from people the account gives them.
        """
        places = {address: n for n, it in enumerate(self.causes) for address in it.addresses}
        for change in access:
            for place in {places[it] for it in change.by if not change.by_login and it in places}:
                turned = replace(change, gained=change.lost, lost=change.gained)
                self.access[place].append(turned)


class _Host:
    """The entries of one host in any state; without those that are stated ``public``."""

    def __init__(self, scope: HostScope, steps: Steps, public: IsPublic | None = None) -> None:
        self.host, self.steps = scope.host, steps
        self._scope = scope
        self._public = public
        self._known: dict[Steps, Entries] = {}

    def at(self, done: Steps) -> Entries:
        if done not in self._known:
            self._known[done] = frozenset(filter(self._counts, self._scope.entries_at(done)))
        return self._known[done]

    def _counts(self, entry: Entry) -> bool:
        pattern = self._scope.timeline.pattern
        return self._public is None or not self._public(self.host, pattern(entry.path))

    def past_access(self, done: Steps) -> Entries:
        """What connectors alone let through, as if no application stood before them."""
        return entries(replace(self._scope.state_at(done), applications=()))


def _beyond(these: Entries, those: Entries) -> list[Entry]:
    """The entries that the others do not cover."""
    return [entry for entry in these - those if not is_covered(entry, those)]


# -- items ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Owners:
    """The live objects by which a log tells of an object."""

    plan: Plan
    kinds: Kinds

    def ids(self, change: Change) -> Iterator[str]:
        """The ids of its live object; of one that is missing those of what it was a part of."""
        if change.live is not None:
            yield from (change.live.id, *change.live.aliases)
            return
        owner = self.kinds[change.address.kind].owner
        for it in references(change.written):
            if isinstance(it, Ref) and it.to.kind == owner and it.to in self.plan.live:
                yield self.plan.live[it.to].id


def _item(place: int, found: _Found, owners: _Owners) -> DriftItem:
    cause = found.causes[place]
    change = cause.change
    access, exposed = tuple(found.access[place]), tuple(found.exposed[place])
    raw = change.live.raw if change.live is not None else {}
    times = (str(raw[name]) for name in _WRITTEN if raw.get(name))
    return DriftItem(
        _severity(cause, access, exposed),
        _DEVIATIONS.get(change.action, Deviation.CHANGED),
        change.address,
        access,
        exposed,
        change.edits if change.action in (Action.UPDATE, Action.REPLACE, Action.ADOPT) else (),
        tuple(it.address for it in cause.followers),
        frozenset(filter(None, owners.ids(change))),
        where=change.wanted.where if change.wanted is not None else None,
        changed=next(times, ""),
    )


def _severity(
    cause: _Cause, access: Iterable[AccessChange], exposed: Iterable[Exposed]
) -> DriftSeverity:
    if any(it.openness is Openness.OPEN for it in exposed):
        return DriftSeverity.EXPOSED
    found = list(access)
    if any(it.gained for it in found):
        return DriftSeverity.WIDER
    if any(it.lost for it in found) or _loses_trust(cause):
        return DriftSeverity.LOST
    return DriftSeverity.OTHER


def _loses_trust(cause: _Cause) -> bool:
    """Whether a CA is gone, or is another one than servers know."""
    changes = (cause.change, *cause.followers)
    return any(it.phase is Phase.CERTIFICATE and it.action in _MAKING for it in changes)


def _standing(exposed: Iterable[Exposed], items: Iterable[DriftItem]) -> Iterator[DriftItem]:
    """Hosts that are open, and of which no difference is the cause."""
    known = {it.host for item in items for it in item.exposed}
    for it in exposed:
        if it.host not in known:
            open_to_all = it.openness is Openness.OPEN
            severity = DriftSeverity.EXPOSED if open_to_all else DriftSeverity.WIDER
            yield DriftItem(severity, Deviation.OPEN, exposed=(it,))


def _refused(draft: Draft, plan: Plan) -> Iterator[DriftItem]:
    """Declared objects of which no change is planned, because an apply would not touch them.

    They are not compared, and what cannot be compared counts as wider.
    """
    kinds = draft.run.kinds
    changed = {change.address for change in plan.changes}
    places = {it.address: it.where for it in draft.declared.wanted}
    told: dict[Address, str] = {}
    for refusal in draft.refused:
        if refusal.address is not None and refusal.address not in changed:
            told.setdefault(refusal.address, refusal.reason)
    for address, reason in told.items():
        decides = any(spec.decides_reach for spec in kinds[address.kind].specs.values())
        yield DriftItem(
            DriftSeverity.WIDER if decides else DriftSeverity.OTHER,
            Deviation.REFUSED,
            address,
            detail=reason,
            where=places.get(address),
        )
